//! Kind `keys`: `Scope`.

use casier::storage::{ParsedKey, Scope};
use casier_conformance::Case;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::outcome::{Outcome, Text, input};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    user_id: Text,
    call: Call,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Call {
    Prefix {},
    Key { kind: Text, filename: Text },
    Parse { key: Text },
}

pub(crate) fn run(case: &Case) -> Result<Outcome, String> {
    let input: Input = input(&case.input)?;
    Ok(Outcome::of(call(&input.user_id.read(), input.call)))
}

fn call(user_id: &str, call: Call) -> casier::Result<Value> {
    let scope = Scope::new(user_id)?;
    match call {
        Call::Prefix {} => Ok(json!({ "prefix": scope.prefix() })),
        Call::Key { kind, filename } => {
            scope.key(&kind.read(), &filename.read()).map(|key| json!({ "key": key }))
        }
        Call::Parse { key } => scope
            .parse(&key.read())
            .map(|ParsedKey { kind, filename, .. }| json!({ "kind": kind, "filename": filename })),
    }
}

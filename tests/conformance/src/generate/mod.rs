//! The vectors of the kinds `tokens` and `has`: real tokens, signed once with test keys.

mod attacks;
mod checks;
mod good;
mod grants;
mod has;
mod keys;
mod providers;
mod spec;
mod users;

use std::path::PathBuf;

use serde_json::Value;

use crate::{Case, Expected, VectorFile};
use keys::TestKeys;
use spec::Spec;

/// The files that the generator writes, with their text: the vectors, and beside the test
/// keys the signatures of randomised algorithms, which are made once and then kept, so that
/// generating again gives the same bytes.
///
/// # Errors
/// What is wrong with the test keys.
pub fn files() -> Result<Vec<(PathBuf, String)>, String> {
    let folder = crate::vectors_dir();
    let keys = TestKeys::load(&folder.join("test-keys"))?;
    let mut cases = Cases { keys, cases: Vec::new(), failure: None };
    good::add(&mut cases);
    checks::add(&mut cases);
    users::add(&mut cases);
    attacks::add(&mut cases);
    providers::add(&mut cases);
    let tokens = cases.take_file("tokens", TOKENS)?;
    has::add(&mut cases);
    grants::add(&mut cases);
    let has = cases.take_file("has", HAS)?;
    Ok(vec![
        (folder.join("tokens.json"), tokens),
        (folder.join("has.json"), has),
        cases.keys.signed_once_file()?,
    ])
}

const HAS: &str = "Policy.decide(user, has(requirement)) for the user of a token, whose fields are those of the \
     kind `tokens`. Written by `cargo run -p casier-conformance --bin generate-vectors`; names that \
     start with `attack` and a number cover that row of the list of attacks.";

const TOKENS: &str = "TokenVerifier(issuer).verify(token, now, source). `now` is in seconds since 1970; fields that \
     `issuer` leaves out have their defaults; `policy` is the text of a policy file, without it the \
     built-in policy holds. `token_repeated` stands for a token too long to write down: prefix, \
     then text as often as `times` says, then suffix. `ok.user` names the fields of the user to \
     compare. Written by `cargo run -p casier-conformance --bin generate-vectors`; names that \
     start with `attack` and a number cover that row of the list of attacks.";

struct Cases {
    keys: TestKeys,
    cases: Vec<Case>,
    failure: Option<String>,
}

impl Cases {
    /// A token that passes; `ok` names what comes out.
    fn ok(&mut self, name: &str, spec: Spec, ok: Value) {
        self.push(name, spec, Expected::Ok { ok });
    }

    /// A token that passes, for the user of [`Spec::new`].
    fn passes(&mut self, name: &str, spec: Spec) {
        self.ok(name, spec, serde_json::json!({ "user": { "user_id": spec::USER } }));
    }

    /// A token that is refused with this code.
    fn refused(&mut self, name: &str, spec: Spec, code: &str) {
        self.push(name, spec, Expected::Error { error: code.into(), details: None });
    }

    /// A token whose user has what is required, or is refused with this code.
    fn has(&mut self, name: &str, spec: Spec, requirement: Value, code: Option<&str>) {
        let expected = match code {
            None => Expected::Ok { ok: serde_json::json!({}) },
            Some(code) => Expected::Error { error: code.into(), details: None },
        };
        self.push(name, spec.requirement(requirement), expected);
    }

    fn push(&mut self, name: &str, spec: Spec, expected: Expected) {
        match spec.input(&mut self.keys) {
            Ok(input) => self.cases.push(Case { name: name.into(), input, expected }),
            Err(error) => {
                self.failure.get_or_insert(format!("{name}: {error}"));
            }
        }
    }

    /// The text of the file of these cases.
    fn take_file(&mut self, kind: &str, description: &str) -> Result<String, String> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let cases = std::mem::take(&mut self.cases);
        let file = VectorFile { kind: kind.into(), description: description.into(), cases };
        Ok(serde_json::to_string_pretty(&file).map_err(|e| e.to_string())? + "\n")
    }
}

//! Published cases in the form of the shared vectors: run here, held against what was published,
//! and written down with what came out, for the runners of the other languages.

use std::path::PathBuf;

use casier_conformance::{Case, Expected, VectorFile, load, vectors_dir};
use serde_json::{Map, Value, json};

use super::settle;
use crate::outcome::{Outcome, say};
use crate::{has, tokens};

/// A published case as one of the kind `tokens` or `has`.
pub(super) struct Driven {
    pub(super) name: String,
    pub(super) input: Value,
    pub(super) wanted: Wanted,
}

impl Driven {
    /// Whether no verifier can be made with these keys and settings.
    pub(super) fn is_refused_configuration(&self) -> bool {
        let verified = tokens::verified(&self.input).unwrap();
        verified.is_err_and(|error| error.code() == "config-invalid")
    }
}

/// What was published about the outcome.
pub(super) enum Wanted {
    /// It passes.
    Accept,
    /// It passes, and these members come out.
    Gives(Value),
    /// It passes, and this holds of what comes out.
    Holds(Box<dyn Fn(&Value) -> bool>),
    /// It is refused with one of these codes.
    Refuse(&'static [&'static str]),
    /// Both will do, if they are the same everywhere.
    Either,
}

/// Runs the cases of a published file, fails where an outcome is not the wanted one, and writes them
/// down.
pub(super) fn drive(file: &str, kind: &str, cases: Vec<Driven>) {
    let run = match kind {
        "tokens" => tokens::run,
        "has" => has::run,
        other => panic!("no runner for the kind {other}"),
    };
    let mut failures = Vec::new();
    let mut written = Vec::new();
    let count = cases.len();
    for Driven { name, input, wanted } in cases {
        let mut case = Case { name, input, expected: Expected::Ok { ok: json!({}) } };
        let outcome = run(&case).unwrap_or_else(|fault| panic!("{file}: {}: {fault}", case.name));
        if let Err(why) = judge(&outcome, &wanted) {
            failures.push(format!("{}: {why}", case.name));
        }
        case.expected = expectation(&outcome);
        written.push(case);
    }
    settle(file, count, &failures);
    write_down(file, kind, written);
}

fn judge(outcome: &Outcome, wanted: &Wanted) -> Result<(), String> {
    match (wanted, outcome) {
        (Wanted::Either, _) | (Wanted::Accept, Outcome::Ok(_)) => Ok(()),
        (Wanted::Gives(ok), _) => outcome.compare(&Expected::Ok { ok: ok.clone() }),
        (Wanted::Holds(holds), Outcome::Ok(value)) => {
            holds(value).then_some(()).ok_or_else(|| format!("got {value}"))
        }
        (Wanted::Refuse(codes), Outcome::Error(error)) if codes.contains(&error.code()) => Ok(()),
        (Wanted::Refuse(codes), Outcome::Error(error)) => {
            Err(format!("expected one of {codes:?}, got {error}"))
        }
        (Wanted::Refuse(codes), Outcome::Ok(_)) => Err(format!("expected one of {codes:?}")),
        (Wanted::Accept | Wanted::Holds(_), Outcome::Error(error)) => {
            Err(format!("it was refused: {error}"))
        }
    }
}

/// What every language must answer: the same code, or the same user.
fn expectation(outcome: &Outcome) -> Expected {
    let value = match outcome {
        Outcome::Error(error) => {
            return Expected::Error { error: error.code().into(), details: None };
        }
        Outcome::Ok(value) => value,
    };
    let pick = |from: &Value, names: &[&str]| -> Map<String, Value> {
        names.iter().filter_map(|name| Some(((*name).into(), from.get(name)?.clone()))).collect()
    };
    let mut ok = pick(value, &["issued_at", "not_before", "expires_at", "key_id", "session_id"]);
    if let Some(user) = value.get("user") {
        let names = ["user_id", "subscription", "role", "organization", "plans", "features"];
        ok.insert("user".into(), pick(user, &names).into());
    }
    Expected::Ok { ok: ok.into() }
}

/// Writes a file of vectors into the folder that `CASIER_PUBLISHED` names, if it is set; of a kind
/// that has shared vectors, so that every runner knows it.
fn write_down(file: &str, kind: &str, cases: Vec<Case>) {
    let Some(folder) = std::env::var_os("CASIER_PUBLISHED").map(PathBuf::from) else { return };
    if !load(&vectors_dir()).unwrap().iter().any(|(_, shared)| shared.kind == kind) {
        return say(&format!("published vectors: {file}: not written, {kind} is not shared"));
    }
    std::fs::create_dir_all(&folder).unwrap();
    let description = format!("{file} of the published vectors, and what Casier answers in Rust.");
    let path = folder.join(file.replace('/', "-"));
    let vectors = VectorFile { kind: kind.into(), description, cases };
    std::fs::write(&path, serde_json::to_string(&vectors).unwrap()).unwrap();
    say(&format!("published vectors: {}: {} written", path.display(), vectors.cases.len()));
}

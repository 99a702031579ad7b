//! Runs every shared vector, and the published ones where `CASIER_VECTORS` says where they are.
#![allow(clippy::unwrap_used)]

mod has;
mod keys;
mod outcome;
mod published;
mod tiers;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use casier_conformance::{Case, VectorFile, load, vectors_dir};
use outcome::{Outcome, say};

/// Every file of `vectors/`, every case of it: a kind, a field or a code that is not known fails.
#[test]
fn shared_vectors() {
    let mut counts = BTreeMap::new();
    let mut failures = Vec::new();
    for (path, file) in load(&vectors_dir()).unwrap() {
        let run = runner(&file).unwrap_or_else(|| {
            panic!("{}: no runner for the kind `{}`", path.display(), file.kind)
        });
        let mut names = BTreeSet::new();
        for case in &file.cases {
            assert!(names.insert(&case.name), "{}: {:?} twice", path.display(), case.name);
            let result = run(case).and_then(|outcome| outcome.compare(&case.expected));
            if let Err(why) = result {
                failures.push(format!("{}: {}: {why}", file.kind, case.name));
            }
            *counts.entry(file.kind.clone()).or_insert(0) += 1;
        }
    }
    for (kind, count) in &counts {
        say(&format!("shared vectors: {kind}: {count} ran"));
    }
    let kinds: Vec<_> = counts.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["has", "keys", "tiers", "tokens"], "the kinds that have vectors");
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

/// The committed files are those that the generator writes.
#[test]
fn generated_vectors_are_current() {
    for (path, generated) in casier_conformance::generate::files().unwrap() {
        let committed = std::fs::read_to_string(&path).unwrap();
        let hint = "run `cargo run -p casier-conformance --bin generate-vectors`";
        assert!(committed == generated, "{}: {hint}", path.display());
    }
}

/// Runs one case; the error says what is wrong with the case itself.
type Run = fn(&Case) -> Result<Outcome, String>;

fn runner(file: &VectorFile) -> Option<Run> {
    match file.kind.as_str() {
        "tokens" => Some(tokens::run),
        "has" => Some(has::run),
        "keys" => Some(keys::run),
        "tiers" => Some(tiers::run),
        _ => None,
    }
}

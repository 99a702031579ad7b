//! What came out of a case, and how it is held against what was expected.

use std::io::Write as _;

use casier::{Error, ErrorKind};
use casier_conformance::Expected;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) enum Outcome {
    Ok(Value),
    Error(Error),
}

impl Outcome {
    pub(crate) fn of(result: casier::Result<Value>) -> Self {
        match result {
            Ok(value) => Self::Ok(value),
            Err(error) => Self::Error(error),
        }
    }

    pub(crate) fn compare(&self, expected: &Expected) -> Result<(), String> {
        match (self, expected) {
            (Self::Ok(value), Expected::Ok { ok }) => covers(value, ok, "ok"),
            (Self::Error(error), Expected::Error { error: code, details }) => {
                if !ErrorKind::ALL.iter().any(|kind| kind.code() == code) {
                    return Err(format!("the catalogue has no code `{code}`"));
                }
                if error.code() != code {
                    return Err(format!("expected {code}, got {error}"));
                }
                let Some(details) = details else { return Ok(()) };
                covers(&details_of(error), details, "details")
            }
            (Self::Ok(value), Expected::Error { error, .. }) => {
                Err(format!("expected {error}, got {value}"))
            }
            (Self::Error(error), Expected::Ok { .. }) => Err(format!("it was refused: {error}")),
        }
    }
}

/// A text, or one that is repeated, for the long ones.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Text {
    Plain(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Part {
    Plain(String),
    Repeated(String, usize),
}

impl Text {
    pub(crate) fn read(self) -> String {
        match self {
            Self::Plain(text) => text,
            Self::Parts(parts) => parts
                .into_iter()
                .map(|part| match part {
                    Part::Plain(text) => text,
                    Part::Repeated(text, times) => text.repeat(times),
                })
                .collect(),
        }
    }
}

/// The input of a case; an unknown or a missing field is a fault of the case.
pub(crate) fn input<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("the input: {error}"))
}

/// Writes a line that the test harness does not capture.
pub(crate) fn say(line: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{line}").unwrap();
}

fn details_of(error: &Error) -> Value {
    let details = error.details();
    json!({
        "required": details.required,
        "actual": details.actual,
        "limit": details.limit,
        "used": details.used,
        "retry_after": details.retry_after.map(|wait| wait.as_secs()),
    })
}

/// Whether each member of `expected` is in `actual`, and equal; in `user`, too, members may stay
/// unnamed.
fn covers(actual: &Value, expected: &Value, path: &str) -> Result<(), String> {
    let (Some(members), Some(wanted)) = (actual.as_object(), expected.as_object()) else {
        return Err(format!("{path} is no object"));
    };
    for (name, value) in wanted {
        let path = format!("{path}.{name}");
        let found = members.get(name).ok_or_else(|| format!("nothing comes out at {path}"))?;
        if name == "user" {
            covers(found, value, &path)?;
        } else if found != value {
            return Err(format!("{path}: expected {value}, got {found}"));
        }
    }
    Ok(())
}

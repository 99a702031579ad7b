//! Kind `has`: `Policy::decide` of `Action::Has`, for the user of a token.

use std::time::UNIX_EPOCH;

use casier::access::{Action, Facts, Policy, Requirement, Reverification};
use casier::token::User;
use casier_conformance::Case;
use serde::Deserialize;
use serde_json::json;

use crate::outcome::{Outcome, input};
use crate::tokens;

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    role: Option<String>,
    permission: Option<String>,
    feature: Option<String>,
    plan: Option<String>,
    reverification: Option<AskedReverification>,
}

/// Clerk's name for a level and an age, or both of them.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum AskedReverification {
    Named(String),
    Own { level: String, after_minutes: u32 },
}

pub(crate) fn run(case: &Case) -> Result<Outcome, String> {
    let mut given = case.input.clone();
    let asked = given.as_object_mut().and_then(|members| members.remove("requirement"));
    let asked: Asked = input(&asked.ok_or("`requirement` is missing")?)?;
    Ok(match tokens::verified(&given)? {
        Ok(verified) => Outcome::of(decide(verified.user(), asked).map(|()| json!({}))),
        Err(error) => Outcome::Error(error),
    })
}

fn decide(user: &User, asked: Asked) -> casier::Result<()> {
    let mut wanted = Requirement::default();
    wanted.role = asked.role;
    wanted.permission = asked.permission;
    wanted.feature = asked.feature;
    wanted.plan = asked.plan;
    wanted.reverification = match asked.reverification {
        Some(AskedReverification::Named(name)) => Some(name.parse()?),
        Some(AskedReverification::Own { level, after_minutes }) => {
            Some(Reverification::new(level.parse()?, after_minutes))
        }
        None => None,
    };
    let decision =
        Policy::builtin().decide(user, &Action::Has(wanted), &Facts::default(), UNIX_EPOCH);
    decision.into_result().map(|_| ())
}

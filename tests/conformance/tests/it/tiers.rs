//! Kind `tiers`: `Policy::decide`.

use std::time::{Duration, UNIX_EPOCH};

use casier::access::{Action, Facts, Policy, Terms};
use casier::token::User;
use casier_conformance::Case;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::outcome::{Outcome, input};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    policy: Option<String>,
    #[serde(default)]
    user: GivenUser,
    action: GivenAction,
    #[serde(default)]
    facts: GivenFacts,
    now: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct GivenUser {
    subscription: String,
    role: String,
    features: Vec<String>,
    plans: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct GivenFacts {
    stored_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum GivenAction {
    Subscription(String),
    Role(String),
    Feature(String),
    Upload { kind: String, filename: String, content_type: String, size: u64 },
    Link { seconds: u64 },
}

pub(crate) fn run(case: &Case) -> Result<Outcome, String> {
    let input: Input = input(&case.input)?;
    Ok(Outcome::of(decide(input)))
}

fn decide(input: Input) -> casier::Result<Value> {
    let policy = match &input.policy {
        Some(text) => Policy::from_toml(text, "the case")?,
        None => Policy::builtin(),
    };
    let mut user = User::new("user_1");
    user.subscription = input.user.subscription;
    user.role = input.user.role;
    user.features = input.user.features;
    user.plans = input.user.plans;
    let action = match input.action {
        GivenAction::Subscription(tier) => Action::Subscription(tier),
        GivenAction::Role(role) => Action::Role(role),
        GivenAction::Feature(feature) => Action::Feature(feature),
        GivenAction::Upload { kind, filename, content_type, size } => {
            Action::Upload { kind, filename, content_type, size }
        }
        GivenAction::Link { seconds } => Action::Link { seconds },
    };
    let facts = Facts::with_stored_bytes(input.facts.stored_bytes);
    let now = UNIX_EPOCH + Duration::from_secs(input.now.unwrap_or_default());
    policy.decide(&user, &action, &facts, now).into_result().map(|terms| shown(&terms))
}

fn shown(terms: &Terms) -> Value {
    let expires = terms.link_expires_at.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    json!({
        "link_seconds": terms.link_seconds,
        "link_expires_at": expires.map(|since| since.as_secs()),
        "content_type": terms.content_type,
    })
}

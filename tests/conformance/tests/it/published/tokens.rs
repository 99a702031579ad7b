//! Tokens of Clerk's own test suite, and key sets judged with one of them.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use casier::Result;
use casier::access::Policy;
use casier::token::{IssuerConfig, KeySource, TokenSource, TokenVerifier, VerifiedToken};
use serde::Deserialize;
use serde_json::Value;

use super::{Case, cases, settle};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    token: String,
    clock: u64,
    options: Options,
    jwks: Option<Value>,
    jwks_body: Option<String>,
    jwks_body_recipe: Option<Recipe>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    issuer: String,
    authorized_parties: Vec<String>,
    leeway_s: u64,
    algorithms: Vec<String>,
    typ: Option<Vec<String>>,
}

/// A body too long to write down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipe {
    repeat: Option<String>,
    json_repeat: Option<String>,
    json_keys: Option<usize>,
    count: Option<usize>,
}

#[test]
fn clerk_fixtures() {
    let Some(cases) = cases("tokens/clerk_fixtures.json") else { return };
    let failures: Vec<String> = cases.iter().filter_map(|case| failure(case, None)).collect();
    settle("tokens/clerk_fixtures.json", cases.len(), &failures);
}

#[test]
fn key_sets() {
    let Some(fixtures) = cases("tokens/clerk_fixtures.json") else { return };
    let mock = fixtures.iter().find(|case| case.name == "mockJwt-at-iat").unwrap();
    let mock = mock.input["token"].as_str().unwrap();
    let cases = cases("jwks/jwks_cases.json").unwrap();
    let failures: Vec<String> = cases.iter().filter_map(|case| failure(case, Some(mock))).collect();
    settle("jwks/jwks_cases.json", cases.len(), &failures);
}

fn failure(case: &Case, mock: Option<&str>) -> Option<String> {
    let verified = verify(case, mock);
    let right = match case.expected.as_str() {
        "accept" => verified.is_ok(),
        "reject" => verified.is_err(),
        "either" => true,
        other => panic!("{}: expected {other:?}", case.name),
    };
    let got = || verified.map_or_else(|error| error.to_string(), |_| "a user".into());
    (!right).then(|| format!("{}: expected {}, got {}", case.name, case.expected, got()))
}

fn verify(case: &Case, mock: Option<&str>) -> Result<VerifiedToken> {
    let input: Input = serde_json::from_value(case.input.clone())
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let token = match (input.token.as_str(), mock) {
        ("@mockJwt", Some(mock)) => mock,
        (token, _) => token,
    };
    let jwks = match (input.jwks, input.jwks_body, input.jwks_body_recipe) {
        (Some(jwks), None, None) => jwks.to_string(),
        (None, Some(body), None) => body,
        (None, None, Some(recipe)) => recipe.body(&case.name),
        _ => panic!("{}: which key set?", case.name),
    };
    let mut config = IssuerConfig::new(input.options.issuer, KeySource::Jwks(jwks));
    config.authorized_parties = input.options.authorized_parties;
    config.clock_skew = Duration::from_secs(input.options.leeway_s);
    config.algorithms =
        input.options.algorithms.iter().map(|name| name.parse()).collect::<Result<_>>()?;
    config.token_types = input.options.typ.unwrap_or(config.token_types);
    let now = UNIX_EPOCH + Duration::from_secs(input.clock);
    TokenVerifier::new(config, Arc::new(Policy::builtin()))?.verify(token, now, TokenSource::Header)
}

impl Recipe {
    fn body(self, case: &str) -> String {
        match (self.repeat, self.json_repeat, self.json_keys, self.count) {
            (Some(text), None, None, Some(count)) => text.repeat(count),
            (None, Some(text), None, Some(count)) => {
                format!("{{\"keys\":{}", text.repeat(count))
            }
            (None, None, Some(count), None) => {
                format!("{{\"keys\":[{}null]}}", "null,".repeat(count.saturating_sub(1)))
            }
            _ => panic!("{case}: an unknown recipe"),
        }
    }
}

//! Kind `tokens`: `TokenVerifier`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use casier::access::Policy;
use casier::token::{IssuerConfig, KeySource, Provider, TokenSource, TokenVerifier, VerifiedToken};
use casier_conformance::Case;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::outcome::{Outcome, Text, input};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    token: Option<String>,
    token_repeated: Option<Repeated>,
    now: u64,
    source: String,
    issuer: Issuer,
    policy: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeated {
    prefix: String,
    text: String,
    times: usize,
    suffix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    issuer: String,
    provider: Option<String>,
    jwks: Option<Value>,
    jwks_text: Option<Text>,
    jwk: Option<Value>,
    pem: Option<String>,
    algorithms: Option<Vec<String>>,
    audience: Option<Vec<String>>,
    authorized_parties: Option<Vec<String>>,
    allow_missing_azp: Option<bool>,
    clock_skew: Option<u64>,
    namespace: Option<String>,
    public_metadata_claim: Option<String>,
    token_types: Option<Vec<String>>,
    #[serde(default)]
    mapping: BTreeMap<String, Vec<String>>,
}

pub(crate) fn run(case: &Case) -> Result<Outcome, String> {
    let result = verified(&case.input)?;
    Ok(Outcome::of(result.map(|verified| shown(&verified))))
}

/// What the verifier says of the token; the other error is a fault of the case.
pub(crate) fn verified(given: &Value) -> Result<casier::Result<VerifiedToken>, String> {
    let mut input: Input = input(given)?;
    let token = match (input.token, input.token_repeated) {
        (Some(token), None) => token,
        (None, Some(r)) => format!("{}{}{}", r.prefix, r.text.repeat(r.times), r.suffix),
        _ => return Err("exactly one of `token` and `token_repeated` is needed".into()),
    };
    let source = match input.source.as_str() {
        "header" => TokenSource::Header,
        "cookie" => TokenSource::Cookie,
        other => return Err(format!("`source` is `{other}`")),
    };
    let keys = input.issuer.take_keys()?;
    let now = UNIX_EPOCH + Duration::from_secs(input.now);
    let result = verify(&token, now, source, input.issuer, keys, input.policy.as_deref());
    if let Err(error) = &result {
        check_secrecy(&token, error)?;
    }
    Ok(result)
}

impl Issuer {
    fn take_keys(&mut self) -> Result<KeySource, String> {
        let forms = [
            self.jwks.take().map(|jwks| KeySource::Jwks(jwks.to_string())),
            self.jwks_text.take().map(|text| KeySource::Jwks(text.read())),
            self.jwk.take().map(|jwk| KeySource::Jwk(jwk.to_string())),
            self.pem.take().map(KeySource::Pem),
        ];
        let mut given = forms.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(keys), None) => Ok(keys),
            _ => Err("exactly one of `jwks`, `jwks_text`, `jwk` and `pem` is needed".into()),
        }
    }
}

fn verify(
    token: &str,
    now: SystemTime,
    source: TokenSource,
    given: Issuer,
    keys: KeySource,
    policy: Option<&str>,
) -> casier::Result<VerifiedToken> {
    let policy = match policy {
        Some(text) => Policy::from_toml(text, "the case")?,
        None => Policy::builtin(),
    };
    let provider = given.provider.map_or(Ok(Provider::default()), |name| name.parse())?;
    let mut config = IssuerConfig::of(provider, given.issuer);
    config.keys = keys;
    config.mapping = given.mapping.try_into()?;
    if let Some(names) = given.algorithms {
        config.algorithms = names.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
    }
    config.audience = given.audience.unwrap_or(config.audience);
    config.authorized_parties = given.authorized_parties.unwrap_or(config.authorized_parties);
    config.allow_missing_azp = given.allow_missing_azp.unwrap_or(config.allow_missing_azp);
    config.clock_skew = given.clock_skew.map_or(config.clock_skew, Duration::from_secs);
    config.namespace = given.namespace;
    config.public_metadata_claim = given.public_metadata_claim;
    config.token_types = given.token_types.unwrap_or(config.token_types);
    TokenVerifier::new(config, Arc::new(policy))?.verify(token, now, source)
}

/// Row 29 of the list of attacks: no part of a token in what may be logged.
fn check_secrecy(token: &str, error: &casier::Error) -> Result<(), String> {
    let said = format!("{error} {error:?}");
    match token.split('.').find(|part| part.len() >= 12 && said.contains(part)) {
        Some(_) => Err("attack 29: the error repeats a part of the token".into()),
        None => Ok(()),
    }
}

fn shown(verified: &VerifiedToken) -> Value {
    json!({
        "user": verified.user().as_ref(),
        "issued_at": verified.issued_at().map(seconds),
        "not_before": verified.not_before().map(seconds),
        "expires_at": seconds(verified.expires_at()),
        "key_id": verified.key_id(),
        "session_id": verified.session_id(),
    })
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

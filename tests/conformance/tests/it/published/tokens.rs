//! Tokens and key sets of public test suites, through `TokenVerifier`.
//!
//! The signatures of Wycheproof and of the RFCs stand over payloads that are no claims; those are
//! checked inside the crate (`core/src/token/tests/vectors.rs`). Here are the ones that a verifier
//! of tokens answers for what they are about: the key, the algorithm, the form.

use serde::Deserialize;
use serde_json::{Value, json};

use super::cases;
use super::drive::{Driven, Wanted, drive};

#[derive(Deserialize)]
struct Fixture {
    name: String,
    input: FixtureInput,
    expected: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixtureInput {
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
    let file = "tokens/clerk_fixtures.json";
    let Some(cases) = cases::<Fixture>(file) else { return };
    let driven = cases.into_iter().map(|case| {
        let wanted = match (case.expected.as_str(), case.reason.as_deref()) {
            ("accept", None) => Wanted::Accept,
            // The issuer of these two is not the configured one, which Casier asks before all else.
            ("reject", Some(_))
                if ["mockMalformedJwt", "createJwt-alg-none"].contains(&&*case.name) =>
            {
                Wanted::Refuse(&["token-invalid-issuer"])
            }
            ("reject", Some(reason)) => Wanted::Refuse(codes(reason)),
            other => panic!("{}: expected {other:?}", case.name),
        };
        Driven { input: case.input.into_vector(&case.name, None), name: case.name, wanted }
    });
    drive(file, "tokens", driven.collect());
}

/// Casier's codes for the reasons of the fixtures.
fn codes(reason: &str) -> &'static [&'static str] {
    match reason {
        "expired" => &["token-expired"],
        "iat_in_future" => &["token-iat-in-the-future"],
        "not_active" => &["token-not-active-yet"],
        "signature" => &["token-invalid-signature"],
        "kid_not_found" => &["jwk-kid-mismatch"],
        "key_or_signature" => &["config-invalid", "jwk-kid-mismatch", "token-invalid-signature"],
        "issuer" => &["token-invalid-issuer"],
        "authorized_party" => &["token-invalid-authorized-parties"],
        "algorithm" => &["token-invalid-algorithm"],
        "typ" | "malformed" => &["token-invalid"],
        other => panic!("an unknown reason: {other}"),
    }
}

/// One sound token, judged with many key sets: what is refused is refused for its key.
#[test]
fn key_sets() {
    let Some(fixtures) = cases::<Fixture>("tokens/clerk_fixtures.json") else { return };
    let mock = fixtures.into_iter().find(|case| case.name == "mockJwt-at-iat").unwrap();
    let file = "jwks/jwks_cases.json";
    let driven = cases::<Fixture>(file).unwrap().into_iter().map(|case| {
        let wanted = match case.expected.as_str() {
            "accept" => Wanted::Accept,
            "reject" => {
                Wanted::Refuse(&["config-invalid", "jwk-kid-mismatch", "token-invalid-algorithm"])
            }
            "either" => Wanted::Either,
            other => panic!("{}: expected {other:?}", case.name),
        };
        let input = case.input.into_vector(&case.name, Some(&mock.input.token));
        Driven { name: case.name, input, wanted }
    });
    drive(file, "tokens", driven.collect());
}

impl FixtureInput {
    fn into_vector(self, case: &str, mock: Option<&str>) -> Value {
        let token = match (self.token.as_str(), mock) {
            ("@mockJwt", Some(mock)) => mock.to_owned(),
            (token, _) => token.to_owned(),
        };
        let jwks = match (self.jwks, self.jwks_body, self.jwks_body_recipe) {
            (Some(jwks), None, None) => jwks.to_string().into(),
            (None, Some(body), None) => body.into(),
            (None, None, Some(recipe)) => recipe.text(case),
            _ => panic!("{case}: which key set?"),
        };
        let mut issuer = json!({
            "issuer": self.options.issuer, "jwks_text": jwks,
            "authorized_parties": self.options.authorized_parties,
            "clock_skew": self.options.leeway_s, "algorithms": self.options.algorithms,
        });
        if let Some(types) = self.options.typ {
            issuer["token_types"] = types.into();
        }
        json!({"token": token, "now": self.clock, "source": "header", "issuer": issuer})
    }
}

impl Recipe {
    fn text(self, case: &str) -> Value {
        match (self.repeat, self.json_repeat, self.json_keys, self.count) {
            (Some(text), None, None, Some(count)) => json!([[text, count]]),
            (None, Some(text), None, Some(count)) => json!(["{\"keys\":", [text, count]]),
            (None, None, Some(count), None) => {
                json!(["{\"keys\":[", ["null,", count.saturating_sub(1)], "null]}"])
            }
            _ => panic!("{case}: an unknown recipe"),
        }
    }
}

#[derive(Deserialize)]
struct Signed {
    name: String,
    input: SignedInput,
    expected: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignedInput {
    token: String,
    jwk: Option<Value>,
    jwks: Option<Value>,
    algorithms: Option<Vec<String>>,
    clock: Option<u64>,
}

impl Signed {
    /// The case as a token of the issuer that the RFCs name.
    fn into_driven(self, wanted: Wanted) -> Driven {
        let all = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
        let algorithms = self.input.algorithms.map_or_else(|| json!(all), |names| json!(names));
        let mut issuer = json!({"issuer": "joe", "algorithms": algorithms});
        match (self.input.jwk, self.input.jwks) {
            (Some(jwk), None) => issuer["jwk"] = jwk,
            (None, Some(jwks)) => issuer["jwks_text"] = jwks.to_string().into(),
            _ => panic!("{}: which key?", self.name),
        }
        let now = self.input.clock.unwrap_or(1_300_819_000);
        let input =
            json!({"token": self.input.token, "now": now, "source": "header", "issuer": issuer});
        Driven { name: self.name, input, wanted }
    }
}

/// Those that must be refused. The others are sound signatures over what is no session.
#[test]
fn rfc_examples() {
    let file = "tokens/rfc_examples.json";
    let Some(cases) = cases::<Signed>(file) else { return };
    let refused = cases.into_iter().filter(|case| case.expected == "reject").map(|case| {
        case.into_driven(Wanted::Refuse(&[
            "config-invalid",
            "token-invalid",
            "token-invalid-algorithm",
        ]))
    });
    drive(file, "tokens", refused.collect());
}

/// Keys and algorithms that a verifier is not even made with: symmetric, weak, for another use.
#[test]
fn wycheproof_keys() {
    for (file, count) in [("tokens/wycheproof_jws.json", 36), ("tokens/wycheproof_jwk.json", 20)] {
        let Some(cases) = cases::<Signed>(file) else { return };
        let refused: Vec<_> = cases
            .into_iter()
            .filter(|case| case.expected == "reject")
            .map(|case| case.into_driven(Wanted::Refuse(&["config-invalid"])))
            .filter(Driven::is_refused_configuration)
            .collect();
        assert!(refused.len() >= count, "{file}: {}", refused.len());
        drive(file, "tokens", refused);
    }
}

/// Casier takes no thumbprints (RFC 7638): a key set is replaced as a whole, and its keys are found
/// by `kid` alone. The keys of the examples are keys to it.
#[test]
fn thumbprints() {
    #[derive(Deserialize)]
    struct Thumbprint {
        name: String,
        input: Value,
    }
    let file = "jwks/rfc7638_thumbprints.json";
    let Some(cases) = cases::<Thumbprint>(file) else { return };
    let driven = cases.into_iter().map(|case| {
        let issuer = json!({"issuer": "joe", "jwk": case.input, "algorithms": ["RS256", "EdDSA"]});
        let input = json!({"token": "e30.e30.AA", "now": 0, "source": "header", "issuer": issuer});
        Driven { name: case.name, input, wanted: Wanted::Refuse(&["token-invalid-issuer"]) }
    });
    drive(file, "tokens", driven.collect());
}

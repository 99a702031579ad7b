//! Clerk's rules for claims and for `has()`, in tokens that are signed for it with a test key.
//!
//! Where a note asks for more than Clerk does, the note is followed; every other deviation stands
//! here with its reason, and in `docs/authorization.md` or `docs/tokens.md`.

use casier_conformance::vectors_dir;
use casier_local::issuer::{Signing, SigningKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cases;
use super::drive::{Driven, Wanted, drive};

const NOW: u64 = 1_700_000_000;

#[derive(Deserialize)]
struct Assertion {
    name: String,
    input: Checked,
    expected: String,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checked {
    check: String,
    args: Vec<Value>,
}

#[test]
fn claim_assertions() {
    let file = "authz/clerk_claim_assertions.json";
    let Some(cases) = cases::<Assertion>(file) else { return };
    let signer = Signer::new();
    let driven = cases.into_iter().map(|case| {
        let (input, codes) = case.input.into_vector(&signer);
        let should_reject = case.note.is_some_and(|note| note.contains("should reject"));
        let wanted = match case.expected.as_str() {
            // Casier's default is the accepted type `JWT`, and RFC 7519 section 5.1 leaves `typ`
            // out where there is no other kind of token to be told from.
            "reject" if case.name == "typ undefined vs \"JWT\"" => Wanted::Accept,
            "ok" if !should_reject => Wanted::Accept,
            "ok" | "reject" => Wanted::Refuse(codes),
            other => panic!("{}: expected {other:?}", case.name),
        };
        Driven { name: case.name, input, wanted }
    });
    drive(file, "tokens", driven.collect());
}

impl Checked {
    /// The case, and the codes with which it may be refused.
    fn into_vector(self, signer: &Signer) -> (Value, &'static [&'static str]) {
        let mut header = json!({"alg": "RS256", "typ": "JWT", "kid": signer.0.id()});
        let mut claims = json!({"sub": "user_1", "iss": "i", "exp": NOW + 60});
        let mut issuer = json!({"clock_skew": 0});
        let mut signing = Signing::Rs256;
        let second = self.args.get(1);
        let texts = |value: &Value| match value {
            Value::Array(texts) => texts.iter().filter(|text| **text != "").cloned().collect(),
            text => vec![text.clone()],
        };
        let configured = second.filter(|value| **value != "@undefined" && **value != "").map(texts);
        let (part, name, codes): (_, _, &[&str]) = match self.check.as_str() {
            "assertAudienceClaim" => {
                issuer["audience"] = configured.unwrap_or_default().into();
                (&mut claims, "aud", &["token-invalid-audience"])
            }
            "assertAuthorizedPartiesClaim" => {
                // An empty text among the parties is none, but leaves the check on.
                let parties = second.filter(|value| value.is_array()).cloned();
                issuer["authorized_parties"] = parties.unwrap_or_else(|| json!([]));
                (&mut claims, "azp", &["token-invalid-authorized-parties"])
            }
            "assertHeaderType" => {
                if let Some(types) = configured {
                    issuer["token_types"] = types.into();
                }
                (&mut header, "typ", &["token-invalid"])
            }
            "assertHeaderAlgorithm" => {
                issuer["algorithms"] = json!(["RS256", "RS384", "RS512"]);
                signing = match self.args[0].as_str() {
                    Some("RS384") => Signing::Rs384,
                    Some("RS512") => Signing::Rs512,
                    _ => Signing::Rs256,
                };
                (&mut header, "alg", &["token-invalid-algorithm"])
            }
            "assertSubClaim" => (&mut claims, "sub", &["token-invalid"]),
            "assertExpirationClaim" => (&mut claims, "exp", &["token-expired", "token-invalid"]),
            "assertActivationClaim" => {
                (&mut claims, "nbf", &["token-not-active-yet", "token-invalid"])
            }
            "assertIssuedAtClaim" => {
                (&mut claims, "iat", &["token-iat-in-the-future", "token-invalid"])
            }
            other => panic!("an unknown check: {other}"),
        };
        if matches!(name, "exp" | "nbf" | "iat") {
            issuer["clock_skew"] = (second.and_then(Value::as_u64).unwrap() / 1000).into();
        }
        if self.args[0] == "@undefined" {
            part.as_object_mut().unwrap().remove(name);
        } else {
            part[name] = self.args[0].clone();
        }
        (signer.vector(signing, &header, &claims, issuer, NOW), codes)
    }
}

#[derive(Deserialize)]
struct Permissions {
    name: String,
    input: PermissionsInput,
    expected: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PermissionsInput {
    claims: Value,
}

/// Attack 45. Attack 46. Attack 47. Attack 48. Attack 49. Attack 50.
#[test]
fn claims_to_permissions() {
    let file = "authz/clerk_claims_to_permissions.json";
    let Some(cases) = cases::<Permissions>(file) else { return };
    let signer = Signer::new();
    let driven = cases.into_iter().map(|case| {
        let claims = case.input.claims;
        let issuer = json!({"issuer": claims["iss"]});
        let now = claims["iat"].as_u64().unwrap();
        let input = signer.vector(Signing::Rs256, &signer.header(), &claims, issuer, now);
        let wanted = wanted_user(&claims, &case.expected);
        Driven { name: case.name, input, wanted }
    });
    drive(file, "tokens", driven.collect());
}

fn wanted_user(claims: &Value, expected: &Map<String, Value>) -> Wanted {
    if expected.contains_key("error") {
        // Clerk's SDK fails; Casier signs the user in, without what it cannot read.
        return Wanted::Holds(Box::new(|got| {
            got["user"]["organization"]["permissions"] == json!([])
        }));
    }
    if claims["sts"] == "pending" {
        return Wanted::Refuse(&["session-pending"]);
    }
    // Clerk's JavaScript counts the features of the organization alone, its documentation all of
    // them, and the documentation is followed.
    let permissions = match counts_differ(claims["fea"].as_str().unwrap_or_default()) {
        true => documented_permissions(claims),
        false => expected["orgPermissions"].clone(),
    };
    let organization = if expected["orgId"].is_null() {
        Value::Null
    } else {
        json!({
            "id": expected["orgId"], "slug": expected["orgSlug"], "role": expected["orgRole"],
            "permissions": permissions,
        })
    };
    let user = json!({
        "user_id": expected["userId"], "session_id": expected["sessionId"],
        "organization": organization,
    });
    Wanted::Gives(json!({"user": user}))
}

/// Whether a feature of the user stands before one of the organization.
fn counts_differ(features: &str) -> bool {
    let scopes: Vec<bool> = features
        .split(',')
        .filter_map(|feature| feature.trim().split_once(':'))
        .map(|(scope, _)| scope.contains('o'))
        .collect();
    let first_of_user = scopes.iter().position(|is_organization| !is_organization);
    let last_of_organization = scopes.iter().rposition(|is_organization| *is_organization);
    first_of_user.is_some_and(|first| Some(first) < last_of_organization)
}

/// The permissions by the words of <https://clerk.com/docs/guides/sessions/session-tokens>: the
/// number at a feature's place says which of the permissions it has.
fn documented_permissions(claims: &Value) -> Value {
    let list = |text: &Value| -> Vec<String> {
        text.as_str().unwrap().split(',').map(|part| part.trim().to_owned()).collect()
    };
    let names = list(&claims["o"]["per"]);
    let mut granted = Vec::new();
    for (feature, mask) in list(&claims["fea"]).iter().zip(list(&claims["o"]["fpm"])) {
        let (scope, feature) = feature.split_once(':').unwrap();
        let mask: u128 = if scope.contains('o') { mask.parse().unwrap() } else { 0 };
        let bits = names.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
        granted.extend(bits.map(|(_, name)| format!("org:{feature}:{name}")));
    }
    json!(granted)
}

#[derive(Deserialize)]
struct Split {
    name: String,
    input: Value,
    expected: Value,
}

/// The features of the user and of the organization. Where Clerk's SDK fails, there are none; a
/// name without letters is none.
#[test]
fn split_by_scope() {
    let file = "authz/clerk_split_by_scope.json";
    let Some(cases) = cases::<Split>(file) else { return };
    let signer = Signer::new();
    let driven = cases.into_iter().map(|case| {
        let claims =
            json!({"iss": "i", "sub": "user_1", "exp": NOW + 60, "v": 2, "fea": case.input});
        let input = signer.vector(Signing::Rs256, &signer.header(), &claims, json!({}), NOW);
        let wanted = Wanted::Holds(Box::new(move |got| {
            [("o:", "org"), ("u:", "user")].into_iter().all(|(scope, side)| {
                let names = got["user"]["features"].as_array().unwrap().iter();
                let own: Vec<_> =
                    names.filter_map(|name| name.as_str()?.strip_prefix(scope)).collect();
                let wanted = case.expected[side].as_array().into_iter().flatten();
                let wanted: Vec<_> =
                    wanted.filter_map(Value::as_str).filter(|name| !name.is_empty()).collect();
                own == wanted
            })
        }));
        Driven { name: case.name, input, wanted }
    });
    drive(file, "tokens", driven.collect());
}

#[derive(Deserialize)]
struct Has {
    name: String,
    input: HasInput,
    expected: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HasInput {
    session: Session,
    check: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Session {
    user_id: Value,
    org_id: Value,
    org_role: Value,
    org_permissions: Value,
    features: Value,
    plans: Value,
    factor_verification_age: Value,
}

/// Attack 44. Attack 45. Attack 53.
///
/// What is asked for with a value of another type, Clerk refuses and Casier's types do not let
/// through; those cases have nothing to run.
#[test]
fn has() {
    let file = "authz/clerk_has.json";
    let Some(cases) = cases::<Has>(file) else { return };
    let signer = Signer::new();
    let (mut driven, mut mistyped) = (Vec::new(), 0);
    for case in cases {
        let Some(requirement) = requirement(&case.input.check) else {
            assert!(!case.expected, "{}", case.name);
            mistyped += 1;
            continue;
        };
        let claims = case.input.session.into_claims();
        let issuer = json!({});
        let mut input = signer.vector(Signing::Rs256, &signer.header(), &claims, issuer, NOW);
        input["requirement"] = requirement;
        let wanted = if case.expected { Wanted::Accept } else { Wanted::Refuse(REFUSALS) };
        driven.push(Driven { name: case.name, input, wanted });
    }
    assert_eq!(mistyped, 10, "the cases that cannot be asked");
    drive(file, "has", driven);
}

/// Not `token-invalid`, but for the session without a user.
const REFUSALS: &[&str] = &[
    "role-required",
    "permission-required",
    "feature-required",
    "plan-required",
    "reverification-required",
    "invalid-request",
    "token-invalid",
];

impl Session {
    /// As a token of Clerk's version 2, which tells a permission as an action on a feature.
    fn into_claims(self) -> Value {
        let mut organization = json!({"id": self.org_id, "rol": self.org_role});
        if let Some(role) = self.org_role.as_str() {
            organization["rol"] = role.trim_start_matches("org:").into();
        }
        let mut features = self.features;
        let permission = self.org_permissions.get(0).and_then(Value::as_str);
        let permission = permission.and_then(|name| name.strip_prefix("org:")?.split_once(':'));
        match (permission, &features) {
            (Some((feature, action)), Value::String(others)) => {
                let all: Vec<_> = others.split(',').filter(|other| !other.is_empty()).collect();
                organization["per"] = action.into();
                organization["fpm"] = format!("{}1", "0,".repeat(all.len())).into();
                features = format!("{},o:{feature}", all.join(",")).trim_matches(',').into();
            }
            _ => organization["per"] = self.org_permissions,
        }
        let mut claims = json!({
            "iss": "i", "exp": NOW + 60, "sid": "sess_1", "v": 2, "sub": self.user_id,
            "fea": features, "pla": self.plans,
        });
        if !self.org_id.is_null() {
            claims["o"] = organization;
        }
        if !self.factor_verification_age.is_null() {
            claims["fva"] = self.factor_verification_age;
        }
        claims
    }
}

/// What is asked for, where the types allow to ask it.
fn requirement(check: &Map<String, Value>) -> Option<Value> {
    let mut requirement = json!({});
    for (name, value) in check {
        requirement[name] = match (name.as_str(), value) {
            ("reverification", Value::Object(own)) => {
                let minutes = own.get("afterMinutes")?.as_u64()?;
                json!({"level": own["level"], "after_minutes": minutes})
            }
            (_, Value::String(_)) => value.clone(),
            _ => return None,
        };
    }
    Some(requirement)
}

/// The key that signs the issuer's tokens in the shared vectors.
struct Signer(SigningKey);

impl Signer {
    fn new() -> Self {
        let path = vectors_dir().join("test-keys/primary-rsa.private.pem");
        let pem = std::fs::read_to_string(path).unwrap();
        Self(SigningKey::from_pem("ins_test_rsa", &pem).unwrap())
    }

    fn header(&self) -> Value {
        json!({"alg": "RS256", "typ": "JWT", "kid": self.0.id()})
    }

    /// A case of the kind `tokens`. The key is not bound to one algorithm.
    fn vector(
        &self,
        signing: Signing,
        header: &Value,
        claims: &Value,
        mut issuer: Value,
        now: u64,
    ) -> Value {
        let (header, claims) = (header.to_string(), claims.to_string());
        let token = self.0.token(signing, header.as_bytes(), claims.as_bytes()).unwrap();
        let mut jwk = self.0.jwk();
        jwk.as_object_mut().unwrap().remove("alg");
        issuer["jwk"] = jwk;
        if issuer.get("issuer").is_none() {
            issuer["issuer"] = "i".into();
        }
        json!({"token": token, "now": now, "source": "header", "issuer": issuer})
    }
}

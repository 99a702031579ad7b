//! The published vectors that look inside the room, where `CASIER_VECTORS` says where they are.
//! Those that drive its public side are run by `tests/conformance`.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::Result;
use crate::access::Policy;
use crate::json::{Members, read_object};
use crate::token::algorithm::Algorithm;
use crate::token::claims::{CheckedClaims, grants, user_from};
use crate::token::jws::{CompactJws, Header, malformed};
use crate::token::keys::{KeySet, read_jwk};
use crate::token::{IssuerConfig, KeySource, TokenSource};

/// Runs `check` on each case and compares it with what is expected; `None` leaves a case out. At
/// least `least` cases must have been run, so that a renamed file or field does not pass unnoticed.
fn run(file: &str, least: usize, check: impl Fn(&Value) -> Option<bool>) {
    let Some(folder) = std::env::var_os("CASIER_VECTORS") else {
        println!("CASIER_VECTORS is not set: {file} is left out");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join(file)).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let mut count = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let Some(is_right) = check(case) else { continue };
        count += 1;
        assert!(is_right, "{file}: {}", case["name"]);
    }
    assert!(count >= least, "{file}: only {count} cases were run");
}

/// Whether a verdict is the expected one; `either` leaves it open.
fn agrees(case: &Value, accepted: bool) -> Option<bool> {
    match case["expected"].as_str()? {
        "accept" | "ok" => Some(accepted),
        "reject" => Some(!accepted),
        "either" => Some(true),
        other => panic!("unknown expectation {other}"),
    }
}

fn algorithms(list: &Value) -> Vec<Algorithm> {
    match list.as_array() {
        Some(names) => names.iter().filter_map(|name| Algorithm::named(name.as_str()?)).collect(),
        None => Algorithm::ALL.to_vec(),
    }
}

/// The signature layer alone: the payload need not be claims.
fn verify_jws(token: &str, keys: &KeySet, allowed: &[Algorithm]) -> Result<()> {
    let jws = CompactJws::split(token)?;
    let parameters = std::str::from_utf8(&jws.header)
        .ok()
        .and_then(read_object)
        .ok_or_else(|| malformed("header"))?;
    let header = Header::read(&parameters, allowed, &["JWT".to_owned()])?;
    let key = keys.find(header.key_id.as_deref()).ok_or_else(|| malformed("kid"))?;
    key.verify(header.algorithm, jws.signing_input, &jws.signature)
}

#[test]
fn wycheproof_jws() {
    run("tokens/wycheproof_jws.json", 401, |case| {
        let input = &case["input"];
        let allowed = algorithms(&input["algorithms"]);
        let verdict = KeySet::from_jwk(&input["jwk"].to_string(), &allowed).is_ok_and(|keys| {
            verify_jws(input["token"].as_str().unwrap(), &keys, &allowed).is_ok()
        });
        agrees(case, verdict)
    });
}

#[test]
fn wycheproof_jwk() {
    run("tokens/wycheproof_jwk.json", 26, |case| {
        let input = &case["input"];
        let verdict = KeySet::from_jwks(input["jwks"].to_string().as_bytes(), Algorithm::ALL)
            .is_ok_and(|keys| {
                verify_jws(input["token"].as_str().unwrap(), &keys, Algorithm::ALL).is_ok()
            });
        agrees(case, verdict)
    });
}

#[test]
fn wycheproof_raw_signatures() {
    run("tokens/wycheproof_raw_signatures.json", 2840, |case| {
        let input = &case["input"];
        let algorithm = Algorithm::named(input["alg"].as_str().unwrap()).unwrap();
        let verdict = read_jwk(input["jwk"].as_object().unwrap(), &[algorithm]).is_ok_and(|key| {
            key.verify(algorithm, &bytes(&input["msg_hex"]), &bytes(&input["sig_hex"])).is_ok()
        });
        agrees(case, verdict)
    });
}

#[test]
fn rfc_examples() {
    run("tokens/rfc_examples.json", 30, |case| {
        let input = &case["input"];
        let allowed = algorithms(&input["algorithms"]);
        let verdict = KeySet::from_jwk(&input["jwk"].to_string(), &allowed).is_ok_and(|keys| {
            verify_jws(input["token"].as_str().unwrap(), &keys, &allowed).is_ok()
        });
        agrees(case, verdict)
    });
}

fn claims_at(
    all: &Map<String, Value>,
    issuer: &IssuerConfig,
    now: SystemTime,
) -> Result<CheckedClaims> {
    let header = Header { algorithm: Algorithm::Rs256, key_id: None, is_session_category: true };
    let text = serde_json::to_string(all).unwrap();
    CheckedClaims::check(&read(&text), &header, issuer, now, TokenSource::Header)
}

/// Where Clerk lets something pass that Casier should not, the note says so and wins.
#[test]
fn clerk_claim_assertions() {
    run("authz/clerk_claim_assertions.json", 45, |case| {
        let args = &case["input"]["args"];
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let mut all = json!({"sub": "user_1", "iss": "i", "exp": 1_700_000_060});
        let mut issuer = IssuerConfig::new("i", KeySource::Pem(String::new()));
        issuer.clock_skew = Duration::ZERO;
        let name = match case["input"]["check"].as_str()? {
            "assertAudienceClaim" => {
                let accepted = [args[1].as_array().cloned().unwrap_or(vec![args[1].clone()])];
                issuer.audience = accepted.concat().iter().filter_map(text).collect();
                "aud"
            }
            "assertAuthorizedPartiesClaim" => {
                let accepted = args[1].as_array().cloned().unwrap_or_default();
                let accepted = accepted.iter().map(|party| party.as_str().map(str::to_owned));
                issuer.authorized_parties = accepted.collect::<Option<_>>()?;
                "azp"
            }
            "assertSubClaim" => "sub",
            "assertExpirationClaim" => "exp",
            "assertActivationClaim" => "nbf",
            "assertIssuedAtClaim" => "iat",
            _ => return None,
        };
        if matches!(name, "exp" | "nbf" | "iat") {
            issuer.clock_skew = Duration::from_millis(args[1].as_u64()?);
        }
        if args[0] == "@undefined" {
            all.as_object_mut()?.remove(name);
        } else {
            all[name] = args[0].clone();
        }
        let accepted = claims_at(all.as_object()?, &issuer, now).is_ok();
        if case["note"].as_str().is_some_and(|note| note.contains("should reject")) {
            return Some(!accepted);
        }
        agrees(case, accepted)
    });
}

/// A configured value; Clerk takes an empty one as not configured.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty() && *text != "@undefined").map(str::to_owned)
}

/// Clerk's JavaScript counts organization features only; where that differs, its documentation is
/// followed, and the case is left out.
#[test]
fn clerk_claims_to_permissions() {
    run("authz/clerk_claims_to_permissions.json", 300, |case| {
        let all = case["input"]["claims"].as_object()?.clone();
        let text = serde_json::to_string(&all).unwrap();
        let claims = read(&text);
        let features = grants(claims.get("fea"));
        let first_of_user = features.iter().position(|feature| !feature.for_organization);
        let last_of_organization = features.iter().rposition(|feature| feature.for_organization);
        if first_of_user.is_some_and(|first| Some(first) < last_of_organization) {
            return None;
        }
        let issuer = IssuerConfig::new(all["iss"].as_str()?, KeySource::Pem(String::new()));
        let mut checked = all.clone();
        checked.remove("sts");
        let now = UNIX_EPOCH + Duration::from_secs(1_666_648_250);
        let checked = claims_at(&checked, &issuer, now).unwrap();
        let user = user_from(&claims, &checked, &issuer, &Policy::builtin()).unwrap();
        let expected = &case["expected"];
        let organization = user.organization.map_or_else(
            || json!([null, null, null, null]),
            |own| json!([own.id, own.role, own.slug, own.permissions]),
        );
        if expected.get("error").is_some() {
            return Some(organization[3].as_array().is_none_or(Vec::is_empty));
        }
        let mut wanted = json!([
            expected["orgId"],
            expected["orgRole"],
            expected["orgSlug"],
            expected["orgPermissions"]
        ]);
        if wanted[0].is_null() {
            wanted[3] = Value::Null;
        }
        Some(user.user_id == expected["userId"] && organization == wanted)
    });
}

fn read(text: &str) -> Members<'_> {
    read_object(text).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

//! The published vectors that look inside the room, where `CASIER_VECTORS` says where they are.
//! Those that drive its public side are run by `tests/conformance`.

use std::path::Path;

use serde_json::Value;

use crate::json::read_object;
use crate::token::algorithm::Algorithm;
use crate::token::jws::{CompactJws, Header, decode_base64url, malformed};
use crate::token::keys::{KeySet, read_jwk};
use crate::{ErrorKind, Result};

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
    let header = decode_base64url(jws.header).ok_or_else(|| malformed("header"))?;
    let parameters = std::str::from_utf8(&header).ok().and_then(read_object);
    let parameters = parameters.ok_or_else(|| malformed("header"))?;
    let header = Header::read(&parameters, allowed, &["JWT".to_owned()])?;
    let key = keys.find(header.key_id.as_deref()).ok_or_else(|| malformed("kid"))?;
    key.verify(header.algorithm, jws.signing_input, &jws.signature)
}

#[test]
fn wycheproof_jws() {
    run("tokens/wycheproof_jws.json", 401, |case| {
        let input = &case["input"];
        let allowed = algorithms(&input["algorithms"]);
        let keys = KeySet::from_jwk(&input["jwk"].to_string(), &allowed);
        let verdict = keys
            .map_err(malformed)
            .and_then(|keys| verify_jws(input["token"].as_str().unwrap(), &keys, &allowed));
        if let Some(reason) = reason(case) {
            assert_eq!(verdict.as_ref().unwrap_err().kind(), reason, "{}", case["name"]);
        }
        agrees(case, verdict.is_ok())
    });
}

/// What a case must be refused for, where its flag says what was done to it.
fn reason(case: &Value) -> Option<ErrorKind> {
    match case["flags"][0].as_str()? {
        "AlgIsNone" => Some(ErrorKind::TokenInvalidAlgorithm),
        "ModifiedPadding" | "ModifiedSignature" => Some(ErrorKind::TokenInvalidSignature),
        _ => None,
    }
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
        // Every key is sound: what is refused is refused for its signature.
        let key = read_jwk(input["jwk"].as_object().unwrap(), &[algorithm]).unwrap();
        let (message, signature) = (bytes(&input["msg_hex"]), bytes(&input["sig_hex"]));
        agrees(case, key.verify(algorithm, &message, &signature).is_ok())
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

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

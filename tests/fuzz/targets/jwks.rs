//! Documents of keys. An input is one byte that chooses the form, then the document. A key that
//! the document holds checks a token only where the document says plainly that it may.
#![no_main]

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use casier::access::Policy;
use casier::token::{Algorithm, IssuerConfig, KeySource, TokenSource, TokenVerifier};
use casier_fuzz::json::strict_object;
use casier_fuzz::keys::{KEYS, Sort};
use casier_fuzz::quiet::assert_quiet;
use casier_fuzz::{ISSUER, NOW, at};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::{Value, json};

/// Tokens of each key, with its key id and without one.
static TOKENS: LazyLock<Vec<(Sort, bool, String)>> = LazyLock::new(|| {
    let claims = json!({"sub": "user_1", "iss": ISSUER, "exp": NOW + 60, "iat": NOW});
    let forms = Sort::ALL.into_iter().flat_map(|sort| [(sort, true), (sort, false)]);
    let sign = |(sort, has_id): (Sort, bool)| {
        let mut header = json!({"alg": sort.algorithm()});
        if has_id {
            header["kid"] = json!(sort.id());
        }
        let (header, claims) = (header.to_string(), claims.to_string());
        (sort, has_id, KEYS.token(sort, header.as_bytes(), claims.as_bytes()))
    };
    forms.map(sign).collect()
});
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| Arc::new(Policy::builtin()));

/// What a document of keys is read as.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Set,
    Key,
    Pem,
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((form, document)) = data.split_first() else { return Corpus::Reject };
    let Ok(document) = std::str::from_utf8(document) else { return Corpus::Reject };
    let form = [Form::Set, Form::Key, Form::Pem][usize::from(*form % 3)];
    let (first, second) = (verifier(form, document), verifier(form, document));
    assert_eq!(first.is_ok(), second.is_ok(), "two verdicts on one document");
    match first {
        Ok(verifier) => check(&verifier, form, document),
        Err(error) => {
            assert_eq!(error.code(), "config-invalid");
            assert_quiet(&error, document);
        }
    }
    Corpus::Keep
});

fn verifier(form: Form, document: &str) -> casier::Result<TokenVerifier> {
    let keys = match form {
        Form::Set => KeySource::Jwks(document.to_owned()),
        Form::Key => KeySource::Jwk(document.to_owned()),
        Form::Pem => KeySource::Pem(document.to_owned()),
    };
    let mut issuer = IssuerConfig::new(ISSUER, keys);
    issuer.algorithms = Algorithm::ALL.to_vec();
    TokenVerifier::new(issuer, POLICY.clone())
}

fn check(verifier: &TokenVerifier, form: Form, document: &str) {
    for (sort, has_id, token) in TOKENS.iter() {
        let verified = verifier.verify(token, at(NOW), TokenSource::Header).is_ok();
        let (may, must) = match form {
            Form::Set if *has_id => in_set(*sort, document),
            Form::Set => (false, false),
            Form::Key => {
                let is_own = is_alone(*sort, *has_id, document);
                (is_own, is_own)
            }
            Form::Pem => (is_in_pem(*sort, document), false),
        };
        assert!(may || !verified, "a {sort:?} token is checked by a key that is not there for it");
        assert!(verified || !must, "a good {sort:?} key is not used");
    }
}

/// Whether the key of this id may be this one, and whether it must be: another key of the same id
/// makes it ambiguous, unless that one is of no use.
fn in_set(sort: Sort, document: &str) -> (bool, bool) {
    let set = strict_object(document.as_bytes()).unwrap_or_default();
    let keys = set.get("keys").and_then(Value::as_array);
    let named: Vec<&Value> =
        keys.into_iter().flatten().filter(|key| key["kid"] == sort.id()).collect();
    let own = named.iter().filter(|key| is_key(sort, key)).count();
    (own == 1, own == 1 && named.len() == 1)
}

/// Whether the one key that is given is this one; with an id, it checks no token without it.
fn is_alone(sort: Sort, has_id: bool, document: &str) -> bool {
    let key = strict_object(document.as_bytes()).unwrap_or_default();
    let is_named = match key.get("kid") {
        None => true,
        Some(kid) => has_id && kid == sort.id(),
    };
    is_named && is_key(sort, &Value::Object(key))
}

fn is_key(sort: Sort, key: &Value) -> bool {
    let (kty, curve) = match sort {
        Sort::Rsa => ("RSA", None),
        Sort::P256 => ("EC", Some("P-256")),
        Sort::Ed25519 => ("OKP", Some("Ed25519")),
    };
    let allows = |name: &str, value: &str| key.get(name).is_none_or(|own| own == value);
    let checks = key.get("key_ops").is_none_or(|operations| {
        operations.as_array().is_some_and(|list| list.iter().any(|own| own == "verify"))
    });
    let is_public = key.get("d").is_none() && key.get("k").is_none();
    let is_same = |(name, value): &(&str, String)| {
        let numbers = [key[*name].as_str().unwrap_or_default(), value];
        let bytes = numbers.map(|text| URL_SAFE_NO_PAD.decode(text).ok().map(without_zeros));
        bytes[0] == bytes[1] && (sort == Sort::Rsa || numbers[0] == numbers[1])
    };
    key["kty"] == kty
        && curve.is_none_or(|curve| key["crv"] == curve)
        && allows("use", "sig")
        && allows("alg", sort.algorithm())
        && checks
        && is_public
        && KEYS.numbers(sort).iter().all(is_same)
}

/// RSA's numbers may be written with leading zeros.
fn without_zeros(number: Vec<u8>) -> Vec<u8> {
    number.into_iter().skip_while(|byte| *byte == 0).collect()
}

/// Whether the text's base64 holds the key's numbers.
fn is_in_pem(sort: Sort, document: &str) -> bool {
    let text = document.replace("\\r", "").replace("\\n", "\n");
    let Some(body) = text.split("-----").nth(2) else { return false };
    let body: String = body.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(body).unwrap_or_default();
    KEYS.numbers(sort).iter().all(|(_, number)| {
        let number = URL_SAFE_NO_PAD.decode(number).expect("base64url");
        der.windows(number.len()).any(|part| part == number)
    })
}

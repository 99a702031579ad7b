//! Tokens as they come: the compact form, base64url, strict JSON, the header's rules.
#![no_main]

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casier::access::Policy;
use casier::token::{Algorithm, IssuerConfig, KeySource, TokenSource, TokenVerifier};
use casier_fuzz::json::strict_object;
use casier_fuzz::keys::KEYS;
use casier_fuzz::quiet::assert_quiet;
use casier_fuzz::{ISSUER, NOW, at};
use libfuzzer_sys::{Corpus, fuzz_target};

static VERIFIER: LazyLock<TokenVerifier> = LazyLock::new(|| {
    let mut issuer = IssuerConfig::new(ISSUER, KeySource::Jwks(KEYS.jwks()));
    issuer.algorithms = Algorithm::ALL.to_vec();
    TokenVerifier::new(issuer, Arc::new(Policy::builtin())).expect("a good configuration")
});

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(token) = std::str::from_utf8(data) else { return Corpus::Reject };
    let verify = |token: &str| VERIFIER.verify(token, at(NOW), TokenSource::Header);
    match (verify(token), verify(token)) {
        (Ok(verified), Ok(again)) => {
            assert_eq!(verified.user(), again.user());
            assert_canonical(token);
            for place in 0..token.len() {
                let mut forged = data.to_vec();
                forged[place] ^= 1;
                let verdict = std::str::from_utf8(&forged).map(verify);
                assert!(
                    verdict.is_err() || verdict.is_ok_and(|verdict| verdict.is_err()),
                    "{place}"
                );
            }
        }
        (Err(error), Err(again)) => {
            assert_eq!(error.code(), again.code());
            assert_quiet(&error, token);
        }
        _ => panic!("two verdicts on one token"),
    }
    Corpus::Keep
});

/// A token that verifies is three parts, each spelled in the one way, the first two strict JSON.
fn assert_canonical(token: &str) {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    for (index, part) in parts.iter().enumerate() {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        assert_eq!(URL_SAFE_NO_PAD.encode(&bytes), *part);
        assert!(index == 2 || strict_object(&bytes).is_some());
    }
}

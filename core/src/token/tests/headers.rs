//! What is known of one token is never taken for another: its header, a part, its signature.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::access::Policy;
use crate::token::tests::keys::rsa;
use crate::token::{Algorithm, IssuerConfig, KeySource, TokenSource, TokenVerifier};

const ISSUER: &str = "https://issuer.test";
const GOOD: &str = r#"{"alg":"RS256","typ":"JWT","kid":"key-1"}"#;

fn verifier(is_remembered: bool) -> TokenVerifier {
    let jwks = json!({"keys": [rsa().jwk("key-1")]}).to_string();
    let mut issuer = IssuerConfig::new(ISSUER, KeySource::Jwks(jwks));
    issuer.token_cache = is_remembered;
    TokenVerifier::new(issuer, Arc::new(Policy::builtin())).unwrap()
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// A token of this header whose signature is right.
fn token(header: &str) -> String {
    let claims = json!({"sub": "user_1", "iss": ISSUER, "exp": 1_700_000_060});
    rsa().token_of(Algorithm::Rs256, header, &claims.to_string())
}

fn code(verifier: &TokenVerifier, token: &str) -> Option<&'static str> {
    verifier.verify(token, now(), TokenSource::Header).err().map(|error| error.code())
}

/// A header need not be read again only where it is the same to the last byte. Attack 10. Attack 14.
#[test]
fn no_header_is_taken_for_the_one_before_it() {
    let verifier = verifier(false);
    for (header, expected) in [
        (r#"{"alg":"RS256","typ":"JWT","kid":"key-1","crit":["exp"]}"#, "token-invalid"),
        (r#"{"alg":"RS256","typ":"JWT","kid":"key-1","zip":"DEF"}"#, "token-invalid"),
        (
            r#"{"alg":"RS256","typ":"JWT","kid":"key-1","cat":"cl_B7d4PD222AAA"}"#,
            "token-type-mismatch",
        ),
        (r#"{"alg":"RS256","typ":"JWT","kid":"key-2"}"#, "jwk-kid-mismatch"),
        (r#"{"alg":"RS256","typ":"JWX","kid":"key-1"}"#, "token-invalid"),
        (r#"{"alg":"RS512","typ":"JWT","kid":"key-1"}"#, "token-invalid-algorithm"),
        (r#"{"crit":["exp"],"alg":"RS256","typ":"JWT","kid":"key-1"}"#, "token-invalid"),
    ] {
        for _ in 0..2 {
            assert_eq!(code(&verifier, &token(GOOD)), None);
            assert_eq!(code(&verifier, &token(header)), Some(expected), "{header}");
        }
    }
}

#[test]
fn a_signature_of_a_part_is_none_of_the_whole() {
    let verifier = verifier(false);
    let good = token(GOOD);
    assert_eq!(code(&verifier, &good), None);
    let (whole, _) = good.rsplit_once('.').unwrap();
    let (header, payload) = whole.split_once('.').unwrap();
    for part in [header, payload, "", ".", &whole[..whole.len() - 1]] {
        let signature = URL_SAFE_NO_PAD.encode(rsa().sign(Algorithm::Rs256, part.as_bytes()));
        let forged = format!("{whole}.{signature}");
        assert_eq!(code(&verifier, &forged), Some("token-invalid-signature"), "{part}");
    }
}

/// The cache of verified tokens finds a token by the end of its signature, and compares all of it.
#[test]
fn a_signature_that_is_known_signs_nothing_else() {
    let verifier = verifier(true);
    let good = token(GOOD);
    assert_eq!(code(&verifier, &good), None);
    let [header, payload, signature] = *good.split('.').collect::<Vec<_>>() else { panic!() };
    let claims = json!({"sub": "user_2", "iss": ISSUER, "exp": 1_700_000_060}).to_string();
    let other_payload = URL_SAFE_NO_PAD.encode(claims);
    assert_eq!(payload.len(), other_payload.len());
    let other_header =
        URL_SAFE_NO_PAD.encode(GOOD.replace("\"kid\":\"key-1\"", "\"kid\": \"key-1\""));
    for forged in [
        format!("{header}.{other_payload}.{signature}"),
        format!("{other_header}.{payload}.{signature}"),
    ] {
        assert_eq!(code(&verifier, &forged), Some("token-invalid-signature"), "{forged}");
        assert_eq!(code(&verifier, &good), None);
    }
}

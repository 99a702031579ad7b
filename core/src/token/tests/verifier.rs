//! The whole way of a token, and attempts to get round it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::access::Policy;
use crate::token::tests::keys::{TestKey, ed25519, other_rsa, p256, rsa};
use crate::token::{Algorithm, IssuerConfig, KeySource, TokenSource, TokenVerifier, VerifiedToken};
use crate::{ErrorKind, Result};

const NOW: u64 = 1_700_000_000;
const ISSUER: &str = "https://issuer.test";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn jwks(keys: &[Value]) -> KeySource {
    KeySource::Jwks(json!({"keys": keys}).to_string())
}

fn config() -> IssuerConfig {
    IssuerConfig::new(ISSUER, jwks(&[rsa().jwk("key-1")]))
}

fn verifier(config: IssuerConfig) -> TokenVerifier {
    TokenVerifier::new(config, Arc::new(Policy::builtin())).unwrap()
}

fn claims() -> Value {
    json!({
        "sub": "user_1", "iss": ISSUER, "iat": NOW - 5, "nbf": NOW - 15, "exp": NOW + 55,
        "sid": "sess_1", "email": "a@b.test", "public_metadata": {"subscription": "pro"},
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn verify(token: &str) -> Result<VerifiedToken> {
    verifier(config()).verify(token, now(), TokenSource::Header)
}

fn kind(token: &str) -> Option<ErrorKind> {
    verify(token).err().map(|error| error.kind())
}

fn kind_of_header(header: Value) -> Option<ErrorKind> {
    kind(&rsa().token_of(Algorithm::Rs256, &header.to_string(), &claims().to_string()))
}

#[test]
fn a_good_token_gives_its_user() {
    let token = verify(&rsa().token(&claims())).unwrap();
    assert_eq!(token.user().user_id, "user_1");
    assert_eq!(token.user().subscription, "pro");
    assert_eq!(token.user().email.as_deref(), Some("a@b.test"));
    assert_eq!(token.session_id(), Some("sess_1"));
    assert_eq!(token.key_id(), Some("key-1"));
    assert_eq!(token.expires_at(), now() + Duration::from_secs(55));
    assert_eq!(token.issued_at(), Some(now() - Duration::from_secs(5)));
    assert_eq!(token.not_before(), Some(now() - Duration::from_secs(15)));
    assert_eq!(token.claims()["iss"], ISSUER);
}

#[test]
fn every_key_source_without_network_serves() {
    let token = rsa().token(&claims());
    for keys in [
        KeySource::Pem(rsa().pem()),
        KeySource::Jwk(rsa().jwk("key-1").to_string()),
        jwks(&[rsa().jwk("key-1"), other_rsa().jwk("key-2")]),
    ] {
        let verifier = verifier(IssuerConfig { keys, ..config() });
        verifier.verify(&token, now(), TokenSource::Header).unwrap();
    }
}

#[test]
fn keys_that_cannot_serve_are_a_configuration_error() {
    let private = json!({"kty": "RSA", "d": "AQAB"}).to_string();
    for keys in [
        KeySource::JwksUrl { url: "https://issuer.test/jwks".to_owned(), bearer: None },
        KeySource::Pem("secret-looking".to_owned()),
        KeySource::Jwk(private),
        KeySource::Jwk(json!({"kty": "oct", "k": "bG9va2luZw"}).to_string()),
        jwks(&[]),
    ] {
        let verifier =
            TokenVerifier::new(IssuerConfig { keys, ..config() }, Arc::new(Policy::builtin()));
        let error = verifier.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(
            !error.to_string().contains("looking") && !error.to_string().contains("bG9va2luZw"),
            "{error}"
        );
    }
}

/// Attack 1. Attack 3. The algorithm is the configured one.
#[test]
fn algorithm_tricks_are_refused() {
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "RS512", "PS256"] {
        let header = json!({"alg": alg, "kid": "key-1"});
        assert_eq!(kind_of_header(header), Some(ErrorKind::TokenInvalidAlgorithm), "{alg}");
    }
    for algorithm in [Algorithm::Rs512, Algorithm::Ps256] {
        let header = json!({"alg": algorithm.as_str(), "kid": "key-1"}).to_string();
        let token = rsa().token_of(algorithm, &header, &claims().to_string());
        assert_eq!(kind(&token), Some(ErrorKind::TokenInvalidAlgorithm), "genuine {algorithm}");
    }
    let unsigned = rsa().token(&claims());
    let unsigned = &unsigned[..=unsigned.rfind('.').unwrap()];
    assert_eq!(kind(unsigned), Some(ErrorKind::TokenInvalidSignature));
}

/// Attack 2.
#[test]
fn a_public_key_is_never_an_hmac_secret() {
    let header = json!({"alg": "HS256", "kid": "key-1"}).to_string();
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims().to_string())
    );
    let pem = rsa().pem();
    let secrets = [
        pem.clone().into_bytes(),
        pem.trim().as_bytes().to_vec(),
        pem.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}{pem}").into_bytes(),
        rsa().spki(),
        rsa().pkcs1(),
        rsa().jwk("key-1").to_string().into_bytes(),
    ];
    for secret in secrets {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input.as_bytes());
        let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
        assert_eq!(kind(&token), Some(ErrorKind::TokenInvalidAlgorithm));
    }
}

/// Attack 4.
#[test]
fn the_keys_own_algorithm_binds() {
    let mut pinned = rsa().jwk("key-1");
    pinned["alg"] = json!("RS512");
    let algorithms = vec![Algorithm::Rs256, Algorithm::Rs512];
    let verifier = verifier(IssuerConfig { keys: jwks(&[pinned]), algorithms, ..config() });
    let token = rsa().token(&claims());
    let error = verifier.verify(&token, now(), TokenSource::Header).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenInvalidAlgorithm);
}

#[test]
fn other_algorithms_serve_where_they_are_allowed() {
    let cases: [(&TestKey, Algorithm); 4] = [
        (rsa(), Algorithm::Ps256),
        (rsa(), Algorithm::Rs512),
        (p256(), Algorithm::Es256),
        (ed25519(), Algorithm::EdDsa),
    ];
    for (key, algorithm) in cases {
        let verifier = verifier(IssuerConfig {
            keys: jwks(&[key.jwk("key-1")]),
            algorithms: vec![algorithm],
            ..config()
        });
        let header = json!({"alg": algorithm.as_str(), "kid": "key-1"}).to_string();
        let token = key.token_of(algorithm, &header, &claims().to_string());
        verifier.verify(&token, now(), TokenSource::Header).unwrap();
        let error = verifier.verify(&rsa().token(&claims()), now(), TokenSource::Header);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenInvalidAlgorithm);
    }
}

/// Attack 8. Attack 9. A token brings no key, and its `kid` is only compared.
#[test]
fn a_token_cannot_bring_or_point_to_a_key() {
    let own = other_rsa();
    for (name, value) in [
        ("jwk", own.jwk("key-1")),
        ("jku", json!("https://evil.test/jwks")),
        ("x5u", json!("https://evil.test/cert")),
        ("x5c", json!(["AAAA"])),
    ] {
        let mut header = json!({"alg": "RS256", "kid": "key-1"});
        header[name] = value;
        let token = own.token_of(Algorithm::Rs256, &header.to_string(), &claims().to_string());
        assert_eq!(kind(&token), Some(ErrorKind::TokenInvalidSignature), "{name}");
        assert_eq!(kind_of_header(header), None, "{name} is ignored");
    }
    for kid in ["../key-1", "' OR 1=1 --", "KEY-1", "key-1\0", "", "/dev/null", "key-2"] {
        let header = json!({"alg": "RS256", "kid": kid});
        assert_eq!(kind_of_header(header), Some(ErrorKind::JwkKidMismatch), "{kid}");
    }
    for kid in [json!("k".repeat(8192)), json!(1), json!(["key-1"]), json!(null)] {
        let header = json!({"alg": "RS256", "kid": kid});
        assert_eq!(kind_of_header(header), Some(ErrorKind::TokenInvalid));
    }
    let unnamed = json!({"alg": "RS256"});
    assert_eq!(kind_of_header(unnamed), Some(ErrorKind::JwkKidMismatch));
}

/// Attack 12. Attack 15.
#[test]
fn respelled_tokens_are_refused() {
    let token = rsa().token(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    for respelled in [
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}\n.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}\r\n", parts[0], parts[1], parts[2]),
        format!("{token}.{}", parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        format!("Bearer {token}"),
        json!({"payload": parts[1], "protected": parts[0], "signature": parts[2]}).to_string(),
    ] {
        assert_eq!(kind(&respelled), Some(ErrorKind::TokenInvalid), "{respelled:.40}");
    }
}

/// Attack 17. Attack 18.
#[test]
fn loose_json_is_refused_though_it_is_signed() {
    let good_header = r#"{"alg":"RS256","kid":"key-1"}"#;
    let good = claims().to_string();
    let inside = &good[1..good.len() - 1];
    for (header, payload) in [
        (r#"{"alg":"RS256","kid":"key-1","kid":"key-1"}"#, good.clone()),
        (r#"{"alg":"none","alg":"RS256","kid":"key-1"}"#, good.clone()),
        (good_header, format!(r#"{{"sub":"user_2",{inside}}}"#)),
        (good_header, format!(r#"{{{inside},"\u0073ub":"user_2"}}"#)),
        (good_header, format!(r#"{{{inside},"x":{{"a":1,"a":2}}}}"#)),
        (good_header, format!("\u{feff}{good}")),
        (good_header, format!("{good}{good}")),
        (good_header, format!("{good}\0")),
        (good_header, format!(r#"{{{inside},"x":NaN}}"#)),
        (good_header, format!(r#"{{{inside},"x":1e400}}"#)),
        (good_header, format!("[{good}]")),
        (good_header, format!(r#"{{{inside},"x":{}{}}}"#, "[".repeat(5000), "]".repeat(5000))),
        (good_header, "\"text\"".to_owned()),
        (good_header, String::new()),
    ] {
        let token = rsa().token_of(Algorithm::Rs256, header, &payload);
        assert_eq!(kind(&token), Some(ErrorKind::TokenInvalid), "{header} {payload:.60}");
    }
}

/// Attack 27: whoever cannot sign learns nothing about the claims.
#[test]
fn the_signature_is_judged_before_the_claims() {
    for claims in [
        with("exp", json!(NOW - 1000)),
        with("sub", json!("")),
        with("sts", json!("pending")),
        with("nbf", json!(NOW + 1000)),
        with("exp", json!("soon")),
    ] {
        let forged = other_rsa().token(&claims);
        assert_eq!(kind(&forged), Some(ErrorKind::TokenInvalidSignature));
        assert_ne!(kind(&rsa().token(&claims)), Some(ErrorKind::TokenInvalidSignature));
    }
    assert_eq!(kind(&rsa().token(&with("exp", json!(NOW - 5)))), Some(ErrorKind::TokenExpired));
}

#[test]
fn the_issuer_is_judged_before_everything_but_the_form() {
    for iss in [json!("https://evil.test"), json!([ISSUER]), json!(null), json!("")] {
        let token = other_rsa().token_of(
            Algorithm::Rs256,
            r#"{"alg":"none"}"#,
            &with("iss", iss).to_string(),
        );
        assert_eq!(kind(&token), Some(ErrorKind::TokenInvalidIssuer));
    }
}

/// Attack 14: other classes of Clerk's tokens, which are genuine.
#[test]
fn only_session_tokens_sign_in() {
    for cat in [json!("cl_B7d4PD222AAA"), json!("cl_B7d4PD333AAA"), json!(null)] {
        let header = json!({"alg": "RS256", "kid": "key-1", "cat": cat});
        assert_eq!(kind_of_header(header.clone()), Some(ErrorKind::TokenTypeMismatch));
        let forged =
            other_rsa().token_of(Algorithm::Rs256, &header.to_string(), &claims().to_string());
        assert_eq!(kind(&forged), Some(ErrorKind::TokenInvalidSignature));
    }
    let session = json!({"alg": "RS256", "kid": "key-1", "cat": "cl_B7d4PD111AAA"});
    assert_eq!(kind_of_header(session), None);
    let machine = rsa().token(&with("sub", json!("mch_1")));
    assert_eq!(kind(&machine), Some(ErrorKind::TokenTypeMismatch));
}

#[test]
fn a_sub_that_looks_like_another_issuers_user_is_refused() {
    let token = rsa().token(&with("sub", json!("acme::user_1")));
    assert_eq!(kind(&token), Some(ErrorKind::InvalidUserId));
    let second = IssuerConfig {
        namespace: Some("acme".to_owned()),
        audience: vec!["app".to_owned()],
        ..config()
    };
    let token = rsa().token(&with("aud", json!("app")));
    let verified = verifier(second).verify(&token, now(), TokenSource::Header).unwrap();
    assert_eq!(verified.user().user_id, "acme::user_1");
}

/// Attack 29.
#[test]
fn no_part_of_a_token_reaches_an_error_or_a_debug_output() {
    let token = rsa().token(&with("note", json!("keep-this-quiet")));
    let parts: Vec<&str> = token.split('.').collect();
    let shown = format!("{:?}", verify(&token).unwrap());
    assert!(!shown.contains("keep-this-quiet") && !shown.contains("a@b.test"), "{shown}");
    let forged = other_rsa().token(&with("sub", json!("keep-this-quiet")));
    let expired = rsa().token(&with("exp", json!(1)));
    for bad in [&token[1..], &forged, &expired, &format!("{}.e30.AA", parts[0])] {
        let error = verify(bad).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(bad.split('.').all(|part| part.len() < 8 || !shown.contains(part)), "{shown}");
        assert!(!shown.contains("keep-this-quiet"));
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("u:pro,o:x")),
        Just(json!("user_2")),
        (NOW - 100..NOW + 100).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_text_is_never_accepted(text in "\\PC{0,200}") {
        prop_assert!(verify(&text).is_err());
    }

    #[test]
    fn a_token_changed_anywhere_is_never_accepted(at in any::<prop::sample::Index>(), byte: u8) {
        let token = rsa().token(&claims());
        let mut bytes = token.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert_eq!(verify(&changed).is_ok(), changed == token);
        }
    }

    #[test]
    fn a_token_cut_or_spliced_is_never_accepted(
        cut in any::<prop::sample::Index>(),
        extra in "[A-Za-z0-9_.=-]{1,6}",
    ) {
        let token = rsa().token(&claims());
        let cut = cut.index(token.len());
        prop_assert!(verify(&token[..cut]).is_err());
        let spliced = format!("{}{extra}{}", &token[..cut], &token[cut..]);
        prop_assert!(verify(&spliced).is_err());
    }

    /// A claim changed and signed again meets the claim rules, which keep their promises.
    #[test]
    fn changed_claims_signed_again_meet_the_rules(
        name in prop::sample::select(vec![
            "sub", "iss", "aud", "azp", "exp", "nbf", "iat", "sts", "sid", "v", "o", "fea", "pla",
            "public_metadata", "publicMetadata", "unsafe_metadata", "org_id", "org_permissions",
            "email", "act",
        ]),
        value in any_json(),
    ) {
        let token = rsa().token(&with(name, value.clone()));
        if let Ok(verified) = verify(&token) {
            let user = verified.user();
            prop_assert!(!user.user_id.is_empty());
            prop_assert_eq!(&user.claims["iss"], ISSUER);
            prop_assert!(verified.expires_at() + Duration::from_secs(5) > now());
            let policy = Policy::builtin();
            prop_assert!(policy.tier_rank(&user.subscription).is_some());
            prop_assert!(policy.role_rank(&user.role).is_some());
            prop_assert!(name != "sub" || value == user.user_id.as_str());
        }
    }

    #[test]
    fn changed_headers_signed_again_meet_the_rules(
        name in prop::sample::select(vec!["alg", "typ", "kid", "cat", "crit", "b64", "zip", "cty"]),
        value in any_json(),
    ) {
        let mut header = json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"});
        header[name] = value;
        prop_assert!(kind_of_header(header).is_some());
    }
}

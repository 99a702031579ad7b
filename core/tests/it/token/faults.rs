//! Endpoints that lead astray or never end.

use std::time::{Duration, Instant, SystemTime};

use casier::ErrorKind;
use casier::token::TokenSource;
use casier_local::{Issuer, MintRequest};
use serde_json::json;

use super::endpoint::{Endpoint, Reply};
use super::{config, issuers};
use crate::support::within_limit;

async fn kind(reply: Reply) -> (Option<ErrorKind>, Endpoint) {
    let local = Issuer::start(0).await.unwrap();
    let endpoint = Endpoint::start(reply).await;
    let issuers = issuers(vec![config(local.url(), endpoint.url())]);
    let token = local.mint(&MintRequest::new("user_1")).unwrap();
    let verdict = issuers.verify(&token, SystemTime::now(), TokenSource::Header).await;
    (verdict.err().map(|error| error.kind()), endpoint)
}

/// Attack 35.
#[test]
fn redirects_to_another_server_are_not_followed() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let jwks = json!({"keys": [local.key().unwrap().jwk()]}).to_string();
        let other = Endpoint::start(Reply::Body(jwks)).await;
        let by_name = other.url().replace("127.0.0.1", "localhost");
        for target in [other.url(), by_name, "file:///etc/passwd".to_owned(), "//x.invalid/".into()]
        {
            let location = format!("location: {target}\r\n");
            let (kind, _) = kind(Reply::Status("302 Found", location)).await;
            assert_eq!(kind, Some(ErrorKind::JwkRemoteFailedToLoad), "{target}");
        }
        assert!(other.requests().is_empty());
    });
}

#[test]
fn redirects_within_the_server_are_followed_three_times_at_most() {
    within_limit(async {
        let (kind, endpoint) =
            kind(Reply::Status("307 Moved", "location: /round\r\n".into())).await;
        assert_eq!(kind, Some(ErrorKind::JwkRemoteFailedToLoad));
        assert_eq!(endpoint.requests().len(), 4);
    });
}

/// Attack 37.
#[test]
fn an_endless_body_is_cut_off() {
    within_limit(async {
        let (kind, endpoint) = kind(Reply::Endless).await;
        assert_eq!(kind, Some(ErrorKind::JwkRemoteInvalid));
        assert!(endpoint.bytes_sent() < 32 << 20, "{} bytes", endpoint.bytes_sent());
    });
}

/// Attack 37. Nothing is ever unpacked: a few kilobytes stay a few kilobytes.
#[test]
fn a_packed_body_is_not_unpacked() {
    within_limit(async {
        // The head of a gzip file (RFC 1952 section 2.3) and what stands for a million zeros.
        let packed = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xec; 1000]].concat();
        for encoding in ["content-encoding: gzip\r\n", "content-encoding: br\r\n"] {
            let (kind, endpoint) = kind(Reply::With(encoding, packed.clone())).await;
            assert_eq!(kind, Some(ErrorKind::JwkRemoteInvalid));
            let request = endpoint.requests()[0].to_ascii_lowercase();
            assert!(!request.contains("accept-encoding"), "{request}");
        }
    });
}

/// Attack 37.
#[test]
fn a_body_that_drips_or_never_comes_ends_with_the_deadline() {
    within_limit(async {
        for reply in [Reply::Drip, Reply::Silence] {
            let start = Instant::now();
            let (kind, endpoint) = kind(reply).await;
            assert_eq!(kind, Some(ErrorKind::JwkRemoteFailedToLoad));
            assert_eq!(endpoint.requests().len(), 1);
            assert!(start.elapsed() < Duration::from_secs(30));
        }
    });
}

#[test]
fn documents_without_a_usable_key_are_named_as_such() {
    within_limit(async {
        let secret = json!({"keys": [{"kty": "oct", "k": "AQAB", "kid": "x"}]}).to_string();
        let large = format!("{{\"keys\":[]{}}}", " ".repeat(256 * 1024));
        let deep = "[".repeat(100_000);
        for body in ["", "<html>", "null", "{}", r#"{"keys":[]}"#, &secret, &large, &deep] {
            let (kind, _) = kind(Reply::Body(body.to_owned())).await;
            assert_eq!(kind, Some(ErrorKind::JwkRemoteInvalid), "{body:.30}");
        }
    });
}

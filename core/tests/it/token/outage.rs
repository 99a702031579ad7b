//! Endpoints that fail, and callers who go away.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use casier::ErrorKind;
use casier::token::TokenSource;
use casier_local::{Issuer, MintRequest};
use serde_json::json;

use super::endpoint::{Endpoint, Reply};
use super::{config, issuers, issuers_of};
use crate::support::within_limit;

fn at(seconds: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(seconds)
}

fn long_token(local: &Issuer) -> String {
    let mut request = MintRequest::new("user_1");
    request.ttl = 7200;
    local.mint(&request).unwrap()
}

/// Attack 43: the user is not told that the token is wrong.
#[test]
fn an_endpoint_that_is_down_from_the_start_is_unavailable() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let token = long_token(&local);
        local.fail_jwks(Some(503));
        let start = SystemTime::now();
        for _ in 0..20 {
            let error = issuers.verify(&token, start, TokenSource::Header).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::JwkRemoteFailedToLoad);
            assert_eq!((error.status(), error.is_retryable()), (503, true));
            assert!(error.details().retry_after.is_some());
        }
        assert_eq!(local.jwks_fetches(), 1, "failures are answered from memory");
        local.fail_jwks(None);
        let soon = start + Duration::from_secs(1);
        issuers.verify(&token, soon, TokenSource::Header).await.unwrap();
    });
}

#[test]
fn a_refusal_is_not_retried_early() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let token = long_token(&local);
        local.fail_jwks(Some(401));
        let start = SystemTime::now();
        for second in 0..30 {
            let now = start + Duration::from_secs(second);
            let error = issuers.verify(&token, now, TokenSource::Header).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::JwkRemoteFailedToLoad);
        }
        assert_eq!(local.jwks_fetches(), 1);
    });
}

/// Attack 34. Attack 116.
#[test]
fn the_last_good_keys_serve_for_an_hour_whatever_the_endpoint_says() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let token = long_token(&local);
        let good = json!({"keys": [local.key().unwrap().jwk()]}).to_string();
        for bad in [
            Reply::Status("503 Service Unavailable", String::new()),
            Reply::Status("404 Not Found", String::new()),
            Reply::Status("204 No Content", String::new()),
            Reply::Body("<html>".to_owned()),
            Reply::Body(r#"{"keys":[]}"#.to_owned()),
            Reply::Body(good[..good.len() - 2].to_owned()),
        ] {
            let endpoint = Endpoint::start(Reply::Body(good.clone())).await;
            let issuers = issuers(vec![config(local.url(), endpoint.url())]);
            let start = SystemTime::now();
            let verify = async |seconds| {
                let now = start + Duration::from_secs(seconds);
                issuers.verify(&token, now, TokenSource::Header).await
            };
            verify(0).await.unwrap();
            endpoint.set(bad);
            verify(301).await.unwrap();
            verify(1800).await.unwrap();
            verify(3599).await.unwrap();
            let error = verify(3700).await.unwrap_err();
            assert_eq!(error.status(), 503);
            endpoint.set(Reply::Body(good.clone()));
            verify(3800).await.unwrap();
        }
    });
}

#[test]
fn a_dead_endpoint_is_unavailable() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let token = long_token(&local);
        local.shutdown().await;
        let error = issuers.verify(&token, at(0), TokenSource::Header).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JwkRemoteFailedToLoad);
    });
}

/// The caller who began the fetch is cancelled; the fetch goes on for those who wait.
#[test]
fn a_fetch_survives_the_caller_who_began_it() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let good = json!({"keys": [local.key().unwrap().jwk()]}).to_string();
        let endpoint = Endpoint::start(Reply::Late(Duration::from_millis(500), good)).await;
        let issuers = Arc::new(issuers(vec![config(local.url(), endpoint.url())]));
        let token = long_token(&local);
        let start = SystemTime::now();
        let verify = || {
            let (issuers, token) = (issuers.clone(), token.clone());
            tokio::spawn(async move { issuers.verify(&token, start, TokenSource::Header).await })
        };
        let leader = verify();
        while endpoint.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let followers: Vec<_> = (0..10).map(|_| verify()).collect();
        leader.abort();
        assert!(leader.await.unwrap_err().is_cancelled());
        for follower in followers {
            follower.await.unwrap().unwrap();
        }
        assert_eq!(endpoint.requests().len(), 1);
    });
}

#[test]
fn callers_who_all_give_up_cause_no_more_fetches() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let good = json!({"keys": [local.key().unwrap().jwk()]}).to_string();
        let endpoint = Endpoint::start(Reply::Late(Duration::from_millis(500), good)).await;
        let issuers = issuers(vec![config(local.url(), endpoint.url())]);
        let token = long_token(&local);
        let start = SystemTime::now();
        for _ in 0..10 {
            let impatient = issuers.verify(&token, start, TokenSource::Header);
            let _ = tokio::time::timeout(Duration::from_millis(10), impatient).await;
        }
        issuers.verify(&token, start, TokenSource::Header).await.unwrap();
        assert_eq!(endpoint.requests().len(), 1);
    });
}

/// A runtime that stops takes its tasks along, and must not leave anybody waiting.
#[test]
fn a_fetch_whose_runtime_has_stopped_is_begun_again() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    };
    let servers = runtime();
    let (local, endpoint) = servers.block_on(async {
        (Issuer::start(0).await.unwrap(), Endpoint::start(Reply::Silence).await)
    });
    let good = json!({"keys": [local.key().unwrap().jwk()]}).to_string();
    let issuers = issuers(vec![config(local.url(), endpoint.url())]);
    let token = long_token(&local);
    let start = SystemTime::now();
    runtime().block_on(async {
        let verify = issuers.verify(&token, start, TokenSource::Header);
        assert!(tokio::time::timeout(Duration::from_millis(200), verify).await.is_err());
    });
    endpoint.set(Reply::Body(good));
    runtime().block_on(async {
        let verify = issuers.verify(&token, start, TokenSource::Header);
        tokio::time::timeout(Duration::from_secs(20), verify).await.unwrap().unwrap();
    });
}

/// Attack 42.
#[test]
fn a_clock_that_is_set_back_causes_no_storm() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let mut request = MintRequest::new("user_1");
        request.issued_at = -43_200;
        request.ttl = 86_400;
        let token = local.mint(&request).unwrap();
        issuers.verify(&token, at(0), TokenSource::Header).await.unwrap();
        let back = SystemTime::now() - Duration::from_secs(39_600);
        for _ in 0..100 {
            issuers.verify(&token, back, TokenSource::Header).await.unwrap();
        }
        assert_eq!(local.jwks_fetches(), 2);
    });
}

/// A runtime that runs only while it is asked to, as in synchronous programs, leaves a renewal in
/// the background unfinished; the next call does not wait for it.
#[test]
fn a_renewal_that_nobody_drives_is_begun_again() {
    let servers =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let local = servers.block_on(Issuer::start(0)).unwrap();
    let issuers = issuers_of(&local);
    let token = long_token(&local);
    let start = SystemTime::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (seconds, fetches) in [(0, 1), (241, 1), (302, 2)] {
        let now = start + Duration::from_secs(seconds);
        runtime.block_on(issuers.verify(&token, now, TokenSource::Header)).unwrap();
        assert!(local.jwks_fetches() >= fetches, "{seconds}");
    }
    local.rotate().unwrap();
    let later = start + Duration::from_secs(610);
    let verdict = runtime.block_on(issuers.verify(&token, later, TokenSource::Header));
    assert_eq!(verdict.unwrap_err().kind(), ErrorKind::JwkKidMismatch);
}

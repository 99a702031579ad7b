//! Thousands of tokens that name keys which do not exist, and the users who sign in meanwhile.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use casier::ErrorKind;
use casier::token::{Algorithm, Issuers, TokenSource};
use casier_local::{Issuer, MintRequest, TokenFault};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::endpoint::{Endpoint, Reply};
use super::{config, issuers, issuers_of};
use crate::support::within_limit;

/// Whoever floods a service, with a key of their own and any number of names for it.
struct Flooder {
    key: Ed25519KeyPair,
    payload: String,
}

impl Flooder {
    fn new(local: &Issuer) -> Self {
        let expires = SystemTime::now() + Duration::from_secs(3600);
        let expires = expires.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let payload = json!({"iss": local.url(), "sub": "user_1", "exp": expires});
        let payload = BASE64_URL_SAFE_NO_PAD.encode(payload.to_string());
        Self { key: Ed25519KeyPair::generate().unwrap(), payload }
    }

    /// A token whose signature is sound and whose key id is known to nobody.
    fn token(&self, key_id: &str) -> String {
        let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": key_id}).to_string();
        let input = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), self.payload);
        let signature = self.key.sign(input.as_bytes());
        format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn tokens(&self, name: &str, count: usize) -> Vec<String> {
        (0..count).map(|number| self.token(&format!("ins_{name}_{number}"))).collect()
    }
}

/// The issuers with the key set at `url`, who also accept what a [`Flooder`] signs with.
fn flooded(local: &Issuer, url: String) -> Arc<Issuers> {
    let mut config = config(local.url(), url);
    config.algorithms.push(Algorithm::EdDsa);
    Arc::new(issuers(vec![config]))
}

fn jwks_url(local: &Issuer) -> String {
    format!("{}/.well-known/jwks.json", local.url())
}

fn good_token(local: &Issuer) -> String {
    let mut request = MintRequest::new("user_1");
    request.ttl = 7200;
    local.mint(&request).unwrap()
}

async fn kind(issuers: &Issuers, token: &str, now: SystemTime) -> Option<ErrorKind> {
    issuers.verify(token, now, TokenSource::Header).await.err().map(|error| error.kind())
}

/// Sends every token, over eight tasks; with each of them goes one of a user's that must pass.
/// Gives what became of the others.
async fn flood(
    issuers: &Arc<Issuers>,
    tokens: Vec<String>,
    good: &str,
    now: SystemTime,
) -> Vec<Option<ErrorKind>> {
    let tasks: Vec<_> = tokens
        .chunks(tokens.len().div_ceil(8))
        .map(|tokens| {
            let (issuers, tokens, good) = (issuers.clone(), tokens.to_vec(), good.to_owned());
            tokio::spawn(async move {
                let mut kinds = Vec::new();
                for token in &tokens {
                    kinds.push(kind(&issuers, token, now).await);
                    assert_eq!(kind(&issuers, &good, now).await, None);
                }
                kinds
            })
        })
        .collect();
    let mut kinds = Vec::new();
    for task in tasks {
        kinds.extend(task.await.unwrap());
    }
    kinds
}

/// Verifications that go on while the test does something else.
fn begin(issuers: &Arc<Issuers>, tokens: Vec<String>, now: SystemTime) -> Vec<Verdict> {
    let verify = |token: String| {
        let issuers = issuers.clone();
        tokio::spawn(async move { kind(&issuers, &token, now).await })
    };
    tokens.into_iter().map(verify).collect()
}

type Verdict = JoinHandle<Option<ErrorKind>>;

const UNKNOWN: Option<ErrorKind> = Some(ErrorKind::JwkKidMismatch);
const UNAVAILABLE: Option<ErrorKind> = Some(ErrorKind::JwkRemoteFailedToLoad);

/// Attack 31. Attack 32. Whoever sends junk can keep neither the others out, nor a new key, nor the
/// endpoint busy.
#[test]
fn ten_thousand_unknown_key_ids_cost_one_fetch_each_cooldown() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = flooded(&local, jwks_url(&local));
        let (flooder, good) = (Flooder::new(&local), good_token(&local));
        let start = SystemTime::now();
        let at = |seconds| start + Duration::from_secs(seconds);

        let cold = flood(&issuers, flooder.tokens("cold", 1_000), &good, start).await;
        assert!(cold.iter().all(|kind| *kind == UNKNOWN));
        assert_eq!(local.jwks_fetches(), 1);

        let warm = flood(&issuers, flooder.tokens("warm", 10_000), &good, at(31)).await;
        assert!(warm.len() == 10_000 && warm.iter().all(|kind| *kind == UNKNOWN));
        assert_eq!(local.jwks_fetches(), 2);

        local.rotate().unwrap();
        let new = good_token(&local);
        assert_eq!(kind(&issuers, &new, at(32)).await, UNKNOWN);
        let same = flood(&issuers, flooder.tokens("same", 1_000), &good, at(60)).await;
        assert!(same.iter().all(|kind| *kind == UNKNOWN));
        assert_eq!(local.jwks_fetches(), 2, "the cooldown holds");
        let next = flood(&issuers, flooder.tokens("next", 1_000), &new, at(61)).await;
        assert!(next.iter().all(|kind| *kind == UNKNOWN));
        assert_eq!(kind(&issuers, &good, at(61)).await, UNKNOWN, "its key was taken back");
        assert_eq!(local.jwks_fetches(), 3);
    });
}

/// Attack 31, while the endpoint takes its time: those who wait are those with unknown key ids.
#[test]
fn nobody_waits_for_the_fetch_that_a_flood_began() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let keys = json!({"keys": [local.key().unwrap().jwk()]}).to_string();
        let endpoint = Endpoint::start(Reply::Body(keys.clone())).await;
        let issuers = flooded(&local, endpoint.url());
        let (flooder, good) = (Flooder::new(&local), good_token(&local));
        let start = SystemTime::now();
        assert_eq!(kind(&issuers, &good, start).await, None);

        let permits = Arc::new(Semaphore::new(0));
        endpoint.set(Reply::Held(permits.clone(), keys));
        let later = start + Duration::from_secs(31);
        let junk = begin(&issuers, flooder.tokens("slow", 1_000), later);
        endpoint.has_had(2).await;
        for _ in 0..1_000 {
            assert_eq!(kind(&issuers, &good, later).await, None);
        }
        permits.add_permits(1);
        for verdict in junk {
            assert_eq!(verdict.await.unwrap(), UNKNOWN);
        }
        assert_eq!(endpoint.requests().len(), 2);
    });
}

/// Attack 31. Attack 34. The endpoint is down past the soft lifetime: users pass, and whoever names
/// an unknown key is told at once, without waiting for the next attempt.
#[test]
fn an_endpoint_that_is_down_makes_nobody_wait() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let keys = json!({"keys": [local.key().unwrap().jwk()]}).to_string();
        let endpoint = Endpoint::start(Reply::Body(keys.clone())).await;
        let issuers = flooded(&local, endpoint.url());
        let (flooder, good) = (Flooder::new(&local), good_token(&local));
        let start = SystemTime::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(kind(&issuers, &good, start).await, None);

        endpoint.set(Reply::Status("503 Service Unavailable", String::new()));
        let down = flood(&issuers, flooder.tokens("down", 1_000), &good, at(400)).await;
        assert!(down.iter().all(|kind| *kind == UNAVAILABLE));
        assert_eq!(endpoint.requests().len(), 2);
        let known = issuers.verify_cached(&good, at(400), TokenSource::Header);
        assert!(known.unwrap().is_ok(), "what was verified need not be verified again");

        // The endpoint now says nothing at all until the flood is over.
        let permits = Arc::new(Semaphore::new(0));
        endpoint.set(Reply::Held(permits.clone(), keys));
        let silent = flood(&issuers, flooder.tokens("silent", 1_000), &good, at(431)).await;
        assert!(silent.iter().all(|kind| *kind == UNAVAILABLE));
        endpoint.has_had(3).await;
        permits.add_permits(1);
        let unknown = flooder.token("ins_afterwards");
        while kind(&issuers, &unknown, at(432)).await != UNKNOWN {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(endpoint.requests().len(), 3);
    });
}

/// A signature that does not match says nothing about the key: it neither evicts it nor fetches.
#[test]
fn forged_signatures_fetch_and_evict_nothing() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let good = good_token(&local);
        let start = SystemTime::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(kind(&issuers, &good, start).await, None);
        let mut forged = MintRequest::new("user_1").with_fault(TokenFault::OtherKey);
        forged.ttl = 7200;
        let forged = local.mint(&forged).unwrap();
        local.fail_jwks(Some(503));
        for second in 0..200 {
            let verdict = kind(&issuers, &forged, at(second)).await;
            assert_eq!(verdict, Some(ErrorKind::TokenInvalidSignature));
            assert_eq!(kind(&issuers, &good, at(second)).await, None);
        }
        assert_eq!(local.jwks_fetches(), 1);
    });
}

/// Attack 8. What a token says about where its key is, or whose it is, is asked of nobody.
#[test]
fn nothing_is_fetched_from_where_a_token_points() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let evil = Endpoint::start(Reply::Body(r#"{"keys":[]}"#.to_owned())).await;
        let own = casier_local::issuer::SigningKey::generate("ins_evil").unwrap();
        for (name, value) in [
            ("jku", json!(evil.url())),
            ("x5u", json!(evil.url())),
            ("jwk", own.jwk()),
            ("x5c", json!([evil.url()])),
        ] {
            for key_id in [local.key().unwrap().id(), "ins_evil"] {
                let mut request = MintRequest::new("user_1").with_fault(TokenFault::OtherKey);
                request.header.insert("kid".to_owned(), json!(key_id));
                request.header.insert(name.to_owned(), value.clone());
                let token = local.mint(&request).unwrap();
                let verdict = kind(&issuers, &token, SystemTime::now()).await;
                let is_known = key_id != "ins_evil";
                let expected =
                    if is_known { Some(ErrorKind::TokenInvalidSignature) } else { UNKNOWN };
                assert_eq!(verdict, expected, "{name} {key_id}");
            }
        }
        let mut elsewhere = MintRequest::new("user_1");
        elsewhere.claims.insert("iss".to_owned(), json!(evil.url()));
        let elsewhere = local.mint(&elsewhere).unwrap();
        let verdict = kind(&issuers, &elsewhere, SystemTime::now()).await;
        assert_eq!(verdict, Some(ErrorKind::TokenInvalidIssuer));
        assert!(evil.requests().is_empty());
        assert_eq!(local.jwks_fetches(), 1);
    });
}

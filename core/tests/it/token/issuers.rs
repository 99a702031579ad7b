//! The local issuer's tokens, good and bad, several issuers, and the count of fetches.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use casier::token::{IssuerConfig, Issuers, KeySource, TokenSource};
use casier::{ErrorKind, Result};
use casier_local::{Issuer, MintOrganization, MintRequest, TokenFault};
use serde_json::json;

use super::endpoint::{Endpoint, Reply};
use super::{config, issuers, issuers_of};
use crate::support::within_limit;

async fn kind(issuers: &Issuers, token: &str) -> Option<ErrorKind> {
    let verdict = issuers.verify(token, SystemTime::now(), TokenSource::Header).await;
    verdict.err().map(|error| error.kind())
}

#[test]
fn both_versions_of_clerks_token_sign_the_same_user_in() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let mut organizations = Vec::new();
        for version in [1, 2] {
            let mut request = MintRequest::new("user_1").with_tier("pro").with_role("manager");
            request.version = version;
            request.email = Some("ada@example.test".to_owned());
            request.sid = Some("sess_1".to_owned());
            request.organization = Some(MintOrganization {
                id: "org_1".to_owned(),
                slug: Some("acme".to_owned()),
                role: Some("admin".to_owned()),
                permissions: vec!["org:teams:read".to_owned()],
            });
            let token = local.mint(&request).unwrap();
            let verified =
                issuers.verify(&token, SystemTime::now(), TokenSource::Header).await.unwrap();
            let user = verified.user();
            assert_eq!(user.user_id, "user_1");
            assert_eq!((user.subscription.as_str(), user.role.as_str()), ("pro", "manager"));
            assert_eq!(user.email.as_deref(), Some("ada@example.test"));
            assert_eq!(verified.session_id(), Some("sess_1"));
            organizations.push(user.organization.clone().unwrap());
        }
        assert_eq!(organizations[0], organizations[1]);
        assert_eq!(local.jwks_fetches(), 1);
    });
}

#[test]
fn every_fault_has_its_code() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        for fault in TokenFault::ALL {
            let expected = match fault {
                TokenFault::Expired => ErrorKind::TokenExpired,
                TokenFault::NotYetValid => ErrorKind::TokenNotActiveYet,
                TokenFault::IssuedInTheFuture => ErrorKind::TokenIatInTheFuture,
                TokenFault::OtherKey
                | TokenFault::TamperedPayload
                | TokenFault::TamperedSignature => ErrorKind::TokenInvalidSignature,
                TokenFault::UnknownKid => ErrorKind::JwkKidMismatch,
                TokenFault::OtherIssuer => ErrorKind::TokenInvalidIssuer,
                TokenFault::AlgNone
                | TokenFault::AlgHs256PublicKey
                | TokenFault::AlgLowercase
                | TokenFault::AlgMismatch => ErrorKind::TokenInvalidAlgorithm,
                TokenFault::MissingExp
                | TokenFault::MissingSub
                | TokenFault::StringExp
                | TokenFault::DuplicateClaim
                | TokenFault::Crit
                | TokenFault::AccessTokenType => ErrorKind::TokenInvalid,
                TokenFault::TemplateCategory | TokenFault::MachineCategory => {
                    ErrorKind::TokenTypeMismatch
                }
                TokenFault::PendingSession => ErrorKind::SessionPending,
                unknown => panic!("no verdict is written down for {unknown:?}"),
            };
            let token = local.mint(&MintRequest::new("user_1").with_fault(*fault)).unwrap();
            assert_eq!(kind(&issuers, &token).await, Some(expected), "{fault:?}");
        }
    });
}

/// Attack 30.
#[test]
fn a_thousand_cold_verifications_fetch_once() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = Arc::new(issuers_of(&local));
        let token = local.mint(&MintRequest::new("user_1")).unwrap();
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let (issuers, token) = (issuers.clone(), token.clone());
                tokio::spawn(async move { kind(&issuers, &token).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), None);
        }
        assert_eq!(local.jwks_fetches(), 1);
    });
}

/// Attack 32. Attack 33.
#[test]
fn a_rotated_key_is_found_and_the_old_one_dies() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let mut request = MintRequest::new("user_1");
        request.ttl = 3600;
        let old = local.mint(&request).unwrap();
        assert_eq!(kind(&issuers, &old).await, None);
        local.rotate().unwrap();
        let new = local.mint(&request).unwrap();
        assert_eq!(kind(&issuers, &new).await, Some(ErrorKind::JwkKidMismatch), "cooldown");
        let at = |seconds| SystemTime::now() + Duration::from_secs(seconds);
        issuers.verify(&new, at(31), TokenSource::Header).await.unwrap();
        assert_eq!(local.jwks_fetches(), 2);
        let error = issuers.verify(&old, at(32), TokenSource::Header).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JwkKidMismatch);
        assert_eq!(local.jwks_fetches(), 2);
    });
}

/// Attack 33. A token that was verified before dies with its key, whether it is remembered or not.
#[test]
fn a_token_dies_with_its_key_at_the_renewal() {
    within_limit(async {
        for is_remembered in [true, false] {
            let local = Issuer::start(0).await.unwrap();
            let mut config = config(local.url(), format!("{}/.well-known/jwks.json", local.url()));
            config.token_cache = is_remembered;
            let issuers = issuers(vec![config]);
            let mut request = MintRequest::new("user_1");
            request.ttl = 3600;
            let old = local.mint(&request).unwrap();
            let start = SystemTime::now();
            let at = |seconds| start + Duration::from_secs(seconds);
            let verify = async |seconds| {
                let verdict = issuers.verify(&old, at(seconds), TokenSource::Header).await;
                verdict.map_err(|error| error.kind())
            };
            let is_known =
                |seconds| issuers.verify_cached(&old, at(seconds), TokenSource::Header).is_some();
            for second in 0..100 {
                verify(second).await.unwrap();
                assert_eq!(is_known(second), is_remembered);
            }
            local.rotate().unwrap();
            verify(239).await.unwrap();
            // The renewal in the background, which this begins, brings the set without the key.
            verify(240).await.unwrap();
            while verify(241).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert_eq!(verify(241).await.unwrap_err(), ErrorKind::JwkKidMismatch);
            assert!(!is_known(241));
            assert_eq!(local.jwks_fetches(), 2);
        }
    });
}

#[test]
fn without_unknown_ids_a_removed_key_dies_at_the_soft_lifetime() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let mut request = MintRequest::new("user_1");
        request.ttl = 3600;
        let old = local.mint(&request).unwrap();
        assert_eq!(kind(&issuers, &old).await, None);
        local.rotate().unwrap();
        let late = SystemTime::now() + Duration::from_secs(301);
        let error = issuers.verify(&old, late, TokenSource::Header).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JwkKidMismatch);
        assert_eq!(local.jwks_fetches(), 2);
    });
}

/// Attack 41, and the identity of people who have the same `sub` at two issuers.
#[test]
fn two_issuers_share_nothing() {
    within_limit(async {
        let (first, second) = (Issuer::start(0).await.unwrap(), Issuer::start(0).await.unwrap());
        let url = |local: &Issuer| format!("{}/.well-known/jwks.json", local.url());
        let mut acme = config(second.url(), url(&second));
        acme.namespace = Some("acme".to_owned());
        acme.audience = vec!["app".to_owned()];
        let issuers = issuers(vec![config(first.url(), url(&first)), acme]);
        let mut request = MintRequest::new("user_1");
        request.aud = vec!["app".to_owned()];
        let user_id = async |token: String| -> Result<String> {
            let verified = issuers.verify(&token, SystemTime::now(), TokenSource::Header).await?;
            Ok(verified.user().user_id.clone())
        };
        assert_eq!(user_id(first.mint(&request).unwrap()).await.unwrap(), "user_1");
        assert_eq!(user_id(second.mint(&request).unwrap()).await.unwrap(), "acme::user_1");
        // The second issuer's key under the first one's name and key id.
        request.claims.insert("iss".to_owned(), json!(first.url()));
        request.header.insert("kid".to_owned(), json!(first.key().unwrap().id()));
        let error = user_id(second.mint(&request).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenInvalidSignature);
        request.claims.insert("iss".to_owned(), json!("https://nobody.example"));
        let error = user_id(second.mint(&request).unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenInvalidIssuer);
        assert_eq!((first.jwks_fetches(), second.jwks_fetches()), (1, 1));
    });
}

/// Attack 41. One endpoint, two issuers with a credential each: two fetches, and two sets of keys.
#[test]
fn issuers_that_name_one_endpoint_share_no_keys() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let jwks = json!({"keys": [local.key().unwrap().jwk()]}).to_string();
        let endpoint = Endpoint::start(Reply::Body(jwks)).await;
        let named = |issuer: &str, bearer: &str| {
            let bearer = Some(bearer.to_owned());
            IssuerConfig::new(issuer, KeySource::JwksUrl { url: endpoint.url(), bearer })
        };
        let mut other = named("https://other.test", "second-word");
        other.namespace = Some("other".to_owned());
        other.audience = vec!["app".to_owned()];
        let issuers = issuers(vec![named(local.url(), "first-word"), other]);
        for issuer in [local.url(), "https://other.test", local.url(), "https://other.test"] {
            let mut request = MintRequest::new("user_1");
            request.aud = vec!["app".to_owned()];
            request.claims.insert("iss".to_owned(), json!(issuer));
            assert_eq!(kind(&issuers, &local.mint(&request).unwrap()).await, None);
        }
        let requests = endpoint.requests();
        assert_eq!(requests.len(), 2);
        assert!(requests[0].contains("Bearer first-word"), "{}", requests[0]);
        assert!(requests[1].contains("Bearer second-word"), "{}", requests[1]);
    });
}

#[test]
fn nothing_is_fetched_for_a_token_that_cannot_pass() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        for fault in [
            TokenFault::OtherIssuer,
            TokenFault::AlgNone,
            TokenFault::AlgHs256PublicKey,
            TokenFault::Crit,
        ] {
            let token = local.mint(&MintRequest::new("user_1").with_fault(fault)).unwrap();
            assert!(kind(&issuers, &token).await.is_some());
        }
        let mut slashed = MintRequest::new("user_1");
        slashed.claims.insert("iss".to_owned(), format!("{}/", local.url()).into());
        let slashed = local.mint(&slashed).unwrap();
        assert_eq!(kind(&issuers, &slashed).await, Some(ErrorKind::TokenInvalidIssuer));
        let mut unnamed = MintRequest::new("user_1");
        unnamed.raw_header = Some(r#"{"alg":"RS256"}"#.to_owned());
        let unnamed = local.mint(&unnamed);
        assert_eq!(kind(&issuers, &unnamed.unwrap()).await, Some(ErrorKind::JwkKidMismatch));
        assert_eq!(local.jwks_fetches(), 0);
    });
}

#[test]
fn a_bearer_is_sent_to_the_endpoint_and_shown_to_nobody() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let jwks = json!({"keys": [local.key().unwrap().jwk()]}).to_string();
        let endpoint = Endpoint::start(Reply::Body(jwks)).await;
        let keys =
            KeySource::JwksUrl { url: endpoint.url(), bearer: Some("sk_test_quiet".to_owned()) };
        let issuers = issuers(vec![IssuerConfig::new(local.url(), keys)]);
        let token = local.mint(&MintRequest::new("user_1")).unwrap();
        assert_eq!(kind(&issuers, &token).await, None);
        let requests = endpoint.requests();
        assert!(requests[0].to_ascii_lowercase().contains("authorization: bearer sk_test_quiet"));
        assert!(!format!("{issuers:?}").contains("sk_test_quiet"));
    });
}

#[test]
fn issuers_that_contradict_each_other_are_refused() {
    let named = |issuer: &str, namespace: Option<&str>| {
        let mut config = config(issuer, "https://issuer.test/jwks".to_owned());
        config.namespace = namespace.map(str::to_owned);
        config.audience = vec!["app".to_owned()];
        config
    };
    for configs in [
        vec![],
        vec![named("a", None), named("b", None)],
        vec![named("a", None), named("a", Some("x"))],
        vec![named("a", Some("x")), named("b", Some("x"))],
        vec![config("a", "http://issuer.test/jwks".to_owned())],
        vec![config("a", "file:///jwks".to_owned())],
    ] {
        let error = Issuers::new(configs, Arc::new(casier::access::Policy::builtin())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    }
}

/// A key id that a fetch did not bring is remembered: it may be a new key's, whose token came before
/// its key, and is asked for again after a cooldown; the more often in vain, the less often.
#[test]
fn a_repeated_unknown_key_id_is_asked_for_ever_less() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        let issuers = issuers_of(&local);
        let start = SystemTime::now();
        let verify = async |id: &str, seconds| {
            let mut request = MintRequest::new("user_1");
            request.header.insert("kid".to_owned(), json!(id));
            let token = local.mint(&request).unwrap();
            let now = start + Duration::from_secs(seconds);
            issuers.verify(&token, now, TokenSource::Header).await.unwrap_err();
            local.jwks_fetches()
        };
        for (second, fetches) in [(0, 1), (29, 1), (30, 2), (60, 2), (89, 2), (90, 3), (180, 3)] {
            assert_eq!(verify("ins_junk", second).await, fetches, "{second}");
        }
        assert_eq!(verify("ins_new", 180).await, 4);
    });
}

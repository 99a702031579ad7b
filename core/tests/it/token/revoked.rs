//! Revocations, seen by tokens that are remembered and by other processes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use casier::ErrorKind;
use casier::access::Policy;
use casier::state::{MemoryState, StateStore};
use casier::token::{Issuers, Revocations, TokenSource};
use casier_local::{Issuer, MintRequest};

use super::config;
use crate::support::within_limit;

/// One process: its issuers, and its revocations over a store that others share.
struct Process {
    issuers: Issuers,
    revocations: Arc<Revocations>,
}

impl Process {
    fn new(local: &Issuer, store: Arc<dyn StateStore>, is_remembered: bool) -> Self {
        let mut config = config(local.url(), format!("{}/.well-known/jwks.json", local.url()));
        config.token_cache = is_remembered;
        let revocations = Arc::new(Revocations::new(Some(store)));
        let issuers = Issuers::new(vec![config], Arc::new(Policy::builtin())).unwrap();
        Self { issuers: issuers.with_revocations(revocations.clone()), revocations }
    }

    async fn kind(&self, token: &str, now: SystemTime) -> Option<ErrorKind> {
        self.issuers.verify(token, now, TokenSource::Header).await.err().map(|error| error.kind())
    }
}

fn token(local: &Issuer, user: &str, session: &str) -> String {
    let mut request = MintRequest::new(user);
    request.sid = Some(session.to_owned());
    local.mint(&request).unwrap()
}

#[test]
fn a_revocation_counts_here_at_once_and_within_a_second_elsewhere() {
    within_limit(async {
        let local = Issuer::start(0).await.unwrap();
        for is_remembered in [true, false] {
            let store = Arc::new(MemoryState::new());
            let here = Process::new(&local, store.clone(), is_remembered);
            let there = Process::new(&local, store, is_remembered);
            let now = SystemTime::now();
            let later = now + Duration::from_secs(1);
            let (ada, bob) = (token(&local, "ada", "sess_1"), token(&local, "bob", "sess_2"));
            for process in [&here, &there] {
                for token in [&ada, &bob] {
                    assert_eq!(process.kind(token, now).await, None);
                }
            }

            let revoked = Some(ErrorKind::SessionRevoked);
            here.revocations.revoke("sess_1").await.unwrap();
            assert_eq!(here.kind(&ada, now).await, revoked, "{is_remembered}");
            assert_eq!(there.kind(&ada, later).await, revoked, "{is_remembered}");
            here.revocations.revoke_user("bob", now, now).await.unwrap();
            assert_eq!(here.kind(&bob, now).await, revoked, "{is_remembered}");
            assert_eq!(there.kind(&bob, later + Duration::from_secs(1)).await, revoked);

            let other = token(&local, "ada", "sess_3");
            for process in [&here, &there] {
                assert_eq!(process.kind(&other, later).await, None, "another session");
                let cached = process.issuers.verify_cached(&ada, later, TokenSource::Header);
                assert!(cached.is_none(), "what is revoked is not answered from memory");
            }
        }
    });
}

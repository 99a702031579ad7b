//! Sessions and users whose tokens are refused before they expire.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest;
use bytes::Bytes;

use super::issuer::MAX_CLOCK_SKEW_SECONDS;
use crate::state::{MemoryState, StateStore};
use crate::{Error, ErrorKind, Result};

/// The longest life of a token that is accepted, from `iat`, or from now where it does not say when
/// it was made, to `exp`.
pub const MAX_TOKEN_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// For how long an entry is kept: a token may say that it is made later than it is, and is taken
/// after its end, by the clock skew each.
const KEPT: Duration = Duration::from_secs(MAX_TOKEN_LIFE.as_secs() + 2 * MAX_CLOCK_SKEW_SECONDS);

/// How far ahead of this clock a revocation may lie.
const MAX_AHEAD: Duration = Duration::from_secs(300);

/// For how long another process's revocation may go unnoticed.
const CLEARANCE_LIFE: Duration = Duration::from_secs(1);

/// How often the time of a user's revocation is tried to be set against other writers.
const TRIES: usize = 64;

/// The sessions and users whose tokens are refused before they expire, kept in a [`StateStore`]
/// under `revoked/session/` and `revoked/user/` and the SHA-256 of the id, for as long as a token
/// of then can live.
///
/// That a token was not revoked is remembered for a while. What is promised nevertheless:
///
/// - A revocation made through this value counts at once: every verification that begins after
///   [`revoke`](Self::revoke) or [`revoke_user`](Self::revoke_user) has returned sees it.
/// - One made by another process, over the same store, counts within a second.
/// - Where the store fails, so does the verification, with `state-unavailable`: nothing is let
///   through unchecked for longer than that second.
#[derive(Debug)]
pub struct Revocations {
    store: Arc<dyn StateStore>,
    /// Whether nobody else writes to the store, so that without a revocation here there is none.
    is_private: bool,
    generation: AtomicU64,
}

/// That a token had not been revoked, and as of when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clearance {
    generation: u64,
    checked_at: SystemTime,
}

impl Revocations {
    /// Revocations in this store; in the memory of this process when there is none.
    pub fn new(store: Option<Arc<dyn StateStore>>) -> Self {
        let is_private = store.is_none();
        let store = store.unwrap_or_else(|| Arc::new(MemoryState::new()));
        Self { store, is_private, generation: AtomicU64::new(0) }
    }

    /// Refuses every token of a session (`sid`), of whatever issuer, from now on.
    ///
    /// # Errors
    /// `invalid-request` when the id is empty; `state-unavailable`.
    pub async fn revoke(&self, session_id: &str) -> Result<()> {
        if session_id.is_empty() {
            return Err(Error::new(ErrorKind::InvalidRequest, "the session id is empty"));
        }
        self.store.put(&session_key(session_id), Bytes::new(), Some(KEPT)).await?;
        self.note_revocation();
        Ok(())
    }

    /// Refuses every token of a user ([`User::user_id`](super::User::user_id)) that was made at
    /// `at` or before, or does not say when (`iat`). Of two such times the later holds. An `at` so
    /// long ago that no token of then can live changes nothing. `now` is the current time.
    ///
    /// # Errors
    /// `invalid-user-id` when the id is empty; `invalid-request` when `at` is more than 5 minutes
    /// ahead; `state-unavailable`.
    pub async fn revoke_user(&self, user_id: &str, at: SystemTime, now: SystemTime) -> Result<()> {
        if user_id.is_empty() {
            return Err(Error::new(ErrorKind::InvalidUserId, "the user id is empty"));
        }
        let ahead = at.duration_since(now).unwrap_or_default();
        if ahead > MAX_AHEAD {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "a revocation lies 5 minutes ahead at most",
            )
            .with_limit(MAX_AHEAD.as_secs(), ahead.as_secs()));
        }
        let Some(kept) = (at + KEPT).duration_since(now).ok().filter(|left| !left.is_zero()) else {
            return Ok(());
        };
        self.raise(&user_key(user_id), at, kept).await?;
        self.note_revocation();
        Ok(())
    }

    /// Refuses a token of this user and session, made at `issued_at`, that has been revoked as of
    /// `now`.
    ///
    /// # Errors
    /// `session-revoked`; `state-unavailable`.
    pub(crate) async fn check(
        &self,
        user_id: &str,
        session_id: Option<&str>,
        issued_at: Option<SystemTime>,
        now: SystemTime,
    ) -> Result<Clearance> {
        // Read before the store is asked: what is revoked meanwhile makes the clearance void.
        let clearance = Clearance { generation: self.generation(), checked_at: now };
        if self.is_private && clearance.generation == 0 {
            return Ok(clearance);
        }
        if let Some(session_id) = session_id
            && self.store.get(&session_key(session_id)).await?.is_some()
        {
            return Err(revoked());
        }
        match self.store.get(&user_key(user_id)).await? {
            Some(value)
                if issued_at.is_none_or(|made| read_time(&value).is_none_or(|at| made <= at)) =>
            {
                Err(revoked())
            }
            _ => Ok(clearance),
        }
    }

    /// Whether a token that was cleared then needs no new check at `now`. Quick: asks no store.
    pub(crate) fn holds(&self, clearance: Clearance, now: SystemTime) -> bool {
        let is_recent =
            || now.duration_since(clearance.checked_at).is_ok_and(|age| age < CLEARANCE_LIFE);
        clearance.generation == self.generation() && (self.is_private || is_recent())
    }

    /// Sets the time under the key to `at`, unless a later one is there.
    async fn raise(&self, key: &str, at: SystemTime, kept: Duration) -> Result<()> {
        for _ in 0..TRIES {
            let found = self.store.get(key).await?;
            if found.as_ref().and_then(read_time).is_some_and(|earlier| earlier >= at) {
                return Ok(());
            }
            let new = Some(written(at));
            if self.store.compare_and_swap(key, found, new, Some(kept)).await? {
                return Ok(());
            }
        }
        Err(Error::new(
            ErrorKind::StateUnavailable,
            "the revocation could not be stored: others are being written all the time",
        ))
    }

    /// How many revocations have been made through this value. It grows once the store has one.
    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn note_revocation(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

fn revoked() -> Error {
    Error::new(ErrorKind::SessionRevoked, "the session has been revoked; sign in again")
}

fn session_key(session_id: &str) -> String {
    key("revoked/session/", session_id)
}

fn user_key(user_id: &str) -> String {
    key("revoked/user/", user_id)
}

/// Ids are hashed: they may be longer than a key, or hold what a key may not.
fn key(prefix: &str, id: &str) -> String {
    let mut key = String::with_capacity(prefix.len() + 2 * digest::SHA256_OUTPUT_LEN);
    key.push_str(prefix);
    for byte in digest::digest(&digest::SHA256, id.as_bytes()).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// Nanoseconds since 1970, so that what is read is what was written.
fn written(at: SystemTime) -> Bytes {
    let since_epoch = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_nanos().to_string().into()
}

fn read_time(value: &Bytes) -> Option<SystemTime> {
    let nanos: u64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::state::{StateFuture, StatePage};

    const HOUR: Duration = Duration::from_secs(3_600);
    const SECOND: Duration = Duration::from_secs(1);

    /// A time of the year 2023.
    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    fn ready<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().unwrap()
    }

    /// Two processes over one store, whose clock stands at `at(0)`.
    fn two() -> (Revocations, Revocations) {
        let store: Arc<dyn StateStore> = Arc::new(MemoryState::with(1 << 20, Arc::new(|| at(0))));
        (Revocations::new(Some(store.clone())), Revocations::new(Some(store)))
    }

    fn check(
        revocations: &Revocations,
        user: &str,
        session: Option<&str>,
        made: Option<SystemTime>,
    ) -> Result<Clearance, &'static str> {
        ready(revocations.check(user, session, made, at(0))).map_err(|error| error.code())
    }

    #[test]
    fn a_revoked_session_is_refused_and_no_other() {
        let (here, there) = two();
        for revocations in [&here, &there] {
            assert!(check(revocations, "ada", Some("sess_1"), Some(at(0))).is_ok());
        }
        ready(here.revoke("sess_1")).unwrap();
        ready(here.revoke("sess_1")).unwrap();
        for revocations in [&here, &there] {
            let check = |session| check(revocations, "ada", session, Some(at(9)));
            assert_eq!(check(Some("sess_1")), Err("session-revoked"));
            for other in [None, Some("sess_10"), Some("sess_"), Some(""), Some("ada")] {
                assert!(check(other).is_ok(), "{other:?}");
            }
        }
    }

    #[test]
    fn a_revoked_user_needs_a_token_of_later() {
        let (here, there) = two();
        ready(here.revoke_user("acme::ada", at(10), at(10))).unwrap();
        let check = |user: &str, made| check(&there, user, Some("sess_1"), made);
        assert_eq!(check("acme::ada", Some(at(9))), Err("session-revoked"));
        assert_eq!(check("acme::ada", Some(at(10))), Err("session-revoked"));
        assert_eq!(check("acme::ada", None), Err("session-revoked"));
        assert!(check("acme::ada", Some(at(11))).is_ok());
        for other in ["ada", "acme::ada2", "Acme::ada", "acme::ada ", ""] {
            assert!(check(other, Some(at(0))).is_ok() && check(other, None).is_ok(), "{other:?}");
        }
    }

    #[test]
    fn the_later_of_two_times_holds() {
        let (here, there) = two();
        let last = |earlier: u64, later: u64| {
            ready(here.revoke_user("ada", at(earlier), at(20))).unwrap();
            ready(there.revoke_user("ada", at(later), at(20))).unwrap();
            (0..40).rev().find(|made| check(&here, "ada", None, Some(at(*made))).is_err())
        };
        assert_eq!(last(10, 5), Some(10));
        assert_eq!(last(15, 12), Some(15));
        assert_eq!(last(3, 18), Some(18));
        assert_eq!(last(18, 18), Some(18));
    }

    #[test]
    fn times_are_bounded() {
        let (here, _) = two();
        let revoke = |when: SystemTime| {
            ready(here.revoke_user("ada", when, at(0))).map_err(|error| error.code())
        };
        assert_eq!(revoke(at(301)), Err("invalid-request"));
        assert_eq!(revoke(at(0) + 365 * 24 * HOUR), Err("invalid-request"));
        assert_eq!(here.generation(), 0);
        // No token of then can live.
        for long_ago in [at(0) - KEPT, UNIX_EPOCH, UNIX_EPOCH - SECOND] {
            assert_eq!(revoke(long_ago), Ok(()));
            assert!(check(&here, "ada", None, None).is_ok());
        }
        assert_eq!(revoke(at(0) - KEPT + SECOND), Ok(()));
        assert_eq!(check(&here, "ada", None, None), Err("session-revoked"));
        assert_eq!(revoke(at(300)), Ok(()));
        assert_eq!(check(&here, "ada", None, Some(at(300))), Err("session-revoked"));
    }

    #[test]
    fn ids_are_not_empty() {
        let (here, _) = two();
        assert_eq!(ready(here.revoke("")).unwrap_err().code(), "invalid-request");
        let error = ready(here.revoke_user("", at(0), at(0))).unwrap_err();
        assert_eq!(error.code(), "invalid-user-id");
        assert_eq!(here.generation(), 0);
        let long = "é\n".repeat(10_000);
        ready(here.revoke(&long)).unwrap();
        ready(here.revoke_user(&long, at(0), at(0))).unwrap();
        assert!(check(&here, "ada", Some(&long), None).is_err());
        assert!(check(&here, &long, None, None).is_err());
    }

    /// The keys are part of what processes of different versions share.
    #[test]
    fn keys_hold_the_hash_of_the_id() {
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(session_key("abc"), format!("revoked/session/{hash}"));
        assert_eq!(user_key("abc"), format!("revoked/user/{hash}"));
    }

    /// A token of the revoked session that the issuer's clock, ahead by the skew, dates later, is
    /// still refused at the end of its life.
    #[test]
    fn entries_are_kept_for_as_long_as_a_token_can_live() {
        let skew = Duration::from_secs(MAX_CLOCK_SKEW_SECONDS);
        let (made, revoked) = (at(300), at(0));
        let last_accepted = made + MAX_TOKEN_LIFE + skew - SECOND;
        assert_eq!(revoked + KEPT, last_accepted + SECOND);

        let seconds = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&seconds);
        let store = MemoryState::with(1 << 20, Arc::new(move || at(clock.load(Ordering::SeqCst))));
        let here = Revocations::new(Some(Arc::new(store)));
        ready(here.revoke("sess_1")).unwrap();
        ready(here.revoke_user("ada", at(0), at(0))).unwrap();
        seconds.store(KEPT.as_secs() - 1, Ordering::SeqCst);
        assert!(check(&here, "ben", Some("sess_1"), None).is_err());
        assert!(check(&here, "ada", None, None).is_err());
        seconds.store(KEPT.as_secs(), Ordering::SeqCst);
        assert!(check(&here, "ben", Some("sess_1"), None).is_ok());
        assert!(check(&here, "ada", None, None).is_ok());
    }

    #[test]
    fn a_clearance_ends_with_the_next_revocation_here_or_after_a_second() {
        let (here, there) = two();
        let clearance = check(&here, "ada", Some("sess_1"), Some(at(0))).unwrap();
        assert!(here.holds(clearance, at(0)));
        assert!(here.holds(clearance, at(0) + Duration::from_millis(999)));
        assert!(!here.holds(clearance, at(1)));
        assert!(!here.holds(clearance, at(0) - Duration::from_millis(1)), "the clock went back");
        ready(there.revoke("sess_1")).unwrap();
        assert!(here.holds(clearance, at(0)), "another process's counts within the second");
        ready(here.revoke("sess_2")).unwrap();
        assert!(!here.holds(clearance, at(0)));
        let clearance = check(&here, "ben", None, None).unwrap();
        assert!(here.holds(clearance, at(0)));
        ready(here.revoke_user("ada", at(0), at(0))).unwrap();
        assert!(!here.holds(clearance, at(0)));
    }

    #[test]
    fn without_a_store_the_memory_of_the_process_serves() {
        let here = Revocations::new(None);
        assert!(check(&here, "ada", Some("sess_1"), None).is_ok());
        ready(here.revoke("sess_1")).unwrap();
        assert_eq!(check(&here, "ada", Some("sess_1"), None), Err("session-revoked"));
        ready(here.revoke_user("ada", at(0), at(0))).unwrap();
        assert_eq!(here.generation(), 2);
    }

    /// A store that fails, or that somebody else always writes to.
    #[derive(Debug)]
    struct Broken {
        answer: Result<Option<Bytes>>,
    }

    impl Broken {
        fn unit(&self) -> Result<()> {
            self.answer.clone().map(drop)
        }
    }

    impl StateStore for Broken {
        fn get<'a>(&'a self, _: &'a str) -> StateFuture<'a, Option<Bytes>> {
            Box::pin(async { self.answer.clone() })
        }

        fn put<'a>(&'a self, _: &'a str, _: Bytes, _: Option<Duration>) -> StateFuture<'a, ()> {
            Box::pin(async { self.unit() })
        }

        fn put_if_absent<'a>(
            &'a self,
            _: &'a str,
            _: Bytes,
            _: Option<Duration>,
        ) -> StateFuture<'a, bool> {
            Box::pin(async { self.unit().map(|()| false) })
        }

        fn compare_and_swap<'a>(
            &'a self,
            _: &'a str,
            _: Option<Bytes>,
            _: Option<Bytes>,
            _: Option<Duration>,
        ) -> StateFuture<'a, bool> {
            Box::pin(async { self.unit().map(|()| false) })
        }

        fn delete<'a>(&'a self, _: &'a str) -> StateFuture<'a, bool> {
            Box::pin(async { self.unit().map(|()| false) })
        }

        fn list<'a>(
            &'a self,
            _: &'a str,
            _: Option<String>,
            _: usize,
        ) -> StateFuture<'a, StatePage> {
            Box::pin(async { self.unit().map(|()| StatePage::default()) })
        }
    }

    #[test]
    fn a_store_that_fails_lets_nobody_in() {
        let down = Error::new(ErrorKind::StateUnavailable, "down");
        let here = Revocations::new(Some(Arc::new(Broken { answer: Err(down) })));
        assert_eq!(check(&here, "ada", None, Some(at(0))), Err("state-unavailable"));
        assert_eq!(check(&here, "ada", Some("sess_1"), None), Err("state-unavailable"));
        assert_eq!(ready(here.revoke("sess_1")).unwrap_err().code(), "state-unavailable");
        let error = ready(here.revoke_user("ada", at(0), at(0))).unwrap_err();
        assert_eq!(error.code(), "state-unavailable");
        assert_eq!(here.generation(), 0);
    }

    #[test]
    fn what_cannot_be_read_revokes_and_what_cannot_be_set_is_told() {
        for text in ["", "x", "-1", "99999999999999999999999", "\u{fffd}"] {
            let answer = Ok(Some(Bytes::from(text.to_owned())));
            let here = Revocations::new(Some(Arc::new(Broken { answer })));
            assert_eq!(check(&here, "ada", None, Some(at(0))), Err("session-revoked"), "{text}");
            let error = ready(here.revoke_user("ada", at(0), at(0))).unwrap_err();
            assert_eq!(error.code(), "state-unavailable");
        }
    }

    #[test]
    fn writers_at_once_leave_the_latest_time() {
        let (here, there) = two();
        std::thread::scope(|scope| {
            for (place, revocations) in [&here, &there, &here, &there].into_iter().enumerate() {
                scope.spawn(move || {
                    for step in 0..50 {
                        let when = at(step * 4 + place as u64);
                        ready(revocations.revoke_user("ada", when, at(0))).unwrap();
                    }
                });
            }
        });
        assert_eq!(check(&here, "ada", None, Some(at(199))), Err("session-revoked"));
        assert!(check(&here, "ada", None, Some(at(200))).is_ok());
    }
}

//! When to use, fetch or refuse the keys of an issuer. Pure: no clock, no I/O.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::key::VerificationKey;
use super::set::KeySet;
use crate::token::jws::unknown_key;
use crate::{Error, ErrorKind};

/// From this age on a key set is fetched anew in the background, so that nobody has to wait.
const REFRESH_AGE: Duration = Duration::from_secs(240);
/// From this age on a key set is used only if another fetch was tried within as long, and failed: a
/// key that its issuer has removed is dead within five minutes of the last word about it.
const SOFT_LIFETIME: Duration = Duration::from_secs(300);
/// From this age on a key set is not used, even if its issuer cannot be reached.
const HARD_LIFETIME: Duration = Duration::from_secs(3600);
/// The time between two attempts for the sake of unknown key ids, and the longest between two after
/// failures.
const COOLDOWN: Duration = Duration::from_secs(30);
/// The time to the next attempt after a first failure; it doubles up to the cooldown.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The longest time for which a key id that a fetch did not bring causes no other fetch. The first
/// time it is a cooldown, since the token of a new key may come before its key; then it doubles.
const MAX_ABSENCE: Duration = Duration::from_secs(120);
/// How many such key ids are remembered.
const MAX_ABSENT: usize = 64;
/// How much older than another's a caller's idea of now may be; more is a clock that was set back.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// The last key set of one issuer and what is known about fetching the next.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    current: Option<FetchedKeys>,
    last_attempt: Option<SystemTime>,
    /// The last attempt's failure and the wait that it imposes.
    failure: Option<(Error, Duration)>,
    absent: VecDeque<Absent>,
}

/// A key set and when the fetch that brought it began.
#[derive(Debug)]
struct FetchedKeys {
    keys: Arc<KeySet>,
    fetched_at: SystemTime,
}

/// A key set, and the time in which there is nothing to decide for a token whose key it has.
#[derive(Debug)]
pub(crate) struct SettledKeys {
    keys: Arc<KeySet>,
    from: SystemTime,
    until: SystemTime,
}

/// A key id that a fetch did not bring.
#[derive(Debug)]
struct Absent {
    key_id: String,
    since: SystemTime,
    /// How long it causes no other fetch.
    wait: Duration,
}

/// What to do for one token.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Check with this key.
    Use(Arc<VerificationKey>),
    /// Check with this key, and fetch the set in the background.
    UseAndRefresh(Arc<VerificationKey>),
    /// Fetch, or wait for the fetch under way, and ask again.
    Fetch,
    /// Give up.
    Refuse(Error),
    /// Give up, and fetch the set in the background.
    RefuseAndRefresh(Error),
}

impl SettledKeys {
    /// The key of this id, within that time.
    pub(crate) fn key(
        &self,
        key_id: Option<&str>,
        now: SystemTime,
    ) -> Option<Arc<VerificationKey>> {
        let is_settled = now < self.until && !is_ahead(self.from, now);
        if is_settled { self.keys.find(key_id) } else { None }
    }
}

impl PartialEq for SettledKeys {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.keys, &other.keys) && (self.from, self.until) == (other.from, other.until)
    }
}

impl KeyCache {
    /// The set for the time in which [`KeyCache::decide`] can only say to use its keys: while it is
    /// fresh, and between two attempts to renew it, of which the first has failed.
    pub(crate) fn settled(&self) -> Option<SettledKeys> {
        let FetchedKeys { keys, fetched_at } = self.current.as_ref()?;
        let fresh_until = *fetched_at + REFRESH_AGE;
        let (from, until) = match (&self.failure, self.last_attempt) {
            (Some((_, wait)), Some(attempt)) if attempt + *wait > fresh_until => {
                (attempt, (attempt + *wait).min(*fetched_at + HARD_LIFETIME))
            }
            _ => (*fetched_at, fresh_until),
        };
        Some(SettledKeys { keys: Arc::clone(keys), from, until })
    }

    /// Decides for a token of this key id. `is_fetching`: a fetch is under way.
    ///
    /// While the last attempt has failed and there is a set to use, nobody waits: a fetch that may
    /// take as long as the failed one serves those who come later.
    pub(crate) fn decide(&mut self, key_id: &str, now: SystemTime, is_fetching: bool) -> Answer {
        self.settle_clock(now);
        let usable = self.current.as_ref().map(|current| (current, age(current.fetched_at, now)));
        let Some((current, age)) = usable.filter(|(_, age)| *age < HARD_LIFETIME) else {
            return if is_fetching || self.is_retry_due(now) {
                Answer::Fetch
            } else {
                Answer::Refuse(self.unreachable(now))
            };
        };
        match current.keys.find(Some(key_id)) {
            Some(_) if age >= SOFT_LIFETIME && !self.has_failed_lately(now) => Answer::Fetch,
            Some(key) if age >= REFRESH_AGE && !is_fetching && self.is_retry_due(now) => {
                Answer::UseAndRefresh(key)
            }
            Some(key) => Answer::Use(key),
            None if self.failure.is_some() => {
                let error = self.unreachable(now);
                if !is_fetching && self.is_cooled_down(now) {
                    Answer::RefuseAndRefresh(error)
                } else {
                    Answer::Refuse(error)
                }
            }
            None if is_fetching => Answer::Fetch,
            None if self.is_cooled_down(now) && !self.is_absent(key_id, now) => Answer::Fetch,
            None => Answer::Refuse(unknown_key()),
        }
    }

    /// An attempt to fetch begins. Attempts count, not successes: an endpoint that fails is not
    /// asked more often than one that works.
    pub(crate) fn begin(&mut self, now: SystemTime) {
        self.last_attempt = Some(now);
    }

    /// The attempt that began at `began` brought a set. It replaces the old one, never adds to it:
    /// a key that is gone is gone.
    pub(crate) fn succeed(&mut self, keys: KeySet, began: SystemTime) {
        self.current = Some(FetchedKeys { keys: Arc::new(keys), fetched_at: began });
        self.failure = None;
    }

    /// The attempt failed; the set that is there stays. A refusal by the server (4xx) is not worth
    /// an early retry.
    pub(crate) fn fail(&mut self, error: Error, is_refusal: bool) {
        let wait = match &self.failure {
            _ if is_refusal => COOLDOWN,
            Some((_, wait)) => (*wait * 2).min(COOLDOWN),
            None => FIRST_RETRY,
        };
        self.failure = Some((error, wait));
    }

    /// A fetch was waited for and did not bring this key id.
    pub(crate) fn note_absent(&mut self, key_id: &str, now: SystemTime) {
        if let Some(absent) = self.absent.iter_mut().find(|absent| absent.key_id == key_id) {
            if age(absent.since, now) >= absent.wait {
                absent.since = now;
                absent.wait = (absent.wait * 2).min(MAX_ABSENCE);
            }
            return;
        }
        if self.absent.len() == MAX_ABSENT {
            self.absent.pop_front();
        }
        self.absent.push_back(Absent { key_id: key_id.to_owned(), since: now, wait: COOLDOWN });
    }

    /// After the clock was set back, times of before it lie in the future and would hold for as
    /// long as it was set back. The set then counts as due for a fetch, and its hard lifetime runs.
    fn settle_clock(&mut self, now: SystemTime) {
        if let Some(current) = self.current.as_mut()
            && is_ahead(current.fetched_at, now)
        {
            current.fetched_at = now.checked_sub(SOFT_LIFETIME).unwrap_or(now);
        }
        if self.last_attempt.is_some_and(|attempt| is_ahead(attempt, now)) {
            self.last_attempt = None;
            self.absent.clear();
        }
    }

    fn is_absent(&self, key_id: &str, now: SystemTime) -> bool {
        let holds = |absent: &Absent| age(absent.since, now) < absent.wait;
        self.absent.iter().any(|absent| absent.key_id == key_id && holds(absent))
    }

    /// Whether an attempt of the last five minutes has failed, and none has succeeded since.
    fn has_failed_lately(&self, now: SystemTime) -> bool {
        let is_recent = |attempt| age(attempt, now) < SOFT_LIFETIME;
        self.failure.is_some() && self.last_attempt.is_some_and(is_recent)
    }

    fn is_cooled_down(&self, now: SystemTime) -> bool {
        self.last_attempt.is_none_or(|attempt| age(attempt, now) >= COOLDOWN)
    }

    fn is_retry_due(&self, now: SystemTime) -> bool {
        self.retry_wait(now).is_zero()
    }

    /// How long to leave the endpoint alone after a failure.
    fn retry_wait(&self, now: SystemTime) -> Duration {
        match (&self.failure, self.last_attempt) {
            (Some((_, wait)), Some(attempt)) => wait.saturating_sub(age(attempt, now)),
            _ => Duration::ZERO,
        }
    }

    fn unreachable(&self, now: SystemTime) -> Error {
        let error = self.failure.as_ref().map_or_else(
            || {
                Error::new(
                    ErrorKind::JwkRemoteFailedToLoad,
                    "the issuer's keys could not be fetched",
                )
            },
            |(error, _)| error.clone(),
        );
        error.with_retry_after(self.retry_wait(now).max(FIRST_RETRY))
    }
}

fn age(since: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(since).unwrap_or_default()
}

fn is_ahead(time: SystemTime, now: SystemTime) -> bool {
    time.duration_since(now).is_ok_and(|ahead| ahead > CLOCK_TOLERANCE)
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::token::algorithm::Algorithm;
    use crate::token::tests::keys::{other_rsa, rsa};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    fn set(ids: &[&str]) -> KeySet {
        let keys = [rsa(), other_rsa()];
        let keys: Vec<_> = ids.iter().zip(keys).map(|(id, key)| key.jwk(id)).collect();
        KeySet::from_jwks(json!({"keys": keys}).to_string().as_bytes(), &[Algorithm::Rs256])
            .unwrap()
    }

    fn failed() -> Error {
        Error::new(ErrorKind::JwkRemoteFailedToLoad, "down")
    }

    /// A cache that fetched `a` at second 0.
    fn warm() -> KeyCache {
        let mut cache = KeyCache::default();
        cache.begin(at(0));
        cache.succeed(set(&["a"]), at(0));
        cache
    }

    fn decide(cache: &mut KeyCache, id: &str, seconds: u64) -> &'static str {
        decide_at(cache, id, at(seconds), false)
    }

    fn decide_at(
        cache: &mut KeyCache,
        id: &str,
        now: SystemTime,
        is_fetching: bool,
    ) -> &'static str {
        match cache.decide(id, now, is_fetching) {
            Answer::Use(_) => "use",
            Answer::UseAndRefresh(_) => "use and refresh",
            Answer::Fetch => "fetch",
            Answer::Refuse(error) => error.code(),
            Answer::RefuseAndRefresh(error) => {
                assert_eq!(error.code(), "jwk-remote-failed-to-load");
                "refuse and refresh"
            }
        }
    }

    #[test]
    fn a_set_is_used_refreshed_and_waited_for_by_its_age() {
        let mut cache = warm();
        assert_eq!(decide(&mut cache, "a", 0), "use");
        assert_eq!(decide(&mut cache, "a", 239), "use");
        assert_eq!(decide(&mut cache, "a", 240), "use and refresh");
        assert_eq!(decide_at(&mut cache, "a", at(240), true), "use");
        assert_eq!(decide(&mut cache, "a", 300), "fetch");
        assert_eq!(decide_at(&mut cache, "a", at(300), true), "fetch");
    }

    #[test]
    fn a_removed_key_is_gone_with_the_next_set() {
        let mut cache = warm();
        cache.begin(at(240));
        cache.succeed(set(&["b"]), at(240));
        assert_eq!(decide(&mut cache, "b", 241), "use");
        assert_eq!(decide(&mut cache, "a", 241), "jwk-kid-mismatch");
    }

    #[test]
    fn unknown_ids_cause_one_fetch_each_cooldown() {
        let mut cache = warm();
        assert_eq!(decide(&mut cache, "x", 29), "jwk-kid-mismatch");
        assert_eq!(decide(&mut cache, "x", 30), "fetch");
        cache.begin(at(30));
        assert_eq!(decide_at(&mut cache, "y", at(30), true), "fetch", "joins");
        cache.succeed(set(&["a"]), at(30));
        assert_eq!(decide(&mut cache, "y", 59), "jwk-kid-mismatch");
        assert_eq!(decide(&mut cache, "y", 60), "fetch");
        assert_eq!(decide(&mut cache, "a", 60), "use");
    }

    #[test]
    fn an_absent_id_is_asked_for_again_after_one_cooldown_and_then_ever_less() {
        let mut cache = warm();
        let mut second = 30;
        for wait in [30, 60, 120, 120] {
            cache.begin(at(second));
            cache.succeed(set(&["a"]), at(second));
            cache.note_absent("x", at(second));
            cache.note_absent("x", at(second + 1));
            assert_eq!(decide(&mut cache, "x", second + wait - 1), "jwk-kid-mismatch");
            assert_eq!(decide(&mut cache, "y", second + 30), "fetch");
            assert_eq!(decide(&mut cache, "x", second + wait), "fetch");
            second += wait;
        }
    }

    /// Attack 31.
    #[test]
    fn absent_ids_are_bounded() {
        let mut cache = warm();
        for i in 0..1000 {
            cache.note_absent(&format!("x{i}"), at(1));
        }
        assert_eq!(cache.absent.len(), MAX_ABSENT);
        assert!(cache.is_absent("x999", at(1)) && !cache.is_absent("x0", at(1)));
        assert_eq!(decide(&mut cache, "a", 1), "use");
    }

    #[test]
    fn without_keys_failures_are_answered_from_memory_between_retries() {
        let mut cache = KeyCache::default();
        assert_eq!(decide(&mut cache, "a", 0), "fetch");
        let mut second = 0;
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            cache.begin(at(second));
            assert_eq!(decide_at(&mut cache, "a", at(second), true), "fetch", "joins");
            cache.fail(failed(), false);
            assert_eq!(decide(&mut cache, "a", second + wait - 1), "jwk-remote-failed-to-load");
            assert_eq!(decide(&mut cache, "a", second + wait), "fetch");
            second += wait;
        }
        cache.fail(failed(), true);
        let Answer::Refuse(error) = cache.decide("a", at(second - 10), false) else {
            panic!("a refusal is not retried early")
        };
        assert_eq!(
            error.details().retry_after,
            Some(COOLDOWN - age(at(second - 30), at(second - 10)))
        );
    }

    #[test]
    fn the_last_good_set_outlives_a_failing_endpoint_to_the_hard_lifetime() {
        let mut cache = warm();
        cache.begin(at(300));
        cache.fail(failed(), false);
        assert_eq!(decide(&mut cache, "a", 300), "use");
        assert_eq!(decide(&mut cache, "a", 301), "use and refresh");
        assert_eq!(decide(&mut cache, "a", 599), "use and refresh");
        assert_eq!(decide(&mut cache, "a", 600), "fetch", "nobody has tried for as long");
        cache.begin(at(3598));
        cache.fail(failed(), true);
        assert_eq!(decide(&mut cache, "a", 3599), "use");
        assert_eq!(decide(&mut cache, "a", 3600), "jwk-remote-failed-to-load");
        assert_eq!(decide(&mut cache, "a", 3628), "fetch");
    }

    #[test]
    fn while_the_endpoint_fails_unknown_ids_are_answered_at_once() {
        let mut cache = warm();
        cache.begin(at(300));
        assert_eq!(decide_at(&mut cache, "x", at(300), true), "fetch", "it may come");
        cache.fail(failed(), false);
        assert_eq!(decide(&mut cache, "x", 329), "jwk-remote-failed-to-load", "x may be new");
        assert_eq!(decide(&mut cache, "x", 330), "refuse and refresh");
        cache.begin(at(330));
        assert_eq!(decide_at(&mut cache, "x", at(330), true), "jwk-remote-failed-to-load");
        cache.succeed(set(&["a", "x"]), at(330));
        assert_eq!(decide(&mut cache, "x", 331), "use");
        assert_eq!(decide(&mut cache, "y", 331), "jwk-kid-mismatch");
    }

    fn is_settled(cache: &KeyCache, id: &str, now: SystemTime) -> bool {
        cache.settled().is_some_and(|settled| settled.key(Some(id), now).is_some())
    }

    #[test]
    fn a_fresh_set_is_settled() {
        let mut cache = warm();
        assert!(is_settled(&cache, "a", at(0)) && is_settled(&cache, "a", at(239)));
        assert!(!is_settled(&cache, "x", at(0)));
        assert!(!is_settled(&cache, "a", at(240)), "a fetch is due");
        assert!(cache.settled().unwrap().key(None, at(0)).is_none());
        let early = at(0) - CLOCK_TOLERANCE;
        assert!(is_settled(&cache, "a", early));
        let back = early - Duration::from_secs(1);
        assert!(!is_settled(&cache, "a", back), "the clock was set back");
        assert_eq!(decide_at(&mut cache, "a", back, false), "fetch");
        assert!(!is_settled(&cache, "a", back) && !is_settled(&cache, "a", at(0)));
    }

    #[test]
    fn a_stale_set_is_settled_between_attempts_that_fail() {
        let mut cache = warm();
        for (second, wait) in [(400, 1), (401, 2), (500, 4)] {
            assert!(!is_settled(&cache, "a", at(second)));
            cache.begin(at(second));
            cache.fail(failed(), false);
            assert!(is_settled(&cache, "a", at(second)));
            assert!(is_settled(&cache, "a", at(second + wait - 1)));
            assert!(!is_settled(&cache, "a", at(second + wait)), "an attempt is due");
        }
        cache.begin(at(3598));
        cache.fail(failed(), true);
        assert!(is_settled(&cache, "a", at(3599)) && !is_settled(&cache, "a", at(3600)));
        cache.begin(at(3628));
        cache.succeed(set(&["b"]), at(3628));
        assert!(is_settled(&cache, "b", at(3628)) && !is_settled(&cache, "a", at(3628)));
    }

    /// A fetch that began before the clock was set back, and ends after it.
    #[test]
    fn a_set_dated_in_the_future_is_not_trusted_until_then() {
        let mut cache = KeyCache::default();
        cache.begin(at(100_000));
        assert_eq!(decide_at(&mut cache, "a", at(0), true), "fetch");
        cache.succeed(set(&["a"]), at(100_000));
        assert_eq!(decide(&mut cache, "a", 0), "fetch");
    }

    #[test]
    fn a_clock_set_back_causes_one_fetch_and_no_endless_trust() {
        let mut cache = KeyCache::default();
        cache.begin(at(1_000_000));
        cache.succeed(set(&["a"]), at(1_000_000));
        assert_eq!(decide(&mut cache, "a", 1_000_000 - 60), "use", "another thread's now");
        assert_eq!(decide(&mut cache, "a", 0), "fetch");
        cache.begin(at(0));
        cache.fail(failed(), false);
        assert_eq!(decide(&mut cache, "a", 0), "use");
        assert_eq!(decide(&mut cache, "a", 3300), "fetch", "the hard lifetime runs");
        cache.begin(at(3300));
        cache.succeed(set(&["a"]), at(3300));
        assert_eq!(decide(&mut cache, "a", 3301), "use");
        assert_eq!(decide_at(&mut cache, "a", UNIX_EPOCH, false), "fetch");
    }

    proptest! {
        /// Attack 31. Attack 33. Attack 34. Whatever comes, and whatever the endpoint does.
        #[test]
        fn no_set_is_used_too_long_and_no_endpoint_asked_too_often(
            steps in proptest::collection::vec((0u64..200, 0usize..3, any::<bool>()), 1..100),
        ) {
            let mut cache = KeyCache::default();
            let (mut now, mut fetched, mut attempts) = (0, None, Vec::<(u64, bool)>::new());
            for (pause, id, is_up) in steps {
                now += pause;
                let id = ["a", "x", "y"][id];
                let is_settled = is_settled(&cache, id, at(now));
                let answer = decide(&mut cache, id, now);
                prop_assert!(!is_settled || answer == "use", "{}", answer);
                if answer == "use" || answer == "use and refresh" {
                    prop_assert_eq!(id, "a");
                    let age = now - fetched.unwrap();
                    let has_failed = attempts.last().is_some_and(|(at, up)| !up && now - at < 300);
                    prop_assert!(age < 300 || age < 3600 && has_failed, "{}", age);
                }
                if answer != "fetch" && !answer.ends_with("refresh") {
                    continue;
                }
                if let Some((last, was_up)) = attempts.last() {
                    let is_asked_for_unknown = id != "a" && fetched.is_some_and(|at| now - at < 3600);
                    let least = if *was_up || is_asked_for_unknown { 30 } else { 1 };
                    prop_assert!(now - last >= least, "{} after {}", now, last);
                }
                attempts.push((now, is_up));
                cache.begin(at(now));
                if is_up {
                    cache.succeed(set(&["a"]), at(now));
                    fetched = Some(now);
                } else {
                    cache.fail(failed(), false);
                }
                if answer == "fetch" && is_up && id != "a" {
                    cache.note_absent(id, at(now));
                }
                prop_assert_ne!(decide(&mut cache, id, now), "fetch", "nobody waits twice");
            }
        }
    }
}

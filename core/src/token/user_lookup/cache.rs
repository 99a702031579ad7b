//! When to use, fetch or do without what is known of a user. Pure: no clock, no I/O.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::profile::Profile;

/// How long what Clerk says of a user is used without asking again.
const FRESH: Duration = Duration::from_secs(60);
/// How long it is used while Clerk cannot be reached.
const STALE_IF_ERROR: Duration = Duration::from_secs(3600);
/// The longest time between two attempts after failures.
const COOLDOWN: Duration = Duration::from_secs(30);
/// The time to the next attempt after a first failure; it doubles up to the cooldown.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// How many users are remembered.
const MAX_USERS: usize = 4096;
/// By how much the times of two callers may differ. A time further ahead is of before the clock was
/// set back.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct ProfileCache {
    users: HashMap<String, Entry>,
    /// The ids in the order in which they came.
    order: VecDeque<String>,
    /// The last attempt's failure, and the wait that it imposes on all: they ask one server.
    failure: Option<(SystemTime, Duration)>,
}

#[derive(Debug)]
struct Entry {
    /// `None` for a user whom Clerk does not know.
    profile: Option<Arc<Profile>>,
    fetched_at: SystemTime,
}

#[derive(Debug)]
pub(super) enum Answer {
    /// What there is, be it nothing.
    Use(Option<Arc<Profile>>),
    /// Fetch, or wait for the fetch under way, and ask again.
    Fetch,
}

impl ProfileCache {
    pub(super) fn decide(&self, id: &str, now: SystemTime) -> Answer {
        let known = self.users.get(id).map(|entry| (entry, age(entry.fetched_at, now)));
        match known {
            Some((entry, age)) if age < FRESH => Answer::Use(entry.profile.clone()),
            _ if !self.is_cooling_down(now) => Answer::Fetch,
            Some((entry, age)) if age < STALE_IF_ERROR => Answer::Use(entry.profile.clone()),
            _ => Answer::Use(None),
        }
    }

    /// The attempt that began at `began` brought an answer.
    pub(super) fn succeed(&mut self, id: String, profile: Option<Arc<Profile>>, began: SystemTime) {
        self.failure = None;
        let entry = Entry { profile, fetched_at: began };
        if self.users.insert(id.clone(), entry).is_some() {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > MAX_USERS
            && let Some(oldest) = self.order.pop_front()
        {
            self.users.remove(&oldest);
        }
    }

    /// The attempt that began at `began` failed. A refusal by the server (4xx) is not worth an early
    /// retry.
    pub(super) fn fail(&mut self, began: SystemTime, is_refusal: bool) {
        let wait = match self.failure {
            _ if is_refusal => COOLDOWN,
            // Several that failed together are one failure.
            Some((at, wait)) if age(at, began) < wait => wait,
            Some((_, wait)) => (wait * 2).min(COOLDOWN),
            None => FIRST_RETRY,
        };
        self.failure = Some((began, wait));
    }

    fn is_cooling_down(&self, now: SystemTime) -> bool {
        self.failure.is_some_and(|(at, wait)| age(at, now) < wait)
    }
}

fn age(since: SystemTime, now: SystemTime) -> Duration {
    match now.duration_since(since) {
        Ok(age) => age,
        Err(ahead) if ahead.duration() <= CLOCK_TOLERANCE => Duration::ZERO,
        Err(_) => Duration::MAX,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    fn answer(cache: &ProfileCache, now: u64) -> &'static str {
        match cache.decide("user_1", at(now)) {
            Answer::Use(Some(_)) => "use",
            Answer::Use(None) => "nothing",
            Answer::Fetch => "fetch",
        }
    }

    fn known() -> ProfileCache {
        let mut cache = ProfileCache::default();
        cache.succeed("user_1".to_owned(), Some(Arc::default()), at(0));
        cache
    }

    #[test]
    fn a_user_is_fresh_for_a_minute() {
        let cache = known();
        assert_eq!((answer(&cache, 0), answer(&cache, 59)), ("use", "use"));
        assert_eq!(answer(&cache, 60), "fetch");
        let mut cache = ProfileCache::default();
        assert_eq!(answer(&cache, 0), "fetch");
        cache.succeed("user_1".to_owned(), None, at(0));
        assert_eq!((answer(&cache, 59), answer(&cache, 60)), ("nothing", "fetch"));
    }

    #[test]
    fn a_failure_leaves_what_is_known_for_an_hour() {
        let mut cache = known();
        for began in (60..4000).step_by(60) {
            cache.fail(at(began), false);
            let expected = if began < 3600 { "use" } else { "nothing" };
            assert_eq!(answer(&cache, began), expected, "{began}");
        }
    }

    #[test]
    fn failures_are_retried_after_longer_and_longer_waits() {
        let mut cache = ProfileCache::default();
        let mut began = 0;
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            cache.fail(at(began), false);
            assert_eq!(answer(&cache, began + wait - 1), "nothing");
            assert_eq!(answer(&cache, began + wait), "fetch");
            began += wait;
        }
        let mut refused = ProfileCache::default();
        refused.fail(at(0), true);
        assert_eq!((answer(&refused, 29), answer(&refused, 30)), ("nothing", "fetch"));
        let mut together = ProfileCache::default();
        (0..20).for_each(|_| together.fail(at(0), false));
        assert_eq!(answer(&together, 1), "fetch");
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nothing_for_ever() {
        let mut cache = ProfileCache::default();
        cache.succeed("user_1".to_owned(), Some(Arc::default()), at(86_400));
        assert_eq!(answer(&cache, 0), "fetch");
        cache.fail(at(86_400), true);
        assert_eq!(answer(&cache, 0), "fetch");
    }

    #[test]
    fn the_oldest_user_makes_room() {
        let mut cache = known();
        for index in 0..MAX_USERS {
            cache.succeed(format!("user_x{index}"), None, at(0));
        }
        assert_eq!((cache.users.len(), cache.order.len()), (MAX_USERS, MAX_USERS));
        assert_eq!(answer(&cache, 0), "fetch");
        cache.succeed("user_x7".to_owned(), None, at(1));
        assert_eq!(cache.order.len(), MAX_USERS, "one who is known takes no new place");
    }
}

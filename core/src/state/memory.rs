//! State in the memory of one process.

use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use super::entries::{Entries, Entry};
use super::store::{
    StateFuture, StatePage, StateStore, check_key, check_limit, check_prefix, check_ttl,
    check_value,
};
use crate::{Error, ErrorKind, Result};

/// How many expired entries a write clears away.
const CLEARED_PER_WRITE: usize = 16;
/// The room when nothing else is said.
const DEFAULT_MAX_BYTES: u64 = 256 << 20;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// A [`StateStore`] in the memory of one process.
///
/// It never evicts: when live entries fill it, a write that needs more room fails with
/// `state-unavailable`, and all that is there stays readable and can be deleted. Expired entries
/// are cleared away by later writes; it starts no task and no thread. Its clock goes on steadily
/// when the system's is set. Listings are in the order of the keys, each entry once.
pub struct MemoryState {
    clock: Clock,
    max_bytes: u64,
    entries: Mutex<Entries>,
}

impl MemoryState {
    /// An empty store with room for 256 MiB, its own overhead included.
    pub fn new() -> Self {
        let (started, since) = (SystemTime::now(), Instant::now());
        Self::with(DEFAULT_MAX_BYTES, Arc::new(move || started + since.elapsed()))
    }

    /// An empty store with room for `max_bytes`, its own overhead of about 160 bytes an entry
    /// included, that goes by `clock`.
    pub fn with(max_bytes: u64, clock: Clock) -> Self {
        Self { clock, max_bytes, entries: Mutex::new(Entries::default()) }
    }

    /// What the entries take, in bytes, those included that have expired and still take room.
    pub fn used_bytes(&self) -> u64 {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets `new` where `is_expected` says so of what is there, at one moment.
    fn replace(
        &self,
        key: &str,
        new: Option<Bytes>,
        ttl: Option<Duration>,
        is_expected: impl FnOnce(Option<&Bytes>) -> bool,
    ) -> Result<bool> {
        check_key(key)?;
        new.as_ref().map_or(Ok(()), check_value)?;
        let ttl = check_ttl(ttl)?;
        let mut entries = self.lock();
        let now = (self.clock)();
        if !is_expected(entries.live(key, now)) {
            return Ok(false);
        }
        entries.clear_expired(now, CLEARED_PER_WRITE);
        match new {
            None => entries.remove(key),
            Some(value) => {
                // A slice of a larger buffer would keep all of it.
                let value = Bytes::copy_from_slice(&value);
                let expires_at = ttl.and_then(|ttl| now.checked_add(ttl));
                entries.insert(key, Entry { value, expires_at }, now, self.max_bytes)?;
            }
        }
        Ok(true)
    }

    fn page(&self, prefix: &str, cursor: Option<&str>, limit: usize) -> Result<StatePage> {
        check_prefix(prefix)?;
        check_limit(limit)?;
        if cursor.is_some_and(|last| check_key(last).is_err() || !last.starts_with(prefix)) {
            return Err(Error::new(
                ErrorKind::InvalidCursor,
                "shared state: the cursor is not of this listing",
            ));
        }
        let start = cursor.map_or(Bound::Included(prefix), Bound::Excluded);
        let entries = self.lock();
        let now = (self.clock)();
        let mut live = entries
            .by_key
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(_, entry)| !entry.has_expired(now));
        let entries: Vec<(String, Bytes)> = live
            .by_ref()
            .take(limit)
            .map(|(key, entry)| (key.to_string(), entry.value.clone()))
            .collect();
        let is_last = live.next().is_none();
        let next_cursor = entries.last().filter(|_| !is_last).map(|(key, _)| key.clone());
        Ok(StatePage { entries, next_cursor })
    }
}

impl Default for MemoryState {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.lock();
        f.debug_struct("MemoryState")
            .field("entries", &entries.by_key.len())
            .field("used_bytes", &entries.bytes)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}

impl StateStore for MemoryState {
    fn get<'a>(&'a self, key: &'a str) -> StateFuture<'a, Option<Bytes>> {
        Box::pin(async move {
            check_key(key)?;
            let entries = self.lock();
            Ok(entries.live(key, (self.clock)()).cloned())
        })
    }

    fn put<'a>(&'a self, key: &'a str, value: Bytes, ttl: Option<Duration>) -> StateFuture<'a, ()> {
        Box::pin(async move { self.replace(key, Some(value), ttl, |_| true).map(drop) })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> StateFuture<'a, bool> {
        Box::pin(async move { self.replace(key, Some(value), ttl, |found| found.is_none()) })
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<Bytes>,
        new: Option<Bytes>,
        ttl: Option<Duration>,
    ) -> StateFuture<'a, bool> {
        Box::pin(async move { self.replace(key, new, ttl, |found| found == expected.as_ref()) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> StateFuture<'a, bool> {
        Box::pin(async move { self.replace(key, None, None, |found| found.is_some()) })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        cursor: Option<String>,
        limit: usize,
    ) -> StateFuture<'a, StatePage> {
        Box::pin(async move { self.page(prefix, cursor.as_deref(), limit) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU64, Ordering};

    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;
    use crate::state::entries::ENTRY_BYTES;

    /// A clock that stands still until it is moved.
    #[derive(Clone, Default)]
    struct HandClock(Arc<AtomicU64>);

    impl HandClock {
        fn advance(&self, millis: u64) {
            self.0.fetch_add(millis, Ordering::SeqCst);
        }

        fn store(&self, max_bytes: u64) -> MemoryState {
            let millis = Arc::clone(&self.0);
            let now = move || {
                SystemTime::UNIX_EPOCH + Duration::from_millis(millis.load(Ordering::SeqCst))
            };
            MemoryState::with(max_bytes, Arc::new(now))
        }
    }

    fn ready<T>(future: StateFuture<'_, T>) -> Result<T> {
        future.now_or_never().unwrap()
    }

    fn millis(millis: u64) -> Option<Duration> {
        Some(Duration::from_millis(millis))
    }

    fn bytes(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    #[test]
    fn entries_expire_on_the_millisecond() {
        let clock = HandClock::default();
        let store = clock.store(1 << 20);
        ready(store.put("a", bytes("1"), millis(10))).unwrap();
        clock.advance(9);
        assert_eq!(ready(store.get("a")).unwrap(), Some(bytes("1")));
        assert!(!ready(store.put_if_absent("a", bytes("2"), None)).unwrap());
        clock.advance(1);
        assert_eq!(ready(store.get("a")).unwrap(), None);
        assert!(ready(store.list("", None, 10)).unwrap().entries.is_empty());
        assert!(!ready(store.delete("a")).unwrap());
        assert!(!ready(store.compare_and_swap("a", Some(bytes("1")), None, None)).unwrap());
        assert!(ready(store.put_if_absent("a", bytes("2"), None)).unwrap());
        clock.advance(u64::from(u32::MAX));
        assert_eq!(ready(store.get("a")).unwrap(), Some(bytes("2")));
    }

    #[test]
    fn each_write_sets_the_time_anew() {
        let clock = HandClock::default();
        let store = clock.store(1 << 20);
        ready(store.put("a", bytes("1"), millis(10))).unwrap();
        ready(store.put("a", bytes("1"), millis(100))).unwrap();
        ready(store.put("b", bytes("1"), millis(10))).unwrap();
        assert!(
            ready(store.compare_and_swap("b", Some(bytes("1")), Some(bytes("2")), None)).unwrap()
        );
        clock.advance(50);
        assert!(ready(store.get("a")).unwrap().is_some());
        clock.advance(50);
        assert!(ready(store.get("a")).unwrap().is_none());
        assert_eq!(ready(store.get("b")).unwrap(), Some(bytes("2")));
    }

    #[test]
    fn swapping_creates_replaces_and_deletes() {
        let store = MemoryState::new();
        let swap = |expected: Option<&str>, new: Option<&str>| {
            let (expected, new) = (expected.map(bytes), new.map(bytes));
            ready(store.compare_and_swap("a", expected, new, None)).unwrap()
        };
        assert!(!swap(Some("1"), Some("2")));
        assert!(swap(None, Some("1")));
        assert!(!swap(None, Some("3")));
        assert!(swap(Some("1"), Some("2")));
        assert!(!swap(Some("1"), None));
        assert!(swap(Some("2"), None));
        assert!(swap(None, None));
        assert_eq!(store.used_bytes(), 0);
    }

    #[test]
    fn a_full_store_keeps_what_lives_and_drops_what_has_expired() {
        let clock = HandClock::default();
        let store = clock.store(1_000);
        ready(store.put("a", Bytes::from(vec![1; 400]), None)).unwrap();
        ready(store.put("b", bytes("b"), millis(5))).unwrap();
        let large = Bytes::from(vec![2; 200]);
        let error = ready(store.put("c", large.clone(), None)).unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("state-unavailable", true));
        assert!(ready(store.put_if_absent("c", large.clone(), None)).is_err());
        assert!(ready(store.get("a")).unwrap().is_some());
        assert!(ready(store.get("b")).unwrap().is_some());
        assert!(ready(store.get("c")).unwrap().is_none());
        ready(store.put("a", Bytes::from(vec![3; 410]), None)).unwrap();
        clock.advance(5);
        ready(store.put("c", large, None)).unwrap();
        assert!(ready(store.delete("a")).unwrap());
    }

    #[test]
    fn expired_entries_give_their_room_back() {
        let clock = HandClock::default();
        let store = clock.store(1 << 20);
        for round in 0..50_000 {
            ready(store.put(&format!("k{round}"), bytes("v"), millis(100))).unwrap();
            clock.advance(1);
        }
        assert!(store.used_bytes() < 200 * (ENTRY_BYTES + 20), "{}", store.used_bytes());
    }

    #[test]
    fn listing_goes_through_a_prefix_page_by_page() {
        let store = MemoryState::new();
        for key in ["job:1", "job:2", "job:3", "job", "jobs:1", "job:20", "a", "z"] {
            ready(store.put(key, bytes(key), None)).unwrap();
        }
        let (mut keys, mut cursor) = (Vec::new(), None);
        loop {
            let page = ready(store.list("job:", cursor, 2)).unwrap();
            assert!(page.entries.len() <= 2);
            keys.extend(page.entries.into_iter().map(|(key, _)| key));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(keys, ["job:1", "job:2", "job:20", "job:3"]);
        assert_eq!(ready(store.list("", None, 1_000)).unwrap().entries.len(), 8);
        assert_eq!(ready(store.list("none", None, 1)).unwrap(), StatePage::default());
        for cursor in ["", "a", "jobs:1", "job:\n"] {
            let error = ready(store.list("job:", Some(cursor.to_owned()), 2)).unwrap_err();
            assert_eq!(error.code(), "invalid-cursor", "{cursor:?}");
        }
        assert_eq!(ready(store.list("job:", None, 0)).unwrap_err().code(), "invalid-request");
    }

    #[test]
    fn what_is_out_of_bounds_writes_nothing() {
        let store = MemoryState::new();
        let large = Bytes::from(vec![0; super::super::MAX_VALUE_BYTES + 1]);
        assert!(ready(store.put("", bytes("v"), None)).is_err());
        assert!(ready(store.put("a", large, None)).is_err());
        assert!(ready(store.put("a", bytes("v"), Some(Duration::ZERO))).is_err());
        assert!(ready(store.get("a b")).is_err());
        assert_eq!(store.used_bytes(), 0);
    }

    #[test]
    fn swaps_from_many_threads_lose_nothing() {
        const THREADS: u64 = 8;
        const ROUNDS: u64 = 500;
        let store = MemoryState::new();
        let created = AtomicU64::new(0);
        let read = |value: &Option<Bytes>| -> u64 {
            let text = value.as_ref().map(|bytes| std::str::from_utf8(bytes).unwrap());
            text.map_or(0, |text| text.parse().unwrap())
        };
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for round in 0..ROUNDS {
                        loop {
                            let found = ready(store.get("counter")).unwrap();
                            let next = bytes(&(read(&found) + 1).to_string());
                            let swap = store.compare_and_swap("counter", found, Some(next), None);
                            if ready(swap).unwrap() {
                                break;
                            }
                        }
                        let key = format!("once:{round}");
                        if ready(store.put_if_absent(&key, bytes("x"), None)).unwrap() {
                            created.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(read(&ready(store.get("counter")).unwrap()), THREADS * ROUNDS);
        assert_eq!(created.load(Ordering::SeqCst), ROUNDS);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Advance(u64),
        Put(String, Bytes, Option<u64>),
        PutIfAbsent(String, Bytes, Option<u64>),
        Swap(String, Option<Bytes>, Option<Bytes>, Option<u64>),
        Delete(String),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let key = || "[ab]{1,2}";
        let value = || "[xy]".prop_map(Bytes::from);
        let ttl = || prop::option::of(1..20u64);
        prop_oneof![
            (1..10u64).prop_map(Step::Advance),
            (key(), value(), ttl()).prop_map(|(key, value, ttl)| Step::Put(key, value, ttl)),
            (key(), value(), ttl())
                .prop_map(|(key, value, ttl)| Step::PutIfAbsent(key, value, ttl)),
            (key(), prop::option::of(value()), prop::option::of(value()), ttl())
                .prop_map(|(key, expected, new, ttl)| Step::Swap(key, expected, new, ttl)),
            key().prop_map(Step::Delete),
        ]
    }

    /// What the store should hold: each value with the moment at which it expires.
    #[derive(Default)]
    struct Model {
        now: u64,
        entries: BTreeMap<String, (Bytes, Option<u64>)>,
    }

    impl Model {
        fn swap(
            &mut self,
            key: String,
            new: Option<Bytes>,
            ttl: Option<u64>,
            is_expected: impl FnOnce(Option<&Bytes>) -> bool,
        ) -> bool {
            let now = self.now;
            self.entries.retain(|_, (_, expires_at)| expires_at.is_none_or(|at| at > now));
            if !is_expected(self.entries.get(&key).map(|(value, _)| value)) {
                return false;
            }
            match new {
                Some(value) => self.entries.insert(key, (value, ttl.map(|ttl| now + ttl))),
                None => self.entries.remove(&key),
            };
            true
        }

        fn live(&self) -> Vec<(String, Bytes)> {
            self.entries
                .iter()
                .filter(|(_, (_, expires_at))| expires_at.is_none_or(|at| at > self.now))
                .map(|(key, (value, _))| (key.clone(), value.clone()))
                .collect()
        }
    }

    proptest! {
        #[test]
        fn it_does_what_a_plain_map_does(steps in prop::collection::vec(any_step(), 0..60)) {
            let clock = HandClock::default();
            let store = clock.store(1 << 20);
            let mut model = Model::default();
            for step in steps {
                match step {
                    Step::Advance(by) => {
                        clock.advance(by);
                        model.now += by;
                    }
                    Step::Put(key, value, ttl) => {
                        let ttl_millis = ttl.and_then(millis);
                        ready(store.put(&key, value.clone(), ttl_millis)).unwrap();
                        model.swap(key, Some(value), ttl, |_| true);
                    }
                    Step::PutIfAbsent(key, value, ttl) => {
                        let ttl_millis = ttl.and_then(millis);
                        let put = store.put_if_absent(&key, value.clone(), ttl_millis);
                        let done = ready(put).unwrap();
                        let expected = model.swap(key, Some(value), ttl, |found| found.is_none());
                        prop_assert_eq!(done, expected);
                    }
                    Step::Swap(key, expected, new, ttl) => {
                        let ttl_millis = ttl.and_then(millis);
                        let swap =
                            store.compare_and_swap(&key, expected.clone(), new.clone(), ttl_millis);
                        let done = ready(swap).unwrap();
                        let same =
                            model.swap(key, new, ttl, |found| found == expected.as_ref());
                        prop_assert_eq!(done, same);
                    }
                    Step::Delete(key) => {
                        let done = ready(store.delete(&key)).unwrap();
                        prop_assert_eq!(done, model.swap(key, None, None, |found| found.is_some()));
                    }
                }
                prop_assert_eq!(ready(store.list("", None, 1_000)).unwrap().entries, model.live());
            }
        }
    }
}

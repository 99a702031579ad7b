use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use proptest::prelude::*;

use super::ledger::MAX_OPEN;
use super::record::{Begun, COUNT_LIVES, Record};
use super::*;
use crate::state::{MAX_VALUE_BYTES, MemoryState, StateFuture, StatePage, StateStore};
use crate::{Error, ErrorKind, Result};

const LIMIT: u64 = 100;

/// A bucket with one scope, and all who write there. Each look at a key, and each change of the
/// record, first lets others take their steps.
#[derive(Debug, Default)]
struct World {
    state: MemoryState,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    now: u64,
    files: BTreeMap<u8, u64>,
    held: Vec<Held>,
    script: VecDeque<Step>,
    counts: usize,
}

#[derive(Debug, Clone)]
struct Held {
    id: ReservationId,
    key: u8,
    bytes: u64,
    ends: u64,
    written: Option<u64>,
}

#[derive(Debug, Clone)]
enum Step {
    Reserve {
        key: u8,
        bytes: u64,
        life: u64,
    },
    Write {
        which: usize,
        bytes: u64,
    },
    Settle {
        which: usize,
    },
    Release {
        which: usize,
    },
    Delete {
        key: u8,
    },
    Wait {
        seconds: u64,
    },
    /// Lets whoever waits go on.
    Yield,
}

type Steps<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl World {
    fn with_files(files: impl IntoIterator<Item = (u8, u64)>) -> Self {
        let world = Self::default();
        world.inner().files = files.into_iter().collect();
        world
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    fn ledger(&self) -> Ledger<'_> {
        Ledger::new(self, "bucket", "user_1/")
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000_000 + self.inner().now)
    }

    async fn reserve(&self, key: u8, bytes: u64, life: u64) -> Result<ReservationId> {
        let now = self.now();
        let ends = now + Duration::from_secs(life);
        let wanted = Reservation { key: hash(key), bytes, ends };
        let id = self.ledger().reserve(&wanted, now, self, |stored| admit(stored, bytes)).await?;
        let mut inner = self.inner();
        // What others did meanwhile took time.
        let ends =
            inner.now.max(ends.duration_since(UNIX_EPOCH).unwrap().as_secs() - 1_000_000_000);
        inner.held.push(Held { id: id.clone(), key, bytes, ends, written: None });
        Ok(id)
    }

    async fn settle(&self, id: &ReservationId, bytes: Option<u64>) {
        self.ledger().settle(id, bytes, self.now()).await.unwrap();
    }

    async fn release(&self, id: &ReservationId) {
        self.ledger().release(id, self.now()).await.unwrap();
    }

    /// Takes the steps of the script up to where it yields.
    fn go_on(&self) -> Steps<'_> {
        Box::pin(async {
            loop {
                let step = self.inner().script.pop_front();
                match step {
                    None | Some(Step::Yield) => return,
                    Some(step) => self.take(step).await,
                }
                self.check().await;
            }
        })
    }

    fn take(&self, step: Step) -> Steps<'_> {
        Box::pin(async move {
            match step {
                Step::Reserve { key, bytes, life } => drop(self.reserve(key, bytes, life).await),
                Step::Write { which, bytes } => self.inner().write(which, bytes),
                Step::Settle { which } => {
                    let held = self.inner().take_held(which, Option::is_some);
                    if let Some(held) = held {
                        self.settle(&held.id, held.written).await;
                    }
                }
                Step::Release { which } => {
                    let held = self.inner().take_held(which, Option::is_none);
                    if let Some(held) = held {
                        self.release(&held.id).await;
                    }
                }
                Step::Delete { key } => drop(self.inner().files.remove(&key)),
                Step::Wait { seconds } => self.inner().now += seconds,
                Step::Yield => {}
            }
        })
    }

    /// Nobody ever has more than the limit, and the ledger never knows of less than there may be.
    async fn check(&self) {
        let total = self.total().await;
        let inner = self.inner();
        assert!(inner.stored() <= LIMIT, "{inner:?}");
        if let Some(total) = total {
            assert!(total >= inner.stored(), "{total} {inner:?}");
        }
    }

    /// What the record says, if there is one.
    async fn total(&self) -> Option<u64> {
        let stored = self.state.get("quota/bucket/user_1/").await.unwrap()?;
        Some(serde_json::from_slice::<Record>(&stored).unwrap().total())
    }
}

impl Inner {
    fn stored(&self) -> u64 {
        self.files.values().sum()
    }

    fn write(&mut self, which: usize, bytes: u64) {
        let now = self.now;
        let count = self.held.len().max(1);
        let held = self.held.get_mut(which % count);
        let Some(held) = held.filter(|held| now < held.ends) else { return };
        let bytes = bytes.min(held.bytes);
        held.written = Some(bytes);
        self.files.insert(held.key, bytes);
    }

    fn take_held(&mut self, which: usize, fits: fn(&Option<u64>) -> bool) -> Option<Held> {
        let which = which % self.held.len().max(1);
        let held = self.held.get(which).filter(|held| fits(&held.written))?;
        let held = held.clone();
        self.held.remove(which);
        Some(held)
    }
}

impl CountFiles for World {
    async fn count(&self, apart: &BTreeSet<KeyHash>) -> Result<Counted> {
        self.inner().counts += 1;
        let mut counted = Counted::default();
        for key in 0..=u8::MAX {
            if key < 4 {
                self.go_on().await;
            }
            let Some(bytes) = self.inner().files.get(&key).copied() else { continue };
            counted.bytes += bytes;
            if apart.contains(&hash(key)) {
                counted.by_key.insert(hash(key), bytes);
            }
        }
        Ok(counted)
    }
}

/// The state, at which others come in between.
impl StateStore for World {
    fn get<'a>(&'a self, key: &'a str) -> StateFuture<'a, Option<Bytes>> {
        self.state.get(key)
    }

    fn put<'a>(&'a self, key: &'a str, value: Bytes, ttl: Option<Duration>) -> StateFuture<'a, ()> {
        self.state.put(key, value, ttl)
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> StateFuture<'a, bool> {
        self.state.put_if_absent(key, value, ttl)
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<Bytes>,
        new: Option<Bytes>,
        ttl: Option<Duration>,
    ) -> StateFuture<'a, bool> {
        Box::pin(async move {
            self.go_on().await;
            self.state.compare_and_swap(key, expected, new, ttl).await
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> StateFuture<'a, bool> {
        self.state.delete(key)
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        cursor: Option<String>,
        limit: usize,
    ) -> StateFuture<'a, StatePage> {
        self.state.list(prefix, cursor, limit)
    }
}

fn hash(key: u8) -> KeyHash {
    KeyHash::of(&format!("user_1/files/{key}"))
}

fn admit(stored: u64, bytes: u64) -> Result<()> {
    match stored.saturating_add(bytes) > LIMIT {
        true => Err(Error::new(ErrorKind::QuotaExceeded, "full").with_limit(LIMIT, stored)),
        false => Ok(()),
    }
}

fn used(refused: Result<ReservationId>) -> Option<u64> {
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
    error.details().used
}

#[tokio::test]
async fn what_is_stored_and_reserved_never_passes_the_limit() {
    let world = World::with_files([(1, 40)]);
    let held = world.reserve(2, 50, 60).await.unwrap();
    assert_eq!(used(world.reserve(3, 11, 60).await), Some(90));
    world.reserve(3, 10, 60).await.unwrap();
    assert_eq!(used(world.reserve(4, 1, 60).await), Some(100));
    world.release(&held).await;
    world.release(&held).await;
    assert_eq!(world.total().await, Some(50));
    world.settle(&held, None).await;
    assert_eq!(world.total().await, Some(50));
}

/// Nobody knows whether a file comes of it, so that it is held until none can come any more.
#[tokio::test]
async fn what_is_to_end_earlier_holds_until_then() {
    for written in [None, Some(25)] {
        let world = World::default();
        let held = world.reserve(1, 60, 1000).await.unwrap();
        let ends = world.now() + Duration::from_secs(100);
        world.ledger().end_by(&held, ends, world.now()).await.unwrap();
        world.inner().now += 99;
        assert_eq!(used(world.reserve(2, 41, 60).await), Some(60));
        world.inner().files.extend(written.map(|bytes| (1, bytes)));
        world.inner().now += 1;
        let left = LIMIT - written.unwrap_or_default();
        world.reserve(2, left, 60).await.unwrap();
        // One that has ended is not there to be changed, and none ends later than it was to.
        world.ledger().end_by(&held, ends, world.now()).await.unwrap();
        assert_eq!(world.total().await, Some(LIMIT));
    }
}

#[tokio::test]
async fn it_counts_when_it_knows_nothing_and_before_it_refuses() {
    let world = World::with_files([(1, 40)]);
    world.reserve(2, 10, 60).await.unwrap();
    world.reserve(3, 10, 60).await.unwrap();
    assert_eq!(world.inner().counts, 1);
    world.inner().files.clear();
    world.reserve(4, 80, 60).await.unwrap();
    assert_eq!(world.inner().counts, 2);
    world.inner().files.insert(9, 1);
    world.inner().now += COUNT_LIVES.as_secs();
    let last = world.reserve(5, 99, 60).await.unwrap();
    assert_eq!(world.inner().counts, 3);
    world.release(&last).await;
    world.inner().now += 1_000_000;
    world.reserve(5, 99, 60).await.unwrap();
}

/// The owner of a reservation has died: what it holds is held until it ends, and what came of it
/// stays counted.
#[tokio::test]
async fn a_reservation_that_has_ended_is_what_is_found() {
    for written in [None, Some(25)] {
        let world = World::default();
        world.reserve(1, 60, 100).await.unwrap();
        if let Some(bytes) = written {
            world.inner().files.insert(1, bytes);
        }
        world.inner().now += 99;
        assert_eq!(used(world.reserve(2, 41, 60).await), Some(60));
        world.inner().now += 1;
        let free = LIMIT - written.unwrap_or_default();
        assert_eq!(used(world.reserve(2, free + 1, 60).await), written.or(Some(0)));
        world.reserve(2, free, 60).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_replaced_does_not_count_twice() {
    let world = World::with_files([(1, 70), (2, 20)]);
    let larger = world.reserve(1, 80, 60).await.unwrap();
    assert_eq!(world.total().await, Some(100));
    // One of them can be there at a time.
    let smaller = world.reserve(1, 5, 60).await.unwrap();
    assert_eq!(world.total().await, Some(100));
    world.inner().files.insert(1, 80);
    world.settle(&larger, Some(80)).await;
    assert_eq!(world.total().await, Some(100));
    world.inner().files.insert(1, 5);
    world.settle(&smaller, Some(5)).await;
    world.reserve(3, 75, 60).await.unwrap();
}

/// The one that wrote last is settled first.
#[tokio::test]
async fn settlements_of_one_key_may_come_in_any_order() {
    let world = World::with_files([(1, 40)]);
    let first = world.reserve(1, 10, 60).await.unwrap();
    let second = world.reserve(1, 60, 60).await.unwrap();
    world.inner().files.insert(1, 60);
    world.settle(&second, Some(60)).await;
    world.settle(&first, Some(10)).await;
    assert_eq!(world.total().await, Some(60));
}

/// It was written after the count had come by, and settled before the count was noted.
#[tokio::test]
async fn what_is_settled_while_the_scope_is_counted_counts() {
    let world = World::default();
    world.reserve(0, 30, 900).await.unwrap();
    world.inner().now += COUNT_LIVES.as_secs();
    let meanwhile =
        [Step::Yield, Step::Yield, Step::Write { which: 0, bytes: 30 }, Step::Settle { which: 0 }];
    world.inner().script = meanwhile.into();
    assert_eq!(used(world.reserve(3, 71, 60).await), Some(30));
    assert!(world.inner().held.is_empty());
    world.reserve(3, 70, 60).await.unwrap();
}

/// What came of a reservation that a later count has dropped, an earlier one may not have seen.
#[test]
fn a_count_that_was_overtaken_is_not_noted() {
    let early = Begun::at(UNIX_EPOCH + Duration::from_secs(1), None);
    let late = Begun::at(UNIX_EPOCH + Duration::from_secs(2), None);
    let mut record = Record::new(String::new());
    assert!(record.note(&late, &Counted { bytes: 5, ..Counted::default() }));
    assert!(!record.note(&early, &Counted::default()));
    assert_eq!(record.total(), 5);
}

/// What a link has stored is there before its reservation ends.
#[tokio::test]
async fn a_file_that_is_there_while_its_reservation_is_open_counts_once() {
    let world = World::default();
    world.reserve(1, 60, 900).await.unwrap();
    world.inner().files.insert(1, 60);
    world.reserve(2, 40, 900).await.unwrap();
    world.inner().now += COUNT_LIVES.as_secs();
    assert_eq!(used(world.reserve(3, 1, 900).await), Some(100));
}

#[tokio::test]
async fn a_scope_has_so_many_reservations_at_a_time() {
    let world = World::default();
    for _ in 0..MAX_OPEN {
        world.reserve(1, 1, u64::from(u32::MAX)).await.unwrap();
    }
    let stored = world.state.get("quota/bucket/user_1/").await.unwrap().unwrap();
    assert!(stored.len() < MAX_VALUE_BYTES * 3 / 4, "{}", stored.len());
    let error = world.reserve(2, 1, 60).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let first = world.inner().held[0].id.clone();
    world.settle(&first, None).await;
    world.reserve(2, 1, 60).await.unwrap();
}

#[tokio::test]
async fn a_record_goes_when_nothing_is_reserved_and_its_count_is_stale() {
    let clock = Arc::new(Mutex::new(UNIX_EPOCH));
    let told = Arc::clone(&clock);
    let state = MemoryState::with(1 << 20, Arc::new(move || *told.lock().unwrap()));
    let world = World { state, ..World::default() };
    world.reserve(1, 10, 60).await.unwrap();
    *clock.lock().unwrap() += COUNT_LIVES + Duration::from_secs(59);
    assert_eq!(world.total().await, Some(10));
    *clock.lock().unwrap() += Duration::from_secs(1);
    assert_eq!(world.total().await, None);
}

#[tokio::test]
async fn what_is_no_record_is_no_quota() {
    let world = World::default();
    let ruined = Bytes::from_static(b"{\"id\":\"x\"}");
    world.state.put("quota/bucket/user_1/", ruined, None).await.unwrap();
    let error = world.reserve(1, 1, 60).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StateUnavailable);
}

/// Attack 57.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_at_a_time_get_what_there_is() {
    let world = Arc::new(World::with_files([(200, 50)]));
    let each = |key: u8| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.reserve(key, 1, 60).await.map(|id| (key, id)) })
    };
    let tasks: Vec<_> = (0..100).map(each).collect();
    let mut admitted = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(reserved) => admitted.push(reserved),
            Err(error) => assert_eq!(error.kind(), ErrorKind::QuotaExceeded),
        }
    }
    assert_eq!(admitted.len(), 50);
    for (key, id) in admitted {
        world.inner().files.insert(key, 1);
        world.settle(&id, Some(1)).await;
        world.settle(&id, Some(1)).await;
    }
    assert_eq!(world.total().await, Some(LIMIT));
    assert_eq!(used(world.reserve(201, 1, 60).await), Some(LIMIT));
}

fn any_step() -> impl Strategy<Value = Step> {
    let which = 0..8usize;
    prop_oneof![
        4 => (0..4u8, 0..60u64, 1..900u64)
            .prop_map(|(key, bytes, life)| Step::Reserve { key, bytes, life }),
        4 => (which.clone(), 0..60u64).prop_map(|(which, bytes)| Step::Write { which, bytes }),
        3 => which.clone().prop_map(|which| Step::Settle { which }),
        1 => which.prop_map(|which| Step::Release { which }),
        1 => (0..4u8).prop_map(|key| Step::Delete { key }),
        1 => (1..900u64).prop_map(|seconds| Step::Wait { seconds }),
        4 => Just(Step::Yield),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Attack 57. Whatever comes in between whatever, and in which order.
    #[test]
    fn no_order_of_events_lets_more_in(
        files in prop::collection::btree_map(0..4u8, 0..25u64, 0..4),
        script in prop::collection::vec(any_step(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let world = World::with_files(files);
            world.inner().script = script.into();
            while !world.inner().script.is_empty() {
                world.go_on().await;
            }
            // When all is over, what is free is free to the byte.
            world.inner().now += 1_000_000;
            let free = LIMIT - world.inner().stored();
            assert!(world.reserve(9, free + 1, 60).await.is_err());
            world.reserve(9, free, 60).await.unwrap();
        });
    }
}

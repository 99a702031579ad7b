//! What the ledger knows of one scope: the arithmetic, with no store and no clock.
//!
//! [`Record::total`] is never less than what the scope holds, as long as every file that is written
//! has a reservation, whatever happens while the scope is counted. A count is a listing, and a
//! listing is no snapshot: it begins, then sees each key at a moment of its own, then ends. Take one
//! key, and the last file written there:
//!
//! - Written before the listing came to the key: the count has its size. So it is with every
//!   reservation that was settled, or had ended, before the count began: the latter are dropped with
//!   the count, which is the look at their files. A count that began before the one that is noted is
//!   not noted any more: it may have come to the key of such a reservation too early.
//! - Written after it, by a reservation that is open when the count is noted: the larger of what the
//!   count found at the key and the most that the reservation may write there is in the total.
//! - Written after it, by a reservation that was settled since the count began: all that was settled
//!   since then is added to the count, though the listing may have seen it.
//!
//! The last errs by what was settled during a listing, and towards refusing, until the next count.
//! What a count found at a key makes up for nothing but reservations of that key: a replaced file
//! does not count twice, and neither does one that is there already while its reservation is open.
//! A settlement never lowers the total below what was found at the key: two of one key may be told in
//! another order than their files were written.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::ledger::{Counted, Reservation, ReservationId};

/// How long a count is good for. Meanwhile what is written without a reservation goes unseen.
pub(super) const COUNT_LIVES: Duration = Duration::from_secs(10 * 60);

/// 128 bits of the SHA-256 of a key: keys are too long for a record of many.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct KeyHash(String);

impl KeyHash {
    pub(crate) fn of(key: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(&digest(&SHA256, key.as_bytes()).as_ref()[..16]))
    }
}

/// The record of one scope. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// Tells it from one that stood in its place before and has expired.
    id: String,
    count: Count,
    /// All that has been settled in this record, ever.
    settled: u64,
    open: Vec<Open>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    begun: u64,
    bytes: u64,
    /// What had been settled when it began.
    settled_before: u64,
    /// What it found, and settlements have replaced since.
    replaced: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    id: ReservationId,
    key: KeyHash,
    /// The most that it may write.
    bytes: u64,
    /// What the total has of this key without its reservations, as far as it is known.
    found: u64,
    ends: u64,
}

/// What a count has to remember of the time when it begins.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    at: u64,
    /// The record, and what had been settled in it.
    record: Option<(String, u64)>,
}

impl Record {
    /// A record that nothing is known for: it has to be counted before it is used.
    pub(super) fn new(id: String) -> Self {
        let count = Count { begun: 0, bytes: 0, settled_before: 0, replaced: 0 };
        Self { id, count, settled: 0, open: Vec::new() }
    }

    /// Whether its count can still be gone by.
    pub(super) fn is_fresh(&self, now: SystemTime) -> bool {
        // The clocks of several processes differ.
        millis(now).abs_diff(self.count.begun) < to_millis(COUNT_LIVES)
    }

    pub(super) fn open_count(&self) -> usize {
        self.open.len()
    }

    pub(super) fn is_open(&self, id: &ReservationId) -> bool {
        self.open.iter().any(|open| open.id == *id)
    }

    /// The keys of the open reservations.
    pub(super) fn keys(&self) -> impl Iterator<Item = &KeyHash> {
        self.open.iter().map(|open| &open.key)
    }

    /// How long the record has to be kept: until every reservation has ended and the count is
    /// stale. After that a new count tells all.
    pub(super) fn life(&self, now: SystemTime) -> Duration {
        let ends = self.open.iter().map(|open| open.ends).max().unwrap_or_default();
        Duration::from_millis(ends.saturating_sub(millis(now))).saturating_add(COUNT_LIVES)
    }

    /// The most that the scope can hold while no more is reserved.
    pub(super) fn total(&self) -> u64 {
        // Of each key, what is found there and the most that may be written there.
        let mut keys: BTreeMap<&KeyHash, (u64, u64)> = BTreeMap::new();
        for open in &self.open {
            let (found, most) = keys.entry(&open.key).or_default();
            *found = open.found.max(*found);
            *most = open.bytes.max(*most);
        }
        let reserved = keys.values().map(|(found, most)| most.saturating_sub(*found));
        let settled = self.settled.saturating_sub(self.count.settled_before);
        let held = self.count.bytes.saturating_add(settled).saturating_sub(self.count.replaced);
        reserved.fold(held, u64::saturating_add)
    }

    /// Adds a reservation; `counted` is what the count of the record has found, if it is at hand.
    pub(super) fn reserve(
        &mut self,
        id: ReservationId,
        wanted: &Reservation,
        counted: Option<&Counted>,
    ) {
        let Reservation { key, bytes, ends } = wanted.clone();
        let found = match counted {
            Some(counted) => counted.at(&key),
            None => {
                let same_key = self.open.iter().filter(|open| open.key == key);
                same_key.map(|open| open.found).max().unwrap_or_default()
            }
        };
        self.open.push(Open { id, key, bytes, found, ends: millis(ends) });
    }

    /// Turns a reservation into what it has written; as many bytes as were reserved when that is not
    /// known. Says whether it was open.
    pub(super) fn settle(&mut self, id: &ReservationId, bytes: Option<u64>) -> bool {
        let Some(settled) = self.remove(id) else { return false };
        let bytes = bytes.unwrap_or(settled.bytes);
        self.settled = self.settled.saturating_add(bytes);
        let replaced = settled.found.min(bytes);
        self.count.replaced = self.count.replaced.saturating_add(replaced);
        for open in self.open.iter_mut().filter(|open| open.key == settled.key) {
            open.found = open.found.max(bytes);
        }
        true
    }

    /// Drops a reservation that has written nothing and will not. Says whether it was open.
    pub(super) fn release(&mut self, id: &ReservationId) -> bool {
        self.remove(id).is_some()
    }

    /// Lets a reservation end earlier than it was to. Says whether it was open.
    pub(super) fn end_by(&mut self, id: &ReservationId, ends: SystemTime) -> bool {
        let Some(open) = self.open.iter_mut().find(|open| open.id == *id) else { return false };
        open.ends = open.ends.min(millis(ends));
        true
    }

    /// Notes what a count has found, in place of the former one. Says whether it did: not where that
    /// one began later.
    pub(super) fn note(&mut self, begun: &Begun, counted: &Counted) -> bool {
        if self.count.begun > begun.at {
            return false;
        }
        let settled_before = match &begun.record {
            Some((id, settled)) if *id == self.id => *settled,
            // This record is younger than the count: so is all that was settled in it.
            _ => 0,
        };
        self.count = Count { begun: begun.at, bytes: counted.bytes, settled_before, replaced: 0 };
        self.open.retain(|open| open.ends > begun.at);
        for open in &mut self.open {
            open.found = counted.at(&open.key);
        }
        true
    }

    fn remove(&mut self, id: &ReservationId) -> Option<Open> {
        let place = self.open.iter().position(|open| open.id == *id)?;
        Some(self.open.swap_remove(place))
    }
}

impl Begun {
    pub(super) fn at(now: SystemTime, record: Option<&Record>) -> Self {
        let record = record.map(|record| (record.id.clone(), record.settled));
        Self { at: millis(now), record }
    }
}

fn millis(time: SystemTime) -> u64 {
    to_millis(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn to_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

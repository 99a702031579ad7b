//! Reservations of bytes in one scope, shared by all who write there: what is stored and what may
//! yet be stored together never pass a limit.
//!
//! The state store keeps one small [`Record`] for a scope, and every change is one
//! compare-and-swap of it. A record comes of a count of what the scope holds, and is gone once its
//! count is stale and its last reservation has ended. A reservation whose owner died ends by itself:
//! it holds its bytes until then, and whether a file came of it the next count finds out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use tokio::time::timeout;

use super::record::{Begun, COUNT_LIVES, KeyHash, Record};
use crate::random::random_name;
use crate::state::{MAX_TTL, StateStore};
use crate::{Error, ErrorKind, Result};

/// The most reservations that one scope has open at a time: so many fit a value of the state store.
pub(crate) const MAX_OPEN: usize = 1_000;

/// How often a change is tried. Each try that fails is another's change that did not: so many are
/// not under way in one scope.
const TRIES: usize = 1_000;

/// The ledger of one scope.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    state: &'a dyn StateStore,
    key: String,
}

/// What is to be reserved: a file at a key, of so many bytes at most.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    pub(crate) key: KeyHash,
    pub(crate) bytes: u64,
    /// After this nothing can be written by it any more.
    pub(crate) ends: SystemTime,
}

/// Names a reservation in its scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ReservationId(String);

/// Counts what a scope holds.
pub(crate) trait CountFiles {
    /// Counts everything, and tells apart what is found at these keys. It must see every file that
    /// was there before it began and is there when it ends.
    fn count(&self, apart: &BTreeSet<KeyHash>) -> impl Future<Output = Result<Counted>> + Send;
}

/// What a count has found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    /// All bytes, those at the keys below included.
    pub(crate) bytes: u64,
    pub(crate) by_key: BTreeMap<KeyHash, u64>,
}

impl Counted {
    pub(super) fn at(&self, key: &KeyHash) -> u64 {
        self.by_key.get(key).copied().unwrap_or_default()
    }
}

impl<'a> Ledger<'a> {
    /// The ledger of a scope (by its prefix) of a bucket.
    pub(crate) fn new(state: &'a dyn StateStore, bucket: &str, scope: &str) -> Self {
        Self { state, key: format!("quota/{bucket}/{scope}") }
    }

    /// Reserves bytes, if `admit` agrees: it is told what the scope holds and has reserved at most,
    /// without the file at the reservation's key, which is to be replaced. The scope is counted
    /// where there is no count of the last ten minutes, and always before this is refused.
    ///
    /// # Errors
    /// The refusal of `admit`; `rate-limited` when the scope has 1,000 reservations open;
    /// `state-unavailable`; those of the count.
    pub(crate) async fn reserve(
        &self,
        wanted: &Reservation,
        now: SystemTime,
        files: &impl CountFiles,
        admit: impl Fn(u64) -> Result<()>,
    ) -> Result<ReservationId> {
        let id = ReservationId(random_name()?);
        let reserved = self.change(now, |record| {
            let found = record.clone();
            let by_count = record.filter(|record| record.is_fresh(now)).and_then(|mut record| {
                record.reserve(id.clone(), wanted, None);
                let fits =
                    record.open_count() <= MAX_OPEN && admit(others(&record, wanted)).is_ok();
                fits.then_some(record)
            });
            Ok(match by_count {
                Some(record) => (Some(record), Ok(())),
                None => (None, Err(found)),
            })
        });
        let Err(found) = reserved.await? else { return Ok(id) };
        let begun = Begun::at(now, found.as_ref());
        let mut apart: BTreeSet<_> =
            found.iter().flat_map(|record| record.keys().cloned()).collect();
        apart.insert(wanted.key.clone());
        let counted = timeout(COUNT_LIVES, files.count(&apart)).await.map_err(|_| too_slow())??;
        let record_id = random_name()?;
        let outcome = self.change(now, |record| {
            let mut record = record.unwrap_or_else(|| Record::new(record_id.clone()));
            let is_noted = record.note(&begun, &counted);
            let mut with_it = record.clone();
            with_it.reserve(id.clone(), wanted, is_noted.then_some(&counted));
            let refusal = match with_it.open_count() <= MAX_OPEN {
                true => admit(others(&with_it, wanted)).err(),
                false => Some(too_many()),
            };
            Ok(match refusal {
                None => (Some(with_it), Ok(())),
                Some(refusal) => (Some(record), Err(refusal)),
            })
        });
        outcome.await?.map(|()| id)
    }

    /// The file of a reservation is there, and has so many bytes, or as many as were reserved where
    /// that is not known. The second time, and for one that has ended, nothing happens.
    ///
    /// # Errors
    /// `state-unavailable`; then the reservation stays until it ends.
    pub(crate) async fn settle(
        &self,
        id: &ReservationId,
        bytes: Option<u64>,
        now: SystemTime,
    ) -> Result<()> {
        self.change_if_open(id, now, |record| record.settle(id, bytes)).await
    }

    /// Of a reservation no file has come or can come any more. The second time, and for one that has
    /// ended, nothing happens.
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub(crate) async fn release(&self, id: &ReservationId, now: SystemTime) -> Result<()> {
        self.change_if_open(id, now, |record| record.release(id)).await
    }

    /// By a reservation nothing can be written after `ends`, which is earlier than it was to be: then
    /// the next count finds out what came of it.
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub(crate) async fn end_by(
        &self,
        id: &ReservationId,
        ends: SystemTime,
        now: SystemTime,
    ) -> Result<()> {
        self.change_if_open(id, now, |record| record.end_by(id, ends)).await
    }

    async fn change_if_open(
        &self,
        id: &ReservationId,
        now: SystemTime,
        edit: impl Fn(&mut Record) -> bool,
    ) -> Result<()> {
        self.change(now, |record| {
            let open = record.filter(|record| record.is_open(id));
            let changed = open.and_then(|mut record| edit(&mut record).then_some(record));
            Ok((changed, ()))
        })
        .await
    }

    /// Changes the record to what `edit` makes of it, or leaves it where that gives none.
    async fn change<T>(
        &self,
        now: SystemTime,
        mut edit: impl FnMut(Option<Record>) -> Result<(Option<Record>, T)>,
    ) -> Result<T> {
        for _ in 0..TRIES {
            let stored = self.state.get(&self.key).await?;
            let record = stored.as_deref().map(serde_json::from_slice).transpose();
            let (changed, outcome) = edit(record.map_err(|_| unreadable())?)?;
            let Some(changed) = changed else { return Ok(outcome) };
            let life = changed.life(now).min(MAX_TTL);
            let changed = Bytes::from(serde_json::to_vec(&changed).map_err(|_| unreadable())?);
            let swap = self.state.compare_and_swap(&self.key, stored, Some(changed), Some(life));
            if swap.await? {
                return Ok(outcome);
            }
            tokio::task::yield_now().await;
        }
        Err(Error::new(ErrorKind::StateUnavailable, "too much is written in this scope at a time"))
    }
}

/// What the record holds at most beside the file that is to be written.
fn others(with_it: &Record, wanted: &Reservation) -> u64 {
    with_it.total().saturating_sub(wanted.bytes)
}

fn too_many() -> Error {
    let most = MAX_OPEN as u64;
    let why = format!("{most} uploads are under way in this scope; complete or abort some");
    Error::new(ErrorKind::RateLimited, why).with_limit(most, most)
}

/// What has ended meanwhile could have been forgotten meanwhile.
fn too_slow() -> Error {
    let why = "what the scope holds cannot be counted in ten minutes";
    Error::new(ErrorKind::Timeout, why)
}

fn unreadable() -> Error {
    Error::new(ErrorKind::StateUnavailable, "the shared state holds no record of what is stored")
}

//! Bytes that uploads reserve, where the caller's tier limits what is stored.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::user_storage::{OwnKey, UserStorage};
use crate::access::{Action, Facts};
use crate::limits::{CountFiles, Counted, KeyHash, Ledger, Reservation, ReservationId};
use crate::{Error, ErrorKind, Result};

/// By how much the clocks of the store and of our processes may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

impl UserStorage {
    /// Reserves the bytes of an upload that has been admitted, where the caller's tier limits what
    /// is stored; else there is nothing to reserve, and nothing is asked. What the file replaces
    /// does not count beside it. Now and then, and before a refusal, the scope is counted: one
    /// request for each 1,000 objects, each with a deadline of its own.
    ///
    /// Nothing of the upload begins after `ends`; for what has begun by then the reservation stays
    /// as much longer as a transfer of so many bytes may take. Then it ends by itself, and the next
    /// count finds out what came of it: only an owner who knows sooner settles or releases it.
    ///
    /// # Errors
    /// `quota-exceeded`; `rate-limited` when 1,000 uploads are under way in the scope;
    /// `state-unavailable`; what [`UserStorage`] says.
    pub(in crate::storage) async fn reserve(
        &self,
        key: &OwnKey,
        content_type: &str,
        bytes: u64,
        ends: SystemTime,
    ) -> Result<Option<ReservationId>> {
        if self.decider.stored_bytes().is_none() {
            return Ok(None);
        }
        let ends = ends.checked_add(self.time_to_end(bytes)).unwrap_or(ends);
        let wanted = Reservation { key: KeyHash::of(key.as_str()), bytes, ends };
        let action = Action::Upload {
            kind: key.kind().unwrap_or_default().to_owned(),
            filename: key.filename().to_owned(),
            content_type: content_type.to_owned(),
            size: bytes,
        };
        let now = SystemTime::now();
        let admit = |stored| {
            let facts = Facts::with_stored_bytes(stored);
            self.decider.decide_silently(&action, &facts, now).map(drop)
        };
        let ledger = self.ledger();
        match ledger.reserve(&wanted, now, self, admit).await {
            Err(error) if error.kind() == ErrorKind::QuotaExceeded => {
                self.decider.told_of(&action, Some(key.as_str()), Err(error))
            }
            reserved => reserved.map(Some),
        }
    }

    /// The reserved file is stored, with so many bytes; as many as were reserved where that is not
    /// known. May be said again. Should the state not be there, the reservation ends by itself.
    pub(in crate::storage) async fn settle(
        &self,
        reservation: Option<&ReservationId>,
        bytes: Option<u64>,
    ) {
        if let Some(id) = reservation {
            note(self.ledger().settle(id, bytes, SystemTime::now()).await);
        }
    }

    /// No file came of the reservation and none can come any more: the upload was aborted for sure.
    /// In doubt it is left to end by itself. May be said again.
    pub(in crate::storage) async fn release(&self, reservation: Option<&ReservationId>) {
        if let Some(id) = reservation {
            note(self.ledger().release(id, SystemTime::now()).await);
        }
    }

    /// No more is begun by the reservation of `bytes`, but what has begun may yet store a file: it
    /// ends once that has had its time.
    pub(in crate::storage) async fn let_end(
        &self,
        reservation: Option<&ReservationId>,
        bytes: u64,
    ) {
        if let Some(id) = reservation {
            let now = SystemTime::now();
            let ends = now.checked_add(self.time_to_end(bytes)).unwrap_or(now);
            note(self.ledger().end_by(id, ends, now).await);
        }
    }

    /// Settles or releases by how storing `bytes` has ended. Where the store may have the file though
    /// the call has failed, or holds parts that are gone on with, the reservation ends by itself.
    pub(in crate::storage) async fn conclude<T>(
        &self,
        reservation: Option<&ReservationId>,
        outcome: &Result<T>,
        bytes: impl FnOnce(&T) -> u64,
    ) {
        match outcome {
            Ok(stored) => self.settle(reservation, Some(bytes(stored))).await,
            Err(error) if may_have_stored(error) => {}
            Err(_) => self.release(reservation).await,
        }
    }

    /// How long what has begun to store so many bytes may go on with it.
    fn time_to_end(&self, bytes: u64) -> Duration {
        self.s3.time_for(bytes).saturating_add(CLOCKS_DIFFER)
    }

    fn ledger(&self) -> Ledger<'_> {
        Ledger::new(&*self.state, &self.s3.config.bucket, self.scope.prefix())
    }
}

impl CountFiles for UserStorage {
    async fn count(&self, apart: &BTreeSet<KeyHash>) -> Result<Counted> {
        let mut counted = Counted::default();
        self.each_object(|key, bytes| {
            counted.bytes = counted.bytes.saturating_add(bytes);
            let key = KeyHash::of(key);
            if apart.contains(&key) {
                counted.by_key.insert(key, bytes);
            }
        })
        .await?;
        Ok(counted)
    }
}

fn may_have_stored(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageUnavailable | ErrorKind::Timeout | ErrorKind::Internal)
}

fn note(outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "a reservation stays until it ends");
    }
}

//! Entries in memory: by key, and by when they expire.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::{Error, ErrorKind, Result};

/// What an entry takes beside its key, twice, and its value: the nodes of two trees, about.
pub(super) const ENTRY_BYTES: u64 = 160;

/// The entries by key, and those that expire by when they do.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) by_key: BTreeMap<Arc<str>, Entry>,
    by_expiry: BTreeSet<(SystemTime, Arc<str>)>,
    pub(super) bytes: u64,
}

pub(super) struct Entry {
    pub(super) value: Bytes,
    pub(super) expires_at: Option<SystemTime>,
}

impl Entry {
    pub(super) fn has_expired(&self, now: SystemTime) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

impl Entries {
    pub(super) fn live(&self, key: &str, now: SystemTime) -> Option<&Bytes> {
        self.by_key.get(key).filter(|entry| !entry.has_expired(now)).map(|entry| &entry.value)
    }

    pub(super) fn insert(
        &mut self,
        key: &str,
        entry: Entry,
        now: SystemTime,
        max_bytes: u64,
    ) -> Result<()> {
        let size = size_of_entry(key, &entry.value);
        if self.bytes_without(key) + size > max_bytes {
            self.clear_expired(now, usize::MAX);
        }
        if self.bytes_without(key) + size > max_bytes {
            return Err(Error::new(ErrorKind::StateUnavailable, "the shared state is full"));
        }
        self.remove(key);
        let key: Arc<str> = Arc::from(key);
        if let Some(expires_at) = entry.expires_at {
            self.by_expiry.insert((expires_at, Arc::clone(&key)));
        }
        self.by_key.insert(key, entry);
        self.bytes += size;
        Ok(())
    }

    pub(super) fn remove(&mut self, key: &str) {
        let Some((key, entry)) = self.by_key.remove_entry(key) else { return };
        self.bytes -= size_of_entry(&key, &entry.value);
        if let Some(expires_at) = entry.expires_at {
            self.by_expiry.remove(&(expires_at, key));
        }
    }

    pub(super) fn clear_expired(&mut self, now: SystemTime, most: usize) {
        for _ in 0..most {
            let Some((expires_at, key)) = self.by_expiry.first() else { return };
            if *expires_at > now {
                return;
            }
            let key = Arc::clone(key);
            self.remove(&key);
        }
    }

    fn bytes_without(&self, key: &str) -> u64 {
        let taken = self.by_key.get(key).map_or(0, |entry| size_of_entry(key, &entry.value));
        self.bytes - taken
    }
}

fn size_of_entry(key: &str, value: &Bytes) -> u64 {
    ENTRY_BYTES + 2 * key.len() as u64 + value.len() as u64
}

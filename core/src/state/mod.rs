//! What several requests, and later several processes, must share.
//!
//! Rate limits, quota reservations, jobs and revocations keep what they know in a [`StateStore`].
//! In one process [`MemoryState`] serves.

mod entries;
mod memory;
mod store;

pub use memory::{Clock, MemoryState};
pub use store::{
    MAX_KEY_BYTES, MAX_PAGE_ENTRIES, MAX_TTL, MAX_VALUE_BYTES, StateFuture, StatePage, StateStore,
};

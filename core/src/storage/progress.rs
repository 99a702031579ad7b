//! How far a transfer has come.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is told how far a transfer has come: the bytes that have moved, and all that will, where
/// that is known.
///
/// It is called after bytes have moved, with numbers that never fall and end with the total. It
/// should return soon, because the transfer waits for it; if it panics, the transfer is given up
/// like one that is dropped.
#[derive(Clone)]
pub struct OnProgress(Arc<dyn Fn(u64, Option<u64>) + Send + Sync>);

impl OnProgress {
    /// Calls `told(moved, total)`.
    pub fn new(told: impl Fn(u64, Option<u64>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(told))
    }

    pub(super) fn tell(&self, moved: u64, total: Option<u64>) {
        (self.0)(moved, total);
    }
}

impl fmt::Debug for OnProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnProgress").finish_non_exhaustive()
    }
}

/// Counts what has moved of a known total.
#[derive(Debug)]
pub(super) struct Moved {
    on_progress: Option<OnProgress>,
    moved: AtomicU64,
    total: u64,
}

impl Moved {
    pub(super) fn new(on_progress: Option<OnProgress>, total: u64) -> Self {
        Self { on_progress, moved: AtomicU64::new(0), total }
    }

    /// Tells of `bytes` more. The callers are in one task, so that the numbers never fall.
    pub(super) fn add(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let moved = self.moved.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(on_progress) = &self.on_progress {
            on_progress.tell(moved, Some(self.total));
        }
    }

    /// Tells of a transfer without bytes that it is over.
    pub(super) fn over(&self) {
        if self.total == 0 {
            self.add(0);
        }
    }
}

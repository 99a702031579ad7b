//! How much of a read has come.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::storage::progress::OnProgress;

/// Counts the bytes of one read. They come in one task, which tells the listener itself.
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

    /// Tells of `bytes` more. Called from one task, so that the numbers never fall.
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

//! How far a transfer has come.

use std::fmt;
use std::sync::Arc;

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

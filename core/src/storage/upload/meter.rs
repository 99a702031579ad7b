//! How much of an upload has moved, counted wherever it moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::Result;
use crate::storage::progress::OnProgress;

/// Counts the bytes of one upload. They move on many tasks, of which none may wait for the listener:
/// it is told by [`watch`](Self::watch).
#[derive(Debug)]
pub(super) struct Meter {
    listener: Option<OnProgress>,
    total: Option<u64>,
    moved: AtomicU64,
    news: Notify,
}

impl Meter {
    /// The meter of a transfer of `total` bytes, where that is known.
    pub(super) fn new(listener: Option<OnProgress>, total: Option<u64>) -> Arc<Self> {
        Arc::new(Self { listener, total, moved: AtomicU64::new(0), news: Notify::new() })
    }

    /// Bytes have moved.
    pub(super) fn add(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
        if self.listener.is_some() {
            self.news.notify_one();
        }
    }

    /// How many bytes have moved.
    pub(super) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// Runs the transfer and tells the listener of it.
    pub(super) async fn watch<T>(&self, mut transfer: BoxFuture<'_, Result<T>>) -> Result<T> {
        let Some(listener) = &self.listener else { return transfer.await };
        let mut told = 0;
        loop {
            tokio::select! {
                biased;
                outcome = &mut transfer => {
                    if outcome.is_ok() {
                        let total = self.total.unwrap_or_else(|| self.moved());
                        listener.tell(total, Some(total));
                    }
                    return outcome;
                }
                () = self.news.notified() => {
                    let moved = self.moved();
                    // All bytes have not arrived before the store has said so.
                    if moved > told && self.total.is_none_or(|total| moved < total) {
                        told = moved;
                        listener.tell(moved, self.total);
                    }
                }
            }
        }
    }
}

/// What one piece of a transfer has moved. A piece that is sent again counts only from where it
/// was before.
#[derive(Clone, Debug)]
pub(super) struct PieceMeter {
    meter: Arc<Meter>,
    moved: Arc<AtomicU64>,
}

impl PieceMeter {
    pub(super) fn new(meter: &Arc<Meter>) -> Self {
        Self { meter: Arc::clone(meter), moved: Arc::default() }
    }

    /// The first `bytes` of the piece have moved.
    pub(super) fn reached(&self, bytes: u64) {
        let before = self.moved.fetch_max(bytes, Ordering::Relaxed);
        if bytes > before {
            self.meter.add(bytes - before);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{Error, ErrorKind};

    type Told = Arc<Mutex<Vec<(u64, Option<u64>)>>>;

    fn listener() -> (OnProgress, Told) {
        let told = Told::default();
        let heard = Arc::clone(&told);
        (OnProgress::new(move |moved, total| heard.lock().unwrap().push((moved, total))), told)
    }

    #[tokio::test]
    async fn a_piece_sent_again_counts_once() {
        let (on_progress, told) = listener();
        let meter = Meter::new(Some(on_progress), Some(10));
        let piece = PieceMeter::new(&meter);
        let transfer = async {
            for reached in [4, 6, 0, 3, 8, 10] {
                piece.reached(reached);
                tokio::task::yield_now().await;
            }
            Ok(())
        };
        meter.watch(Box::pin(transfer)).await.unwrap();
        let told = told.lock().unwrap();
        assert_eq!(*told, [(4, Some(10)), (6, Some(10)), (8, Some(10)), (10, Some(10))]);
    }

    #[tokio::test]
    async fn all_bytes_are_told_only_of_what_succeeded() {
        for succeeds in [true, false] {
            let (on_progress, told) = listener();
            let meter = Meter::new(Some(on_progress), None);
            let transfer = async {
                PieceMeter::new(&meter).reached(7);
                tokio::task::yield_now().await;
                if succeeds { Ok(()) } else { Err(Error::new(ErrorKind::Timeout, "late")) }
            };
            assert_eq!(meter.watch(Box::pin(transfer)).await.is_ok(), succeeds);
            let last = *told.lock().unwrap().last().unwrap();
            assert_eq!(last, if succeeds { (7, Some(7)) } else { (7, None) });
        }
    }
}

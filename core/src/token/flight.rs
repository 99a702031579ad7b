//! A fetch that several callers wait for.

use std::future::Future;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::fetch::FETCH_DEADLINE;

/// How long a fetch is waited for. Longer than it can take, so that only one whose runtime has
/// stopped is ever given up.
const FLIGHT_DEADLINE: Duration = FETCH_DEADLINE.saturating_add(Duration::from_secs(1));

/// A fetch under way. It belongs to a task of its own, so that it goes on when the caller who began
/// it is cancelled.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    number: u64,
    began: SystemTime,
    /// Closes when the task ends, in whatever way.
    end: watch::Receiver<()>,
}

impl Flight {
    /// Begins the fetch, which notes its outcome by itself. `number` tells it from others.
    pub(crate) fn begin(
        runtime: &Handle,
        number: u64,
        now: SystemTime,
        fetch: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let (ending, end) = watch::channel(());
        runtime.spawn(async move {
            fetch.await;
            drop(ending);
        });
        Self { number, began: now, end }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether it is worth waiting for. One whose task is gone with its runtime is not; nor is one
    /// that should have ended long ago, whose runtime nobody drives.
    pub(crate) fn is_under_way(&self, now: SystemTime) -> bool {
        let is_late = now.duration_since(self.began).is_ok_and(|age| age > FLIGHT_DEADLINE);
        !is_late && self.end.has_changed().is_ok()
    }

    /// Waits until the fetch has ended; `false` when it does not in time, and is to be given up.
    pub(crate) async fn wait(&self) -> bool {
        let mut end = self.end.clone();
        let end = async { while end.changed().await.is_ok() {} };
        tokio::time::timeout(FLIGHT_DEADLINE, end).await.is_ok()
    }
}

//! Every call has an end.

use std::future::Future;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{S3, failure};
use crate::{Error, ErrorKind, Result};

/// The pace that a transfer is given time for, in bytes a second.
const SLOWEST_TRANSFER: u64 = 128 * 1024;

/// What each of many small calls adds to the time of one.
const TIME_FOR_EACH: Duration = Duration::from_millis(100);

/// What is left of a failed call is tidied up within this, however little time the call had.
const TIDYING: Duration = Duration::from_secs(30);

/// Thirty years, which no call waits for.
const FAR_AWAY: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

// The calls are boxed at once: the future of a request takes 9 KB, and every hand that it goes
// through keeps a copy, so that in debug builds some ten hands would fill a thread's stack. Their
// types end here too, before they are too deep for compilers of what is built around them.
impl S3 {
    /// Runs a call without a body within the deadline.
    pub(in crate::storage) fn in_time<'a, T, F>(
        &self,
        call: F,
    ) -> impl Future<Output = Result<T>> + use<'a, T, F>
    where
        F: Future<Output = Result<T>> + Send + 'a,
    {
        within(self.config.deadline, Box::pin(call))
    }

    /// Runs what tidies up after a call.
    pub(in crate::storage) fn in_time_to_tidy_up<'a, T, F>(
        &self,
        call: F,
    ) -> impl Future<Output = Result<T>> + use<'a, T, F>
    where
        F: Future<Output = Result<T>> + Send + 'a,
    {
        within(self.config.deadline.max(TIDYING), Box::pin(call))
    }

    /// Runs, on a task of its own, what has to come to its end even if the caller does not wait for
    /// it: what tidies up after itself, or whose answer says what there is to tidy up. A store that
    /// never answers does not keep it: that ends with the time for tidying up.
    pub(in crate::storage) fn to_its_end<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T>> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send {
        on_a_task(self.config.deadline.max(TIDYING), Box::pin(call))
    }

    /// [`to_its_end`](Self::to_its_end) for what moves `bytes`: it has the time of their transfer.
    pub(in crate::storage) fn to_its_end_for<T: Send + 'static>(
        &self,
        bytes: u64,
        call: impl Future<Output = Result<T>> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send {
        let begin = Instant::now();
        let time = self.end_of_transfer(begin, None, bytes).duration_since(begin);
        on_a_task(time.max(TIDYING), Box::pin(call))
    }

    /// When `count` small calls have to be over that belong together: a tenth of a second for each
    /// is added to the time of one.
    pub(in crate::storage) fn end_of_many(&self, count: usize) -> Instant {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        later(Instant::now(), self.config.deadline.saturating_add(TIME_FOR_EACH * count))
    }

    /// When a transfer of `bytes` has to be over that was begun at `begin`: at the deadline that the
    /// caller gives, else a second after the usual one for each 128 KiB.
    pub(in crate::storage) fn end_of_transfer(
        &self,
        begin: Instant,
        deadline: Option<Duration>,
        bytes: u64,
    ) -> Instant {
        later(begin, deadline.unwrap_or_else(|| self.time_for(bytes)))
    }

    /// How long a transfer of `bytes` may take when its caller gives no deadline.
    pub(in crate::storage) fn time_for(&self, bytes: u64) -> Duration {
        self.config.deadline.saturating_add(Duration::from_secs(bytes / SLOWEST_TRANSFER))
    }

    /// Runs calls that have a common end; none begins after it.
    pub(in crate::storage) fn until<'a, T, F>(
        &self,
        end: Instant,
        call: F,
    ) -> impl Future<Output = Result<T>> + use<'a, T, F>
    where
        F: Future<Output = Result<T>> + Send + 'a,
    {
        until(end, Box::pin(call))
    }

    /// Runs a transfer of `bytes` within the deadline, plus a second for each 128 KiB.
    pub(in crate::storage) fn in_time_for<'a, T, F>(
        &self,
        bytes: u64,
        call: F,
    ) -> impl Future<Output = Result<T>> + use<'a, T, F>
    where
        F: Future<Output = Result<T>> + Send + 'a,
    {
        self.until(self.end_of_transfer(Instant::now(), None, bytes), call)
    }
}

/// Some time after `begin`, or about never where that cannot be told.
pub(in crate::storage) fn later(begin: Instant, time: Duration) -> Instant {
    begin.checked_add(time).unwrap_or_else(|| begin + FAR_AWAY)
}

async fn within<T>(time: Duration, call: BoxFuture<'_, Result<T>>) -> Result<T> {
    in_runtime()?;
    tokio::time::timeout(time, call).await.unwrap_or_else(|_| Err(failure::timed_out()))
}

async fn until<T>(end: Instant, call: BoxFuture<'_, Result<T>>) -> Result<T> {
    in_runtime()?;
    // A timeout that has passed still lets the call take its first step, which may send it.
    if Instant::now() >= end {
        return Err(failure::timed_out());
    }
    tokio::time::timeout_at(end, call).await.unwrap_or_else(|_| Err(failure::timed_out()))
}

async fn on_a_task<T: Send + 'static>(
    time: Duration,
    call: BoxFuture<'static, Result<T>>,
) -> Result<T> {
    in_runtime()?;
    let broke_off = |_| Err(Error::new(ErrorKind::Internal, "a call to the store broke off"));
    tokio::spawn(within(time, call)).await.unwrap_or_else(broke_off)
}

/// Outside a Tokio runtime its timers would panic.
pub(in crate::storage) fn in_runtime() -> Result<()> {
    Handle::try_current().map(drop).map_err(|_| {
        Error::new(ErrorKind::Internal, "the store can be asked only inside a Tokio runtime")
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::storage::config::StorageConfig;

    #[test]
    fn a_deadline_that_no_clock_can_tell_is_none() {
        let mut config = StorageConfig::new("bucket", None);
        config.deadline = Duration::MAX;
        let s3 = S3::new(config).unwrap();
        let now = Instant::now();
        assert!(s3.end_of_many(usize::MAX) > now + FAR_AWAY / 2);
        assert!(s3.end_of_transfer(now, None, u64::MAX) > now + FAR_AWAY / 2);
    }

    /// Attack 108. Nobody waits any more, and the store does not answer either.
    #[tokio::test]
    async fn a_call_on_its_own_ends_too() {
        let held = Arc::new(());
        let kept = Arc::clone(&held);
        let call = async move {
            std::future::pending::<()>().await;
            drop(kept);
            Ok(())
        };
        let caller = on_a_task(Duration::from_millis(50), Box::pin(call));
        assert!(tokio::time::timeout(Duration::ZERO, caller).await.is_err());
        let is_over = async {
            while Arc::strong_count(&held) > 1 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), is_over).await.unwrap();
    }
}

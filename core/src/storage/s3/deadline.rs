//! Every call has an end.

use std::future::Future;
use std::time::Duration;

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

impl S3 {
    /// Runs a call without a body within the deadline.
    pub(in crate::storage) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        within(self.config.deadline, call).await
    }

    /// Runs what tidies up after a call.
    pub(in crate::storage) async fn in_time_to_tidy_up<T>(
        &self,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        within(self.config.deadline.max(TIDYING), call).await
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
        let extra = Duration::from_secs(bytes / SLOWEST_TRANSFER);
        later(begin, deadline.unwrap_or_else(|| self.config.deadline.saturating_add(extra)))
    }

    /// Runs calls that have a common end; none begins after it.
    pub(in crate::storage) async fn until<T>(
        &self,
        end: Instant,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        in_runtime()?;
        // A timeout that has passed still lets the call take its first step, which may send it.
        if Instant::now() >= end {
            return Err(failure::timed_out());
        }
        tokio::time::timeout_at(end, call).await.unwrap_or_else(|_| Err(failure::timed_out()))
    }

    /// Runs a transfer of `bytes` within the deadline, plus a second for each 128 KiB.
    pub(in crate::storage) async fn in_time_for<T>(
        &self,
        bytes: u64,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.until(self.end_of_transfer(Instant::now(), None, bytes), call).await
    }
}

/// Some time after `begin`, or about never where that cannot be told.
pub(in crate::storage) fn later(begin: Instant, time: Duration) -> Instant {
    begin.checked_add(time).unwrap_or_else(|| begin + FAR_AWAY)
}

async fn within<T>(time: Duration, call: impl Future<Output = Result<T>>) -> Result<T> {
    in_runtime()?;
    tokio::time::timeout(time, call).await.unwrap_or_else(|_| Err(failure::timed_out()))
}

/// Outside a Tokio runtime its timers would panic.
pub(in crate::storage) fn in_runtime() -> Result<()> {
    Handle::try_current().map(drop).map_err(|_| {
        Error::new(ErrorKind::Internal, "the store can be asked only inside a Tokio runtime")
    })
}

#[cfg(test)]
mod tests {
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
}

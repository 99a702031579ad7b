//! The store's own clock: what is old or has ended is told by it, not by ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

/// Keeps the `Date` of the answer to the calls that it is given to, in whole seconds.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#name-date>
#[derive(Clone, Debug, Default)]
pub(in crate::storage) struct StoreClock(Arc<AtomicU64>);

impl StoreClock {
    /// The time of the last answer, if the store told it.
    pub(in crate::storage) fn told(&self) -> Option<SystemTime> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            seconds => UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
        }
    }

    /// The time of the last answer; ours where the store has told none.
    pub(in crate::storage) fn time(&self) -> SystemTime {
        self.told().unwrap_or_else(SystemTime::now)
    }
}

impl Intercept for StoreClock {
    fn name(&self) -> &'static str {
        "StoreClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        if let Some(seconds) = date.and_then(|date| u64::try_from(date.secs()).ok()) {
            self.0.store(seconds, Ordering::Relaxed);
        }
        Ok(())
    }
}

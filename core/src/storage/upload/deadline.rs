//! The time that a whole upload has.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::Result;
use crate::storage::s3::deadline::{in_runtime, later};
use crate::storage::s3::{S3, failure};

/// The end of an upload, counted from when this was made.
#[derive(Debug)]
pub(super) struct Deadline {
    s3: Arc<S3>,
    begin: Instant,
    given: Option<Duration>,
}

impl Deadline {
    pub(super) fn new(s3: &Arc<S3>, given: Option<Duration>) -> Self {
        Self { s3: Arc::clone(s3), begin: Instant::now(), given }
    }

    /// Runs a step whose requests have ends of their own: of the time for the bytes it takes nothing,
    /// of a time that was given it does.
    ///
    /// # Errors
    /// `timeout`; those of the step.
    pub(super) async fn run_aside<T>(
        &mut self,
        step: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        in_runtime()?;
        if let Some(given) = self.given {
            let ended = timeout_at(later(self.begin, given), step).await;
            return ended.unwrap_or_else(|_| Err(failure::timed_out()));
        }
        let asked = Instant::now();
        let outcome = step.await;
        self.begin += asked.elapsed();
        outcome
    }

    /// The time that was given.
    pub(super) fn given(&self) -> Option<Duration> {
        self.given
    }

    /// Runs a step of the upload until the end: what was given, else the time for so many `bytes`,
    /// which may become more meanwhile.
    ///
    /// # Errors
    /// `timeout`; those of the step.
    pub(super) async fn run<T>(
        &self,
        bytes: impl Fn() -> u64,
        step: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        in_runtime()?;
        let end = || self.s3.end_of_transfer(self.begin, self.given, bytes());
        // Boxed, as every call with a deadline.
        let mut step = Box::pin(step);
        let mut until = end();
        loop {
            if let Ok(outcome) = timeout_at(until, &mut step).await {
                return outcome;
            }
            until = end();
            if until <= Instant::now() {
                return Err(failure::timed_out());
            }
        }
    }
}

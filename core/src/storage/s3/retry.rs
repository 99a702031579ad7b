//! What is tried again, and how often.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_s3::config::interceptors::{
    BeforeSerializationInterceptorContextMut, InterceptorContext,
};
use aws_sdk_s3::config::retry::{
    ClassifyRetry, RetryAction, RetryConfig, RetryPartition, TokenBucket,
};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::retry::{ErrorKind, RetrySpec};

use crate::random::random_fraction;

const ATTEMPTS: u32 = 3;

/// 500 tokens at 14 for each, as in [`budget`].
const MOST_REPETITIONS: u32 = 35;

/// How long the first repetition waits at most that the SDK does not make.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

const MOST_DOUBLINGS: u32 = 5;

/// The back-off is AWS's: a random part of 50 ms (of a second when throttled), doubled each time.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_retry_spec(RetrySpec::v2_1())
}

/// AWS's standard budget, but of this bucket's own: while a store is down, the calls of one client
/// try again 35 times in all (100 when throttled) and then fail at the first try.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
pub(super) fn budget() -> RetryPartition {
    let tokens = TokenBucket::builder()
        .capacity(500)
        .retry_cost(14)
        .throttling_retry_cost(5)
        .timeout_retry_cost(14)
        .build();
    RetryPartition::custom("casier").token_bucket(tokens).build()
}

/// Passing faults that the SDK does not see: those that follow a 200, as S3 sends it before it has
/// finished a copy or put the parts of an upload together, and 429, which R2 answers.
#[derive(Debug)]
pub(super) struct PassingFaults;

impl ClassifyRetry for PassingFaults {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if !matches!(context.output_or_error(), Some(Err(_))) {
            return RetryAction::NoActionIndicated;
        }
        let Some(response) = context.response() else { return RetryAction::NoActionIndicated };
        let body = response.body().bytes().unwrap_or_default();
        match response.status().as_u16() {
            429 => RetryAction::retryable_error(ErrorKind::ThrottlingError),
            200..=299
                if ["InternalError", "ServiceUnavailable"]
                    .iter()
                    .any(|code| names_code(body, code)) =>
            {
                RetryAction::retryable_error(ErrorKind::ServerError)
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "passing faults"
    }
}

/// Whether an answer's body gives this as the error's code.
pub(super) fn names_code(body: &[u8], code: &str) -> bool {
    memchr::memmem::find(body, format!("<Code>{code}</Code>").as_bytes()).is_some()
}

/// Calls that a store answers from its index, so that one which takes half of the time for all
/// tries has been sent into the void: down a pooled connection that a router has forgotten.
const QUICK: [&str; 7] = [
    "AssumeRole",
    "DeleteObject",
    "GetObject",
    "HeadBucket",
    "HeadObject",
    "ListObjectsV2",
    "ListParts",
];

/// Leaves time for a second try to what should have been answered long ago.
#[derive(Debug)]
pub(super) struct Patience {
    /// The time for all tries.
    pub(super) deadline: Duration,
}

#[dyn_dispatch_hint]
impl Intercept for Patience {
    fn name(&self) -> &'static str {
        "Patience"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = settings.load::<Metadata>().map_or("", Metadata::name);
        if QUICK.contains(&operation) {
            let mut timeouts = settings
                .load::<TimeoutConfig>()
                .map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
            timeouts.set_operation_attempt_timeout(Some(self.deadline / 2));
            settings.interceptor_state().store_put(timeouts.build());
        }
        Ok(())
    }
}

/// Waits before the repetition of this number, from 1: a random part of `first`, doubled each time,
/// so that callers who failed together do not come back together.
pub(in crate::storage) async fn back_off(first: Duration, number: u32) {
    let most = first * 2_u32.pow(number.saturating_sub(1).min(MOST_DOUBLINGS));
    tokio::time::sleep(most.mul_f64(random_fraction())).await;
}

/// The budget for repetitions that the SDK does not make, since the answer as a whole was a
/// success: as many as the SDK makes while a store fails, and one more after each that helped.
#[derive(Debug)]
pub(in crate::storage) struct Repetitions(AtomicU32);

impl Default for Repetitions {
    fn default() -> Self {
        Self(AtomicU32::new(MOST_REPETITIONS))
    }
}

impl Repetitions {
    /// Waits before the repetition of this number, from 1. False, at once, when the budget is used
    /// up.
    pub(in crate::storage) async fn wait(&self, number: u32) -> bool {
        let less_one = |left: u32| left.checked_sub(1);
        if self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less_one).is_err() {
            return false;
        }
        back_off(FIRST_PAUSE, number).await;
        true
    }

    pub(in crate::storage) fn helped(&self) {
        let one_more = |left: u32| (left < MOST_REPETITIONS).then_some(left + 1);
        // A full budget stays full.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
    }
}

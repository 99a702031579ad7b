//! What is tried again, and how often.

use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_smithy_types::retry::RetrySpec;

const ATTEMPTS: u32 = 3;

/// The back-off is AWS's: a random part of 50 ms (a second when throttled), doubled each time.
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

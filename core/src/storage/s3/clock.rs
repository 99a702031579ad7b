//! A clock that is off.
//!
//! The SDK learns from every answer by how much, and signs the next request accordingly. It also
//! tries again when the store gives that as its reason; but the answer to HEAD gives none, and
//! stores other than AWS's call it by other names.

use std::time::Duration;

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    InterceptorContext,
};
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use aws_smithy_types::retry::ErrorKind;

/// Signatures that are younger or older than the store's clock by more than this are no longer
/// sure to be taken. AWS takes 15 minutes; its SDKs act from 4.
const MAX_SKEW: Duration = Duration::from_secs(4 * 60);

/// A call that is refused is tried again where it was signed by a clock that is off.
#[derive(Clone, Debug)]
pub(super) struct ClockSkew;

/// The time that a request was signed for.
#[derive(Debug)]
struct SignedFor(DateTime);

impl Storable for SignedFor {
    type Storer = StoreReplace<Self>;
}

/// Says of an answer that its request's time was not the store's.
#[derive(Clone, Copy, Debug)]
struct Skewed;

#[dyn_dispatch_hint]
impl Intercept for ClockSkew {
    fn name(&self) -> &'static str {
        "ClockSkew"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(time) = context.request().headers().get("x-amz-date").and_then(signed_for) {
            settings.interceptor_state().store_put(SignedFor(time));
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let Some(signed) = settings.load::<SignedFor>() else { return Ok(()) };
        let Some(date) = response.headers().get("date") else { return Ok(()) };
        if let Ok(date) = DateTime::from_str(date, DateTimeFormat::HttpDate)
            && date.secs().abs_diff(signed.0.secs()) > MAX_SKEW.as_secs()
        {
            response.add_extension(Skewed);
        }
        Ok(())
    }
}

impl ClassifyRetry for ClockSkew {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response)
                if matches!(response.status().as_u16(), 400 | 403)
                    && response.extension::<Skewed>().is_some() =>
            {
                RetryAction::retryable_error(ErrorKind::ServerError)
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "clock skew"
    }
}

/// Reads the time of a signature, `20130524T000000Z`.
fn signed_for(time: &str) -> Option<DateTime> {
    let part = |from, to| time.get(from..to);
    let time = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    DateTime::from_str(&time, DateTimeFormat::DateTime).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_signature_is_read() {
        assert_eq!(signed_for("20130524T000102Z").unwrap().secs(), 1_369_353_662);
        for wrong in ["", "20130524", "20139924T000102Z", "2013é0524T000102Z"] {
            assert!(signed_for(wrong).is_none(), "{wrong}");
        }
    }
}

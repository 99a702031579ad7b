//! Times as JSON tells them.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// RFC 3339 in UTC and whole seconds: `2025-10-22T10:30:00Z`. A time that cannot be told so, before
/// 1970 or after 9999, is empty.
pub(super) fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs());
    seconds
        .and_then(|seconds| i64::try_from(seconds).ok())
        .and_then(|seconds| DateTime::from_secs(seconds).fmt(Format::DateTime).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn whole_seconds_in_utc() {
        let time = UNIX_EPOCH + Duration::from_millis(1_761_129_000_999);
        assert_eq!(rfc3339(time), "2025-10-22T10:30:00Z");
        assert_eq!(rfc3339(UNIX_EPOCH), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(1)), "");
    }
}

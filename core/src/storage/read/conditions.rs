//! Which version of a file is wanted.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::DateTime;

use super::options::{DownloadOptions, ReadOptions};
use crate::{Error, ErrorKind, Result};

/// The last second of the year 9999, after which an HTTP date cannot be written.
const LAST_DATE: i64 = 253_402_300_799;

/// The conditions of RFC 9110, as their headers have them.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-13.1>
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    if_match: Option<String>,
    if_none_match: Option<String>,
    if_modified_since: Option<DateTime>,
    if_unmodified_since: Option<DateTime>,
}

impl Conditions {
    pub(super) fn of_read(options: &ReadOptions) -> Result<Self> {
        Self::new(
            (&options.if_match, &options.if_none_match),
            (options.if_modified_since, options.if_unmodified_since),
        )
    }

    pub(super) fn of_download(options: &DownloadOptions) -> Result<Self> {
        Self::new(
            (&options.if_match, &options.if_none_match),
            (options.if_modified_since, options.if_unmodified_since),
        )
    }

    /// This version and no other.
    pub(super) fn version(etag: &str) -> Self {
        Self { if_match: Some(etag.to_owned()), ..Self::default() }
    }

    /// Whether one version is named, so that the caller knows of no other.
    pub(super) fn name_the_version(&self) -> bool {
        self.if_match.is_some()
    }

    pub(super) fn put_into(&self, request: GetObjectFluentBuilder) -> GetObjectFluentBuilder {
        request
            .set_if_match(self.if_match.clone())
            .set_if_none_match(self.if_none_match.clone())
            .set_if_modified_since(self.if_modified_since)
            .set_if_unmodified_since(self.if_unmodified_since)
    }

    /// Whether they hold for what was answered: not every store looks at every condition.
    pub(super) fn hold(&self, answer: &GetObjectOutput) -> bool {
        let is = |tag: &String| tag == "*" || Some(tag.as_str()) == answer.e_tag();
        let stored = answer.last_modified().map(DateTime::secs);
        let is_after = |date: DateTime| stored.is_none_or(|stored| stored > date.secs());
        let not_after = |date: DateTime| stored.is_none_or(|stored| stored <= date.secs());
        let is_wanted = match &self.if_match {
            Some(tag) => is(tag),
            None => self.if_unmodified_since.is_none_or(not_after),
        };
        let is_unwanted = match &self.if_none_match {
            Some(tag) => is(tag),
            None => !self.if_modified_since.is_none_or(is_after),
        };
        is_wanted && !is_unwanted
    }

    fn new(
        (if_match, if_none_match): (&Option<String>, &Option<String>),
        (if_modified_since, if_unmodified_since): (Option<SystemTime>, Option<SystemTime>),
    ) -> Result<Self> {
        Ok(Self {
            if_match: if_match.as_deref().map(quoted).transpose()?,
            if_none_match: if_none_match.as_deref().map(quoted).transpose()?,
            if_modified_since: if_modified_since.map(http_date).transpose()?,
            if_unmodified_since: if_unmodified_since.map(http_date).transpose()?,
        })
    }
}

/// An entity tag as the header has it, given with or without its quotes.
fn quoted(tag: &str) -> Result<String> {
    if tag == "*" {
        return Ok(tag.to_owned());
    }
    let bare = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
    if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_graphic() && b != b'"') {
        return Err(Error::new(ErrorKind::InvalidRequest, "this is no entity tag of a file"));
    }
    Ok(format!("\"{bare}\""))
}

/// Whole seconds: the header has no more.
fn http_date(time: SystemTime) -> Result<DateTime> {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .filter(|seconds| *seconds <= LAST_DATE)
        .map(DateTime::from_secs)
        .ok_or_else(|| {
            Error::new(ErrorKind::InvalidRequest, "a condition's time lies from 1970 to 9999")
        })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_tag_may_have_its_quotes_or_not() {
        for (tag, header) in [("a-1", "\"a-1\""), ("\"a\"", "\"a\""), ("*", "*")] {
            assert_eq!(quoted(tag).unwrap(), header);
        }
        for tag in ["", "\"\"", "\"", "a\"b", "a\r\nHost: x", "a b", "é"] {
            assert_eq!(quoted(tag).unwrap_err().kind(), ErrorKind::InvalidRequest, "{tag:?}");
        }
    }

    #[test]
    fn a_date_has_whole_seconds() {
        let time = UNIX_EPOCH + Duration::from_millis(1999);
        assert_eq!(http_date(time).unwrap(), DateTime::from_secs(1));
        for time in [UNIX_EPOCH - Duration::from_secs(1), UNIX_EPOCH + Duration::from_secs(1 << 40)]
        {
            assert_eq!(http_date(time).unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
    }

    #[test]
    fn conditions_that_the_store_overlooked_are_looked_at_here() {
        let answer = GetObjectOutput::builder()
            .e_tag("\"a\"")
            .last_modified(DateTime::from_secs(10))
            .build();
        let holds = |change: fn(&mut ReadOptions)| {
            let mut options = ReadOptions::default();
            change(&mut options);
            Conditions::of_read(&options).unwrap().hold(&answer)
        };
        assert!(holds(|_| ()));
        assert!(holds(|o| o.if_match = Some("a".into())));
        assert!(holds(|o| o.if_match = Some("*".into())));
        assert!(!holds(|o| o.if_match = Some("b".into())));
        assert!(holds(|o| o.if_none_match = Some("b".into())));
        assert!(!holds(|o| o.if_none_match = Some("a".into())));
        assert!(!holds(|o| o.if_none_match = Some("*".into())));
        assert!(holds(|o| o.if_modified_since = Some(UNIX_EPOCH + Duration::from_secs(9))));
        assert!(!holds(|o| o.if_modified_since = Some(UNIX_EPOCH + Duration::from_secs(10))));
        assert!(holds(|o| o.if_unmodified_since = Some(UNIX_EPOCH + Duration::from_secs(10))));
        assert!(!holds(|o| o.if_unmodified_since = Some(UNIX_EPOCH + Duration::from_secs(9))));
        // A tag is the better witness, and the date beside it does not count.
        assert!(holds(|o| {
            o.if_match = Some("a".into());
            o.if_unmodified_since = Some(UNIX_EPOCH);
        }));
    }
}

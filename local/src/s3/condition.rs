//! Conditional reads, in S3's order of precedence.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html>

use http::{HeaderMap, HeaderValue};
use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Error, S3Result, s3_error};

use super::attributes::http_date;
use crate::store::{ObjectRecord, StoreError};

/// The conditions of a read or of a copy's source.
#[derive(Debug, Default)]
pub(super) struct ReadCondition<'a> {
    pub(super) if_match: Option<&'a ETagCondition>,
    pub(super) if_none_match: Option<&'a ETagCondition>,
    pub(super) if_modified_since: Option<&'a Timestamp>,
    pub(super) if_unmodified_since: Option<&'a Timestamp>,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Holds,
    Failed,
    NotModified,
}

impl ReadCondition<'_> {
    /// Checks a GET or HEAD: 412 or 304.
    pub(super) fn check_read(&self, object: &ObjectRecord) -> S3Result<()> {
        match self.outcome(object) {
            Outcome::Holds => Ok(()),
            Outcome::Failed => Err(failed()),
            Outcome::NotModified => Err(not_modified(object)),
        }
    }

    /// Checks the source of a copy: always 412.
    pub(super) fn check_copy(&self, object: &ObjectRecord) -> S3Result<()> {
        match self.outcome(object) {
            Outcome::Holds => Ok(()),
            Outcome::Failed | Outcome::NotModified => Err(failed()),
        }
    }

    /// An ETag that is asked for decides over the date beside it.
    fn outcome(&self, object: &ObjectRecord) -> Outcome {
        let modified = super::timestamp(object.modified);
        match (self.if_match, self.if_unmodified_since) {
            (Some(wanted), _) if !holds(wanted, &object.etag) => return Outcome::Failed,
            (None, Some(date)) if modified > *date => return Outcome::Failed,
            _ => {}
        }
        match (self.if_none_match, self.if_modified_since) {
            (Some(unwanted), _) if holds(unwanted, &object.etag) => Outcome::NotModified,
            (None, Some(date)) if modified <= *date => Outcome::NotModified,
            _ => Outcome::Holds,
        }
    }
}

fn holds(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == etag,
    }
}

fn failed() -> S3Error {
    StoreError::PreconditionFailed.into()
}

fn not_modified(object: &ObjectRecord) -> S3Error {
    let mut headers = HeaderMap::new();
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", object.etag)) {
        headers.insert(http::header::ETAG, etag);
    }
    let modified = http_date(super::timestamp(object.modified));
    if let Some(Ok(modified)) = modified.map(HeaderValue::try_from) {
        headers.insert(http::header::LAST_MODIFIED, modified);
    }
    let mut error = s3_error!(NotModified, "Not Modified");
    error.set_status_code(http::StatusCode::NOT_MODIFIED);
    error.set_headers(headers);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(
        if_match: Option<&str>,
        if_none_match: Option<&str>,
        if_modified_since: Option<u64>,
        if_unmodified_since: Option<u64>,
    ) -> Outcome {
        let object = ObjectRecord {
            size: 0,
            etag: "e".to_owned(),
            modified: 100,
            attributes: Default::default(),
            checksums: Default::default(),
            parts: Vec::new(),
            version: Default::default(),
            tags: Default::default(),
        };
        let etag = |etag: Option<&str>| etag.map(|etag| etag.parse().unwrap());
        let date = |date: Option<u64>| date.map(crate::s3::timestamp);
        ReadCondition {
            if_match: etag(if_match).as_ref(),
            if_none_match: etag(if_none_match).as_ref(),
            if_modified_since: date(if_modified_since).as_ref(),
            if_unmodified_since: date(if_unmodified_since).as_ref(),
        }
        .outcome(&object)
    }

    #[test]
    fn each_alone() {
        use Outcome::{Failed, Holds, NotModified};
        let (same, other) = (Some("\"e\""), Some("\"x\""));
        assert_eq!(outcome(None, None, None, None), Holds);
        assert_eq!(outcome(same, None, None, None), Holds);
        assert_eq!(outcome(Some("*"), None, None, None), Holds);
        assert_eq!(outcome(other, None, None, None), Failed);
        assert_eq!(outcome(None, same, None, None), NotModified);
        assert_eq!(outcome(None, Some("*"), None, None), NotModified);
        assert_eq!(outcome(None, other, None, None), Holds);
        assert_eq!(outcome(None, None, Some(99), None), Holds);
        assert_eq!(outcome(None, None, Some(100), None), NotModified);
        assert_eq!(outcome(None, None, None, Some(100)), Holds);
        assert_eq!(outcome(None, None, None, Some(99)), Failed);
    }

    #[test]
    fn an_etag_decides_over_a_date() {
        use Outcome::{Holds, NotModified};
        let (same, other) = (Some("\"e\""), Some("\"x\""));
        assert_eq!(outcome(same, None, None, Some(99)), Holds);
        assert_eq!(outcome(None, other, Some(100), None), Holds);
        assert_eq!(outcome(None, same, Some(99), None), NotModified);
    }
}

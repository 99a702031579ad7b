//! A stored file, as the answers describe it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_sdk_s3::primitives::DateTime;

/// What is known of a file in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredFile {
    /// The full S3 key.
    pub key: String,
    /// The last segment of the key.
    pub filename: String,
    /// The kind, when the key has the folder of one.
    pub kind: Option<String>,
    /// The size in bytes.
    pub size: u64,
    /// The content type; not told by a listing without metadata.
    pub content_type: Option<String>,
    /// The entity tag, without its quotes. Not always an MD5.
    pub etag: Option<String>,
    /// When the file was stored; not told by an upload.
    pub last_modified: Option<SystemTime>,
    /// The user metadata; not told by a listing without metadata.
    pub metadata: BTreeMap<String, String>,
    /// The storage class, where the store names one.
    pub storage_class: Option<String>,
}

/// The tag without the quotes that the header has.
pub(super) fn etag(quoted: Option<&str>) -> Option<String> {
    quoted.map(|tag| tag.trim_matches('"').to_owned())
}

pub(super) fn time(stamp: Option<&DateTime>) -> Option<SystemTime> {
    stamp.and_then(|stamp| SystemTime::try_from(*stamp).ok())
}

/// A length that S3 tells; it never tells a negative one.
pub(super) fn size(length: Option<i64>) -> u64 {
    length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default()
}

//! What the index keeps about buckets, objects, uploads and parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::blobs::BlobId;

/// A bucket.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct BucketRecord {
    /// Seconds since 1970.
    pub(crate) created: u64,
    #[serde(default)]
    pub(crate) versioning: Versioning,
    #[serde(default)]
    pub(crate) cors: Vec<CorsRule>,
    #[serde(default)]
    pub(crate) abort_rules: Vec<AbortRule>,
}

/// Which pages of other origins may send which requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CorsRule {
    pub(crate) id: Option<String>,
    /// Each with at most one `*`, which stands for anything; so for the headers.
    pub(crate) origins: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) headers: Vec<String>,
    /// The headers of an answer that a page may read.
    pub(crate) exposed: Vec<String>,
    pub(crate) max_age_seconds: Option<u32>,
}

/// When an upload that nobody finished is aborted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AbortRule {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    /// Only uploads whose key begins with this.
    pub(crate) prefix: String,
    /// After so many days.
    pub(crate) days: u32,
}

/// Whether a bucket keeps what is overwritten and deleted.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Versioning {
    /// It was never asked to.
    #[default]
    Never,
    /// Every write makes a version.
    Enabled,
    /// Versions that are there stay; a write replaces the one whose id is `null`.
    Suspended,
}

/// Which version of an object a record is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// `None` is the version `null`, made without versioning or while it was suspended.
    pub(crate) id: Option<String>,
    /// Grows with every version that the store makes; 0 before there were any.
    pub(crate) sequence: u64,
    /// Whether it stands for the object's absence.
    pub(crate) delete_marker: bool,
}

impl Version {
    pub(crate) fn name(&self) -> &str {
        self.id.as_deref().unwrap_or(NULL)
    }
}

/// The name of the version that has no id.
pub(crate) const NULL: &str = "null";

/// The headers that are stored with an object and come back when it is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    pub(crate) content_type: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) cache_control: Option<String>,
    /// As an HTTP date.
    pub(crate) expires: Option<String>,
    pub(crate) storage_class: Option<String>,
    pub(crate) website_redirect: Option<String>,
    /// `AES256` or `aws:kms`.
    pub(crate) encryption: Option<String>,
    pub(crate) kms_key: Option<String>,
    pub(crate) user: BTreeMap<String, String>,
}

/// The tags of an object.
pub(crate) type Tags = BTreeMap<String, String>;

/// Checksums in base64, as `x-amz-checksum-*` carries them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checksums {
    pub(crate) crc32: Option<String>,
    pub(crate) crc32c: Option<String>,
    pub(crate) crc64nvme: Option<String>,
    pub(crate) sha1: Option<String>,
    pub(crate) sha256: Option<String>,
    /// `FULL_OBJECT` or `COMPOSITE`; present when one of the others is.
    pub(crate) kind: Option<String>,
}

impl Checksums {
    /// Whether every checksum that is given here is the one given there.
    pub(crate) fn agree(&self, stored: &Self) -> bool {
        let pairs = [
            (&self.crc32, &stored.crc32),
            (&self.crc32c, &stored.crc32c),
            (&self.crc64nvme, &stored.crc64nvme),
            (&self.sha1, &stored.sha1),
            (&self.sha256, &stored.sha256),
        ];
        pairs.iter().all(|(given, stored)| given.is_none() || given == stored)
    }
}

/// An object, without the places of its bytes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ObjectRecord {
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// Seconds since 1970: S3 dates objects to the second.
    pub(crate) modified: u64,
    pub(crate) attributes: Attributes,
    pub(crate) checksums: Checksums,
    /// The sizes of the parts of an object that was uploaded in parts.
    pub(crate) parts: Vec<u64>,
    #[serde(default)]
    pub(crate) version: Version,
    #[serde(default)]
    pub(crate) tags: Tags,
}

/// A piece of an object's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Segment {
    pub(crate) blob: BlobId,
    pub(crate) size: u64,
}

/// A multipart upload that was begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UploadRecord {
    /// Seconds since 1970.
    pub(crate) initiated: u64,
    pub(crate) attributes: Attributes,
    /// The algorithm that every part must use, such as `CRC32`.
    pub(crate) checksum_algorithm: Option<String>,
    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(crate) checksum_type: Option<String>,
    #[serde(default)]
    pub(crate) tags: Tags,
}

/// A part of a multipart upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PartRecord {
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified: u64,
    pub(crate) checksums: Checksums,
    pub(crate) segments: Vec<Segment>,
}

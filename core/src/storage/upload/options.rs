//! What an upload may say beside the file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::storage::progress::OnProgress;

/// What an upload may say beside the file. The default replaces a file of the same name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UploadOptions {
    /// The content type. Defaults to the one of the filename's extension, by a fixed table, else
    /// `application/octet-stream`.
    pub content_type: Option<String>,
    /// User metadata: names of 1 to 64 lower-case letters, digits and hyphens (those that
    /// begin with `casier-`, `snowball-` or `minio-` are reserved), values in any script, 2 KB
    /// together. Defaults to none.
    pub metadata: BTreeMap<String, String>,
    /// Tags of the object: 10 at most, names of 1 to 128 characters, values of up to 256. Defaults
    /// to none.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
    pub tags: BTreeMap<String, String>,
    /// Whether a file of the same key is replaced; if not, it is `file-exists`. Defaults to true.
    pub overwrite: bool,
    /// Whether 128 random bits are put into the name, before its extension. Defaults to false.
    pub unguessable: bool,
    /// The filename, for an upload from disk. Defaults to the last part of the path.
    pub filename: Option<String>,
    /// The storage class, as S3 names it (`STANDARD_IA`). Defaults to
    /// [`StorageConfig::storage_class`](crate::storage::StorageConfig::storage_class).
    pub storage_class: Option<String>,
    /// Told how much has been sent. Defaults to nobody.
    pub on_progress: Option<OnProgress>,
    /// Told of an upload in parts, of a size that is known, as soon as the store has begun it: the
    /// handle that [`resume_upload`](crate::storage::UserStorage::resume_upload),
    /// [`upload_state`](crate::storage::UserStorage::upload_state) and
    /// [`abort_upload`](crate::storage::UserStorage::abort_upload) take. The parts of such an upload
    /// are kept after `storage-unavailable` and `timeout`. Defaults to nobody.
    pub on_begin: Option<OnBegin>,
    /// How long the whole call may take. Defaults to
    /// [`StorageConfig::deadline`](crate::storage::StorageConfig::deadline) and a second more for
    /// each 128 KiB.
    pub deadline: Option<Duration>,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self {
            content_type: None,
            metadata: BTreeMap::new(),
            tags: BTreeMap::new(),
            overwrite: true,
            unguessable: false,
            filename: None,
            storage_class: None,
            on_progress: None,
            on_begin: None,
            deadline: None,
        }
    }
}

/// What is told of an upload in parts that the store has begun.
#[derive(Clone)]
pub struct OnBegin(Arc<dyn Fn(&str) + Send + Sync>);

impl OnBegin {
    /// A listener that takes the upload's handle. The upload waits for it; if it panics, the upload
    /// is aborted.
    pub fn new(listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    pub(super) fn tell(&self, handle: &str) {
        (self.0)(handle);
    }
}

impl fmt::Debug for OnBegin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnBegin").finish_non_exhaustive()
    }
}

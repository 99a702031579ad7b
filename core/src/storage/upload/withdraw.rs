//! Taking back what a store has kept otherwise than it was sent.

use std::sync::Arc;

use crate::storage::s3::S3;
use crate::storage::user_storage::OwnKey;
use crate::{Error, ErrorKind, Result};

/// What the store says of the object that it has just made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// As the answer has it.
    pub(super) etag: Option<String>,
    /// Where the bucket keeps versions.
    pub(super) version: Option<String>,
}

impl S3 {
    /// Deletes an object whose checksum is not that of the bytes that were sent, and gives the
    /// error that this is. What has taken its place meanwhile stays; on a store without conditional
    /// deletes, only what does so between the last look at it and the deletion is lost.
    pub(super) async fn withdraw(self: &Arc<Self>, key: &OwnKey, made: Made) -> Error {
        let (s3, key) = (Arc::clone(self), key.clone());
        // On a task of its own, so that the object goes even if the caller does not wait.
        let removed = tokio::spawn(async move {
            let removed = s3.in_time_to_tidy_up(s3.remove(&key, &made)).await;
            if let Err(error) = &removed {
                tracing::warn!(%error, "a file that the store has spoilt could not be deleted");
            }
            removed.is_ok()
        });
        corrupted(match removed.await {
            Ok(true) => "; what it had stored is deleted",
            _ => "; what it has stored could not be deleted",
        })
    }

    async fn remove(&self, key: &OwnKey, made: &Made) -> Result<()> {
        if made.version.is_some() {
            return self.delete_object(key.as_str(), made.version.as_deref(), None).await;
        }
        // First, since some stores delete whatever the condition says.
        let found = match self.head(key).await {
            Err(error) if error.kind() == ErrorKind::FileNotFound => return Ok(()),
            found => found?,
        };
        if found.e_tag() != made.etag.as_deref() {
            return Ok(());
        }
        match self.delete_object(key.as_str(), None, found.e_tag()).await {
            Err(error) if error.kind() == ErrorKind::PreconditionFailed => Ok(()),
            Err(error) if error.kind() == ErrorKind::StorageUnsupported => {
                self.delete_object(key.as_str(), None, None).await
            }
            deleted => deleted,
        }
    }
}

/// The error of a checksum that is not that of what was sent.
pub(super) fn corrupted(then: &str) -> Error {
    let why = "the checksum that the store tells is not that of the bytes that were sent";
    Error::new(ErrorKind::ChecksumMismatch, format!("{why}{then}"))
}

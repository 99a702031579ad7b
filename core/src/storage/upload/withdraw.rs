//! Taking back what a store has kept otherwise than it was sent, or what turned out not to be what it
//! claimed.

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
    /// error that this is.
    pub(super) async fn withdraw(self: &Arc<Self>, key: &OwnKey, made: Made) -> Error {
        let is_deleted = self.take_back(key, made).await;
        taken_back(corrupted(), is_deleted)
    }

    /// Deletes an object that is not what it was to be, and says whether it is gone. What has taken
    /// its place meanwhile stays; on a store without conditional deletes, only what does so between
    /// the last look at it and the deletion is lost.
    pub(super) async fn take_back(self: &Arc<Self>, key: &OwnKey, made: Made) -> bool {
        let (s3, key) = (Arc::clone(self), key.clone());
        // On a task of its own, so that the object goes even if the caller does not wait.
        let removed = tokio::spawn(async move {
            let removed = s3.in_time_to_tidy_up(s3.remove(&key, &made)).await;
            if let Err(error) = &removed {
                tracing::warn!(%error, "a file that was to be taken back could not be deleted");
            }
            removed.is_ok()
        });
        removed.await.unwrap_or(false)
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

/// The error of an object that was taken back.
pub(super) fn taken_back(error: Error, is_deleted: bool) -> Error {
    let then = match is_deleted {
        true => "what was stored is deleted",
        false => "what was stored could not be deleted",
    };
    Error::new(error.kind(), format!("{}; {then}", error.message()))
        .with_details(error.details().clone())
}

/// The error of a checksum that is not that of what was sent.
pub(super) fn corrupted() -> Error {
    Error::new(
        ErrorKind::ChecksumMismatch,
        "the checksum that the store tells is not that of the bytes that were sent",
    )
}

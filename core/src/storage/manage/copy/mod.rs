//! Copying inside a scope, on the store's own side: no byte passes here but the first few.

mod parts;
mod plan;
mod whole;

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;

pub(super) use self::plan::Plan;
use crate::storage::file::StoredFile;
use crate::storage::s3::failure;
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// What a copy has other than its original. The default has nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CopyOptions {
    /// The filename, cleaned as for an upload. Defaults to the original's.
    pub filename: Option<String>,
    /// The kind. Defaults to the original's.
    pub kind: Option<String>,
    /// Whether a file of the copy's key is replaced; if not, it is `file-exists`. Defaults to true.
    pub overwrite: bool,
    /// Whether 128 random bits are put into the name, before its extension. Defaults to false.
    pub unguessable: bool,
    /// The user metadata, in place of the original's. Defaults to the original's.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The content type. Defaults to the original's while the extension stays the same, and to the
    /// one of the new extension otherwise.
    pub content_type: Option<String>,
    /// The tags, in place of the original's. Defaults to the original's.
    pub tags: Option<BTreeMap<String, String>>,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            filename: None,
            kind: None,
            overwrite: true,
            unguessable: false,
            metadata: None,
            content_type: None,
            tags: None,
        }
    }
}

impl UserStorage {
    /// Copies a file inside the scope. What the policy says of uploads holds for the copy: its kind,
    /// type and size; where kind, type or extension change, the first bytes are looked at again. The
    /// storage class stays. A file above
    /// [`StorageConfig::copy_part_bytes`](crate::storage::StorageConfig::copy_part_bytes) is copied
    /// in parts.
    ///
    /// A file is copied onto itself to replace its metadata, content type or tags; with nothing to
    /// replace that does nothing.
    ///
    /// # Errors
    /// Before anything is sent: `invalid-kind`, also when neither the original nor the options have
    /// one, `invalid-filename`, `invalid-request` and `metadata-too-large`. Then `file-not-found`,
    /// `file-archived`, `type-not-allowed`, `content-mismatch`, `file-too-large`, `quota-exceeded`;
    /// `file-exists`, and `storage-unsupported` where the store cannot promise not to overwrite;
    /// `conflict` when the original changes meanwhile; what [`UserStorage`] says. After an error
    /// nothing is copied, save that after `timeout` or `storage-unavailable`, or when the call is
    /// given up, the store may yet have copied the whole file.
    pub async fn copy(&self, key: &str, options: CopyOptions) -> Result<StoredFile> {
        let plan = self.plan_copy(key, options).await?;
        let Plan { source, target, content_type, size, .. } = &plan;
        let reserved = match source.as_str() == target.as_str() {
            true => None,
            false => self.reserve(target, content_type, *size, SystemTime::now()).await?,
        };
        let copied = self.carry_out(&plan).await;
        self.conclude(reserved.as_ref(), &copied, |file| file.size).await;
        copied
    }

    /// Puts a whole object into the place of a file, all that is stored beside it included. The
    /// object stays where it is as well.
    ///
    /// # Errors
    /// As [`copy`](Self::copy), less those of the policy, which has been asked.
    pub(in crate::storage) async fn put_in_place(
        &self,
        source: OwnKey,
        target: OwnKey,
        original: HeadObjectOutput,
    ) -> Result<StoredFile> {
        self.carry_out(&Plan::of_all(source, target, original)).await
    }

    /// Makes the copy that has been planned.
    pub(super) async fn carry_out(&self, plan: &Plan) -> Result<StoredFile> {
        if plan.changes_nothing {
            return Ok(plan.copied(plan.etag.clone(), None));
        }
        self.s3.require_encryption().await?;
        let in_parts = plan.size > self.s3.config.copy_part_bytes
            || (plan.is_create_only && !self.s3.copies_create_only().await?);
        if in_parts && plan.is_create_only {
            self.s3.require_creates_only_in_parts().await?;
        }
        if in_parts && plan.size == 0 {
            return Err(Error::new(
                ErrorKind::StorageUnsupported,
                "the store does not honour If-None-Match for copies, and an empty file has no parts",
            ));
        }
        let copy = async {
            match in_parts {
                true => Ok((parts::copy(&self.s3, plan).await?, None)),
                false => self.s3.copy_whole(plan).await,
            }
        };
        let (etag, modified) = match self.s3.in_time_for(plan.size, copy).await {
            Ok(copied) => copied,
            Err(error) => (self.after_failure(plan, error).await?, None),
        };
        Ok(plan.copied(etag, modified))
    }

    /// Whether the copy is there although the call failed: its answer was lost, or a second try met
    /// the first. Gives the copy's tag, or the error that it is.
    async fn after_failure(&self, plan: &Plan, error: Error) -> Result<Option<String>> {
        let may_be_there = [
            ErrorKind::FileExists,
            ErrorKind::StorageUnavailable,
            // What the completion answers when it comes twice.
            ErrorKind::UploadNotFound,
        ];
        if may_be_there.contains(&error.kind())
            && let Some(mark) = &plan.mark
            && let Ok(Some(etag)) = self.s3.recognise(&plan.target, mark).await
        {
            return Ok(etag);
        }
        if error.kind() == ErrorKind::UploadNotFound {
            return Err(failure::unavailable("the store has lost the parts of the copy"));
        }
        if error.kind() == ErrorKind::FileExists {
            // Either condition can have failed: that there is no file, that the original is the same.
            let there = self.s3.in_time(self.s3.head(&plan.target)).await;
            if there.is_err_and(|error| error.kind() == ErrorKind::FileNotFound) {
                return Err(changed());
            }
        }
        Err(error)
    }
}

/// The error of an original that is no longer what was looked at.
fn changed() -> Error {
    Error::new(ErrorKind::Conflict, "the file was replaced while it was being copied")
}

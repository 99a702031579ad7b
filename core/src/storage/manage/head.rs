//! What a file is, without its bytes.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;

use crate::storage::content::user_metadata;
use crate::storage::file::{self, StoredFile};
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{ErrorKind, Result};

impl UserStorage {
    /// What the store knows of a file, its user metadata included.
    ///
    /// # Errors
    /// `file-not-found`; what [`UserStorage`] says.
    pub async fn metadata(&self, key: &str) -> Result<StoredFile> {
        self.head(&self.own(key)?).await
    }

    /// Whether there is a file of this key.
    ///
    /// # Errors
    /// What [`UserStorage`] says.
    pub async fn exists(&self, key: &str) -> Result<bool> {
        match self.metadata(key).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::FileNotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(in crate::storage) async fn head(&self, key: &OwnKey) -> Result<StoredFile> {
        let answer = self.s3.in_time(self.s3.head(key)).await?;
        Ok(stored_file(key, &answer))
    }
}

/// What the answer to HEAD tells of a file.
pub(in crate::storage) fn stored_file(key: &OwnKey, answer: &HeadObjectOutput) -> StoredFile {
    StoredFile {
        content_type: answer.content_type().map(str::to_owned),
        etag: file::etag(answer.e_tag()),
        last_modified: file::time(answer.last_modified()),
        metadata: answer.metadata().map(user_metadata::decode).unwrap_or_default(),
        storage_class: answer.storage_class().map(|class| class.as_str().to_owned()),
        ..key.file(file::size(answer.content_length()))
    }
}

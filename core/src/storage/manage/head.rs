//! What a file is, without its bytes.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;

use crate::storage::content::user_metadata;
use crate::storage::file::{self, StoredFile};
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

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

impl S3 {
    pub(in crate::storage) async fn head(&self, key: &OwnKey) -> Result<HeadObjectOutput> {
        let call = self.client().await?.head_object().bucket(&self.config.bucket).key(key.as_str());
        match call.send().await {
            // Every store tells a file's tag; a proxy that says yes to all does not.
            Ok(answer) if answer.e_tag().is_none() => Err(failure::unreadable()),
            Ok(answer) => {
                self.note_bucket();
                Ok(answer)
            }
            Err(error) => match failure::from_sdk(&error, OnCondition::Changed) {
                error if error.kind() == ErrorKind::FileNotFound => Err(self.missing().await),
                error => Err(error),
            },
        }
    }

    /// Remembers that the bucket has answered.
    pub(in crate::storage) fn note_bucket(&self) {
        // Already set is as good.
        let _ = self.bucket_seen.set(());
    }

    /// What a 404 without a body means: the answer to HEAD does not say whether the file or the
    /// bucket is missing, so the bucket is asked for, unless it has answered before.
    async fn missing(&self) -> Error {
        let missing = Error::new(ErrorKind::FileNotFound, "there is no such file");
        if self.bucket_seen.initialized() {
            return missing;
        }
        let Ok(client) = self.client().await else { return missing };
        match client.head_bucket().bucket(&self.config.bucket).send().await {
            Ok(_) => self.note_bucket(),
            Err(error) => {
                if failure::from_sdk(&error, OnCondition::Changed).kind() == ErrorKind::FileNotFound
                {
                    return failure::wrong_bucket();
                }
            }
        }
        missing
    }
}

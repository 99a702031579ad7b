//! Deleting files.

use futures_util::stream::{self, StreamExt as _};

use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// The most keys that one [`UserStorage::delete_many`] takes.
pub const MAX_DELETE_KEYS: usize = 1000;

/// How many files are deleted at a time.
const PARALLEL_DELETES: usize = 8;

/// What became of one key of [`UserStorage::delete_many`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deletion {
    /// The key, as it was given.
    pub key: String,
    /// Why the file could not be deleted; none when it is gone.
    pub error: Option<Error>,
}

impl UserStorage {
    /// Deletes a file. Deleting what is not there succeeds.
    ///
    /// # Errors
    /// What [`UserStorage`] says.
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.delete_own(&self.own(key)?).await
    }

    /// Deletes up to 1,000 files, eight at a time, and tells of each key, in the order given, what
    /// became of it. A key that stands twice is deleted twice, which succeeds. All together have the
    /// deadline of one call and a tenth of a second more for each key; what is not deleted by then
    /// is `timeout`.
    ///
    /// # Errors
    /// Before anything is sent: `invalid-key` or `not-owner` when one of the keys is, and
    /// `invalid-request` for more than 1,000 keys.
    pub async fn delete_many(&self, keys: Vec<String>) -> Result<Vec<Deletion>> {
        if keys.len() > MAX_DELETE_KEYS {
            return Err(Error::new(ErrorKind::InvalidRequest, "1000 keys can be deleted at once")
                .with_count(MAX_DELETE_KEYS, keys.len()));
        }
        let own = keys.iter().map(|key| self.own(key)).collect::<Result<Vec<OwnKey>>>()?;
        let end = self.s3.end_of_many(own.len());
        let deletions = own.into_iter().map(|key| async move {
            let error = self.s3.until(end, self.delete_own(&key)).await.err();
            Deletion { key: key.as_str().to_owned(), error }
        });
        Ok(stream::iter(deletions).buffered(PARALLEL_DELETES).collect().await)
    }

    async fn delete_own(&self, key: &OwnKey) -> Result<()> {
        let call = async {
            self.s3
                .client()
                .await?
                .delete_object()
                .bucket(&self.s3.config.bucket)
                .key(key.as_str())
                .send()
                .await
                .map_err(|error| failure::from_sdk(&error, OnCondition::Changed))
        };
        match self.s3.in_time(call).await {
            Ok(_) => {
                self.s3.note_bucket();
                Ok(())
            }
            // S3 answers 204; some stores say that there was nothing.
            Err(error) if error.kind() == ErrorKind::FileNotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

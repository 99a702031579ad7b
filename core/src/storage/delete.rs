//! Deleting a file.

use super::failure::{self, OnCondition};
use super::user_storage::UserStorage;
use crate::{ErrorKind, Result};

impl UserStorage {
    /// Deletes a file. Deleting what is not there succeeds.
    ///
    /// # Errors
    /// What [`UserStorage`] says.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let key = self.own(key)?;
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

//! Whether an object is there, and what a 404 without a body means.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;

use super::S3;
use super::failure::{self, OnCondition};
use crate::storage::user_storage::OwnKey;
use crate::{Error, ErrorKind, Result};

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

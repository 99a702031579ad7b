//! The tags of a stored file.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{Tag, Tagging};

use crate::storage::content::tags::check;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

impl UserStorage {
    /// The tags of a file.
    ///
    /// # Errors
    /// `file-not-found`; `storage-unsupported` where the store has no tags; what [`UserStorage`]
    /// says.
    pub async fn tags(&self, key: &str) -> Result<BTreeMap<String, String>> {
        let key = self.own(key)?;
        self.s3.in_time(self.s3.tags(&key)).await
    }

    /// Replaces the tags of a file; none removes them. At most 10, names of 1 to 128 characters and
    /// values of up to 256: letters, digits and spaces of any script and `+ - = . _ : / @`.
    ///
    /// # Errors
    /// Before anything is sent: `invalid-request` for the tags. Then `file-not-found`;
    /// `storage-unsupported` where the store has no tags; what [`UserStorage`] says.
    pub async fn set_tags(&self, key: &str, tags: BTreeMap<String, String>) -> Result<()> {
        let key = self.own(key)?;
        check(&tags)?;
        self.s3.in_time(self.s3.set_tags(&key, &tags)).await
    }
}

impl S3 {
    /// Refuses to go on where the store has no tags: Garage 2.5, for example, takes those of an
    /// upload without a word. It is asked once, for the tags of the file that is to be stored; that
    /// there is none, or that they may not be read, says that there could be.
    ///
    /// # Errors
    /// `storage-unsupported`; what the call to the store may answer.
    pub(in crate::storage) async fn require_tags(&self, key: &OwnKey) -> Result<()> {
        let ask = || async {
            match self.tags(key).await {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::FileNotFound | ErrorKind::StorageDenied
                    ) =>
                {
                    Ok(())
                }
                asked => asked.map(drop),
            }
        };
        self.abilities.has_tags.get_or_try_init(ask).await.copied()
    }

    pub(super) async fn tags(&self, key: &OwnKey) -> Result<BTreeMap<String, String>> {
        let call = self.client().await?.get_object_tagging();
        let answer = call
            .bucket(&self.config.bucket)
            .key(key.as_str())
            .send()
            .await
            .map_err(|error| failure::from_sdk(&error, OnCondition::Changed))?;
        self.note_bucket();
        Ok(answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    async fn set_tags(&self, key: &OwnKey, tags: &BTreeMap<String, String>) -> Result<()> {
        let client = self.client().await?;
        if tags.is_empty() {
            let call = client.delete_object_tagging();
            let answer = call.bucket(&self.config.bucket).key(key.as_str()).send().await;
            answer.map_err(|error| failure::from_sdk(&error, OnCondition::Changed))?;
        } else {
            let call = client.put_object_tagging();
            let call = call.bucket(&self.config.bucket).key(key.as_str()).tagging(tagging(tags)?);
            let answer = call.send().await;
            answer.map_err(|error| failure::from_sdk(&error, OnCondition::Changed))?;
        }
        self.note_bucket();
        Ok(())
    }
}

fn tagging(tags: &BTreeMap<String, String>) -> Result<Tagging> {
    let unbuilt = |_| Error::new(ErrorKind::Internal, "the request could not be built");
    let tags = tags.iter().map(|(name, value)| Tag::builder().key(name).value(value).build());
    let tags = tags.collect::<std::result::Result<_, _>>().map_err(unbuilt)?;
    Tagging::builder().set_tag_set(Some(tags)).build().map_err(unbuilt)
}

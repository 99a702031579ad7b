//! Creating a file without overwriting another: whether the store keeps the promise of
//! `If-None-Match: *`, and whose file it was that stood in the way.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use crate::random::random_name;
use crate::storage::content::user_metadata::UPLOAD_MARK;
use crate::storage::file;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::OwnKey;
use crate::{Error, ErrorKind, Result};

impl S3 {
    /// Refuses to go on where a file could be overwritten that was to stay. The store is asked once:
    /// an object under `.casier/` is put twice, and the second time must fail. Garage 2.5, for
    /// example, takes both.
    ///
    /// # Errors
    /// `storage-unsupported`; what the calls to the store may answer.
    pub(in crate::storage) async fn require_creates_only(&self) -> Result<()> {
        let honoured = self
            .creates_only
            .get_or_try_init(|| async {
                let client = self.client().await?.clone();
                let bucket = self.config.bucket.clone();
                // The object goes even if the caller does not wait.
                let probe = self.to_its_end(async move { probe(&client, &bucket).await });
                self.in_time(probe).await
            })
            .await?;
        promised(*honoured)
    }

    /// [`require_creates_only`](Self::require_creates_only) for uploads in parts, whose condition is
    /// on their completion.
    ///
    /// # Errors
    /// As there.
    pub(in crate::storage) async fn require_creates_only_in_parts(&self) -> Result<()> {
        let honoured = self
            .creates_only_in_parts
            .get_or_try_init(|| async {
                let client = self.client().await?.clone();
                let bucket = self.config.bucket.clone();
                let probe = self.to_its_end(async move { probe_in_parts(&client, &bucket).await });
                self.in_time(probe).await
            })
            .await?;
        promised(*honoured)
    }

    /// Whether the file that stands in the way is this very upload: its first try arrived, the
    /// answer was lost, and the second try met it. Gives the file's tag.
    pub(in crate::storage) async fn recognise(
        &self,
        key: &OwnKey,
        mark: &str,
    ) -> Option<Option<String>> {
        let found = self.in_time(self.head(key)).await.ok()?;
        let stored = found.metadata()?.get(UPLOAD_MARK)?;
        (stored == mark).then(|| file::etag(found.e_tag()))
    }
}

async fn probe(client: &Client, bucket: &str) -> Result<bool> {
    let key = format!(".casier/probe-{}", random_name()?);
    let create = || async {
        client
            .put_object()
            .bucket(bucket)
            .key(&key)
            .if_none_match("*")
            .body(ByteStream::from_static(b"probe"))
            .send()
            .await
            .map_err(|error| failure::from_sdk(&error, OnCondition::Exists))
    };
    let honoured = match create().await {
        Ok(_) => match create().await {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == ErrorKind::FileExists => Ok(true),
            Err(error) => Err(error),
        },
        // Nobody else has the name: a first try whose answer was lost has met a second one.
        Err(error) if error.kind() == ErrorKind::FileExists => Ok(true),
        Err(error) if error.kind() == ErrorKind::StorageUnsupported => Ok(false),
        Err(error) => Err(error),
    };
    // What is left over is in nobody's scope.
    let _ = client.delete_object().bucket(bucket).key(&key).send().await;
    honoured
}

/// A small upload in parts over a file that is there must fail at its completion.
async fn probe_in_parts(client: &Client, bucket: &str) -> Result<bool> {
    let key = format!(".casier/probe-{}", random_name()?);
    let placed = client.put_object().bucket(bucket).key(&key);
    placed
        .body(ByteStream::from_static(b"probe"))
        .send()
        .await
        .map_err(|error| failure::from_sdk(&error, OnCondition::Exists))?;
    let honoured = complete_over(client, bucket, &key).await;
    // What is left over is in nobody's scope.
    let _ = client.delete_object().bucket(bucket).key(&key).send().await;
    honoured
}

/// Whether the store refuses to complete an upload to a key where a file is.
async fn complete_over(client: &Client, bucket: &str, key: &str) -> Result<bool> {
    let begun = client.create_multipart_upload().bucket(bucket).key(key).send().await;
    let begun = begun.map_err(|error| failure::from_sdk(&error, OnCondition::Exists))?;
    let id = begun.upload_id().unwrap_or_default();
    let part = client.upload_part().bucket(bucket).key(key).upload_id(id).part_number(1);
    let sent = part
        .body(ByteStream::from_static(b"probe"))
        .send()
        .await
        .map_err(|error| failure::from_sdk(&error, OnCondition::Exists));
    let honoured = match sent {
        Err(error) => Err(error),
        Ok(sent) => {
            let part = CompletedPart::builder().part_number(1).set_e_tag(sent.e_tag).build();
            let completed = client
                .complete_multipart_upload()
                .bucket(bucket)
                .key(key)
                .upload_id(id)
                .if_none_match("*")
                .multipart_upload(CompletedMultipartUpload::builder().parts(part).build())
                .send()
                .await
                .map_err(|error| failure::from_sdk(&error, OnCondition::Exists));
            match completed {
                Ok(_) => return Ok(false),
                Err(error) => match error.kind() {
                    ErrorKind::FileExists => Ok(true),
                    ErrorKind::StorageUnsupported => Ok(false),
                    _ => Err(error),
                },
            }
        }
    };
    let _ = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(id).send().await;
    honoured
}

fn promised(honoured: bool) -> Result<()> {
    if honoured {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::StorageUnsupported,
        "the store does not honour If-None-Match, so it cannot promise not to overwrite",
    ))
}

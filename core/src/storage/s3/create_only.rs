//! Creating a file without overwriting another: whether the store keeps the promise of
//! `If-None-Match: *`, and whose file it was that stood in the way.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;

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
                // On a task of its own, so that the object goes even if the caller does not wait.
                let probe = tokio::spawn(async move { probe(&client, &bucket).await });
                self.in_time(async {
                    probe.await.unwrap_or_else(|_| {
                        Err(Error::new(ErrorKind::Internal, "the probe of the store broke off"))
                    })
                })
                .await
            })
            .await?;
        if *honoured {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::StorageUnsupported,
            "the store does not honour If-None-Match, so it cannot promise not to overwrite",
        ))
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
        Err(error) if error.kind() == ErrorKind::StorageUnsupported => return Ok(false),
        Err(error) => return Err(error),
        Ok(_) => match create().await {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == ErrorKind::FileExists => Ok(true),
            Err(error) => Err(error),
        },
    };
    // What is left over is in nobody's scope.
    let _ = client.delete_object().bucket(bucket).key(&key).send().await;
    honoured
}

//! Whether the store lets a copy create only.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::MetadataDirective;

use crate::random::random_name;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::{ErrorKind, Result};

impl S3 {
    /// Whether a copy under `If-None-Match: *` overwrites nothing. AWS's pages disagree on it, and
    /// stores that honour the condition for uploads may ignore it here, so the store is asked once:
    /// an object under `.casier/` is copied onto itself, which must fail.
    ///
    /// # Errors
    /// What the calls to the store may answer.
    pub(super) async fn copies_create_only(&self) -> Result<bool> {
        let ask = || async {
            let (client, bucket) = (self.client().await?.clone(), self.config.bucket.clone());
            // The object goes even if the caller does not wait.
            let probe = self.to_its_end(async move { probe(&client, &bucket).await });
            self.in_time(probe).await
        };
        self.copies_create_only.get_or_try_init(ask).await.copied()
    }
}

async fn probe(client: &Client, bucket: &str) -> Result<bool> {
    let key = format!(".casier/probe-{}", random_name()?);
    let body = ByteStream::from_static(b"probe");
    let put = client.put_object().bucket(bucket).key(&key).body(body).send().await;
    put.map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))?;
    let copy = client
        .copy_object()
        .bucket(bucket)
        .key(&key)
        .copy_source(format!("{bucket}/{key}"))
        .metadata_directive(MetadataDirective::Replace)
        .if_none_match("*")
        .send()
        .await;
    // What is left over is in nobody's scope.
    let _ = client.delete_object().bucket(bucket).key(&key).send().await;
    match copy.map_err(|error| failure::from_sdk(&error, OnCondition::Exists)) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::FileExists => Ok(true),
        Err(error) if error.kind() == ErrorKind::StorageUnsupported => Ok(false),
        Err(error) => Err(error),
    }
}

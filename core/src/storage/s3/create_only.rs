//! Creating a file without overwriting another: whether the store keeps the promise of
//! `If-None-Match: *`, and whose file it was that stood in the way.
//!
//! The store is asked once for each sort of request, since some keep the promise for one and ignore
//! the condition of another. Garage 2.5, for example, ignores all.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MetadataDirective};

use super::S3;
use super::failure::{self, OnCondition};
use super::probe::Probe;
use crate::storage::content::user_metadata;
use crate::storage::file;
use crate::storage::user_storage::OwnKey;
use crate::{Error, ErrorKind, Result};

impl S3 {
    /// Refuses to go on where a PUT could overwrite a file that was to stay.
    ///
    /// # Errors
    /// `storage-unsupported`; what the calls to the store may answer.
    pub(in crate::storage) async fn require_creates_only(&self) -> Result<()> {
        promised(self.creates_only().await?)
    }

    /// Whether a PUT under the condition overwrites nothing.
    ///
    /// # Errors
    /// What the calls to the store may answer.
    pub(in crate::storage) async fn creates_only(&self) -> Result<bool> {
        self.ask_once(&self.abilities.creates_only, put_twice).await
    }

    /// [`require_creates_only`](Self::require_creates_only) for uploads in parts, whose condition is
    /// on their completion.
    ///
    /// # Errors
    /// As there.
    pub(in crate::storage) async fn require_creates_only_in_parts(&self) -> Result<()> {
        promised(self.creates_only_in_parts().await?)
    }

    /// Whether the completion of an upload under the condition overwrites nothing.
    ///
    /// # Errors
    /// What the calls to the store may answer.
    pub(in crate::storage) async fn creates_only_in_parts(&self) -> Result<bool> {
        self.ask_once(&self.abilities.creates_only_in_parts, complete_over_itself).await
    }

    /// Whether a copy under the condition overwrites nothing. AWS's pages disagree on it.
    ///
    /// # Errors
    /// What the calls to the store may answer.
    pub(in crate::storage) async fn copies_create_only(&self) -> Result<bool> {
        self.ask_once(&self.abilities.copies_create_only, copy_over_itself).await
    }

    /// Whether the file that stands in the way is this very upload: its first try arrived, the
    /// answer was lost, and the second try met it. Gives the file's tag, or none when the file is
    /// another, or there is none.
    ///
    /// # Errors
    /// Where that cannot be told: what the call to the store answers.
    pub(in crate::storage) async fn recognise(
        &self,
        key: &OwnKey,
        mark: &str,
    ) -> Result<Option<Option<String>>> {
        let found = match self.in_time(self.head(key)).await {
            Err(error) if error.kind() == ErrorKind::FileNotFound => return Ok(None),
            found => found?,
        };
        let stored = user_metadata::mark(found.metadata());
        Ok(stored.is_some_and(|stored| stored == mark).then(|| file::etag(found.e_tag())))
    }
}

async fn put_twice(probe: Probe) -> Result<bool> {
    let create = || async {
        let put = probe.put().if_none_match("*").send().await;
        put.map_err(|error| failure::from_sdk(&error, OnCondition::Exists))
    };
    let honoured = match create().await {
        Ok(_) => is_refused(create().await),
        // Nobody else has the name: a first try whose answer was lost has met a second one.
        Err(error) if error.kind() == ErrorKind::FileExists => Ok(true),
        // A store that is down is not asked for more: each call would be two requests.
        Err(error) => return is_refused::<()>(Err(error)),
    };
    probe.remove().await;
    honoured
}

async fn complete_over_itself(probe: Probe) -> Result<bool> {
    let put = probe.put().send().await;
    put.map_err(|error| failure::from_sdk(&error, OnCondition::Exists))?;
    let honoured = complete_over(&probe).await;
    probe.remove().await;
    honoured
}

/// Completes a small upload in parts to a key where a file is.
async fn complete_over(Probe { client, bucket, key }: &Probe) -> Result<bool> {
    let begun = client.create_multipart_upload().bucket(bucket).key(key).send().await;
    let begun = begun.map_err(|error| failure::from_sdk(&error, OnCondition::Exists))?;
    let id = begun.upload_id().unwrap_or_default();
    let complete = async {
        let part = client.upload_part().bucket(bucket).key(key).upload_id(id).part_number(1);
        let sent = part.body(ByteStream::from_static(b"probe")).send().await;
        let sent = sent.map_err(|error| failure::from_sdk(&error, OnCondition::Exists))?;
        let part = CompletedPart::builder().part_number(1).set_e_tag(sent.e_tag).build();
        let completed = client
            .complete_multipart_upload()
            .bucket(bucket)
            .key(key)
            .upload_id(id)
            .if_none_match("*")
            .multipart_upload(CompletedMultipartUpload::builder().parts(part).build())
            .send()
            .await;
        is_refused(completed.map_err(|error| failure::from_sdk(&error, OnCondition::Exists)))
    };
    let honoured = complete.await;
    // One that was completed after all is not there any more, which is as good.
    let _ = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(id).send().await;
    honoured
}

async fn copy_over_itself(probe: Probe) -> Result<bool> {
    let put = probe.put().send().await;
    put.map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))?;
    let Probe { client, bucket, key } = &probe;
    let copied = client
        .copy_object()
        .bucket(bucket)
        .key(key)
        .copy_source(format!("{bucket}/{key}"))
        .metadata_directive(MetadataDirective::Replace)
        .if_none_match("*")
        .send()
        .await;
    probe.remove().await;
    is_refused(copied.map_err(|error| failure::from_sdk(&error, OnCondition::Exists)))
}

/// Whether the store honours the condition, by its answer to what would overwrite a file.
fn is_refused<T>(answer: Result<T>) -> Result<bool> {
    match answer {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::FileExists => Ok(true),
        Err(error) if error.kind() == ErrorKind::StorageUnsupported => Ok(false),
        Err(error) => Err(error),
    }
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

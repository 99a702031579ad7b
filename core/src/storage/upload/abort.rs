//! Uploads in parts that come to nothing leave nothing at the store.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::Result;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};

/// A part that was on its way may arrive after the upload was aborted; then it is aborted again.
const TRIES: usize = 3;

/// An upload in parts that the store has begun. Dropped, it is aborted, by a task of its own.
#[derive(Debug)]
pub(in crate::storage) struct Unfinished {
    s3: Arc<S3>,
    key: String,
    id: String,
    runtime: Handle,
    is_kept: bool,
}

impl Unfinished {
    /// Within a runtime.
    pub(in crate::storage) fn new(s3: &Arc<S3>, key: &str, id: String) -> Self {
        Self {
            s3: Arc::clone(s3),
            key: key.to_owned(),
            id,
            runtime: Handle::current(),
            is_kept: false,
        }
    }

    pub(in crate::storage) fn s3(&self) -> &S3 {
        &self.s3
    }

    pub(in crate::storage) fn key(&self) -> &str {
        &self.key
    }

    /// The store's name for the upload.
    pub(in crate::storage) fn id(&self) -> &str {
        &self.id
    }

    /// It is finished, or to be gone on with later.
    pub(in crate::storage) fn keep(mut self) {
        self.is_kept = true;
    }

    /// Aborts it and waits for that; given up, it goes on alone.
    pub(in crate::storage) async fn abort(mut self) {
        self.is_kept = true;
        // Whatever comes of it, the upload has failed already.
        let _ = self.begin_abort().await;
    }

    fn begin_abort(&self) -> tokio::task::JoinHandle<()> {
        let (s3, key, id) = (Arc::clone(&self.s3), self.key.clone(), self.id.clone());
        self.runtime.spawn(async move {
            if let Err(error) = s3.in_time(abort(&s3, &key, &id)).await {
                tracing::warn!(%error, "an upload could not be aborted; its parts remain");
            }
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_kept {
            drop(self.begin_abort());
        }
    }
}

/// Aborts an upload until none of its parts is left.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>
async fn abort(s3: &S3, key: &str, id: &str) -> Result<()> {
    let (client, bucket) = (s3.client().await?, &s3.config.bucket);
    for _ in 0..TRIES {
        let aborted = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(id);
        match aborted.send().await {
            Ok(_) => {}
            Err(error) => {
                let error = failure::from_sdk(&error, OnCondition::Changed);
                if error.kind() != crate::ErrorKind::UploadNotFound {
                    return Err(error);
                }
            }
        }
        let left = client.list_parts().bucket(bucket).key(key).upload_id(id).max_parts(1);
        // An upload that is not there has no parts.
        if left.send().await.map_or(true, |left| left.parts().is_empty()) {
            return Ok(());
        }
    }
    Err(failure::unavailable("parts still arrive at the store"))
}

//! Uploads in parts that are neither completed nor aborted: how they begin, and that those that come
//! to nothing leave nothing at the store.

use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{mem, thread};

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::create_multipart_upload::{
    CreateMultipartUploadError, CreateMultipartUploadOutput,
};
use futures_util::stream::{self, StreamExt as _};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::open_uploads::OpenUpload;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::{ErrorKind, Result};

/// A part that was on its way may arrive after the upload was aborted; then it is aborted again.
const TRIES: usize = 3;

/// How many uploads are aborted at a time.
const PARALLEL_ABORTS: usize = 8;

/// How long a runtime that is shutting down waits for what it has left to abort.
const LAST_TRY: Duration = Duration::from_secs(2);

/// The store's answer to the beginning of an upload in parts.
type Begun =
    Result<CreateMultipartUploadOutput, SdkError<CreateMultipartUploadError, HttpResponse>>;

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
    /// Begins an upload by a call that does so. Given up meanwhile, what was begun is aborted.
    pub(in crate::storage) async fn begin(
        s3: &Arc<S3>,
        key: &str,
        call: impl Future<Output = Begun> + Send + 'static,
    ) -> Result<Self> {
        let (begun_at, key) = (Arc::clone(s3), key.to_owned());
        // The store's answer is seen even if the caller does not wait.
        s3.to_its_end(async move {
            let answer = call.await;
            let answer = answer
                .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Exists))?;
            let id = answer.upload_id().filter(|id| !id.is_empty());
            Ok(Self::new(&begun_at, &key, id.ok_or_else(failure::unreadable)?.to_owned()))
        })
        .await
    }

    /// One that was begun before. Within a runtime.
    pub(super) fn new(s3: &Arc<S3>, key: &str, id: String) -> Self {
        Self {
            s3: Arc::clone(s3),
            key: key.to_owned(),
            id,
            runtime: Handle::current(),
            is_kept: false,
        }
    }

    pub(in crate::storage) fn s3(&self) -> &Arc<S3> {
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

    fn begin_abort(&self) -> JoinHandle<()> {
        let aborting = Aborting {
            s3: Arc::clone(&self.s3),
            key: self.key.clone(),
            id: self.id.clone(),
            is_over: false,
        };
        self.runtime.spawn(aborting.run())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_kept {
            drop(self.begin_abort());
        }
    }
}

/// The task that aborts an upload. One that its runtime drops, because it is shutting down, tries
/// once more on a thread of its own, and the runtime waits for that a little.
struct Aborting {
    s3: Arc<S3>,
    key: String,
    id: String,
    is_over: bool,
}

impl Aborting {
    async fn run(mut self) {
        let aborted = self.s3.in_time_to_tidy_up(abort(&self.s3, &self.key, &self.id)).await;
        self.is_over = true;
        if let Err(error) = aborted {
            tracing::warn!(%error, "an upload could not be aborted; its parts remain");
        }
    }
}

impl Drop for Aborting {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (config, key, id) = (self.s3.config.clone(), self.key.clone(), mem::take(&mut self.id));
        let (over, is_over) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("casier-abort".to_owned()).spawn(move || {
            let _over = over;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            // Connections of the other runtime are dead with it, hence a client of its own.
            if let (Ok(runtime), Ok(s3)) = (runtime, S3::new(config)) {
                let aborted = async { timeout(LAST_TRY, abort(&s3, &key, &id)).await };
                if !matches!(runtime.block_on(aborted), Ok(Ok(_))) {
                    tracing::warn!("an upload could not be aborted at the end of its runtime");
                }
            }
        });
        if thread.is_ok() {
            let _ = is_over.recv_timeout(LAST_TRY);
        }
    }
}

impl S3 {
    /// Aborts listed uploads, several at a time, and tells of each key whether there was one to
    /// abort. A part that is on its way may remain; then the upload is listed again.
    pub(in crate::storage) async fn abort_all(
        &self,
        uploads: impl IntoIterator<Item = OpenUpload>,
    ) -> Vec<(String, Result<bool>)> {
        let aborts = uploads.into_iter().map(|OpenUpload { key, id, .. }| async move {
            let aborted = self.in_time(abort_once(self, &key, &id)).await;
            (key, aborted)
        });
        stream::iter(aborts).buffer_unordered(PARALLEL_ABORTS).collect().await
    }
}

/// Aborts an upload until none of its parts is left. Says whether there was one.
pub(super) async fn abort(s3: &S3, key: &str, id: &str) -> Result<bool> {
    let (client, bucket) = (s3.client().await?, &s3.config.bucket);
    let mut was_there = false;
    for _ in 0..TRIES {
        was_there |= abort_once(s3, key, id).await?;
        let left = client.list_parts().bucket(bucket).key(key).upload_id(id).max_parts(1);
        let is_over = match left.send().await {
            Ok(left) => left.parts().is_empty(),
            // An upload that is not there has no parts; of a store that fails, nobody knows.
            Err(error) => {
                let error = failure::from_sdk(&error, OnCondition::Changed);
                !matches!(error.kind(), ErrorKind::StorageUnavailable | ErrorKind::Timeout)
            }
        };
        if is_over {
            return Ok(was_there);
        }
    }
    Err(failure::unavailable("the store does not say that no part is left"))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>
async fn abort_once(s3: &S3, key: &str, id: &str) -> Result<bool> {
    let call = s3.client().await?.abort_multipart_upload().bucket(&s3.config.bucket);
    match call.key(key).upload_id(id).send().await {
        Ok(_) => Ok(true),
        Err(error) => match failure::from_sdk(&error, OnCondition::Changed) {
            // A 404 whose body was lost means the upload as well.
            error
                if matches!(error.kind(), ErrorKind::UploadNotFound | ErrorKind::FileNotFound) =>
            {
                Ok(false)
            }
            error => Err(error),
        },
    }
}

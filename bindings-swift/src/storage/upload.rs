//! Uploads.

use std::collections::HashMap;
use std::sync::Arc;

use casier::storage;

use super::UserStorage;
use crate::answers::{SweptUploads, UploadState};
use crate::cancel::Cancellation;
use crate::convert::{Contents, FileUrl};
use crate::error::Result;
use crate::file::StoredFile;
use crate::transfer::{
    BeginListener, ProgressListener, UploadPipe, deadline, on_begin, on_progress,
};

#[uniffi::export]
impl UserStorage {
    async fn upload_file(
        &self,
        file: FileUrl,
        kind: String,
        options: UploadOptions,
        progress: Option<Box<dyn ProgressListener>>,
        begin: Option<Box<dyn BeginListener>>,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let mut options = options.with(progress);
        options.on_begin = begin.map(on_begin);
        let files = self.0.clone();
        let call = async move { files.upload_file(file.0, &kind, options).await };
        Ok(cancellation.run(call).await?.into())
    }

    async fn upload_file_object(
        &self,
        contents: Arc<Contents>,
        filename: String,
        kind: String,
        options: UploadOptions,
        progress: Option<Box<dyn ProgressListener>>,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let (files, bytes, options) = (self.0.clone(), contents.take(), options.with(progress));
        let call = async move { files.upload_file_object(bytes, &filename, &kind, options).await };
        Ok(cancellation.run(call).await?.into())
    }

    async fn upload_pipe(
        &self,
        pipe: Arc<UploadPipe>,
        filename: String,
        kind: String,
        options: UploadOptions,
        progress: Option<Box<dyn ProgressListener>>,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let (files, contents, options) = (self.0.clone(), pipe.contents()?, options.with(progress));
        let call =
            async move { files.upload_file_object(contents, &filename, &kind, options).await };
        Ok(cancellation.run(call).await?.into())
    }

    async fn resume_upload(
        &self,
        upload_id: String,
        file: FileUrl,
        deadline: Option<f64>,
        progress: Option<Box<dyn ProgressListener>>,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let mut options = storage::ResumeOptions::default();
        options.on_progress = progress.map(on_progress);
        options.deadline = crate::transfer::deadline(deadline);
        let files = self.0.clone();
        let call = async move { files.resume_upload(&upload_id, file.0, options).await };
        Ok(cancellation.run(call).await?.into())
    }

    async fn upload_state(
        &self,
        upload_id: String,
        cancellation: Arc<Cancellation>,
    ) -> Result<UploadState> {
        let files = self.0.clone();
        Ok(cancellation.run(async move { files.upload_state(&upload_id).await }).await?.into())
    }

    async fn abort_upload(&self, upload_id: String, cancellation: Arc<Cancellation>) -> Result<()> {
        let files = self.0.clone();
        cancellation.run(async move { files.abort_upload(&upload_id).await }).await
    }

    async fn sweep_uploads(&self, cancellation: Arc<Cancellation>) -> Result<SweptUploads> {
        let files = self.0.clone();
        Ok(cancellation.run(async move { files.sweep_uploads().await }).await?.into())
    }
}

#[derive(uniffi::Record)]
pub(crate) struct UploadOptions {
    metadata: HashMap<String, String>,
    tags: HashMap<String, String>,
    content_type: Option<String>,
    overwrite: bool,
    unguessable: bool,
    storage_class: Option<String>,
    /// Seconds.
    deadline: Option<f64>,
    /// For an upload from disk.
    filename: Option<String>,
}

impl UploadOptions {
    fn with(self, progress: Option<Box<dyn ProgressListener>>) -> storage::UploadOptions {
        let mut options = storage::UploadOptions::default();
        options.metadata = self.metadata.into_iter().collect();
        options.tags = self.tags.into_iter().collect();
        options.content_type = self.content_type;
        options.overwrite = self.overwrite;
        options.unguessable = self.unguessable;
        options.storage_class = self.storage_class;
        options.deadline = deadline(self.deadline);
        options.filename = self.filename;
        options.on_progress = progress.map(on_progress);
        options
    }
}

//! The files of one scope.

use std::collections::HashMap;
use std::sync::Arc;

use casier::storage;

use crate::cancel::Cancellation;
use crate::convert::{Contents, FileUrl};
use crate::error::Result;
use crate::file::{Deletion, Link, Page, StoredFile};
use crate::scope::Scope;

#[derive(uniffi::Object)]
pub(crate) struct UserStorage(pub(crate) storage::UserStorage);

#[uniffi::export]
impl UserStorage {
    fn scope(&self) -> Result<Arc<Scope>> {
        Ok(Arc::new(Scope(self.0.scope().clone())))
    }

    fn bucket(&self) -> Result<String> {
        Ok(self.0.bucket().to_owned())
    }

    async fn upload_file(
        &self,
        file: FileUrl,
        kind: String,
        options: UploadOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let files = self.0.clone();
        let call = async move { files.upload_file(file.0, &kind, options.into()).await };
        Ok(cancellation.run(call).await?.into())
    }

    async fn upload_file_object(
        &self,
        contents: Arc<Contents>,
        filename: String,
        kind: String,
        options: UploadOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let (files, bytes, options) = (self.0.clone(), contents.take(), options.into());
        let call = async move { files.upload_file_object(bytes, &filename, &kind, options).await };
        Ok(cancellation.run(call).await?.into())
    }

    async fn list(
        &self,
        kind: Option<String>,
        limit: Option<u32>,
        cursor: Option<String>,
        with_metadata: bool,
        cancellation: Arc<Cancellation>,
    ) -> Result<Page> {
        let mut options = storage::ListOptions::default();
        options.kind = kind;
        options.limit = limit.unwrap_or(options.limit);
        options.cursor = cursor;
        options.with_metadata = with_metadata;
        let files = self.0.clone();
        Ok(cancellation.run(async move { files.list(options).await }).await?.into())
    }

    async fn metadata(&self, key: String, cancellation: Arc<Cancellation>) -> Result<StoredFile> {
        let files = self.0.clone();
        Ok(cancellation.run(async move { files.metadata(&key).await }).await?.into())
    }

    async fn exists(&self, key: String, cancellation: Arc<Cancellation>) -> Result<bool> {
        let files = self.0.clone();
        cancellation.run(async move { files.exists(&key).await }).await
    }

    async fn read(
        &self,
        key: String,
        limit: Option<u64>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<Contents>> {
        let mut options = storage::ReadOptions::default();
        options.limit = limit.unwrap_or(options.limit);
        let files = self.0.clone();
        let bytes = cancellation.run(async move { files.read(&key, options).await }).await?;
        Ok(Arc::new(bytes.into()))
    }

    async fn download(
        &self,
        key: String,
        file: FileUrl,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let files = self.0.clone();
        let options = storage::DownloadOptions::default();
        let download = async move { files.download(&key, file.0, options).await };
        Ok(cancellation.run(download).await?.into())
    }

    async fn delete(&self, key: String, cancellation: Arc<Cancellation>) -> Result<()> {
        let files = self.0.clone();
        cancellation.run(async move { files.delete(&key).await }).await
    }

    async fn delete_many(
        &self,
        keys: Vec<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Vec<Deletion>> {
        let files = self.0.clone();
        let deletions = cancellation.run(async move { files.delete_many(keys).await }).await?;
        Ok(deletions.into_iter().map(Deletion::from).collect())
    }

    async fn presigned_url(
        &self,
        key: String,
        expires_in: Option<u64>,
        download_as: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Link> {
        let mut options = storage::LinkOptions::default();
        options.expires_in = expires_in;
        options.download_as = download_as;
        let files = self.0.clone();
        Ok(cancellation.run(async move { files.presigned_url(&key, options).await }).await?.into())
    }
}

#[derive(uniffi::Record)]
pub(crate) struct UploadOptions {
    metadata: HashMap<String, String>,
    content_type: Option<String>,
    overwrite: bool,
    unguessable: bool,
    /// For an upload from disk.
    filename: Option<String>,
}

impl From<UploadOptions> for storage::UploadOptions {
    fn from(given: UploadOptions) -> Self {
        let mut options = Self::default();
        options.metadata = given.metadata.into_iter().collect();
        options.content_type = given.content_type;
        options.overwrite = given.overwrite;
        options.unguessable = given.unguessable;
        options.filename = given.filename;
        options
    }
}

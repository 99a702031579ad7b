//! Managing what is stored.

use std::collections::HashMap;
use std::sync::Arc;

use casier::storage;

use super::UserStorage;
use crate::answers::{Receipt, Usage};
use crate::cancel::Cancellation;
use crate::error::Result;
use crate::file::{Deletion, StoredFile};

#[uniffi::export]
impl UserStorage {
    async fn metadata(&self, key: String, cancellation: Arc<Cancellation>) -> Result<StoredFile> {
        let files = self.0.clone();
        Ok(cancellation.run(async move { files.metadata(&key).await }).await?.into())
    }

    async fn exists(&self, key: String, cancellation: Arc<Cancellation>) -> Result<bool> {
        let files = self.0.clone();
        cancellation.run(async move { files.exists(&key).await }).await
    }

    async fn copy(
        &self,
        key: String,
        options: CopyOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let (files, options) = (self.0.clone(), options.into());
        Ok(cancellation.run(async move { files.copy(&key, options).await }).await?.into())
    }

    async fn move_to(
        &self,
        key: String,
        options: CopyOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let (files, options) = (self.0.clone(), options.into());
        Ok(cancellation.run(async move { files.move_to(&key, options).await }).await?.into())
    }

    async fn rename(
        &self,
        key: String,
        filename: String,
        overwrite: bool,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let files = self.0.clone();
        let call = async move { files.rename(&key, &filename, overwrite).await };
        Ok(cancellation.run(call).await?.into())
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

    async fn delete_all(&self, cancellation: Arc<Cancellation>) -> Result<Receipt> {
        let files = self.0.clone();
        Ok(cancellation.run(async move { files.delete_all().await }).await?.into())
    }

    async fn usage(&self, cancellation: Arc<Cancellation>) -> Result<Usage> {
        let files = self.0.clone();
        Ok(cancellation.run(async move { files.usage().await }).await?.into())
    }

    async fn tags(
        &self,
        key: String,
        cancellation: Arc<Cancellation>,
    ) -> Result<HashMap<String, String>> {
        let files = self.0.clone();
        let tags = cancellation.run(async move { files.tags(&key).await }).await?;
        Ok(tags.into_iter().collect())
    }

    async fn set_tags(
        &self,
        key: String,
        tags: HashMap<String, String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<()> {
        let (files, tags) = (self.0.clone(), tags.into_iter().collect());
        cancellation.run(async move { files.set_tags(&key, tags).await }).await
    }
}

#[derive(uniffi::Record)]
pub(crate) struct CopyOptions {
    filename: Option<String>,
    kind: Option<String>,
    overwrite: bool,
    unguessable: bool,
    metadata: Option<HashMap<String, String>>,
    content_type: Option<String>,
    tags: Option<HashMap<String, String>>,
}

impl From<CopyOptions> for storage::CopyOptions {
    fn from(given: CopyOptions) -> Self {
        let mut options = Self::default();
        options.filename = given.filename;
        options.kind = given.kind;
        options.overwrite = given.overwrite;
        options.unguessable = given.unguessable;
        options.metadata = given.metadata.map(|metadata| metadata.into_iter().collect());
        options.content_type = given.content_type;
        options.tags = given.tags.map(|tags| tags.into_iter().collect());
        options
    }
}

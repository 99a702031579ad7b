//! Uploads whose parts a client sends, straight to the store.

use std::collections::HashMap;
use std::sync::Arc;

use casier::storage;

use super::UserStorage;
use crate::answers::BegunUpload;
use crate::cancel::Cancellation;
use crate::error::Result;
use crate::file::StoredFile;
use crate::links::PartUrl;

#[uniffi::export]
impl UserStorage {
    async fn begin_upload(
        &self,
        filename: String,
        kind: String,
        size: u64,
        options: BeginUploadOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<BegunUpload> {
        let files = self.0.clone();
        let call = async move { files.begin_upload(&filename, &kind, size, options.into()).await };
        Ok(cancellation.run(call).await?.into())
    }

    async fn part_urls(
        &self,
        upload_id: String,
        part_numbers: Vec<u32>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Vec<PartUrl>> {
        let files = self.0.clone();
        let signing = async move { files.part_urls(&upload_id, &part_numbers).await };
        Ok(cancellation.run_here(signing).await?.into_iter().map(PartUrl::from).collect())
    }

    async fn complete_upload(
        &self,
        upload_id: String,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let files = self.0.clone();
        Ok(cancellation.run(async move { files.complete_upload(&upload_id).await }).await?.into())
    }
}

#[derive(uniffi::Record)]
pub(crate) struct BeginUploadOptions {
    content_type: Option<String>,
    metadata: HashMap<String, String>,
    tags: HashMap<String, String>,
    overwrite: bool,
    unguessable: bool,
    storage_class: Option<String>,
}

impl From<BeginUploadOptions> for storage::BeginUploadOptions {
    fn from(given: BeginUploadOptions) -> Self {
        let mut options = Self::default();
        options.content_type = given.content_type;
        options.metadata = given.metadata.into_iter().collect();
        options.tags = given.tags.into_iter().collect();
        options.overwrite = given.overwrite;
        options.unguessable = given.unguessable;
        options.storage_class = given.storage_class;
        options
    }
}

//! Links to read files, and to upload them.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use casier::{Error, ErrorKind, storage};

use super::UserStorage;
use crate::cancel::Cancellation;
use crate::error::Result;
use crate::links::{Link, PresignedPost, PresignedUpload};

#[uniffi::export]
impl UserStorage {
    async fn presigned_url(
        &self,
        key: String,
        options: LinkOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<Link> {
        let files = self.0.clone();
        let signing = async move { files.presigned_url(&key, options.into()).await };
        Ok(cancellation.run_here(signing).await?.into())
    }

    async fn presigned_urls(
        &self,
        keys: Vec<String>,
        options: LinkOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<Vec<Link>> {
        let files = self.0.clone();
        let signing = async move { files.presigned_urls(&keys, options.into()).await };
        Ok(cancellation.run(signing).await?.into_iter().map(Link::from).collect())
    }

    async fn presigned_upload(
        &self,
        filename: String,
        kind: String,
        size: u64,
        options: PresignedUploadOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<PresignedUpload> {
        let (files, options) = (self.0.clone(), options.try_into()?);
        let signing = async move { files.presigned_upload(&filename, &kind, size, options).await };
        Ok(cancellation.run_here(signing).await?.into())
    }

    async fn presigned_post(
        &self,
        filename: String,
        kind: String,
        smallest: u64,
        largest: u64,
        options: PresignedUploadOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<PresignedPost> {
        let (files, options) = (self.0.clone(), options.try_into()?);
        let sizes = RangeInclusive::new(smallest, largest);
        let signing = async move { files.presigned_post(&filename, &kind, sizes, options).await };
        Ok(cancellation.run_here(signing).await?.into())
    }
}

#[derive(uniffi::Record)]
pub(crate) struct LinkOptions {
    expires_in: Option<u64>,
    download_as: Option<String>,
    reuse: bool,
}

impl From<LinkOptions> for storage::LinkOptions {
    fn from(given: LinkOptions) -> Self {
        let mut options = Self::default();
        options.expires_in = given.expires_in;
        options.download_as = given.download_as;
        options.reuse = given.reuse;
        options
    }
}

#[derive(uniffi::Record)]
pub(crate) struct PresignedUploadOptions {
    content_type: Option<String>,
    metadata: HashMap<String, String>,
    overwrite: bool,
    unguessable: bool,
    expires_in: Option<u64>,
    storage_class: Option<String>,
    sha256: Option<Vec<u8>>,
}

impl TryFrom<PresignedUploadOptions> for storage::PresignedUploadOptions {
    type Error = Error;

    fn try_from(given: PresignedUploadOptions) -> casier::Result<Self> {
        let mut options = Self::default();
        options.content_type = given.content_type;
        options.metadata = given.metadata.into_iter().collect();
        options.overwrite = given.overwrite;
        options.unguessable = given.unguessable;
        options.expires_in = given.expires_in;
        options.storage_class = given.storage_class;
        options.sha256 = given.sha256.map(digest).transpose()?;
        Ok(options)
    }
}

fn digest(bytes: Vec<u8>) -> casier::Result<[u8; 32]> {
    let digest = bytes.try_into();
    digest.map_err(|_| Error::new(ErrorKind::InvalidRequest, "a SHA-256 has 32 bytes"))
}

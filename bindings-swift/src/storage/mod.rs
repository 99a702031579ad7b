//! The files of one scope.

mod list;
mod manage;
mod read;
mod upload;

use std::sync::Arc;

use casier::storage;

use crate::cancel::Cancellation;
use crate::error::Result;
use crate::file::Link;
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

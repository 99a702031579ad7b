//! The files of one scope.

mod by_client;
mod cdn;
mod grant;
mod link;
mod list;
mod manage;
mod read;
mod upload;

use std::sync::Arc;

use casier::storage;

use crate::error::Result;
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
}

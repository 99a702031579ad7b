//! Temporary credentials.

use std::sync::Arc;

use casier::storage;

use super::UserStorage;
use crate::cancel::Cancellation;
use crate::error::Result;
use crate::links::TemporaryCredentials;

#[uniffi::export]
impl UserStorage {
    async fn temporary_credentials(
        &self,
        access: Access,
        expires_in: Option<u64>,
        cancellation: Arc<Cancellation>,
    ) -> Result<TemporaryCredentials> {
        let mut options = storage::GrantOptions::default();
        options.access = access.into();
        options.expires_in = expires_in;
        let files = self.0.clone();
        let call = async move { files.temporary_credentials(options).await };
        Ok(cancellation.run(call).await?.into())
    }
}

#[derive(uniffi::Enum)]
pub(crate) enum Access {
    Read,
    ReadWrite,
}

impl From<Access> for storage::Access {
    fn from(access: Access) -> Self {
        match access {
            Access::Read => Self::Read,
            Access::ReadWrite => Self::ReadWrite,
        }
    }
}

//! Encryption by the store: asked for with each file, and proved once.

use super::S3;
use super::failure::{self, OnCondition};
use super::probe::Probe;
use crate::storage::config::Encryption;
use crate::{Error, ErrorKind, Result};

impl S3 {
    /// Refuses to go on where files would not be encrypted that are to be. The store is asked once,
    /// and only where the configuration asks for encryption. Garage 2.5, for example, ignores the
    /// header.
    ///
    /// # Errors
    /// `storage-unsupported`; what the calls to the store may answer.
    pub(in crate::storage) async fn require_encryption(&self) -> Result<()> {
        let Some(encryption) = self.config.encryption.clone() else { return Ok(()) };
        let question = |probe| put_encrypted(probe, encryption);
        if self.ask_once(&self.abilities.encrypts, question).await? {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::StorageUnsupported,
            "the store does not encrypt as S3_SERVER_SIDE_ENCRYPTION asks",
        ))
    }
}

async fn put_encrypted(probe: Probe, encryption: Encryption) -> Result<bool> {
    let (method, key_id) = Encryption::headers(Some(&encryption));
    let put = probe.put().set_server_side_encryption(method.clone()).set_ssekms_key_id(key_id);
    match put.send().await.map_err(|error| failure::from_sdk(&error, OnCondition::Changed)) {
        Ok(answer) => {
            probe.remove().await;
            Ok(answer.server_side_encryption() == method.as_ref())
        }
        Err(error) if error.kind() == ErrorKind::StorageUnsupported => Ok(false),
        Err(error) => Err(error),
    }
}

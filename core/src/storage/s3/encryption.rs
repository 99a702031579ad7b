//! Encryption by the store: asked for with each file, and proved once.

use aws_sdk_s3::primitives::ByteStream;

use crate::random::random_name;
use crate::storage::config::Encryption;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::{Error, ErrorKind, Result};

impl S3 {
    /// Refuses to go on where files would not be encrypted that are to be. The store is asked once,
    /// with an object under `.casier/`, and only where the configuration asks for encryption.
    /// Garage 2.5, for example, ignores the header.
    ///
    /// # Errors
    /// `storage-unsupported`; what the calls to the store may answer.
    pub(in crate::storage) async fn require_encryption(&self) -> Result<()> {
        let Some(encryption) = &self.config.encryption else { return Ok(()) };
        let is_done = self.encrypts.get_or_try_init(|| self.probe_encryption(encryption)).await?;
        if *is_done {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::StorageUnsupported,
            "the store does not encrypt as S3_SERVER_SIDE_ENCRYPTION asks",
        ))
    }

    async fn probe_encryption(&self, encryption: &Encryption) -> Result<bool> {
        let client = self.client().await?.clone();
        let (bucket, key) =
            (self.config.bucket.clone(), format!(".casier/probe-{}", random_name()?));
        let (method, key_id) = Encryption::headers(Some(encryption));
        // The object goes even if the caller does not wait.
        let probe = self.to_its_end(async move {
            let put = client.put_object().bucket(&bucket).key(&key);
            let put = put.set_server_side_encryption(method.clone()).set_ssekms_key_id(key_id);
            let answer = put.body(ByteStream::from_static(b"probe")).send().await;
            // What is left over is in nobody's scope.
            let _ = client.delete_object().bucket(&bucket).key(&key).send().await;
            match answer.map_err(|error| failure::from_sdk(&error, OnCondition::Changed)) {
                Ok(answer) => Ok(answer.server_side_encryption() == method.as_ref()),
                Err(error) if error.kind() == ErrorKind::StorageUnsupported => Ok(false),
                Err(error) => Err(error),
            }
        });
        self.in_time(probe).await
    }
}

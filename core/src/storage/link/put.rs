//! Links to upload a file of one size, by PUT.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::upload::PresignedUploadOptions;
use crate::Result;
use crate::storage::s3::BARS_COPIES;
use crate::storage::sign::Presign;
use crate::storage::user_storage::UserStorage;

/// A request that uploads one file. Whoever has it can send it, as often as they like, until it
/// ends, so `Debug` does not show its signature.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresignedUpload {
    /// The full key that the file will have.
    pub key: String,
    /// The method: `PUT`.
    pub method: &'static str,
    /// The address.
    pub url: String,
    /// The headers that must be sent, with these values. Browsers send `content-length` by
    /// themselves, from the body.
    pub headers: BTreeMap<String, String>,
    /// How long the link really lives, in seconds.
    pub expires_in: u64,
    /// When it ends.
    pub expires_at: SystemTime,
}

impl fmt::Debug for PresignedUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresignedUpload")
            .field("key", &self.key)
            .field("method", &self.method)
            .field("url", &self.url.split('?').next())
            .field("headers", &self.headers)
            .field("expires_in", &self.expires_in)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

impl UserStorage {
    /// A link to upload one file of exactly `size` bytes, for clients that do not speak the protocol
    /// of uploads. Key, length, content type, disposition, metadata, encryption and storage class
    /// are signed: the store refuses a request that changes or leaves out one of them, or adds a
    /// header of its own (`x-amz-…`).
    ///
    /// The link lives 15 minutes at most, and no longer than the tier allows and the credentials
    /// live. It can be used again until then, and what is uploaded is not looked at: whether the
    /// first bytes are of the content type is not known.
    ///
    /// The store is asked, once for each, where it must promise not to overwrite (`overwrite =
    /// false`) or to encrypt, and, where it is not AWS, whether it makes copies by such links. Where
    /// the tier limits what is stored, that is counted now and then, and `size` bytes are reserved
    /// until a while after the link's end.
    ///
    /// # Errors
    /// `invalid-kind`, `invalid-filename`, `type-not-allowed`, `file-too-large` above the tier's
    /// limit or 5 GiB, `quota-exceeded`, `metadata-too-large`; `invalid-request` for the metadata, and
    /// when the asked life is not 1 to 900 seconds; `storage-unsupported` where the store cannot
    /// promise what it must; `storage-denied` when the credentials have expired; what
    /// [`UserStorage`] says.
    pub async fn presigned_upload(
        &self,
        filename: &str,
        kind: &str,
        size: u64,
        options: PresignedUploadOptions,
    ) -> Result<PresignedUpload> {
        let now = SystemTime::now();
        let (create_only, sha256) = (!options.overwrite, options.sha256);
        let admitted = self.admit_link(filename, kind, &(size..=size), options, true, now).await?;
        let mut headers = admitted.others;
        for (name, value) in [
            ("content-disposition", Some(admitted.disposition)),
            ("content-length", Some(size.to_string())),
            ("content-type", Some(admitted.content_type)),
            (BARS_COPIES.0, admitted.bars_copies.then(|| BARS_COPIES.1.to_owned())),
            ("if-none-match", create_only.then(|| "*".to_owned())),
            ("x-amz-checksum-sha256", sha256.map(|digest| STANDARD.encode(digest))),
        ] {
            headers.extend(value.map(|value| (name.to_owned(), value)));
        }
        let signed: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let url = admitted.signer.presign(&Presign {
            method: "PUT",
            key: admitted.key.as_str(),
            query: &[],
            headers: &signed,
            expires_in: admitted.expires_in,
            now,
        });
        Ok(PresignedUpload {
            key: admitted.key.as_str().to_owned(),
            method: "PUT",
            url,
            headers,
            expires_in: admitted.expires_in,
            expires_at: now + Duration::from_secs(admitted.expires_in),
        })
    }
}

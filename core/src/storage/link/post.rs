//! Forms that upload a file of a size within a range, by POST.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use super::upload::PresignedUploadOptions;
use crate::storage::sign::PostPolicy;
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

/// What S3 puts the name into that the browser gives its file, in any field.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html>
const FILENAME_VARIABLE: &str = "${filename}";

/// A form that uploads one file. Whoever has it can send it, as often as they like, until it ends,
/// so `Debug` shows only the names of its fields.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresignedPost {
    /// The full key that the file will have.
    pub key: String,
    /// Where the form is sent, as `multipart/form-data`.
    pub url: String,
    /// All fields but the file, which comes last, under the name `file`.
    pub fields: BTreeMap<String, String>,
    /// How long the form really lives, in seconds.
    pub expires_in: u64,
    /// When it ends.
    pub expires_at: SystemTime,
}

impl fmt::Debug for PresignedPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresignedPost")
            .field("key", &self.key)
            .field("url", &self.url)
            .field("fields", &self.fields.keys())
            .field("expires_in", &self.expires_in)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

impl UserStorage {
    /// A form to upload one file whose size is within `sizes`, for pages without JavaScript and for
    /// clients that do not know the size beforehand. The policy that is signed binds the key, the
    /// range, the content type and every other field to its very value.
    ///
    /// It lives, and is used, as [`presigned_upload`](Self::presigned_upload) says. Not every store
    /// takes forms: R2 does not.
    ///
    /// # Errors
    /// As [`presigned_upload`](Self::presigned_upload); `invalid-request` also for an empty range,
    /// for `sha256`, and for metadata that hold `${filename}`, which S3 would replace;
    /// `storage-unsupported` when `overwrite` is false: forms have no such condition.
    pub async fn presigned_post(
        &self,
        filename: &str,
        kind: &str,
        sizes: RangeInclusive<u64>,
        options: PresignedUploadOptions,
    ) -> Result<PresignedPost> {
        if options.sha256.is_some() {
            let why = "a form is not bound to the bytes of one file: leave `sha256` out";
            return Err(Error::new(ErrorKind::InvalidRequest, why));
        }
        if !options.overwrite {
            let why = "S3 cannot promise for a form that it overwrites nothing";
            return Err(Error::new(ErrorKind::StorageUnsupported, why));
        }
        // No other field can hold it: names are cleaned of braces.
        let mut free = options.metadata.values().chain(&options.storage_class);
        if free.any(|value| value.contains(FILENAME_VARIABLE)) {
            let why = "S3 would replace ${filename} by the name of the browser's file";
            return Err(Error::new(ErrorKind::InvalidRequest, why));
        }
        let now = SystemTime::now();
        let admitted = self.admit_link(filename, kind, &sizes, options, false, now).await?;
        let key = admitted.key.as_str();
        let mut fields = admitted.others;
        fields.insert("Content-Disposition".to_owned(), admitted.disposition);
        fields.insert("Content-Type".to_owned(), admitted.content_type);
        let fields = admitted.signer.post_policy(&PostPolicy {
            key,
            sizes: &sizes,
            fields: &fields,
            expires_in: admitted.expires_in,
            now,
        });
        Ok(PresignedPost {
            key: key.to_owned(),
            url: admitted.signer.form_address(),
            fields,
            expires_in: admitted.expires_in,
            expires_at: now + Duration::from_secs(admitted.expires_in),
        })
    }
}

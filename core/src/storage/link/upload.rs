//! Links to upload one file in one request: what a PUT and a form have in common.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::life::{check_life, while_keys_live};
use crate::storage::config::Encryption;
use crate::storage::content::{content_type, disposition, user_metadata};
use crate::storage::sign::Signer;
use crate::storage::upload::MAX_PUT_BYTES;
use crate::storage::upload::plan::too_large;
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// The longest life of a link to upload, in seconds: 15 minutes. It can be used again until then.
pub(super) const MAX_UPLOAD_LINK_SECONDS: u64 = 900;

/// What a link to upload may say beside the file. The default replaces a file of the same name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PresignedUploadOptions {
    /// The content type. Defaults to the one of the filename's extension, by a fixed table, else
    /// `application/octet-stream`.
    pub content_type: Option<String>,
    /// User metadata: names of 1 to 64 lower-case letters, digits and hyphens (those that
    /// begin with `casier-`, `snowball-` or `minio-` are reserved), values in any script, 2 KB
    /// together. Defaults to none.
    pub metadata: BTreeMap<String, String>,
    /// Whether a file of the same key is replaced; if not, the store answers 412 where there is
    /// one. Defaults to true.
    pub overwrite: bool,
    /// Whether 128 random bits are put into the name, before its extension. Defaults to false.
    pub unguessable: bool,
    /// How long the link should live, in seconds, 1 to 900. Defaults to 900.
    pub expires_in: Option<u64>,
    /// The storage class, as S3 names it (`STANDARD_IA`). Defaults to
    /// [`StorageConfig::storage_class`](crate::storage::StorageConfig::storage_class).
    pub storage_class: Option<String>,
    /// The SHA-256 of the file's bytes: the store then takes no others. Not for forms. Defaults to
    /// none.
    pub sha256: Option<[u8; 32]>,
}

impl Default for PresignedUploadOptions {
    fn default() -> Self {
        Self {
            content_type: None,
            metadata: BTreeMap::new(),
            overwrite: true,
            unguessable: false,
            expires_in: None,
            storage_class: None,
            sha256: None,
        }
    }
}

/// An upload that has been admitted and can be signed.
pub(super) struct Admitted {
    pub(super) key: OwnKey,
    pub(super) content_type: String,
    pub(super) disposition: String,
    /// The headers, or fields, beside these two.
    pub(super) others: BTreeMap<String, String>,
    pub(super) signer: Arc<Signer>,
    pub(super) expires_in: u64,
    /// Whether a PUT has to bear what keeps its sender from copying. A form cannot become a copy.
    pub(super) bars_copies: bool,
}

impl UserStorage {
    /// Asks the policy, and the store where it must promise something. What is reserved ends by
    /// itself: nobody tells when the link is used.
    pub(super) async fn admit_link(
        &self,
        filename: &str,
        kind: &str,
        sizes: &RangeInclusive<u64>,
        options: PresignedUploadOptions,
        is_put: bool,
        now: SystemTime,
    ) -> Result<Admitted> {
        let asked = options.expires_in.unwrap_or(MAX_UPLOAD_LINK_SECONDS);
        check_life(asked, MAX_UPLOAD_LINK_SECONDS)?;
        if sizes.is_empty() {
            return Err(Error::new(ErrorKind::InvalidRequest, "the range of sizes holds none"));
        }
        let largest = *sizes.end();
        let key = self.new_key(filename, kind, options.unguessable)?;
        let content_type = self.admit_new(kind, &key, options.content_type, largest)?;
        if largest > MAX_PUT_BYTES {
            return Err(too_large(MAX_PUT_BYTES, largest));
        }
        let config = &self.s3.config;
        let mut others = BTreeMap::new();
        for (name, value) in user_metadata::encode(&options.metadata, None)? {
            others.insert(format!("x-amz-meta-{name}"), value);
        }
        let class = options.storage_class.or_else(|| config.storage_class.clone());
        let (encryption, key_id) = Encryption::headers(config.encryption.as_ref());
        for (name, value) in [
            ("x-amz-storage-class", class),
            ("x-amz-server-side-encryption", encryption.map(|it| it.as_str().to_owned())),
            ("x-amz-server-side-encryption-aws-kms-key-id", key_id),
        ] {
            others.extend(value.map(|value| (name.to_owned(), value)));
        }
        if others.values().any(|value| !is_header_value(value)) {
            return Err(Error::new(ErrorKind::InvalidRequest, "no header can hold the options"));
        }
        let allowed = self.allowed_life(Some(&key), asked, now)?;
        self.s3.require_encryption().await?;
        if !options.overwrite {
            self.s3.in_time(self.s3.require_creates_only()).await?;
        }
        let bars_copies = is_put && self.s3.must_bar_copies().await?;
        let signer = self.s3.signer(now).await?;
        let expires_in = while_keys_live(allowed, signer.ends(), now)?;
        let ends = now + Duration::from_secs(expires_in);
        self.reserve(&key, &content_type, largest, ends).await?;
        let inline = content_type::may_be_inline(key.filename(), &content_type);
        let disposition = disposition::content_disposition(inline, key.filename());
        Ok(Admitted { key, content_type, disposition, others, signer, expires_in, bars_copies })
    }
}

/// Whether a value is sent as it stands: nothing that would end it, and no blanks at its ends.
fn is_header_value(value: &str) -> bool {
    value.trim() == value && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

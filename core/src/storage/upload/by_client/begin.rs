//! The beginning of an upload that a client sends.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use crate::random::random_name;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::upload::handle::{self, Described, Handle, Sender};
use crate::storage::upload::multipart;
use crate::storage::upload::plan::PartPlan;
use crate::storage::upload::request::NewFile;
use crate::storage::upload::unfinished::Unfinished;
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// The storage classes whose objects cannot be read at once, and so not be looked at.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html>
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// What an upload that a client sends may say beside the file. The default replaces a file of the
/// same name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BeginUploadOptions {
    /// The content type. Defaults to the one of the filename's extension, by a fixed table, else
    /// `application/octet-stream`.
    pub content_type: Option<String>,
    /// User metadata: names of 1 to 64 lower-case letters, digits and hyphens (those that
    /// begin with `casier-`, `snowball-` or `minio-` are reserved), values in any script, 2 KB
    /// together. Defaults to none.
    pub metadata: BTreeMap<String, String>,
    /// Tags of the object: 10 at most, names of 1 to 128 characters, values of up to 256. Defaults
    /// to none.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
    pub tags: BTreeMap<String, String>,
    /// Whether a file of the same key is replaced; if not, it is `file-exists`. Defaults to true.
    pub overwrite: bool,
    /// Whether 128 random bits are put into the name, before its extension. Defaults to false.
    pub unguessable: bool,
    /// The storage class, as S3 names it (`STANDARD_IA`). Defaults to
    /// [`StorageConfig::storage_class`](crate::storage::StorageConfig::storage_class).
    pub storage_class: Option<String>,
}

impl Default for BeginUploadOptions {
    fn default() -> Self {
        Self {
            content_type: None,
            metadata: BTreeMap::new(),
            tags: BTreeMap::new(),
            overwrite: true,
            unguessable: false,
            storage_class: None,
        }
    }
}

/// An upload that the store has begun. Whoever acts for its user can go on with it by its id, so
/// `Debug` does not show that.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BegunUpload {
    /// The sealed handle, which [`part_urls`](UserStorage::part_urls),
    /// [`upload_state`](UserStorage::upload_state),
    /// [`complete_upload`](UserStorage::complete_upload) and
    /// [`abort_upload`](UserStorage::abort_upload) take.
    pub upload_id: String,
    /// The full key that the file will have.
    pub key: String,
    /// The size of every part but the last, in bytes.
    pub part_size: u64,
    /// How many parts the file has: none, if it is empty.
    pub part_count: u32,
    /// When the upload ends, by the store's clock.
    pub expires_at: SystemTime,
}

impl fmt::Debug for BegunUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BegunUpload")
            .field("key", &self.key)
            .field("part_size", &self.part_size)
            .field("part_count", &self.part_count)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl UserStorage {
    /// Begins an upload of `size` bytes whose parts a client sends straight to the store, to the
    /// addresses that [`part_urls`](Self::part_urls) gives; [`complete_upload`](Self::complete_upload)
    /// makes them a file, and looks at it. In parts at every size, so that nothing exists before
    /// that, and no address changes anything after it.
    ///
    /// Where a file of the key is there, it stays until the new one has been looked at. Where there
    /// is none, and another has come by the time of the completion, that is `conflict`.
    ///
    /// The upload can be gone on with for
    /// [`StorageConfig::upload_life`](crate::storage::StorageConfig::upload_life), by whoever acts
    /// for the user, from any device.
    ///
    /// # Errors
    /// Before anything is sent: `invalid-kind`, `invalid-filename`, `type-not-allowed`,
    /// `file-too-large` above the tier's limit or 48.8 TiB, `invalid-request` and
    /// `metadata-too-large` for the metadata and the tags, and `invalid-request` for the storage
    /// classes `GLACIER` and `DEEP_ARCHIVE`, whose first bytes nobody can look at. Then
    /// `quota-exceeded`; `file-exists`; `storage-unsupported` where the store cannot promise not to
    /// overwrite; what [`UserStorage`] says. After an error, or when the future is dropped, nothing
    /// is begun.
    pub async fn begin_upload(
        &self,
        filename: &str,
        kind: &str,
        size: u64,
        options: BeginUploadOptions,
    ) -> Result<BegunUpload> {
        let mark = random_name()?;
        let file = self.new_file(filename, kind, size, options, Some(mark.clone()))?;
        if file.storage_class.as_deref().is_some_and(|class| ARCHIVES.contains(&class)) {
            let why = "what is archived cannot be looked at: a client cannot send it";
            return Err(Error::new(ErrorKind::InvalidRequest, why));
        }
        let plan = PartPlan::of(size)?;
        let bars_copies = self.s3.must_bar_copies().await?;
        let beginning = self.begin_at_store(&file, size);
        let (upload, begun, incoming) = self.s3.in_time(beginning).await?;
        let mut handle = Handle {
            key: file.key.as_str().to_owned(),
            upload_id: upload.id().to_owned(),
            size,
            part_size: plan.part_size,
            content_type: file.content_type,
            overwrite: !file.create_only,
            mark,
            expires_at: handle::end(begun, self.s3.config.upload_life),
            sender: Sender::Client {
                incoming,
                reservation: None,
                bars_copies,
                empty: (size == 0).then_some(Described {
                    metadata: file.encoded_metadata,
                    tags: file.tags,
                    storage_class: file.storage_class,
                }),
            },
        };
        // Last: given up from here on, an upload is aborted, but a reservation would stay.
        let end = handle.expires_at();
        let reserved = self.reserve(&file.key, &handle.content_type, size, end).await;
        let sealed = match reserved {
            Ok(reserved) => {
                handle.reserve(reserved);
                self.seal(&handle)
            }
            Err(error) => Err(error),
        };
        match sealed {
            Ok(upload_id) => {
                upload.keep();
                Ok(BegunUpload {
                    upload_id,
                    part_size: handle.part_size,
                    part_count: handle.part_count(),
                    expires_at: end,
                    key: handle.key,
                })
            }
            Err(error) => {
                self.release(handle.reservation()).await;
                upload.abort().await;
                Err(error)
            }
        }
    }

    /// The upload, when it began, and the name under which its bytes wait, where they replace a file.
    async fn begin_at_store(
        &self,
        file: &NewFile,
        size: u64,
    ) -> Result<(Unfinished, SystemTime, Option<String>)> {
        self.s3.require_encryption().await?;
        if file.tags.is_some() {
            self.s3.require_tags(&file.key).await?;
        }
        match size {
            _ if !file.create_only => {}
            0 => self.s3.require_creates_only().await?,
            _ => self.s3.require_creates_only_in_parts().await?,
        }
        let incoming = match self.is_there(&file.key).await? {
            true if file.create_only => return Err(failure::condition(OnCondition::Exists)),
            true => Some(random_name()?),
            false => None,
        };
        let at = match &incoming {
            Some(name) => self.incoming(&file.key, name).ok_or_else(handle::not_found)?,
            None => file.key.clone(),
        };
        // No checksum is declared: of one that is, some stores want it with every part.
        let sent_to = NewFile { key: at, ..file.clone() };
        let (upload, begun) = multipart::begin(&self.s3, &sent_to, None).await?;
        self.s3.note_bucket();
        Ok((upload, begun, incoming))
    }

    /// Whether there is a file of this key.
    async fn is_there(&self, key: &OwnKey) -> Result<bool> {
        match self.s3.head(key).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::FileNotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The error of a handle whose parts Casier sends itself.
pub(super) fn sent_by_server() -> Error {
    Error::new(
        ErrorKind::InvalidRequest,
        "the parts of this upload are not sent by a client: go on with `resume_upload`",
    )
}

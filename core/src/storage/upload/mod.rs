//! Uploads: from disk and from memory.

mod handle;
mod local_file;
mod open_uploads;
mod resume;
mod secret;
mod sweep;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use aws_lc_rs::digest;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use self::local_file::UploadFile;
pub use self::resume::UploadState;
pub use self::secret::{MIN_SECRET_BYTES, SealingSecret};
pub use self::sweep::SweptUploads;
use crate::access::Action;
use crate::random::random_name;
use crate::storage::content::{content_type, disposition, sniff, user_metadata};
use crate::storage::disk::blocking;
use crate::storage::file::{self, StoredFile};
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// The largest file that S3 takes in one PUT: 5 GiB.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html>
pub const MAX_PUT_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// What an upload may say beside the file. The default replaces a file of the same name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UploadOptions {
    /// The content type. Defaults to the one of the filename's extension, by a fixed table, else
    /// `application/octet-stream`.
    pub content_type: Option<String>,
    /// User metadata: names of 1 to 64 lower-case letters, digits and hyphens (`casier-` is
    /// reserved), values in any script, 2 KB together. Defaults to none.
    pub metadata: BTreeMap<String, String>,
    /// Whether a file of the same key is replaced; if not, it is `file-exists`. Defaults to true.
    pub overwrite: bool,
    /// Whether 128 random bits are put into the name, before its extension. Defaults to false.
    pub unguessable: bool,
    /// The filename, for an upload from disk. Defaults to the last part of the path.
    pub filename: Option<String>,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self {
            content_type: None,
            metadata: BTreeMap::new(),
            overwrite: true,
            unguessable: false,
            filename: None,
        }
    }
}

/// An upload that has passed every check that needs no network.
struct Checked {
    key: OwnKey,
    content_type: String,
    metadata: BTreeMap<String, String>,
    encoded_metadata: BTreeMap<String, String>,
    /// Names the upload when it is not to overwrite.
    mark: Option<String>,
}

impl UserStorage {
    /// Uploads a file from disk, in pieces; memory stays bounded whatever its size. The file is read
    /// twice: once for its SHA-256, which goes before it, then to send it.
    ///
    /// # Errors
    /// Before anything is sent: `invalid-kind`, `invalid-filename`, `type-not-allowed`,
    /// `content-mismatch` when the first bytes are not of the type that it claims, `file-too-large`
    /// above the tier's limit or 5 GiB, `quota-exceeded`, `invalid-request` and `metadata-too-large`
    /// for the metadata, `io-failed` when the file cannot be read. Then `file-exists`, and
    /// `storage-unsupported` where the store cannot promise not to overwrite; `io-failed` when the
    /// file changes meanwhile; `checksum-mismatch`; what [`UserStorage`] says. After an error
    /// nothing is stored, and a file that was to be replaced is as it was, save that after `timeout`
    /// or `storage-unavailable`, or when the call is given up, the store may yet have taken the
    /// whole file.
    pub async fn upload_file(
        &self,
        path: impl Into<PathBuf>,
        kind: &str,
        options: UploadOptions,
    ) -> Result<StoredFile> {
        let path = path.into();
        let filename = match &options.filename {
            Some(filename) => filename.clone(),
            None => path
                .file_name()
                .and_then(|name| name.to_str())
                .ok_or_else(|| {
                    Error::new(ErrorKind::InvalidFilename, "the path ends in no name of UTF-8")
                })?
                .to_owned(),
        };
        let opened = blocking(move |_| {
            let file = UploadFile::open(&path)?;
            let head = file.head()?;
            Ok((file, head))
        });
        let (file, head) = self.s3.in_time(opened).await?;
        let size = file.size();
        let checked = self.check(&filename, kind, size, &head, options)?;
        let hashed = file.clone();
        let sha256 = self.s3.in_time_for(size, blocking(move |stop| hashed.sha256(stop))).await?;
        let body = if size == 0 { ByteStream::from_static(b"") } else { file.body() };
        self.put(checked, body, size, &sha256)
            .await
            .map_err(|error| file.failure().unwrap_or(error))
    }

    /// Uploads bytes from memory.
    ///
    /// # Errors
    /// As [`upload_file`](Self::upload_file), less what concerns the disk.
    pub async fn upload_file_object(
        &self,
        bytes: Bytes,
        filename: &str,
        kind: &str,
        options: UploadOptions,
    ) -> Result<StoredFile> {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let head = &bytes[..bytes.len().min(sniff::HEAD_BYTES)];
        let checked = self.check(filename, kind, size, head, options)?;
        let sha256 = digest::digest(&digest::SHA256, &bytes);
        self.put(checked, ByteStream::from(bytes), size, sha256.as_ref()).await
    }

    fn check(
        &self,
        filename: &str,
        kind: &str,
        size: u64,
        head: &[u8],
        options: UploadOptions,
    ) -> Result<Checked> {
        let key = if options.unguessable {
            self.scope.unguessable_key(kind, filename)?
        } else {
            self.scope.key(kind, filename)?
        };
        let key = self.own(&key)?;
        let claimed =
            options.content_type.unwrap_or_else(|| content_type::of_filename(key.filename()));
        let content_type = self.admit(kind, &key, claimed, size)?;
        if size > MAX_PUT_BYTES {
            return Err(Error::new(
                ErrorKind::FileTooLarge,
                "files above 5 GiB need an upload in parts, which this version does not have",
            )
            .with_limit(MAX_PUT_BYTES, size));
        }
        sniff::check_content(head, &content_type)?;
        let mark = if options.overwrite { None } else { Some(random_name()?) };
        Ok(Checked {
            key,
            content_type,
            encoded_metadata: user_metadata::encode(&options.metadata, mark.as_deref())?,
            metadata: options.metadata,
            mark,
        })
    }

    /// What the policy says; gives the content type to store.
    pub(in crate::storage) fn admit(
        &self,
        kind: &str,
        key: &OwnKey,
        claimed: String,
        size: u64,
    ) -> Result<String> {
        let action = Action::Upload {
            kind: kind.to_owned(),
            filename: key.filename().to_owned(),
            content_type: claimed.clone(),
            size,
        };
        let terms = self.decider.decide(&action, Some(key.as_str()), SystemTime::now())?;
        Ok(terms.content_type.unwrap_or(claimed))
    }

    async fn put(
        &self,
        upload: Checked,
        body: ByteStream,
        size: u64,
        sha256: &[u8],
    ) -> Result<StoredFile> {
        if upload.mark.is_some() {
            self.s3.require_creates_only().await?;
        }
        let filename = upload.key.filename();
        let inline = content_type::may_be_inline(filename, &upload.content_type);
        let client = self.s3.client().await?;
        let call = client
            .put_object()
            .bucket(&self.s3.config.bucket)
            .key(upload.key.as_str())
            .content_length(i64::try_from(size).unwrap_or(i64::MAX))
            .content_type(&upload.content_type)
            .content_disposition(disposition::content_disposition(inline, filename))
            .set_metadata(Some(upload.encoded_metadata.into_iter().collect()))
            .set_if_none_match(upload.mark.as_ref().map(|_| "*".to_owned()))
            .checksum_sha256(STANDARD.encode(sha256))
            .body(body);
        let answer = self
            .s3
            .in_time_for(size, async {
                call.send()
                    .await
                    .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Exists))
            })
            .await;
        let etag = match (answer, &upload.mark) {
            (Ok(answer), _) => file::etag(answer.e_tag()),
            (Err(error), Some(mark)) if error.kind() == ErrorKind::FileExists => {
                self.s3.recognise(&upload.key, mark).await.ok_or(error)?
            }
            (Err(error), _) => return Err(error),
        };
        self.s3.note_bucket();
        Ok(StoredFile {
            content_type: Some(upload.content_type),
            etag,
            metadata: upload.metadata,
            ..upload.key.file(size)
        })
    }
}

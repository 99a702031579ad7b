//! Uploads: from disk, from memory and from streams; in one PUT or in parts.

mod admit;
mod buffers;
mod by_client;
mod checksum;
mod contents;
mod deadline;
mod handle;
mod held;
mod local_file;
mod meter;
mod multipart;
pub(in crate::storage) mod open_uploads;
mod options;
mod parts;
mod piece;
pub(in crate::storage) mod plan;
mod request;
mod resume;
mod secret;
mod send;
mod single;
mod sweep;
pub(in crate::storage) mod unfinished;
mod withdraw;

use std::path::PathBuf;

use bytes::BytesMut;

pub use self::by_client::{BeginUploadOptions, BegunUpload, MAX_PART_URLS, PartUrl};
pub use self::contents::UploadContents;
use self::contents::{Given, Inflow};
use self::deadline::Deadline;
use self::local_file::UploadFile;
pub use self::options::{OnBegin, UploadOptions};
use self::parts::Source;
use self::plan::PartPlan;
pub use self::plan::{MAX_OBJECT_BYTES, MULTIPART_FROM};
pub use self::resume::{ResumeOptions, UploadState};
pub use self::secret::{MIN_SECRET_BYTES, SealingSecret};
pub use self::sweep::SweptUploads;
use crate::storage::content::sniff::HEAD_BYTES;
use crate::storage::disk::blocking;
use crate::storage::file::StoredFile;
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

/// The largest file that S3 takes in one PUT: 5 GiB.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html>
pub const MAX_PUT_BYTES: u64 = 5 * 1024 * 1024 * 1024;

impl UserStorage {
    /// Uploads a file from disk: in one PUT up to 16 MiB ([`MULTIPART_FROM`]), else in parts, of
    /// which four are in memory and on their way at a time.
    ///
    /// # Errors
    /// Before anything is sent: `invalid-kind`, `invalid-filename`, `type-not-allowed`,
    /// `content-mismatch` when the first bytes are not of the type that it claims, `file-too-large`
    /// above the tier's limit or 48.8 TiB, `quota-exceeded`, `invalid-request` and
    /// `metadata-too-large` for the metadata and the tags, `io-failed` when the file cannot be read.
    /// Then `file-exists`, and `storage-unsupported` where the store cannot promise not to
    /// overwrite; `io-failed` when the file changes meanwhile; `checksum-mismatch`; what
    /// [`UserStorage`] says.
    ///
    /// After an error, or when the future is dropped, nothing is stored, what the store had been
    /// sent is aborted, and a file that was to be replaced is as it was; save that after `timeout`
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
        self.upload_from_disk(path, &filename, kind, options).await
    }

    /// Uploads bytes from memory, a stream or a reader. A stream is gathered into parts; four are in
    /// memory at a time.
    ///
    /// A stream of unknown length is admitted by what is known at its beginning, and refused as soon
    /// as it is longer than the tier allows, or than 78 GiB: a longer one has to declare its size.
    ///
    /// # Errors
    /// As [`upload_file`](Self::upload_file); `io-failed` when the stream gives an error,
    /// `upload-incomplete` and `invalid-request` when it has fewer or more bytes than it declares.
    pub async fn upload_file_object(
        &self,
        contents: impl Into<UploadContents>,
        filename: &str,
        kind: &str,
        options: UploadOptions,
    ) -> Result<StoredFile> {
        match contents.into().0 {
            Given::Bytes(bytes) => {
                let deadline = Deadline::new(&self.s3, options.deadline);
                let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                let upload = self.prepare(filename, kind, Some(size), options)?;
                upload.check_head(&bytes[..bytes.len().min(HEAD_BYTES)])?;
                upload.send(Source::Bytes(bytes), deadline).await
            }
            Given::File(path) => self.upload_from_disk(path, filename, kind, options).await,
            Given::Inflow(inflow) => self.upload_from_stream(inflow, filename, kind, options).await,
        }
    }

    async fn upload_from_disk(
        &self,
        path: PathBuf,
        filename: &str,
        kind: &str,
        options: UploadOptions,
    ) -> Result<StoredFile> {
        let deadline = Deadline::new(&self.s3, options.deadline);
        let opened = blocking(move |_| {
            let file = UploadFile::open(&path)?;
            let head = file.head()?;
            Ok((file, head))
        });
        let (file, head) = deadline.run(|| 0, opened).await?;
        let upload = self.prepare(filename, kind, Some(file.size()), options)?;
        upload.check_head(&head)?;
        let sent = upload.send(Source::File(file.clone()), deadline).await;
        sent.map_err(|error| file.failure().unwrap_or(error))
    }

    async fn upload_from_stream(
        &self,
        mut inflow: Inflow,
        filename: &str,
        kind: &str,
        options: UploadOptions,
    ) -> Result<StoredFile> {
        let deadline = Deadline::new(&self.s3, options.deadline);
        let size = inflow.declared;
        let upload = self.prepare(filename, kind, size, options)?;
        if size.is_none() {
            let most = self.decider.max_bytes(kind).unwrap_or(u64::MAX);
            inflow.most = most.min(PartPlan::of_unknown().most());
        }
        let file = upload.file.clone();
        let sent = async {
            let mut begun = BytesMut::new();
            deadline.run(|| 0, inflow.fill(&mut begun, HEAD_BYTES)).await?;
            upload.check_head(&begun)?;
            upload.send(Source::Inflow(begun, inflow), deadline).await
        };
        match sent.await {
            // The policy says it in its own words, and tells the audit.
            Err(error) if size.is_none() && error.kind() == ErrorKind::FileTooLarge => {
                let come = error.details().used.unwrap_or_default();
                self.admit(kind, &file.key, file.content_type, come).and(Err(error))
            }
            sent => sent,
        }
    }
}

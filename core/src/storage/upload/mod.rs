//! Uploads: from disk, from memory and from streams; in one PUT or in parts.

pub(in crate::storage) mod abort;
mod checksum;
mod contents;
mod handle;
mod local_file;
pub(in crate::storage) mod meter;
mod multipart;
pub(in crate::storage) mod open_uploads;
mod options;
mod parts;
mod piece;
pub(in crate::storage) mod plan;
mod request;
mod resume;
mod secret;
mod single;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};

pub use self::contents::UploadContents;
use self::contents::{Given, Inflow};
use self::local_file::UploadFile;
use self::meter::Meter;
pub use self::options::UploadOptions;
use self::parts::{Parts, Source};
use self::piece::{Contents, Piece};
use self::plan::PartPlan;
pub use self::plan::{MAX_OBJECT_BYTES, MULTIPART_FROM};
use self::request::NewFile;
pub use self::resume::UploadState;
pub use self::secret::{MIN_SECRET_BYTES, SealingSecret};
pub use self::sweep::SweptUploads;
use crate::access::Action;
use crate::random::random_name;
use crate::storage::content::{content_type, sniff, tags, user_metadata};
use crate::storage::disk::blocking;
use crate::storage::file::StoredFile;
use crate::storage::user_storage::{OwnKey, UserStorage};
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
                let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                let head = &bytes[..bytes.len().min(sniff::HEAD_BYTES)];
                let upload = self.check(filename, kind, Some(size), head, options)?;
                upload.send(Source::Bytes(bytes)).await
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
        let opened = blocking(move |_| {
            let file = UploadFile::open(&path)?;
            let head = file.head()?;
            Ok((file, head))
        });
        let (file, head) = self.s3.in_time(opened).await?;
        let upload = self.check(filename, kind, Some(file.size()), &head, options)?;
        let sent = upload.send(Source::File(file.clone())).await;
        sent.map_err(|error| file.failure().unwrap_or(error))
    }

    async fn upload_from_stream(
        &self,
        mut inflow: Inflow,
        filename: &str,
        kind: &str,
        options: UploadOptions,
    ) -> Result<StoredFile> {
        let mut begun = BytesMut::new();
        let size = inflow.declared;
        self.s3.in_time(inflow.fill(&mut begun, sniff::HEAD_BYTES)).await?;
        if size.is_none() {
            let most = self.decider.max_bytes(kind).unwrap_or(u64::MAX);
            inflow.most = most.min(PartPlan::of_unknown().most());
        }
        let upload = self.check(filename, kind, size, &begun, options.clone())?;
        let key = upload.file.key.clone();
        let sent = upload.send(Source::Inflow(begun, inflow)).await;
        match sent {
            Err(error) if size.is_none() && error.kind() == ErrorKind::FileTooLarge => {
                let come = error.details().used.unwrap_or_default();
                let claimed = claimed_type(&key, &options);
                self.admit(kind, &key, claimed, come).and(Err(error))
            }
            sent => sent,
        }
    }

    /// Checks all that needs no network. A file of unknown size is admitted as far as its head.
    fn check(
        &self,
        filename: &str,
        kind: &str,
        size: Option<u64>,
        head: &[u8],
        options: UploadOptions,
    ) -> Result<Upload<'_>> {
        let key = if options.unguessable {
            self.scope.unguessable_key(kind, filename)?
        } else {
            self.scope.key(kind, filename)?
        };
        let key = self.own(&key)?;
        let least = size.unwrap_or(head.len() as u64);
        let content_type = self.admit(kind, &key, claimed_type(&key, &options), least)?;
        let plan = size.map_or(Ok(PartPlan::of_unknown()), PartPlan::of)?;
        sniff::check_content(head, &content_type)?;
        tags::check(&options.tags)?;
        let create_only = !options.overwrite;
        let in_parts = size.is_none_or(|size| size > MULTIPART_FROM);
        let mark = if create_only || in_parts { Some(random_name()?) } else { None };
        let encoded_metadata = user_metadata::encode(&options.metadata, mark.as_deref())?;
        let config = &self.s3.config;
        let file = NewFile {
            key,
            content_type,
            encoded_metadata,
            metadata: options.metadata,
            tags: tags::encode(&options.tags),
            storage_class: options.storage_class.or_else(|| config.storage_class.clone()),
            encryption: config.encryption.clone(),
            create_only,
            mark,
        };
        let meter = Meter::new(options.on_progress, size);
        Ok(Upload { storage: self, file, size, plan, meter, deadline: options.deadline })
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
}

fn claimed_type(key: &OwnKey, options: &UploadOptions) -> String {
    let claimed = options.content_type.clone();
    claimed.unwrap_or_else(|| content_type::of_filename(key.filename()))
}

/// An upload that has been admitted.
struct Upload<'a> {
    storage: &'a UserStorage,
    file: NewFile,
    size: Option<u64>,
    plan: PartPlan,
    meter: Arc<Meter>,
    deadline: Option<std::time::Duration>,
}

impl Upload<'_> {
    /// Sends the file within the deadline.
    async fn send(self, source: Source) -> Result<StoredFile> {
        let Self { storage, file, size, plan, meter, deadline } = self;
        let s3 = &storage.s3;
        let work = async {
            if file.create_only {
                s3.require_creates_only().await?;
            }
            match whole(source, size, plan).await? {
                Whole::Small(contents) => {
                    let piece = Piece::new(contents).await?;
                    let etag = single::put(s3, &file, &piece, &meter).await?;
                    Ok((etag, piece.size()))
                }
                Whole::Large(source) => {
                    let parts = Parts::new(source, plan);
                    let upload = multipart::begin(s3, &file).await?;
                    let sent = async {
                        let sent = multipart::send_parts(&upload, parts, &meter).await?;
                        let etag = multipart::complete(&upload, &file, &sent).await?;
                        Ok((etag, sent.values().map(|part| part.crc.bytes()).sum()))
                    };
                    match sent.await {
                        Ok(done) => {
                            upload.keep();
                            Ok(done)
                        }
                        Err(error) => {
                            upload.abort().await;
                            Err(error)
                        }
                    }
                }
            }
        };
        // Boxed: whoever awaits an upload holds and moves its future, which is large.
        let sent = Box::pin(meter.watch(work));
        let (etag, size) = s3.in_time_to_send(deadline, size, &meter, sent).await?;
        s3.note_bucket();
        Ok(file.stored(size, etag))
    }
}

enum Whole {
    Small(Contents),
    Large(Source),
}

/// Whether the file goes in one PUT. A stream of unknown length is gathered up to one part first.
async fn whole(source: Source, size: Option<u64>, plan: PartPlan) -> Result<Whole> {
    let is_small = |size| size <= MULTIPART_FROM;
    Ok(match source {
        Source::Bytes(bytes) if size.is_some_and(is_small) => Whole::Small(Contents::Memory(bytes)),
        Source::File(file) if is_small(file.size()) => {
            let range = 0..file.size();
            Whole::Small(Contents::Disk(file, range))
        }
        Source::Inflow(mut buffer, mut inflow) if size.is_none_or(is_small) => {
            let most = size.unwrap_or(plan.part_size);
            let wanted = usize::try_from(most).unwrap_or(usize::MAX);
            inflow.fill(&mut buffer, wanted).await?;
            if inflow.at_end().await? {
                Whole::Small(Contents::Memory(Bytes::from(buffer)))
            } else {
                Whole::Large(Source::Inflow(buffer, inflow))
            }
        }
        source => Whole::Large(source),
    })
}

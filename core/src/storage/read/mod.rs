//! Reading a file: into memory, or to disk.

use std::path::PathBuf;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::{Bytes, BytesMut};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::random::random_name;
use crate::storage::content::user_metadata;
use crate::storage::disk::{blocking, io_failed};
use crate::storage::file::{self, StoredFile};
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// The largest file that [`UserStorage::read`] takes into memory: 64 MiB.
pub const MAX_READ_BYTES: u64 = 64 * 1024 * 1024;

impl UserStorage {
    /// Reads a file of up to 64 MiB into memory.
    ///
    /// # Errors
    /// `file-too-large` above 64 MiB; `file-not-found`, `file-archived`, `checksum-mismatch` where
    /// the store has kept a checksum; what [`UserStorage`] says.
    pub async fn read(&self, key: &str) -> Result<Bytes> {
        self.read_up_to(key, MAX_READ_BYTES).await
    }

    /// Reads a file of up to `limit` bytes into memory.
    ///
    /// # Errors
    /// As [`read`](Self::read), with `file-too-large` above `limit`.
    pub async fn read_up_to(&self, key: &str, limit: u64) -> Result<Bytes> {
        let mut answer = self.get(&self.own(key)?).await?;
        let size = file::size(answer.content_length());
        if size > limit {
            return Err(Error::new(
                ErrorKind::FileTooLarge,
                format!(
                    "the file has {size} bytes, and {limit} may be read into memory; `download` \
                     takes any size"
                ),
            )
            .with_limit(limit, size));
        }
        // The length is only announced: beyond what is usual, memory is taken as the bytes come.
        let expected = usize::try_from(size.min(MAX_READ_BYTES)).unwrap_or_default();
        let mut bytes = BytesMut::with_capacity(expected);
        self.s3
            .in_time_for(size, async {
                while let Some(piece) = answer.body.next().await {
                    bytes.extend_from_slice(&piece.map_err(|error| failure::from_stream(&error))?);
                    check_length(bytes.len(), size, false)?;
                }
                check_length(bytes.len(), size, true)
            })
            .await?;
        Ok(bytes.freeze())
    }

    /// Downloads a file to `path`, which appears whole or not at all: the bytes go to a temporary
    /// file in the same folder, which takes the name at the end. A file that is there is replaced.
    ///
    /// # Errors
    /// `io-failed` when the folder is missing or cannot be written to; `file-not-found`,
    /// `file-archived`, `checksum-mismatch` where the store has kept a checksum; what
    /// [`UserStorage`] says. After an error, or when the future is dropped, nothing is left.
    pub async fn download(&self, key: &str, path: impl Into<PathBuf>) -> Result<StoredFile> {
        let (key, path) = (self.own(key)?, path.into());
        let mut answer = self.get(&key).await?;
        let size = file::size(answer.content_length());
        let failed = |error| io_failed("the file cannot be written", error);
        let (partial, mut file) = Partial::create(path.clone()).await?;
        self.s3
            .in_time_for(size, async {
                let mut written = 0;
                while let Some(piece) = answer.body.next().await {
                    let piece = piece.map_err(|error| failure::from_stream(&error))?;
                    written += piece.len();
                    check_length(written, size, false)?;
                    file.write_all(&piece).await.map_err(failed)?;
                }
                check_length(written, size, true)?;
                file.flush().await.map_err(failed)
            })
            .await?;
        drop(file);
        tokio::fs::rename(&partial.0, &path).await.map_err(failed)?;
        Ok(StoredFile {
            content_type: answer.content_type().map(str::to_owned),
            etag: file::etag(answer.e_tag()),
            last_modified: file::time(answer.last_modified()),
            metadata: answer.metadata().map(user_metadata::decode).unwrap_or_default(),
            storage_class: answer.storage_class().map(|class| class.as_str().to_owned()),
            ..key.file(size)
        })
    }

    async fn get(&self, key: &OwnKey) -> Result<GetObjectOutput> {
        let call = async {
            self.s3
                .client()
                .await?
                .get_object()
                .bucket(&self.s3.config.bucket)
                .key(key.as_str())
                .send()
                .await
                .map_err(|error| failure::from_sdk(&error, OnCondition::Changed))
        };
        let answer = self.s3.in_time(call).await?;
        self.s3.note_bucket();
        Ok(answer)
    }
}

/// Compares what has come with the length that was announced.
fn check_length(come: usize, announced: u64, at_end: bool) -> Result<()> {
    let come = u64::try_from(come).unwrap_or(u64::MAX);
    if come > announced || (at_end && come < announced) {
        return Err(failure::unavailable("the store sent another length than it announced"));
    }
    Ok(())
}

/// A file that is not whole yet, and goes when it is dropped.
struct Partial(PathBuf);

impl Partial {
    /// Makes an empty file beside `path`. If the caller does not wait for it, it goes at once.
    async fn create(path: PathBuf) -> Result<(Self, File)> {
        if path.file_name().is_none() {
            return Err(Error::new(ErrorKind::IoFailed, "the path to write to ends in no name"));
        }
        let path = path.with_file_name(format!(".casier-{}.part", random_name()?));
        let (partial, file) = blocking(move |_| {
            let file = std::fs::File::create_new(&path)
                .map_err(|error| io_failed("the file cannot be written", error))?;
            Ok((Self(path), file))
        })
        .await?;
        Ok((partial, File::from_std(file)))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After the renaming there is nothing of this name.
        let _ = std::fs::remove_file(&self.0);
    }
}

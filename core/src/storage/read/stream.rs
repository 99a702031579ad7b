//! A file as a stream.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::checksum::Checksum;
use super::conditions::Conditions;
use super::get::Opened;
use super::moved::Moved;
use super::options::ReadOptions;
use super::transfer::Transfer;
use crate::Result;
use crate::storage::file::StoredFile;
use crate::storage::s3::S3;
use crate::storage::s3::deadline::later;
use crate::storage::user_storage::UserStorage;
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt as _};
use tokio::time::Instant;

/// The bytes of a file as they come. Nothing is read ahead of who takes them, save what the
/// connection holds; dropping it ends the transfer.
///
/// The last piece is given only when all that came has been found to be right, so that whoever
/// counts the bytes never holds a whole file that is not.
pub struct FileStream {
    file: StoredFile,
    range: Range<u64>,
    pieces: BoxStream<'static, Result<Bytes>>,
}

impl UserStorage {
    /// Reads a file, or a part of it, as a stream.
    ///
    /// An answer that is short or breaks off is taken up where it ended, a few times, as
    /// long as the file is the same. [`ReadOptions::deadline`] is for each piece and runs only while
    /// one is waited for, so that whoever takes them may take their time.
    ///
    /// # Errors
    /// At once: `file-not-found`, `file-archived`, `range-invalid`, `precondition-failed`,
    /// `invalid-request` for a condition that cannot be sent; what [`UserStorage`] says. In the
    /// stream, which then ends: `conflict` when the file is replaced before an answer that broke off
    /// could be taken up, `checksum-mismatch` where the store keeps a checksum of the whole file and
    /// no range was asked for, `storage-unavailable`, `timeout`.
    pub async fn stream(&self, key: &str, options: ReadOptions) -> Result<FileStream> {
        let key = self.own(key)?;
        let conditions = Conditions::of_read(&options)?;
        let wait = options.deadline.unwrap_or(self.s3.config.deadline);
        let opening = self.begin_reading(&key, options.range, &conditions);
        let Opened { file, range, transfer, checksum, .. } =
            self.s3.until(later(Instant::now(), wait), opening).await?;
        let moved = Moved::new(options.on_progress, range.end - range.start);
        let s3 = Arc::clone(&self.s3);
        let state = Some(Rest { s3, transfer, checksum: Some(checksum), moved, wait });
        let pieces = futures_util::stream::unfold(state, async |state| {
            let mut state = state?;
            match state.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(state))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(FileStream { file, range, pieces: pieces.fuse().boxed() })
    }
}

impl FileStream {
    /// The file, with the size of the whole.
    pub fn file(&self) -> &StoredFile {
        &self.file
    }

    /// Which of its bytes the stream gives.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// The next piece; none after the last, and after an error. Giving up the wait loses nothing.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        self.pieces.next().await
    }
}

impl Stream for FileStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.poll_next_unpin(cx)
    }
}

impl fmt::Debug for FileStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStream")
            .field("file", &self.file)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// What is still to come of a stream.
struct Rest {
    s3: Arc<S3>,
    transfer: Transfer,
    /// Until it has been compared.
    checksum: Option<Checksum>,
    moved: Moved,
    wait: Duration,
}

impl Rest {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let end = later(Instant::now(), self.wait);
        let piece = self.s3.until(end, self.transfer.next()).await?;
        if let (Some(checksum), Some(piece)) = (&mut self.checksum, &piece) {
            checksum.update(piece);
        }
        if self.transfer.is_over()
            && let Some(checksum) = self.checksum.take()
        {
            checksum.check()?;
            self.moved.over();
        }
        if let Some(piece) = &piece {
            self.moved.add(piece.len());
        }
        Ok(piece)
    }
}

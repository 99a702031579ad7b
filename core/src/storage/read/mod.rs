//! Reading a file: into memory, as a stream, or to disk.

mod checksum;
mod conditions;
mod download;
mod first_bytes;
mod get;
mod moved;
mod options;
mod stream;
mod transfer;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use self::conditions::Conditions;
use self::get::Opened;
use self::moved::Moved;
pub use self::options::{ByteRange, DownloadOptions, MAX_READ_BYTES, ReadOptions};
pub use self::stream::FileStream;
use super::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

impl UserStorage {
    /// Reads a file, or a part of it, into memory.
    ///
    /// An answer that is short or breaks off is taken up where it ended, a few times, as
    /// long as the file is the same.
    ///
    /// # Errors
    /// `file-too-large` above [`ReadOptions::limit`]; `file-not-found`, `file-archived`,
    /// `range-invalid`, `precondition-failed`, `invalid-request` for a condition that cannot be
    /// sent; `conflict` when the file is replaced before an answer that broke off could be taken up;
    /// `checksum-mismatch` where the store keeps a checksum of the whole file and no range was asked
    /// for; what [`UserStorage`] says.
    pub async fn read(&self, key: &str, options: ReadOptions) -> Result<Bytes> {
        let key = self.own(key)?;
        let conditions = Conditions::of_read(&options)?;
        let begin = Instant::now();
        let end = |bytes| self.s3.end_of_transfer(begin, options.deadline, bytes);
        let opening = self.begin_reading(&key, options.range, &conditions);
        let Opened { range, mut transfer, mut checksum, .. } =
            self.s3.until(end(0), opening).await?;
        let size = range.end - range.start;
        if size > options.limit {
            return Err(Error::new(
                ErrorKind::FileTooLarge,
                format!(
                    "{size} bytes were to be read, and {} may be read into memory; `stream` and \
                     `download` take any size",
                    options.limit
                ),
            )
            .with_limit(options.limit, size));
        }
        let moved = Moved::new(options.on_progress, size);
        // The length is only announced: beyond what is usual, memory is taken as the bytes come.
        let expected = usize::try_from(size.min(MAX_READ_BYTES)).unwrap_or_default();
        let mut bytes = BytesMut::with_capacity(expected);
        self.s3
            .until(end(size), async {
                while let Some(piece) = transfer.next().await? {
                    checksum.update(&piece);
                    bytes.extend_from_slice(&piece);
                    moved.add(piece.len());
                }
                moved.over();
                checksum.check()
            })
            .await?;
        Ok(bytes.freeze())
    }
}

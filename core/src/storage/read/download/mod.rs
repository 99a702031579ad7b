//! Reading a file to disk.

mod partial;
mod pieces;

use std::path::PathBuf;

use tokio::time::Instant;

use self::partial::Partial;
use self::pieces::Pieces;
use super::conditions::Conditions;
use super::get::Opened;
use super::moved::Moved;
use super::options::DownloadOptions;
use crate::Result;
use crate::storage::file::StoredFile;
use crate::storage::user_storage::UserStorage;

impl UserStorage {
    /// Downloads a file to `path`, which appears whole or not at all: the bytes go to a temporary
    /// file in the same folder, which takes the name at the end. A file that is there is replaced.
    /// The disk is not waited for: what a power cut leaves is up to the file system.
    ///
    /// From 16 MiB on, up to four parts are on their way at once, all of the same version. An answer
    /// that is short or breaks off is taken up where it ended, a few times. Memory stays
    /// bounded whatever the size.
    ///
    /// # Errors
    /// `io-failed` when the folder is missing, cannot be written to or is full, or the path is that
    /// of a folder; `file-not-found`, `file-archived`, `precondition-failed`, `invalid-request` for
    /// a condition that cannot be sent; `conflict` when the file is replaced meanwhile;
    /// `checksum-mismatch` where the store keeps a checksum of the whole file; what [`UserStorage`]
    /// says. After an error, or when the future is dropped, nothing is left.
    pub async fn download(
        &self,
        key: &str,
        path: impl Into<PathBuf>,
        options: DownloadOptions,
    ) -> Result<StoredFile> {
        let (key, path) = (self.own(key)?, path.into());
        let conditions = Conditions::of_download(&options)?;
        let begin = Instant::now();
        let end = |bytes| self.s3.end_of_transfer(begin, options.deadline, bytes);
        let reading = self.begin_reading(&key, None, &conditions);
        let opened = self.s3.until(end(0), reading).await?;
        let moved = Moved::new(options.on_progress, opened.file.size);
        let Opened { file, transfer, checksum, gives_ranges, .. } = opened;
        self.s3
            .until(end(file.size), async {
                let partial = Partial::create(path).await?;
                let pieces = Pieces::new(&partial, file.size, checksum, gives_ranges, &moved);
                pieces.bring(transfer).await?.check()?;
                moved.over();
                partial.finish().await
            })
            .await?;
        Ok(file)
    }
}

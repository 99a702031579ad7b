//! Reading a file to disk.

mod partial;

use std::path::PathBuf;

use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use self::partial::{Partial, unwritable};
use super::conditions::Conditions;
use super::get::Opened;
use super::options::DownloadOptions;
use crate::Result;
use crate::storage::file::StoredFile;
use crate::storage::progress::Moved;
use crate::storage::user_storage::UserStorage;

impl UserStorage {
    /// Downloads a file to `path`, which appears whole or not at all: the bytes go to a temporary
    /// file in the same folder, which takes the name at the end. A file that is there is replaced.
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
        let opening = self.begin_reading(&key, None, &conditions);
        let Opened { file, mut transfer, mut checksum, .. } =
            self.s3.until(end(0), opening).await?;
        let moved = Moved::new(options.on_progress, file.size);
        self.s3
            .until(end(file.size), async {
                let (partial, disk) = Partial::create(path).await?;
                let mut disk = File::from_std(disk);
                while let Some(piece) = transfer.next().await? {
                    checksum.update(&piece);
                    disk.write_all(&piece).await.map_err(unwritable)?;
                    moved.add(piece.len());
                }
                moved.over();
                checksum.check()?;
                disk.flush().await.map_err(unwritable)?;
                drop(disk);
                partial.finish().await
            })
            .await?;
        Ok(file)
    }
}

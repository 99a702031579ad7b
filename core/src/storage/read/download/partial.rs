//! A file on disk that takes its name when it is whole.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use crate::random::random_name;
use crate::storage::disk::{blocking, io_failed};
use crate::{Error, ErrorKind, Result};

/// How much is written at a time.
const BLOCK: usize = 1024 * 1024;

/// A file that is not whole yet, and goes when it is dropped.
pub(super) struct Partial {
    path: PathBuf,
    target: PathBuf,
}

impl Partial {
    /// Makes an empty file beside `target`. If the caller does not wait for it, it goes at once.
    pub(super) async fn create(target: PathBuf) -> Result<Self> {
        blocking(move |_| {
            // The process may change its folder meanwhile.
            let target = std::path::absolute(&target).map_err(unwritable)?;
            if target.file_name().is_none() || target.is_dir() {
                return Err(Error::new(
                    ErrorKind::IoFailed,
                    "the file cannot be written: the path is that of a folder",
                ));
            }
            let path = target.with_file_name(format!(".casier-{}.part", random_name()?));
            File::create_new(&path).map_err(unwritable)?;
            Ok(Self { path, target })
        })
        .await
    }

    /// A place in the file to write from.
    pub(super) async fn writer(&self) -> Result<Writer> {
        let path = self.path.clone();
        let open = move |_: &_| File::options().write(true).open(path).map_err(unwritable);
        Ok(Writer { file: Arc::new(blocking(open).await?), at: 0, block: Vec::new(), size: 0 })
    }

    /// Gives the file its name. A file that has it is replaced.
    pub(super) async fn finish(self) -> Result<()> {
        blocking(move |_| std::fs::rename(&self.path, &self.target).map_err(unwritable)).await
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After the renaming there is nothing of this name.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Writes in blocks, away from the runtime's own threads.
pub(super) struct Writer {
    file: Arc<File>,
    at: u64,
    block: Vec<Bytes>,
    size: usize,
}

impl Writer {
    /// Goes on at this byte of the file.
    pub(super) fn go_to(&mut self, at: u64) {
        self.at = at;
    }

    /// Takes bytes, and tells how many it has written of all that it took.
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<usize> {
        self.size += bytes.len();
        self.block.push(bytes);
        if self.size < BLOCK { Ok(0) } else { self.flush().await }
    }

    /// Writes what it holds, and tells how much that was.
    pub(super) async fn flush(&mut self) -> Result<usize> {
        let (block, size) = (std::mem::take(&mut self.block), std::mem::take(&mut self.size));
        let (file, at) = (Arc::clone(&self.file), self.at);
        blocking(move |_| {
            let mut file = &*file;
            file.seek(SeekFrom::Start(at)).map_err(unwritable)?;
            block.iter().try_for_each(|bytes| file.write_all(bytes)).map_err(unwritable)
        })
        .await?;
        self.at += u64::try_from(size).unwrap_or(u64::MAX);
        Ok(size)
    }
}

fn unwritable(error: std::io::Error) -> Error {
    io_failed("the file cannot be written", error)
}

//! A file on disk that takes its name when it is whole.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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

    /// Gives the file its name. A file that has it is replaced. Of a caller that does not wait, the
    /// file goes: it does not take the name at some later time.
    pub(super) async fn finish(self) -> Result<()> {
        blocking(move |stop| match stop.load(Ordering::Relaxed) {
            true => Err(Error::new(ErrorKind::Cancelled, "the download was given up")),
            false => std::fs::rename(&self.path, &self.target).map_err(unwritable),
        })
        .await
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

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    /// Attack 105. The thread that would rename is busy until the caller has left.
    #[test]
    fn a_download_that_was_given_up_does_not_take_its_name_later() {
        let folder = std::env::temp_dir().join(format!("casier-{}", random_name().unwrap()));
        std::fs::create_dir(&folder).unwrap();
        let target = folder.join("a");
        let runtime =
            tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let partial = Partial::create(target.clone()).await.unwrap();
            let (leave, left) = std::sync::mpsc::channel::<()>();
            let busy = tokio::task::spawn_blocking(move || left.recv());
            {
                let mut finish = pin!(partial.finish());
                let mut context = Context::from_waker(Waker::noop());
                assert!(finish.as_mut().poll(&mut context).is_pending());
            }
            leave.send(()).unwrap();
            busy.await.unwrap().unwrap();
            // After what was to rename, on the same thread.
            tokio::task::spawn_blocking(|| ()).await.unwrap();
        });
        // Only an empty one can be removed so.
        std::fs::remove_dir(&folder).unwrap();
    }
}

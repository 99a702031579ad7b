//! A file on disk that takes its name when it is whole.

use std::fs::File;
use std::path::PathBuf;

use crate::random::random_name;
use crate::storage::disk::{blocking, io_failed};
use crate::{Error, ErrorKind, Result};

/// A file that is not whole yet, and goes when it is dropped.
pub(super) struct Partial {
    path: PathBuf,
    target: PathBuf,
}

impl Partial {
    /// Makes an empty file beside `target`. If the caller does not wait for it, it goes at once.
    pub(super) async fn create(target: PathBuf) -> Result<(Self, File)> {
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
            let file = File::create_new(&path).map_err(unwritable)?;
            Ok((Self { path, target }, file))
        })
        .await
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

pub(super) fn unwritable(error: std::io::Error) -> Error {
    io_failed("the file cannot be written", error)
}

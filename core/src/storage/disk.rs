//! Work on the local disk, which blocks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::io_reason;
use crate::{Error, ErrorKind, Result};

/// Runs work that blocks away from the runtime's own threads. When the caller gives up, the work is
/// told to stop.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> Result<T> + Send + 'static,
) -> Result<T> {
    let stop = StopOnDrop(Arc::default());
    let seen = Arc::clone(&stop.0);
    tokio::task::spawn_blocking(move || work(&seen))
        .await
        .map_err(|_| Error::new(ErrorKind::Internal, "work on a local file broke off"))?
}

struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// An error of the local file system. The text of the operating system names no path.
pub(super) fn io_failed(what: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::IoFailed, format!("{what}: {}", io_reason(&error))).with_source(error)
}

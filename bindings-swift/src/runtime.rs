//! The tokio runtime in which calls wait: started once for a process, and never ended.

use std::sync::OnceLock;

use casier::{Error, ErrorKind};
use tokio::runtime::{Builder, Runtime};

use crate::error::Result;

/// A phone serves one user; a server moves the bytes of many, with a thread for each core.
const ON_A_PHONE: bool =
    cfg!(any(target_os = "ios", target_os = "tvos", target_os = "visionos", target_os = "watchos"));

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// Starts the runtime, if it does not run yet. Its threads, and those that they start, block the
/// signals that the calling thread blocks.
#[uniffi::export]
pub(crate) fn start_runtime() -> Result<()> {
    runtime().map(drop)
}

pub(crate) fn runtime() -> Result<&'static Runtime> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let mut builder = Builder::new_multi_thread();
    if ON_A_PHONE {
        builder.worker_threads(1);
    }
    let started = builder.thread_name("casier").enable_all().build().map_err(|error| {
        Error::new(ErrorKind::Internal, "no threads could be started").with_source(error)
    })?;
    Ok(RUNTIME.get_or_init(|| started))
}

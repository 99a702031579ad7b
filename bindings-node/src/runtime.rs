//! The tokio runtime: started by the first call that waits, never at import.

use std::sync::OnceLock;

use casier::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Runtime};

/// Threads of the runtime. They move bytes, hash uploads and keep connections.
const MAX_THREADS: usize = 4;

/// The runtime of the process, which all its threads of JavaScript share.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    RUNTIME.get_or_init(start).as_ref().map_err(|error| {
        Error::new(ErrorKind::Internal, format!("the runtime cannot start: {}", error.kind()))
    })
}

fn start() -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        .worker_threads(cores.min(MAX_THREADS))
        .thread_name("casier")
        .enable_all()
        .build()
}

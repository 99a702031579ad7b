//! The tokio runtime: started by the first call that waits, never at import, and again in each
//! process that is forked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use casier::{Error, ErrorKind};
use futures_util::FutureExt as _;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::error::OrRaise;
use crate::log;

/// How long a wait goes on before it looks for signals, Ctrl-C above all.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(100);
/// The most threads of the runtime, which has half the cores: the callers' threads need the others,
/// and a second thread that looks for work in vain costs a small call a fifth of its time.
const MAX_THREADS: usize = 4;

static RUNTIME: PerProcess<&'static Runtime> = PerProcess::new();

/// Runs a future to its end on the runtime's threads, with the GIL released, and raises its failure.
/// What asks the network runs beside its connection there: the caller's thread is woken once, and
/// not for each step. A signal handler that raises ends the wait: the future is dropped and the
/// exception passed on. A panic becomes `internal`, and the process lives.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    future: impl Future<Output = casier::Result<T>> + Send + 'static,
) -> PyResult<T> {
    let runtime = RUNTIME.get(py, start).or_raise(py)?;
    let (sender, mut outcome) = mpsc::sync_channel(1);
    let task = runtime.spawn(async move {
        // Only a caller that has left receives nothing.
        let _ = sender.send(future.await);
    });
    loop {
        let awaited = &mut outcome;
        let ended = py.detach(move || awaited.recv_timeout(SIGNAL_INTERVAL));
        log::forward(py);
        match ended {
            Ok(result) => return result.or_raise(py),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(raised) = py.check_signals() {
                    task.abort();
                    // The future is gone when its end of the channel is.
                    let _ = py.detach(move || outcome.recv());
                    return Err(raised);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Err(panicked()).or_raise(py),
        }
    }
}

/// As [`wait`], on the caller's thread: quicker for what seldom has to wait.
pub(crate) fn wait_here<T: Send>(
    py: Python<'_>,
    future: impl Future<Output = casier::Result<T>> + Send,
) -> PyResult<T> {
    let runtime = RUNTIME.get(py, start).or_raise(py)?;
    // What the future holds may need the runtime when it is dropped half-way.
    let _context = runtime.enter();
    go_on(py, runtime, pin!(future))
}

/// As [`wait_here`], for what is nearly always ready at once and takes some microseconds: it is
/// polled for a first time with the GIL held, since to give that up costs as much again.
pub(crate) fn poll_here<T: Send>(
    py: Python<'_>,
    future: impl Future<Output = casier::Result<T>> + Send,
) -> PyResult<T> {
    let runtime = RUNTIME.get(py, start).or_raise(py)?;
    let _context = runtime.enter();
    let mut future = pin!(future);
    match catch_unwind(AssertUnwindSafe(|| future.as_mut().now_or_never())) {
        Ok(Some(result)) => result.or_raise(py),
        Ok(None) => go_on(py, runtime, future),
        Err(_panic) => Err(panicked()).or_raise(py),
    }
}

fn go_on<T: Send>(
    py: Python<'_>,
    runtime: &Runtime,
    mut future: Pin<&mut (impl Future<Output = casier::Result<T>> + Send)>,
) -> PyResult<T> {
    let mut wait_a_while = || {
        let slice = async { tokio::time::timeout(SIGNAL_INTERVAL, future.as_mut()).await };
        catch_unwind(AssertUnwindSafe(|| runtime.block_on(slice)))
    };
    loop {
        let ended = py.detach(&mut wait_a_while);
        log::forward(py);
        match ended {
            Ok(Ok(result)) => return result.or_raise(py),
            Ok(Err(_elapsed)) => py.check_signals()?,
            Err(_panic) => return Err(panicked()).or_raise(py),
        }
    }
}

/// Something that belongs to one process: made at its first use there, and again after a fork,
/// since threads and connections stay behind in the parent.
///
/// The lock is only held with the GIL. So does whoever calls `os.fork`, hence no child inherits it
/// locked.
#[derive(Debug)]
pub(crate) struct PerProcess<T>(Mutex<Option<(u32, T)>>);

impl<T: Clone> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// This process's own.
    pub(crate) fn get<E>(
        &self,
        _attached: Python<'_>,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some((owner, value)) if *owner == process::id() => return Ok(value.clone()),
            _ => {}
        }
        let made = make()?;
        leak(slot.replace((process::id(), made.clone())));
        Ok(made)
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let slot = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|(owner, _)| *owner != process::id()) {
            leak(slot.take());
        }
    }
}

/// What holds a connection, and so belongs to the process that made it.
pub(crate) struct OwnedHere<T>(Option<T>, u32);

impl<T> OwnedHere<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value), process::id())
    }

    /// # Errors
    /// A `RuntimeError` in another process.
    pub(crate) fn get_mut(&mut self) -> PyResult<&mut T> {
        match &mut self.0 {
            Some(value) if self.1 == process::id() => Ok(value),
            _ => Err(PyRuntimeError::new_err("it belongs to the process that made it")),
        }
    }
}

impl<T> Drop for OwnedHere<T> {
    fn drop(&mut self) {
        if self.1 != process::id() {
            leak(self.0.take());
        }
    }
}

/// Dropping what another process made could wait for threads that are not here.
fn leak<T>(inherited: Option<T>) {
    std::mem::forget(inherited);
}

fn start() -> casier::Result<&'static Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = Builder::new_multi_thread()
        .worker_threads((cores / 2).clamp(1, MAX_THREADS))
        .thread_name("casier")
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(ErrorKind::Internal, "the runtime cannot start").with_source(error)
        })?;
    Ok(Box::leak(Box::new(runtime)))
}

fn panicked() -> Error {
    Error::new(ErrorKind::Internal, "a call panicked; this is a fault in Casier")
}

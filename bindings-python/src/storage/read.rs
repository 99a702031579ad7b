//! Reading: into memory, as a stream, to disk.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use casier::storage::{self, DownloadOptions, ReadOptions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyRange};

use super::{UserStorage, text};
use crate::client::Client;
use crate::convert::{Count, Text, Time};
use crate::file::StoredFile;
use crate::runtime::OwnedHere;
use crate::transfer::{ByteRange, Cancellation, ProgressListener, Seconds, under};

#[pymethods]
impl UserStorage {
    /// Reads a file, or a part of it, into memory.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     limit: The most bytes to take. Defaults to 64 MiB.
    ///     range: The part to read. Defaults to the whole.
    ///     if_match: Only the version of this entity tag.
    ///     if_none_match: Only another version than that of this entity tag.
    ///     if_modified_since: Only if it was stored after this time, to the second. The store looks
    ///         at it only without `if_none_match`.
    ///     if_unmodified_since: Only if it was not stored after this time, to the second. The store
    ///         looks at it only without `if_match`.
    ///     on_progress: Is called with the bytes that have come and with all that will. It runs on
    ///         any thread and must be quick.
    ///     deadline: How long the whole call may take, in seconds. Defaults to 30 seconds and one
    ///         more for each 128 KiB.
    ///     cancellation: Gives the call up from another thread (`cancelled`).
    ///
    /// Raises:
    ///     NotFound: There is no such file (`file-not-found`).
    ///     InvalidInput: It is larger than the limit (`file-too-large`), or the range holds none of
    ///         its bytes (`range-invalid`).
    ///     Conflict: A condition does not hold (`precondition-failed`), or it must be restored from
    ///         its archive first (`file-archived`).
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        key, *, limit = None, range = None, if_match = None, if_none_match = None,
        if_modified_since = None, if_unmodified_since = None, on_progress = None,
        deadline = None, cancellation = None
    ))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        key: Text,
        limit: Option<Count>,
        range: Option<ByteRange>,
        if_match: Option<Text>,
        if_none_match: Option<Text>,
        if_modified_since: Option<Time>,
        if_unmodified_since: Option<Time>,
        on_progress: Option<ProgressListener>,
        deadline: Option<Seconds>,
        cancellation: Option<Cancellation>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut options = ReadOptions::from(download_options(
            if_match,
            if_none_match,
            if_modified_since,
            if_unmodified_since,
            on_progress,
            deadline,
        ));
        options.limit = limit.map_or(storage::MAX_READ_BYTES, Count::to_u64);
        options.range = range.map(|range| range.range);
        let files = self.here(py)?;
        let read = async move { files.read(&key, options).await };
        let bytes = self.client.wait(py, under(cancellation, read))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Reads a file, or a part of it, as a stream: an iterator of bytes, of any size.
    ///
    ///     with files.stream(key) as stream:
    ///         for piece in stream:
    ///             ...
    ///
    /// An answer that breaks off is taken up where it ended, as long as the file is the same.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     range: As for `read`.
    ///     if_match: As for `read`.
    ///     if_none_match: As for `read`.
    ///     if_modified_since: As for `read`.
    ///     if_unmodified_since: As for `read`.
    ///     on_progress: As for `read`.
    ///     deadline: How long each piece may be waited for, in seconds. Defaults to 30.
    ///     cancellation: Gives up the stream from another thread (`cancelled`).
    ///
    /// Raises:
    ///     CasierError: At once what `read` raises, save for the size; while it is read, `conflict`
    ///         when the file is replaced, and `checksum-mismatch`.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        key, *, range = None, if_match = None, if_none_match = None, if_modified_since = None,
        if_unmodified_since = None, on_progress = None, deadline = None, cancellation = None
    ))]
    fn stream(
        &self,
        py: Python<'_>,
        key: Text,
        range: Option<ByteRange>,
        if_match: Option<Text>,
        if_none_match: Option<Text>,
        if_modified_since: Option<Time>,
        if_unmodified_since: Option<Time>,
        on_progress: Option<ProgressListener>,
        deadline: Option<Seconds>,
        cancellation: Option<Cancellation>,
    ) -> PyResult<FileStream> {
        let mut options = ReadOptions::from(download_options(
            if_match,
            if_none_match,
            if_modified_since,
            if_unmodified_since,
            on_progress,
            deadline,
        ));
        options.range = range.map(|range| range.range);
        let files = self.here(py)?;
        let opening = async move { files.stream(&key, options).await };
        let stream = self.client.wait(py, under(cancellation.clone(), opening))?;
        Ok(FileStream {
            file: stream.file().clone(),
            range: stream.range(),
            stream: Mutex::new(Reading::Open(Box::new(OwnedHere::new(stream)))),
            client: Arc::clone(&self.client),
            cancellation,
        })
    }

    /// Downloads a file to a path, which appears whole or not at all. A file that is there is
    /// replaced. Large files come in several ranges at a time.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     path: Where to write it.
    ///     if_match: As for `read`.
    ///     if_none_match: As for `read`.
    ///     if_modified_since: As for `read`.
    ///     if_unmodified_since: As for `read`.
    ///     on_progress: As for `read`.
    ///     deadline: As for `read`.
    ///     cancellation: As for `read`.
    ///
    /// Raises:
    ///     NotFound: There is no such file (`file-not-found`).
    ///     Conflict: A condition does not hold (`precondition-failed`), it is replaced meanwhile
    ///         (`conflict`), or it must be restored from its archive first (`file-archived`).
    ///     CasierError: The folder is missing or cannot be written to (`io-failed`).
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        key, path, *, if_match = None, if_none_match = None, if_modified_since = None,
        if_unmodified_since = None, on_progress = None, deadline = None, cancellation = None
    ))]
    fn download(
        &self,
        py: Python<'_>,
        key: Text,
        path: PathBuf,
        if_match: Option<Text>,
        if_none_match: Option<Text>,
        if_modified_since: Option<Time>,
        if_unmodified_since: Option<Time>,
        on_progress: Option<ProgressListener>,
        deadline: Option<Seconds>,
        cancellation: Option<Cancellation>,
    ) -> PyResult<StoredFile> {
        let options = download_options(
            if_match,
            if_none_match,
            if_modified_since,
            if_unmodified_since,
            on_progress,
            deadline,
        );
        let files = self.here(py)?;
        let download = async move { files.download(&key, path, options).await };
        self.client.wait(py, under(cancellation, download)).map(StoredFile)
    }
}

fn download_options(
    if_match: Option<Text>,
    if_none_match: Option<Text>,
    if_modified_since: Option<Time>,
    if_unmodified_since: Option<Time>,
    on_progress: Option<ProgressListener>,
    deadline: Option<Seconds>,
) -> DownloadOptions {
    let mut options = DownloadOptions::default();
    options.if_match = text(if_match);
    options.if_none_match = text(if_none_match);
    options.if_modified_since = if_modified_since.map(|time| time.0);
    options.if_unmodified_since = if_unmodified_since.map(|time| time.0);
    options.on_progress = on_progress.map(ProgressListener::hook);
    options.deadline = Seconds::duration(deadline);
    options
}

/// How far a stream has come.
enum Reading {
    Open(Box<OwnedHere<storage::FileStream>>),
    Over,
    Closed,
}

/// The bytes of a file as they come: an iterator, and a context manager that ends the transfer.
/// Nothing is read ahead of who takes them, save what the connection holds. It belongs to the
/// process that made it.
#[pyclass(frozen, module = "casier")]
pub(crate) struct FileStream {
    file: storage::StoredFile,
    range: std::ops::Range<u64>,
    stream: Mutex<Reading>,
    client: Arc<Client>,
    cancellation: Option<Cancellation>,
}

#[pymethods]
impl FileStream {
    /// The file, with the size of the whole.
    #[getter]
    fn file(&self) -> StoredFile {
        StoredFile(self.file.clone())
    }

    /// Which of its bytes the stream gives.
    #[getter]
    fn range<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyRange>> {
        let at = |offset| isize::try_from(offset).unwrap_or(isize::MAX);
        PyRange::new(py, at(self.range.start), at(self.range.end))
    }

    /// Ends the transfer. What has not been taken is not read; asking for it then is a `ValueError`.
    fn close(&self) -> PyResult<()> {
        let mut reading = self.stream.try_lock().map_err(|_| busy())?;
        if matches!(*reading, Reading::Open(_)) {
            *reading = Reading::Closed;
        }
        Ok(())
    }

    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let mut reading = self.stream.try_lock().map_err(|_| busy())?;
        let stream = match &mut *reading {
            Reading::Open(stream) => stream.get_mut()?,
            Reading::Over => return Ok(None),
            // An end would pass for that of the file.
            Reading::Closed => return Err(PyValueError::new_err("the stream is closed")),
        };
        let next = async { stream.next().await.transpose() };
        let piece = self.client.wait_here(py, under(self.cancellation.clone(), next));
        if !matches!(piece, Ok(Some(_))) {
            *reading = Reading::Over;
        }
        Ok(piece?.map(|piece| PyBytes::new(py, &piece)))
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[expect(unused_variables, reason = "Python tells how the block ended")]
    fn __exit__(
        &self,
        kind: &Bound<'_, PyAny>,
        error: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.close()
    }
}

/// Two threads take from one iterator, which Python's own refuse with the same class.
pub(super) fn busy() -> PyErr {
    PyValueError::new_err("another thread is using it")
}

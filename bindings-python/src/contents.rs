//! What Python uploads: bytes, files and iterables of bytes.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use casier::storage::UploadContents;
use futures_util::stream;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyMapping, PyMemoryView, PyString};
use pyo3::{type_hint_identifier, type_hint_subscript, type_hint_union};

const READER: PyStaticExpr = type_hint_subscript!(
    type_hint_identifier!("_typeshed", "SupportsRead"),
    type_hint_identifier!("builtins", "bytes")
);
const BUFFER: PyStaticExpr = type_hint_identifier!("_typeshed", "ReadableBuffer");

/// How much of a file is read at a time.
const PIECE_BYTES: usize = 1024 * 1024;

/// The bytes of a file: `bytes` as they are, other buffers copied; a binary file or an iterable is
/// read while it is sent.
pub(crate) enum Contents {
    Bytes(Bytes),
    Source(Source),
}

impl Contents {
    /// What the core uploads, of the size that is declared or can be told; and what failed in
    /// Python meanwhile, once the upload has.
    pub(crate) fn upload(self, size: Option<u64>) -> (UploadContents, Failure) {
        let failure = Failure::default();
        let contents = match self {
            Self::Bytes(bytes) if size.is_none_or(|size| size == bytes.len() as u64) => {
                bytes.into()
            }
            Self::Bytes(bytes) => UploadContents::stream(stream::iter([Ok(bytes)]), size),
            Self::Source(source) => {
                let size = size.or(source.size);
                UploadContents::stream(source.pieces(failure.clone()), size)
            }
        };
        (contents, failure)
    }
}

impl FromPyObject<'_, '_> for Contents {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_union!(
        BUFFER,
        READER,
        type_hint_subscript!(type_hint_identifier!("collections.abc", "Iterable"), BUFFER)
    );

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Some(read) = value.getattr_opt("read")? {
            // Of no bytes, it already tells whether it gives bytes or text.
            bytes(&read.call1((0,))?)?;
            let next = Next::Read(read.unbind());
            return Ok(Self::Source(Source::new(value.py(), next, remaining(&value)?)?));
        }
        if let Ok(bytes) = bytes(&value) {
            return Ok(Self::Bytes(bytes));
        }
        if value.is_instance_of::<PyString>() || value.cast::<PyMapping>().is_ok() {
            return Err(not_bytes());
        }
        let iterator = value.try_iter().map_err(|_| not_bytes())?;
        let next = Next::Iterate(iterator.into_any().unbind());
        Ok(Self::Source(Source::new(value.py(), next, None)?))
    }
}

/// Bytes that are needed as a whole: a buffer, or a binary file read to its end.
pub(crate) struct InMemory(pub(crate) Bytes);

impl FromPyObject<'_, '_> for InMemory {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_union!(BUFFER, READER);

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match value.getattr_opt("read")? {
            Some(read) => bytes(&read.call0()?).map(Self),
            None => bytes(&value).map(Self),
        }
    }
}

/// A file or an iterator. It is asked on a thread of its own, so that the runtime's never wait for
/// it, in the context of the caller: what Flask keeps of a request is there.
pub(crate) struct Source {
    next: Next,
    context: Py<PyAny>,
    size: Option<u64>,
}

enum Next {
    Read(Py<PyAny>),
    Iterate(Py<PyAny>),
}

impl Source {
    fn new(py: Python<'_>, next: Next, size: Option<u64>) -> PyResult<Self> {
        let context = py.import("contextvars")?.call_method0("copy_context")?.unbind();
        Ok(Self { next, context, size })
    }

    fn pieces(
        self,
        failure: Failure,
    ) -> impl stream::Stream<Item = io::Result<Bytes>> + Send + 'static {
        let source = Arc::new(self);
        stream::unfold((source, failure), async |(source, failure)| {
            let (asked, told) = (Arc::clone(&source), failure.clone());
            let piece = tokio::task::spawn_blocking(move || asked.piece(&told)).await;
            let piece = piece.map_err(io::Error::other).flatten().transpose()?;
            Some((piece, (source, failure)))
        })
    }

    fn piece(&self, failure: &Failure) -> io::Result<Option<Bytes>> {
        Python::try_attach(|py| self.ask(py))
            .unwrap_or_else(|| Err(PyRuntimeError::new_err("Python is ending")))
            .map_err(|error| {
                failure.note(error);
                io::Error::other("Python raised an exception")
            })
    }

    fn ask(&self, py: Python<'_>) -> PyResult<Option<Bytes>> {
        let context = self.context.bind(py);
        match &self.next {
            Next::Read(read) => {
                let piece = context.call_method1("run", (read, PIECE_BYTES))?;
                bytes(&piece).map(|piece| (!piece.is_empty()).then_some(piece))
            }
            Next::Iterate(iterator) => {
                let next = py.import("builtins")?.getattr("next")?;
                let piece = context.call_method1("run", (next, iterator, py.None()))?;
                (!piece.is_none()).then(|| bytes(&piece)).transpose()
            }
        }
    }
}

/// What Python raised while it was asked for bytes.
#[derive(Clone, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<PyErr>>>);

impl Failure {
    fn note(&self, error: PyErr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// What an upload has to raise: what the caller's own file or iterable raised, if it did.
    pub(crate) fn or(&self, raised: PyErr) -> PyErr {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(raised)
    }
}

/// How many bytes a file has from where it stands, if it can tell.
fn remaining(file: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    let is_seekable = match file.getattr_opt("seekable")? {
        Some(seekable) => seekable.call0()?.is_truthy()?,
        None => false,
    };
    if !is_seekable {
        return Ok(None);
    }
    let here: u64 = file.call_method0("tell")?.extract()?;
    let end: u64 = file.call_method1("seek", (0, 2))?.extract()?;
    file.call_method1("seek", (here,))?;
    Ok(Some(end.saturating_sub(here)))
}

/// `bytes` as they are, any other buffer copied.
fn bytes(value: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    if let Ok(bytes) = value.extract::<PyBackedBytes>() {
        return Ok(Bytes::from_owner(bytes));
    }
    let view = PyMemoryView::from(value).map_err(|_| not_bytes())?;
    let bytes: PyBackedBytes = view.call_method0("tobytes")?.extract()?;
    Ok(Bytes::from_owner(bytes))
}

fn not_bytes() -> PyErr {
    PyTypeError::new_err(
        "expected bytes, a buffer, a file opened in binary mode, or an iterable of bytes",
    )
}

//! How a transfer is watched, limited and given up.

use std::time::Duration;

use casier::storage::{self, OnBegin, OnProgress};
use pyo3::exceptions::{PyKeyboardInterrupt, PyTypeError, PyValueError};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::{PyDelta, PyFloat, PyInt};
use pyo3::{PyTypeInfo, type_hint_identifier, type_hint_subscript, type_hint_union};

use crate::convert::ByteCount;

const NONE: PyStaticExpr = type_hint_identifier!("builtins", "None");
const CALLABLE: PyStaticExpr = type_hint_identifier!("collections.abc", "Callable");
const OBJECT: PyStaticExpr = type_hint_identifier!("builtins", "object");

/// Gives up calls from another thread. Once cancelled it stays so.
#[pyclass(frozen, from_py_object, module = "casier")]
#[derive(Clone)]
pub(crate) struct Cancellation(casier::Cancellation);

#[pymethods]
impl Cancellation {
    #[new]
    fn new() -> Self {
        Self(casier::Cancellation::new())
    }

    /// Gives up every call that was given this (`cancelled`), and every one that will be. What an
    /// upload had sent is aborted.
    fn cancel(&self) {
        self.0.cancel();
    }
}

/// Runs a call until it ends or is given up, where it can be.
pub(crate) async fn under<T>(
    cancellation: Option<Cancellation>,
    call: impl Future<Output = casier::Result<T>>,
) -> casier::Result<T> {
    match cancellation {
        Some(cancellation) => cancellation.0.run(call).await,
        None => call.await,
    }
}

/// What is called with the bytes that have moved and with all that will, or None.
pub(crate) struct ProgressListener(Py<PyAny>);

impl FromPyObject<'_, '_> for ProgressListener {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        CALLABLE,
        PyStaticExpr::List { elts: &[PyInt::TYPE_HINT, type_hint_union!(PyInt::TYPE_HINT, NONE)] },
        OBJECT
    );

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        callable(value, "on_progress").map(Self)
    }
}

impl ProgressListener {
    pub(crate) fn hook(self) -> OnProgress {
        OnProgress::new(move |moved, total| {
            tell(&self.0, |listener| listener.call1((moved, total)).map(drop));
        })
    }
}

/// What is called with the id of an upload in parts.
pub(crate) struct BeginListener(Py<PyAny>);

impl FromPyObject<'_, '_> for BeginListener {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        CALLABLE,
        PyStaticExpr::List { elts: &[type_hint_identifier!("builtins", "str")] },
        OBJECT
    );

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        callable(value, "on_begin").map(Self)
    }
}

impl BeginListener {
    pub(crate) fn hook(self) -> OnBegin {
        OnBegin::new(move |upload_id| {
            tell(&self.0, |listener| listener.call1((upload_id,)).map(drop));
        })
    }
}

fn callable(value: Borrowed<'_, '_, PyAny>, name: &str) -> PyResult<Py<PyAny>> {
    match value.is_callable() {
        true => Ok(value.to_owned().unbind()),
        false => Err(PyTypeError::new_err(format!("{name}: expected a callable"))),
    }
}

/// Calls a listener. The transfer goes on whatever it raises, save Ctrl-C, which the call that
/// waits for the transfer has to see. At the end of the interpreter nobody is told.
fn tell(listener: &Py<PyAny>, call: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<()>) {
    Python::try_attach(|py| {
        let listener = listener.bind(py);
        let Err(error) = call(listener) else { return };
        let passed_on = error.is_instance_of::<PyKeyboardInterrupt>(py)
            && py.import("_thread").and_then(|m| m.call_method0("interrupt_main")).is_ok();
        if !passed_on {
            error.write_unraisable(py, Some(listener));
        }
    });
}

/// How long something may take: seconds, or a `timedelta`.
pub(crate) struct Seconds(Duration);

impl Seconds {
    pub(crate) fn duration(this: Option<Self>) -> Option<Duration> {
        this.map(|seconds| seconds.0)
    }
}

impl FromPyObject<'_, '_> for Seconds {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr =
        type_hint_union!(PyFloat::TYPE_HINT, PyInt::TYPE_HINT, PyDelta::TYPE_HINT);

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let seconds: f64 = match value.cast::<PyDelta>() {
            Ok(delta) => delta.call_method0("total_seconds")?.extract()?,
            Err(_) => value.extract()?,
        };
        if seconds.is_nan() {
            return Err(PyValueError::new_err("the deadline is no number"));
        }
        let duration = Duration::try_from_secs_f64(seconds.max(0.0));
        Ok(Self(duration.unwrap_or(Duration::MAX)))
    }
}

/// A part of a file. What reaches beyond its end ends there; a part that holds no byte of it is
/// `range-invalid`.
///
/// Args:
///     start: The offset of the first byte.
///     length: How many bytes. Defaults to all that follow.
///
/// Raises:
///     ValueError: One of them is negative.
#[pyclass(frozen, eq, from_py_object, module = "casier")]
#[derive(Clone, PartialEq)]
pub(crate) struct ByteRange {
    pub(crate) range: storage::ByteRange,
    repr: String,
}

#[pymethods]
impl ByteRange {
    #[new]
    #[pyo3(signature = (start, length = None))]
    fn new(start: ByteCount, length: Option<ByteCount>) -> Self {
        let (start, length) = (start.0, length.map(|length| length.0));
        let repr = match length {
            Some(length) => format!("ByteRange({start}, {length})"),
            None => format!("ByteRange({start})"),
        };
        Self { range: storage::ByteRange::new(start, length), repr }
    }

    /// The last bytes of a file; the whole of one that is shorter.
    #[staticmethod]
    fn last(length: ByteCount) -> Self {
        let ByteCount(length) = length;
        Self { range: storage::ByteRange::last(length), repr: format!("ByteRange.last({length})") }
    }

    fn __repr__(&self) -> &str {
        &self.repr
    }
}

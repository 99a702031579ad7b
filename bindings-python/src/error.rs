//! Failures, raised as the exception classes that `casier.errors` defines.

use casier::{Error, ErrorKind};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::type_hint_identifier;
use pyo3::types::PyDict;

/// The result of a call into the core, before its failure becomes an exception.
pub(crate) trait OrRaise<T> {
    /// Turns a failure into the exception of its code.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for casier::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(py, &error))
    }
}

/// Every code with its status, whether it is worth another try, and what it means.
#[pyfunction]
pub(crate) fn catalogue() -> Vec<(&'static str, u16, bool, &'static str)> {
    let entry =
        |kind: &ErrorKind| (kind.code(), kind.status(), kind.is_retryable(), kind.meaning());
    ErrorKind::ALL.iter().map(entry).collect()
}

/// A failure as the exception of its code, handed out rather than raised.
pub(crate) struct Exception(pub(crate) Error);

impl<'py> IntoPyObject<'py> for Exception {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_identifier!("casier.errors", "CasierError");

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Ok(build(py, &self.0)?.into_value(py).into_bound(py).into_any())
    }
}

/// The exception of an error's code. When even that cannot be built, the reason is raised instead.
pub(crate) fn exception(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).unwrap_or_else(|failure| failure)
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let errors = py.import("casier.errors")?;
    let facts = error.details();
    let details = PyDict::new(py);
    details.set_item("required", facts.required.as_deref())?;
    details.set_item("actual", facts.actual.as_deref())?;
    details.set_item("limit", facts.limit)?;
    details.set_item("used", facts.used)?;
    details.set_item("retry_after", facts.retry_after.map(|wait| wait.as_secs_f64()))?;
    let details = errors.getattr("Details")?.call((), Some(&details))?;
    let class = errors.call_method1("error_class", (error.code(),))?;
    Ok(PyErr::from_value(class.call1((error.code(), error.message(), details))?))
}

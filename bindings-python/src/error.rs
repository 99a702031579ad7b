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
fn exception(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).unwrap_or_else(|failure| failure)
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let facts = error.details();
    let details = PyDict::new(py);
    set(&details, "required", facts.required.as_deref())?;
    set(&details, "actual", facts.actual.as_deref())?;
    set(&details, "limit", facts.limit)?;
    set(&details, "used", facts.used)?;
    set(&details, "retry_after", facts.retry_after.map(|wait| wait.as_secs_f64()))?;
    let module = py.import("casier.errors")?;
    let exception = module.call_method1("from_core", (error.code(), error.message(), details))?;
    Ok(PyErr::from_value(exception))
}

/// Facts that do not apply stay absent.
fn set<'py, T: IntoPyObject<'py>>(
    details: &Bound<'py, PyDict>,
    name: &str,
    value: Option<T>,
) -> PyResult<()> {
    value.map_or(Ok(()), |value| details.set_item(name, value))
}

//! Failures, raised as the exception classes that `casier.errors` defines.

use std::time::Duration;

use casier::{Details, Error, ErrorKind};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::type_hint_identifier;
use pyo3::types::PyDict;

use crate::convert::Text;

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

type CatalogueEntry = (&'static str, u16, bool, &'static str, &'static str);

/// Every code with its status, whether it is worth another try, its category, and what it means.
#[pyfunction]
pub(crate) fn catalogue() -> Vec<CatalogueEntry> {
    let entry = |kind: &ErrorKind| {
        let category = kind.category().name();
        (kind.code(), kind.status(), kind.is_retryable(), category, kind.meaning())
    };
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

/// A `CasierError` that Python hands back.
pub(crate) struct Raised(pub(crate) Error);

impl FromPyObject<'_, '_> for Raised {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("casier.errors", "CasierError");

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let code = value.getattr("code")?.extract::<String>()?;
        let message = value.getattr("message")?.extract::<Text>()?;
        let given = value.getattr("details")?;
        let mut details = Details::default();
        details.required = given.getattr("required")?.extract()?;
        details.actual = given.getattr("actual")?.extract()?;
        details.limit = given.getattr("limit")?.extract()?;
        details.used = given.getattr("used")?.extract()?;
        let retry_after = given.getattr("retry_after")?.extract::<Option<f64>>()?;
        details.retry_after = retry_after.and_then(|s| Duration::try_from_secs_f64(s).ok());
        let kind = ErrorKind::from_code(&code).unwrap_or(ErrorKind::Internal);
        Ok(Self(Error::new(kind, message.0).with_details(details)))
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

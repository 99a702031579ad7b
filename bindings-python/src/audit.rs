//! What the audit tells, handed to an application's callable.

use std::sync::{Arc, Mutex, PoisonError};

use casier::observe::{self, AuditHook};
use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::{PyTypeInfo, type_hint_identifier, type_hint_subscript};

use crate::convert::{Time, repr};

/// What an application takes its events with: a callable.
pub(crate) struct Listener(Py<PyAny>);

impl FromPyObject<'_, '_> for Listener {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr = type_hint_subscript!(
        type_hint_identifier!("collections.abc", "Callable"),
        PyStaticExpr::List { elts: &[AuditEvent::TYPE_HINT] },
        type_hint_identifier!("builtins", "object")
    );

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match value.is_callable() {
            true => Ok(Self(value.to_owned().unbind())),
            false => Err(PyTypeError::new_err("on_audit: expected a callable")),
        }
    }
}

impl Listener {
    /// Hands over what a process has collected. What the callable raises is reported as unraisable.
    pub(crate) fn take_from(&self, py: Python<'_>, trail: &Trail) {
        for event in trail.take() {
            let told = observe::untold(|| self.0.call1(py, (AuditEvent(event),)));
            if let Err(error) = told {
                error.write_unraisable(py, Some(self.0.bind(py)));
            }
        }
    }
}

/// The events of one process that are still to be handed over.
///
/// The core decides on threads of its own as well, with the GIL released: calling Python from there
/// could wait for a caller that waits for us. Each call that decides hands over at its end, so that
/// no more are kept than the calls under way have made.
#[derive(Clone, Default)]
pub(crate) struct Trail(Arc<Mutex<Vec<observe::AuditEvent>>>);

impl Trail {
    /// What collects them.
    pub(crate) fn hook(&self) -> AuditHook {
        let trail = self.clone();
        AuditHook::new(move |event| trail.with(|events| events.push(event.clone())))
    }

    fn take(&self) -> Vec<observe::AuditEvent> {
        self.with(std::mem::take)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<observe::AuditEvent>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One decision. It never holds a token, a secret or a signed link; what clients wrote is cut to 256
/// characters, with control characters and backslashes escaped.
///
/// `dict(event)` gives all attributes, for a log.
#[pyclass(frozen, eq, module = "casier")]
#[derive(PartialEq)]
pub(crate) struct AuditEvent(observe::AuditEvent);

impl AuditEvent {
    /// The names of the attributes.
    const FIELDS: [&str; 16] = [
        "time",
        "action",
        "allowed",
        "code",
        "user_id",
        "session_id",
        "organization_id",
        "actor",
        "issuer",
        "key_id",
        "required",
        "actual",
        "target",
        "request_id",
        "address",
        "user_agent",
    ];
}

#[pymethods]
impl AuditEvent {
    /// When it was decided, in UTC.
    #[getter]
    fn time(&self) -> Time {
        Time(self.0.time)
    }

    /// What was asked: `authenticate`, `subscription`, `role`, `feature`, `permission`, `plan`,
    /// `has`, `owner`, `upload`, `link`, `grant`, `key`, `list-user`, `revoke`, `revoke-user`. More may
    /// come.
    #[getter]
    fn action(&self) -> &str {
        self.0.action
    }

    /// Whether it was allowed.
    #[getter]
    fn allowed(&self) -> bool {
        self.0.allowed
    }

    /// Why not: the code of the error; None when it was allowed.
    #[getter]
    fn code(&self) -> Option<&str> {
        self.0.code
    }

    /// The user, once the token is verified; None where the server acts for nobody.
    #[getter]
    fn user_id(&self) -> Option<&str> {
        self.0.user_id.as_deref()
    }

    /// The issuer's session.
    #[getter]
    fn session_id(&self) -> Option<&str> {
        self.0.session_id.as_deref()
    }

    /// The active organization.
    #[getter]
    fn organization_id(&self) -> Option<&str> {
        self.0.organization_id.as_deref()
    }

    /// Who acts in the user's place, as JSON text.
    #[getter]
    fn actor(&self) -> Option<&str> {
        self.0.actor.as_deref()
    }

    /// The issuer of the verified token.
    #[getter]
    fn issuer(&self) -> Option<&str> {
        self.0.issuer.as_deref()
    }

    /// The id of the key that checked it.
    #[getter]
    fn key_id(&self) -> Option<&str> {
        self.0.key_id.as_deref()
    }

    /// What was needed: a tier, a role, a kind of file, a limit.
    #[getter]
    fn required(&self) -> Option<&str> {
        self.0.required.as_deref()
    }

    /// What the user has instead, when refused.
    #[getter]
    fn actual(&self) -> Option<&str> {
        self.0.actual.as_deref()
    }

    /// What it was about: the route that a token was for, the key of a file, the owner of a record,
    /// the session or the user who was revoked or listed.
    #[getter]
    fn target(&self) -> Option<&str> {
        self.0.target.as_deref()
    }

    /// The id of the request.
    #[getter]
    fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The client's address, as the framework gave it.
    #[getter]
    fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// The client's `User-Agent`.
    #[getter]
    fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// The names of all attributes.
    fn keys(&self) -> Vec<&'static str> {
        Self::FIELDS.to_vec()
    }

    fn __getitem__<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        if !Self::FIELDS.contains(&name) {
            return Err(PyKeyError::new_err(name.to_owned()));
        }
        slf.getattr(name)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "AuditEvent(action={}, allowed={}, code={}, user_id={})",
            repr(py, self.action())?,
            repr(py, self.allowed())?,
            repr(py, self.code())?,
            repr(py, self.user_id())?
        ))
    }
}

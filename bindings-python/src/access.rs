//! The policy, and what it decides.

use std::path::PathBuf;
use std::sync::Arc;

use casier::access;
use pyo3::exceptions::PyTypeError;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTypeInfo, type_hint_union};

use crate::convert::{Count, Text, TextRef, Time, or_now, repr};
use crate::error::{Exception, OrRaise};
use crate::token::User;

/// Tiers, roles, kinds and their limits.
///
/// Immutable and pure: no clock, no I/O, the same answers in every language.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Policy(pub(crate) Arc<access::Policy>);

#[pymethods]
impl Policy {
    /// The policy that holds where no policy file says otherwise.
    #[staticmethod]
    pub(crate) fn builtin() -> Self {
        Self(Arc::new(access::Policy::builtin()))
    }

    /// The policy that the text of a policy file gives.
    ///
    /// Args:
    ///     text: The file's text, TOML.
    ///     origin: What error messages call the file.
    ///
    /// Raises:
    ///     ConfigError: The text is not a policy; the message names the key.
    #[staticmethod]
    #[pyo3(signature = (text, origin = "policy"))]
    fn from_toml(py: Python<'_>, text: Text, origin: &str) -> PyResult<Self> {
        Ok(Self(Arc::new(access::Policy::from_toml(&text, origin).or_raise(py)?)))
    }

    /// Reads a policy file, of 1 MiB at most.
    ///
    /// Raises:
    ///     ConfigError: The file cannot be read or is not a policy.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let policy = py.detach(|| access::Policy::load(path)).or_raise(py)?;
        Ok(Self(Arc::new(policy)))
    }

    /// The names of the tiers, lowest first.
    #[getter]
    fn tiers(&self) -> Vec<&str> {
        self.0.tiers().iter().map(access::Tier::name).collect()
    }

    /// The names of the application roles, lowest first.
    #[getter]
    fn roles(&self) -> Vec<&str> {
        self.0.roles().iter().map(String::as_str).collect()
    }

    /// The names of the kinds of files.
    #[getter]
    fn kinds(&self) -> Vec<&str> {
        self.0.kinds().iter().map(access::Kind::name).collect()
    }

    /// Decides whether `user` may do `action`, and on what terms.
    ///
    /// A user whose tier or role the policy does not know counts as having the lowest. A tier or
    /// role that is asked for and that the policy does not know is refused for everybody
    /// (`config-invalid`). A feature that no tier has may still be granted by a token.
    ///
    /// Args:
    ///     user: Who asks.
    ///     action: What for.
    ///     facts: What else is known. Defaults to a user who has stored nothing.
    ///     now: The time of the call, aware. Defaults to the present.
    #[pyo3(signature = (user, action, facts = None, now = None))]
    fn decide(
        &self,
        user: &User,
        action: &Action,
        facts: Option<&Facts>,
        now: Option<Time>,
    ) -> Decision {
        let facts = facts.map(|facts| facts.0.clone()).unwrap_or_default();
        Decision(self.0.decide(&user.0, &action.0, &facts, or_now(now)))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Policy(tiers={}, roles={})", repr(py, self.tiers())?, repr(py, self.roles())?))
    }
}

/// Something that a user asks for and that a policy allows or refuses.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Action(access::Action);

#[pymethods]
impl Action {
    /// Pass where this tier or a higher one is needed.
    #[staticmethod]
    fn subscription(tier: Text) -> Self {
        Self(access::Action::Subscription(tier.0))
    }

    /// Pass where this application role or a higher one is needed.
    #[staticmethod]
    fn role(role: Text) -> Self {
        Self(access::Action::Role(role.0))
    }

    /// Use a feature: `books`, or `u:books` and `o:books` for what the token itself grants.
    #[staticmethod]
    fn feature(feature: Text) -> Self {
        Self(access::Action::Feature(feature.0))
    }

    /// Pass where this permission in the active organization is needed: `org:teams:manage` or
    /// `teams:manage`.
    #[staticmethod]
    fn permission(permission: Text) -> Self {
        Self(access::Action::Permission(permission.0))
    }

    /// Pass where the token must name this plan: `pro`, or `u:pro` and `o:pro` for one of the user
    /// or of the active organization.
    #[staticmethod]
    fn plan(plan: Text) -> Self {
        Self(access::Action::Plan(plan.0))
    }

    /// Pass where the token must grant all of this; the arguments are those of `Session.has`.
    #[staticmethod]
    #[pyo3(signature = (
        *, role = None, permission = None, feature = None, plan = None, reverification = None
    ))]
    fn has(
        role: Option<Text>,
        permission: Option<Text>,
        feature: Option<Text>,
        plan: Option<Text>,
        reverification: Option<Reverify>,
    ) -> Self {
        let wanted = requirement(role, permission, feature, plan, reverification);
        Self(access::Action::Has(wanted))
    }

    /// Store a file.
    ///
    /// Args:
    ///     kind: The kind of file, for example `image`.
    ///     filename: The name that it will have.
    ///     content_type: Its content type.
    ///     size: Its size in bytes.
    #[staticmethod]
    fn upload(kind: Text, filename: Text, content_type: Text, size: u64) -> Self {
        let (kind, filename, content_type) = (kind.0, filename.0, content_type.0);
        Self(access::Action::Upload { kind, filename, content_type, size })
    }

    /// Get a link that lives for this many seconds.
    #[staticmethod]
    fn link(seconds: u64) -> Self {
        Self(access::Action::Link { seconds })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        use access::Action as A;
        Ok(match &self.0 {
            A::Subscription(tier) => format!("Action.subscription({})", repr(py, tier)?),
            A::Role(role) => format!("Action.role({})", repr(py, role)?),
            A::Feature(feature) => format!("Action.feature({})", repr(py, feature)?),
            A::Permission(permission) => format!("Action.permission({})", repr(py, permission)?),
            A::Plan(plan) => format!("Action.plan({})", repr(py, plan)?),
            A::Upload { kind, filename, content_type, size } => format!(
                "Action.upload({}, {}, {}, {size})",
                repr(py, kind)?,
                repr(py, filename)?,
                repr(py, content_type)?
            ),
            A::Link { seconds } => format!("Action.link({seconds})"),
            A::Has(wanted) => format!("<Action has: {wanted}>"),
            other => format!("<Action {other:?}>"),
        })
    }
}

/// How recently a user must have proved who they are, and with which factors.
#[pyclass(frozen, eq, module = "casier")]
#[derive(PartialEq)]
pub(crate) struct Reverification(access::Reverification);

#[pymethods]
impl Reverification {
    /// Args:
    ///     level: `first_factor`, such as a password; `second_factor`, or the first of a user who
    ///         has no second; `multi_factor`, both of them.
    ///     after_minutes: From how many minutes on a proof is too old. 0 is refused wherever it is
    ///         asked for.
    ///
    /// Raises:
    ///     InvalidInput: There is no such level (`invalid-request`).
    #[new]
    fn new(py: Python<'_>, level: TextRef<'_>, after_minutes: Count) -> PyResult<Self> {
        let level = level.0.parse().or_raise(py)?;
        Ok(Self(access::Reverification::new(level, after_minutes.to_u32())))
    }

    /// Which factors count.
    #[getter]
    fn level(&self) -> &str {
        self.0.level.name()
    }

    /// From how many minutes on a proof is too old.
    #[getter]
    fn after_minutes(&self) -> u32 {
        self.0.after_minutes
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Reverification({}, {})", repr(py, self.level())?, self.after_minutes()))
    }
}

/// A reverification, in full or by Clerk's name for it.
pub(crate) struct Reverify(access::Reverification);

impl FromPyObject<'_, '_> for Reverify {
    type Error = PyErr;

    const INPUT_TYPE: PyStaticExpr =
        type_hint_union!(Reverification::TYPE_HINT, TextRef::INPUT_TYPE);

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(whole) = value.cast::<Reverification>() {
            return Ok(Self(whole.get().0));
        }
        if !value.is_instance_of::<PyString>() {
            let wanted = "expected a name, such as 'strict', or a Reverification";
            return Err(PyTypeError::new_err(wanted));
        }
        value.extract::<TextRef<'_>>()?.0.parse().or_raise(value.py()).map(Self)
    }
}

/// What `has` asks for.
pub(crate) fn requirement(
    role: Option<Text>,
    permission: Option<Text>,
    feature: Option<Text>,
    plan: Option<Text>,
    reverification: Option<Reverify>,
) -> access::Requirement {
    let mut wanted = access::Requirement::default();
    wanted.role = role.map(|text| text.0);
    wanted.permission = permission.map(|text| text.0);
    wanted.feature = feature.map(|text| text.0);
    wanted.plan = plan.map(|text| text.0);
    wanted.reverification = reverification.map(|reverify| reverify.0);
    wanted
}

/// What a decision has to know beside the user and the policy.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Facts(access::Facts);

#[pymethods]
impl Facts {
    /// Args:
    ///     stored_bytes: The bytes that the user holds or has reserved now, without the file that
    ///         the upload replaces.
    #[new]
    #[pyo3(signature = (*, stored_bytes = 0))]
    fn new(stored_bytes: u64) -> Self {
        Self(access::Facts::with_stored_bytes(stored_bytes))
    }

    /// The bytes that the user holds or has reserved now.
    #[getter]
    fn stored_bytes(&self) -> u64 {
        self.0.stored_bytes
    }

    fn __repr__(&self) -> String {
        format!("Facts(stored_bytes={})", self.0.stored_bytes)
    }
}

/// Allowed, on terms, or refused, with the error to raise.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Decision(access::Decision);

impl Decision {
    fn terms(&self) -> Option<&access::Terms> {
        match &self.0 {
            access::Decision::Allowed(terms) => Some(terms),
            _ => None,
        }
    }
}

#[pymethods]
impl Decision {
    /// Whether the action is allowed.
    #[getter]
    fn allowed(&self) -> bool {
        self.0.is_allowed()
    }

    /// Why it is refused; None when it is allowed.
    #[getter]
    fn error(&self) -> Option<Exception> {
        self.0.clone().into_result().err().map(Exception)
    }

    /// How many seconds the link may really live; None when this is not about a link.
    #[getter]
    fn link_seconds(&self) -> Option<u64> {
        self.terms()?.link_seconds
    }

    /// When that link ends; None when this is not about a link.
    #[getter]
    fn link_expires_at(&self) -> Option<Time> {
        self.terms()?.link_expires_at.map(Time)
    }

    /// The content type to store; None when this is not about an upload.
    #[getter]
    fn content_type(&self) -> Option<&str> {
        self.terms()?.content_type.as_deref()
    }

    /// Returns when the action is allowed.
    ///
    /// Raises:
    ///     CasierError: The refusal.
    fn require(&self, py: Python<'_>) -> PyResult<()> {
        self.0.clone().into_result().map(drop).or_raise(py)
    }

    fn __repr__(&self) -> String {
        match self.0.clone().into_result() {
            Ok(_) => "<Decision: allowed>".to_owned(),
            Err(refused) => format!("<Decision: refused, {}>", refused.code()),
        }
    }
}

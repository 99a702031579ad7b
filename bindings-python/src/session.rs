//! The verified user of one request.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::access::{Reverify, requirement};
use crate::client::Client;
use crate::convert::{JsonObject, Text, TextRef, Time, repr};
use crate::error::OrRaise;
use crate::storage::{Owner, UserStorage};
use crate::token::User;

/// The verified user of one request.
///
/// Each `has_…` answers yes or no; its `require_…` twin raises what was required and what the user
/// has. A name that the policy does not know is never granted. The token is judged when the session
/// is made and not again: keep a session for one request.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Session {
    client: Arc<Client>,
    session: casier::Session,
}

impl Session {
    pub(crate) fn new(client: Arc<Client>, session: casier::Session) -> Self {
        Self { client, session }
    }

    /// Asks the session, which may come from before a fork, in this process.
    fn ask<T>(&self, py: Python<'_>, ask: impl FnOnce(casier::Session) -> T) -> PyResult<T> {
        let answer = ask(self.session.with_casier(&self.client.casier(py)?));
        self.client.tell(py)?;
        Ok(answer)
    }
}

#[pymethods]
impl Session {
    /// Who this is.
    #[getter]
    fn user(&self) -> User {
        User(self.session.user().clone())
    }

    /// The token's claims, as they stood in it. A copy.
    #[getter]
    fn claims(&self) -> JsonObject<'_> {
        JsonObject(self.session.claims())
    }

    /// When the token expires, in UTC. Clerk's session tokens live for 60 seconds.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.session.expires_at())
    }

    /// Whether the user's tier is `tier` or a higher one.
    fn has_subscription(&self, py: Python<'_>, tier: TextRef<'_>) -> PyResult<bool> {
        self.ask(py, |session| session.has_subscription(tier.0))
    }

    /// Returns when the user's tier is `tier` or a higher one.
    ///
    /// Raises:
    ///     AccessDenied: It is lower (`subscription-required`).
    ///     ConfigError: The policy has no such tier.
    fn require_subscription(&self, py: Python<'_>, tier: TextRef<'_>) -> PyResult<()> {
        self.ask(py, |session| session.require_subscription(tier.0))?.or_raise(py)
    }

    /// Whether the user's application role is `role` or a higher one. A role in an organization
    /// never counts.
    fn has_role(&self, py: Python<'_>, role: TextRef<'_>) -> PyResult<bool> {
        self.ask(py, |session| session.has_role(role.0))
    }

    /// Returns when the user's application role is `role` or a higher one.
    ///
    /// Raises:
    ///     AccessDenied: It is lower (`role-required`).
    ///     ConfigError: The policy has no such role.
    fn require_role(&self, py: Python<'_>, role: TextRef<'_>) -> PyResult<()> {
        self.ask(py, |session| session.require_role(role.0))?.or_raise(py)
    }

    /// Whether the user's tier includes `feature`, or the token grants it.
    fn has_feature(&self, py: Python<'_>, feature: TextRef<'_>) -> PyResult<bool> {
        self.ask(py, |session| session.has_feature(feature.0))
    }

    /// Returns when the user's tier includes `feature`, or the token grants it.
    ///
    /// Raises:
    ///     AccessDenied: Neither does (`feature-required`).
    fn require_feature(&self, py: Python<'_>, feature: TextRef<'_>) -> PyResult<()> {
        self.ask(py, |session| session.require_feature(feature.0))?.or_raise(py)
    }

    /// Whether the token names `plan`: `pro`, or `u:pro` and `o:pro` for one of the user or of the
    /// active organization.
    fn has_plan(&self, py: Python<'_>, plan: TextRef<'_>) -> PyResult<bool> {
        self.ask(py, |session| session.has_plan(plan.0))
    }

    /// Returns when the token names `plan`.
    ///
    /// Raises:
    ///     AccessDenied: It does not (`plan-required`).
    fn require_plan(&self, py: Python<'_>, plan: TextRef<'_>) -> PyResult<()> {
        self.ask(py, |session| session.require_plan(plan.0))?.or_raise(py)
    }

    /// Whether the user has `permission` in the active organization: `org:teams:manage` or
    /// `teams:manage`.
    fn has_permission(&self, py: Python<'_>, permission: TextRef<'_>) -> PyResult<bool> {
        self.ask(py, |session| session.has_permission(permission.0))
    }

    /// Returns when the user has `permission` in the active organization.
    ///
    /// Raises:
    ///     AccessDenied: They do not (`permission-required`).
    fn require_permission(&self, py: Python<'_>, permission: TextRef<'_>) -> PyResult<()> {
        self.ask(py, |session| session.require_permission(permission.0))?.or_raise(py)
    }

    /// Whether the token alone grants all that is asked for, as Clerk's `has()` tells it. False when
    /// nothing is asked for.
    ///
    /// Args:
    ///     role: A role in the active organization, never an application role: `org:admin` or
    ///         `admin`.
    ///     permission: A permission in the active organization: `org:teams:manage` or
    ///         `teams:manage`.
    ///     feature: A feature that the token grants: `books`, or `u:books` and `o:books` for one of
    ///         the user or of the organization. What the tier includes does not count.
    ///     plan: A plan that the token names, likewise.
    ///     reverification: How recently the user must have proved who they are: `strict_mfa`,
    ///         `strict`, `moderate`, `lax`, or a `Reverification`.
    ///
    /// Raises:
    ///     InvalidInput: There is no reverification of that name (`invalid-request`).
    #[pyo3(signature = (
        *, role = None, permission = None, feature = None, plan = None, reverification = None
    ))]
    fn has(
        &self,
        py: Python<'_>,
        role: Option<Text>,
        permission: Option<Text>,
        feature: Option<Text>,
        plan: Option<Text>,
        reverification: Option<Reverify>,
    ) -> PyResult<bool> {
        let wanted = requirement(role, permission, feature, plan, reverification);
        self.ask(py, |session| session.has(&wanted))
    }

    /// Returns when the token alone grants all that is asked for.
    ///
    /// Args:
    ///     role: As for `has`.
    ///     permission: As for `has`.
    ///     feature: As for `has`.
    ///     plan: As for `has`.
    ///     reverification: As for `has`.
    ///
    /// Raises:
    ///     AccessDenied: The first that is lacking: `role-required`, `permission-required`,
    ///         `feature-required`, `plan-required`, `reverification-required`.
    ///     InvalidInput: Nothing is asked for, or no such reverification (`invalid-request`).
    #[pyo3(signature = (
        *, role = None, permission = None, feature = None, plan = None, reverification = None
    ))]
    fn require(
        &self,
        py: Python<'_>,
        role: Option<Text>,
        permission: Option<Text>,
        feature: Option<Text>,
        plan: Option<Text>,
        reverification: Option<Reverify>,
    ) -> PyResult<()> {
        let wanted = requirement(role, permission, feature, plan, reverification);
        self.ask(py, |session| session.require(&wanted))?.or_raise(py)
    }

    /// Whether a record that the application keeps belongs to this user.
    ///
    /// Args:
    ///     owner_id: The `User.user_id` that the record holds.
    fn owns(&self, py: Python<'_>, owner_id: TextRef<'_>) -> PyResult<bool> {
        self.ask(py, |session| session.owns(owner_id.0))
    }

    /// Returns when a record that the application keeps belongs to this user.
    ///
    /// Raises:
    ///     AccessDenied: It belongs to another (`not-owner`).
    fn require_owner(&self, py: Python<'_>, owner_id: TextRef<'_>) -> PyResult<()> {
        self.ask(py, |session| session.require_owner(owner_id.0))?.or_raise(py)
    }

    /// The user's files, with the limits of their tier.
    ///
    /// Raises:
    ///     ConfigError: No bucket is configured.
    fn files(&self, py: Python<'_>) -> PyResult<UserStorage> {
        UserStorage::open(py, self.client.clone(), Owner::Session(self.session.clone()))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Session(user={})", repr(py, self.user())?))
    }
}

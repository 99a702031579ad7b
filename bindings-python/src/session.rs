//! The verified user of one request.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::client::Client;
use crate::convert::{JsonObject, Text, Time, repr};
use crate::error::OrRaise;
use crate::storage::{Owner, UserStorage};
use crate::token::User;

/// The verified user of one request.
///
/// Each `has_…` answers yes or no; its `require_…` twin raises what was required and what the user
/// has. A name that the policy does not know is never granted.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Session {
    client: Arc<Client>,
    session: casier::Session,
}

impl Session {
    pub(crate) fn new(client: Arc<Client>, session: casier::Session) -> Self {
        Self { client, session }
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
    fn has_subscription(&self, tier: Text) -> bool {
        self.session.has_subscription(&tier)
    }

    /// Returns when the user's tier is `tier` or a higher one.
    ///
    /// Raises:
    ///     AccessDenied: It is lower (`subscription-required`).
    ///     ConfigError: The policy has no such tier.
    fn require_subscription(&self, py: Python<'_>, tier: Text) -> PyResult<()> {
        self.session.require_subscription(&tier).or_raise(py)
    }

    /// Whether the user's application role is `role` or a higher one. A role in an organization
    /// never counts.
    fn has_role(&self, role: Text) -> bool {
        self.session.has_role(&role)
    }

    /// Returns when the user's application role is `role` or a higher one.
    ///
    /// Raises:
    ///     AccessDenied: It is lower (`role-required`).
    ///     ConfigError: The policy has no such role.
    fn require_role(&self, py: Python<'_>, role: Text) -> PyResult<()> {
        self.session.require_role(&role).or_raise(py)
    }

    /// Whether the user's tier includes `feature`, or the token grants it.
    fn has_feature(&self, feature: Text) -> bool {
        self.session.has_feature(&feature)
    }

    /// Returns when the user's tier includes `feature`, or the token grants it.
    ///
    /// Raises:
    ///     AccessDenied: Neither does (`feature-required`).
    fn require_feature(&self, py: Python<'_>, feature: Text) -> PyResult<()> {
        self.session.require_feature(&feature).or_raise(py)
    }

    /// Whether a record that the application keeps belongs to this user.
    ///
    /// Args:
    ///     owner_id: The `User.user_id` that the record holds.
    fn owns(&self, owner_id: Text) -> bool {
        self.session.owns(&owner_id)
    }

    /// Returns when a record that the application keeps belongs to this user.
    ///
    /// Raises:
    ///     AccessDenied: It belongs to another (`not-owner`).
    fn require_owner(&self, py: Python<'_>, owner_id: Text) -> PyResult<()> {
        self.session.require_owner(&owner_id).or_raise(py)
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

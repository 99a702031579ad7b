//! The verified user of one request, and what they may do.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::access::{Action, Caller, Decider, Requirement};
use crate::client::Casier;
use crate::observe::{RequestContext, What};
use crate::storage::UserStorage;
use crate::token::{User, VerifiedToken};
use crate::{Error, ErrorKind, Result};

/// The verified user of one request. Cheap to clone.
///
/// Each `has_…` answers yes or no; its `require_…` twin refuses with what was required and what
/// the user has. Both fail closed: a name that the policy does not know is never granted.
///
/// The token is judged when the session is made and not again: keep a session for one request, not
/// beyond [`expires_at`](Self::expires_at).
#[derive(Clone, Debug)]
pub struct Session {
    casier: Casier,
    token: VerifiedToken,
    context: Option<Arc<RequestContext>>,
}

impl Session {
    pub(crate) fn new(
        casier: Casier,
        token: VerifiedToken,
        context: Option<RequestContext>,
    ) -> Self {
        Self { casier, token, context: context.map(Arc::new) }
    }

    /// The same session over another [`Casier`] of the same configuration: a process that was forked
    /// has to build one of its own.
    #[must_use]
    pub fn with_casier(&self, casier: &Casier) -> Self {
        Self { casier: casier.clone(), ..self.clone() }
    }

    /// Who this is.
    pub fn user(&self) -> &Arc<User> {
        self.token.user()
    }

    /// The token's claims, as they stood in it.
    pub fn claims(&self) -> &Map<String, Value> {
        self.token.claims()
    }

    /// When the token expires. Clerk's session tokens live for 60 seconds.
    pub fn expires_at(&self) -> SystemTime {
        self.token.expires_at()
    }

    /// Whether the user's tier is `tier` or a higher one.
    pub fn has_subscription(&self, tier: &str) -> bool {
        self.require_subscription(tier).is_ok()
    }

    /// Refuses unless the user's tier is `tier` or a higher one.
    ///
    /// # Errors
    /// `subscription-required`; `config-invalid` when the policy has no such tier.
    pub fn require_subscription(&self, tier: &str) -> Result<()> {
        self.decide(Action::Subscription(tier.to_owned()))
    }

    /// Whether the user's application role is `role` or a higher one. Organization roles never
    /// count.
    pub fn has_role(&self, role: &str) -> bool {
        self.require_role(role).is_ok()
    }

    /// Refuses unless the user's application role is `role` or a higher one.
    ///
    /// # Errors
    /// `role-required`; `config-invalid` when the policy has no such role.
    pub fn require_role(&self, role: &str) -> Result<()> {
        self.decide(Action::Role(role.to_owned()))
    }

    /// Whether the user's tier includes `feature`, or the token grants it.
    pub fn has_feature(&self, feature: &str) -> bool {
        self.require_feature(feature).is_ok()
    }

    /// Refuses unless the user's tier includes `feature`, or the token grants it.
    ///
    /// # Errors
    /// `feature-required`.
    pub fn require_feature(&self, feature: &str) -> Result<()> {
        self.decide(Action::Feature(feature.to_owned()))
    }

    /// Whether the token names `plan`: `pro`, or `u:pro` and `o:pro` for one of the user or of the
    /// active organization.
    pub fn has_plan(&self, plan: &str) -> bool {
        self.require_plan(plan).is_ok()
    }

    /// Refuses unless the token names `plan`.
    ///
    /// # Errors
    /// `plan-required`.
    pub fn require_plan(&self, plan: &str) -> Result<()> {
        self.decide(Action::Plan(plan.to_owned()))
    }

    /// Whether the user has `permission` in the active organization: `org:teams:manage` or
    /// `teams:manage`.
    pub fn has_permission(&self, permission: &str) -> bool {
        self.require_permission(permission).is_ok()
    }

    /// Refuses unless the user has `permission` in the active organization.
    ///
    /// # Errors
    /// `permission-required`.
    pub fn require_permission(&self, permission: &str) -> Result<()> {
        self.decide(Action::Permission(permission.to_owned()))
    }

    /// Whether the token alone grants all that is asked for, as Clerk's `has()` tells it. `role` is
    /// a role in the active organization here.
    pub fn has(&self, wanted: &Requirement) -> bool {
        self.require(wanted).is_ok()
    }

    /// Refuses unless the token alone grants all that is asked for.
    ///
    /// # Errors
    /// The first that is lacking: `role-required`, `permission-required`, `feature-required`,
    /// `plan-required`, `reverification-required`; `invalid-request` when nothing is asked for, or a
    /// reverification after 0 minutes.
    pub fn require(&self, wanted: &Requirement) -> Result<()> {
        self.decide(Action::Has(wanted.clone()))
    }

    /// Whether a record that the application keeps belongs to this user.
    pub fn owns(&self, owner_id: &str) -> bool {
        self.require_owner(owner_id).is_ok()
    }

    /// Refuses unless a record that the application keeps belongs to this user.
    ///
    /// # Errors
    /// `not-owner`.
    pub fn require_owner(&self, owner_id: &str) -> Result<()> {
        let outcome = if self.user().user_id == owner_id {
            Ok(())
        } else {
            // The client sees this error: whose the record is it does not tell.
            Err(Error::new(ErrorKind::NotOwner, "the record belongs to another user"))
        };
        self.decider().told(What::about("owner", owner_id), outcome)
    }

    /// The user's files, with the limits of their tier.
    ///
    /// # Errors
    /// `config-invalid` when no bucket is configured.
    pub fn files(&self) -> Result<UserStorage> {
        self.casier.files(&self.user().user_id, self.caller())
    }

    pub(crate) fn decider(&self) -> Decider {
        self.casier.decider(self.caller())
    }

    fn decide(&self, action: Action) -> Result<()> {
        self.decider().decide(&action, None, SystemTime::now()).map(drop)
    }

    fn caller(&self) -> Caller {
        Caller::Request(self.token.clone(), self.context.clone())
    }
}

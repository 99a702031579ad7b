//! Decisions about one caller, and the trail that they leave.

use std::sync::Arc;
use std::time::SystemTime;

use super::action::{Action, Facts};
use super::decision::Terms;
use super::policy::Policy;
use crate::Result;
use crate::observe::{AuditHook, RequestContext, What, Who, tell};
use crate::token::{User, VerifiedToken};

/// Decides by the policy what one caller may do, and tells the audit of it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Decider {
    pub(crate) policy: Arc<Policy>,
    pub(crate) hook: Option<AuditHook>,
    pub(crate) caller: Caller,
}

/// Who is to be judged.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Code of the server that acts for nobody: no tier limits it.
    Server,
    /// A user whom the application vouches for.
    User(Arc<User>),
    /// The user of a request.
    Request(VerifiedToken, Option<Arc<RequestContext>>),
}

impl Decider {
    /// Decides, and tells it; `target` is what it is about.
    pub(crate) fn decide(
        &self,
        action: &Action,
        target: Option<&str>,
        now: SystemTime,
    ) -> Result<Terms> {
        let outcome = self.decide_silently(action, &Facts::default(), now);
        self.told_of(action, target, outcome)
    }

    /// Decides, and tells nobody: for what has been decided before, and is now by more facts.
    pub(crate) fn decide_silently(
        &self,
        action: &Action,
        facts: &Facts,
        now: SystemTime,
    ) -> Result<Terms> {
        match self.caller.user() {
            Some(user) => self.policy.decide(user, action, facts, now).into_result(),
            None => self.policy.decide_for_server(action),
        }
    }

    /// Tells what has been decided on an action, and hands it on.
    pub(crate) fn told_of<T>(
        &self,
        action: &Action,
        target: Option<&str>,
        outcome: Result<T>,
    ) -> Result<T> {
        let required = Some(action.required());
        self.told(What { action: action.name(), target, required, is_privileged: false }, outcome)
    }

    /// The most bytes that the caller may store in all; none when there is no limit.
    pub(crate) fn stored_bytes(&self) -> Option<u64> {
        self.policy.stored_bytes(self.caller.user()?)
    }

    /// The largest file of a kind that the caller may upload, in bytes; none when there is no limit.
    pub(crate) fn max_bytes(&self, kind: &str) -> Option<u64> {
        self.policy.max_bytes(self.caller.user()?, kind)
    }

    /// The longest that a link of the caller's may live, in seconds; none when there is no limit.
    pub(crate) fn link_seconds(&self) -> Option<u64> {
        Some(self.policy.link_seconds(self.caller.user()?))
    }

    /// Tells what has been decided, and hands it on.
    pub(crate) fn told<T>(&self, what: What<'_>, outcome: Result<T>) -> Result<T> {
        tell(self.hook.as_ref(), self.caller.who(), what, &outcome);
        outcome
    }
}

impl Caller {
    fn user(&self) -> Option<&Arc<User>> {
        match self {
            Self::Server => None,
            Self::User(user) => Some(user),
            Self::Request(token, _) => Some(token.user()),
        }
    }

    fn who(&self) -> Who<'_> {
        let user = self.user().map(|user| &**user);
        match self {
            Self::Request(token, context) => {
                Who { user, token: Some(token), context: context.as_deref() }
            }
            Self::Server | Self::User(_) => Who { user, ..Who::default() },
        }
    }
}

//! The policy, and what it decides.

use std::sync::Arc;

use casier::access;

use crate::convert::{FileUrl, Time, or_now};
use crate::error::{CasierError, Failure, Result};
use crate::token::User;

#[derive(uniffi::Object)]
pub(crate) struct Policy(pub(crate) Arc<access::Policy>);

#[uniffi::export]
impl Policy {
    #[uniffi::constructor]
    pub(crate) fn builtin() -> Result<Self> {
        Ok(Self(Arc::new(access::Policy::builtin())))
    }

    #[uniffi::constructor]
    fn from_toml(text: &str, origin: &str) -> Result<Self> {
        Ok(Self(Arc::new(access::Policy::from_toml(text, origin)?)))
    }

    #[uniffi::constructor]
    fn load(file: FileUrl) -> Result<Self> {
        Ok(Self(Arc::new(access::Policy::load(file.0)?)))
    }

    fn tiers(&self) -> Result<Vec<String>> {
        Ok(self.0.tiers().iter().map(|tier| tier.name().to_owned()).collect())
    }

    fn roles(&self) -> Result<Vec<String>> {
        Ok(self.0.roles().to_vec())
    }

    fn kinds(&self) -> Result<Vec<String>> {
        Ok(self.0.kinds().iter().map(|kind| kind.name().to_owned()).collect())
    }

    fn decide(
        &self,
        user: Arc<User>,
        action: Action,
        stored_bytes: u64,
        now: Option<Time>,
    ) -> Result<Decision> {
        let facts = access::Facts::with_stored_bytes(stored_bytes);
        Ok(self.0.decide(&user.0, &action.try_into()?, &facts, or_now(now)).into())
    }
}

#[derive(uniffi::Enum)]
pub(crate) enum Action {
    Subscription { tier: String },
    Role { role: String },
    Feature { feature: String },
    Permission { permission: String },
    Plan { plan: String },
    Has { wanted: Requirement },
    Upload { kind: String, filename: String, content_type: String, size: u64 },
    Link { seconds: u64 },
}

impl TryFrom<Action> for access::Action {
    type Error = CasierError;

    fn try_from(action: Action) -> Result<Self> {
        Ok(match action {
            Action::Subscription { tier } => Self::Subscription(tier),
            Action::Role { role } => Self::Role(role),
            Action::Feature { feature } => Self::Feature(feature),
            Action::Permission { permission } => Self::Permission(permission),
            Action::Plan { plan } => Self::Plan(plan),
            Action::Has { wanted } => Self::Has(wanted.try_into()?),
            Action::Upload { kind, filename, content_type, size } => {
                Self::Upload { kind, filename, content_type, size }
            }
            Action::Link { seconds } => Self::Link { seconds },
        })
    }
}

#[derive(uniffi::Record)]
pub(crate) struct Requirement {
    role: Option<String>,
    permission: Option<String>,
    feature: Option<String>,
    plan: Option<String>,
    reverification: Option<Reverification>,
}

impl TryFrom<Requirement> for access::Requirement {
    type Error = CasierError;

    fn try_from(given: Requirement) -> Result<Self> {
        let mut wanted = Self::default();
        wanted.role = given.role;
        wanted.permission = given.permission;
        wanted.feature = given.feature;
        wanted.plan = given.plan;
        wanted.reverification = given.reverification.map(TryInto::try_into).transpose()?;
        Ok(wanted)
    }
}

#[derive(uniffi::Enum)]
pub(crate) enum Reverification {
    Named { name: String },
    Custom { level: String, after_minutes: u32 },
}

impl TryFrom<Reverification> for access::Reverification {
    type Error = CasierError;

    fn try_from(given: Reverification) -> Result<Self> {
        Ok(match given {
            Reverification::Named { name } => name.parse()?,
            Reverification::Custom { level, after_minutes } => {
                Self::new(level.parse()?, after_minutes)
            }
        })
    }
}

#[derive(uniffi::Record)]
pub(crate) struct Decision {
    error: Option<Failure>,
    link_seconds: Option<u64>,
    link_expires_at: Option<Time>,
    content_type: Option<String>,
}

impl From<access::Decision> for Decision {
    fn from(decision: access::Decision) -> Self {
        let (terms, error) = match decision.into_result() {
            Ok(terms) => (terms, None),
            Err(refusal) => (access::Terms::default(), Some(refusal.into())),
        };
        Self {
            error,
            link_seconds: terms.link_seconds,
            link_expires_at: terms.link_expires_at.map(Time),
            content_type: terms.content_type,
        }
    }
}

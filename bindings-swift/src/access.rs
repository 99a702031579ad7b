//! The policy, and what it decides.

use std::sync::Arc;

use casier::access;

use crate::convert::{FileUrl, Time, or_now};
use crate::error::{Failure, Result};
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
        Ok(self.0.decide(&user.0, &action.into(), &facts, or_now(now)).into())
    }
}

#[derive(uniffi::Enum)]
pub(crate) enum Action {
    Subscription { tier: String },
    Role { role: String },
    Feature { feature: String },
    Upload { kind: String, filename: String, content_type: String, size: u64 },
    Link { seconds: u64 },
}

impl From<Action> for access::Action {
    fn from(action: Action) -> Self {
        match action {
            Action::Subscription { tier } => Self::Subscription(tier),
            Action::Role { role } => Self::Role(role),
            Action::Feature { feature } => Self::Feature(feature),
            Action::Upload { kind, filename, content_type, size } => {
                Self::Upload { kind, filename, content_type, size }
            }
            Action::Link { seconds } => Self::Link { seconds },
        }
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

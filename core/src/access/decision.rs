//! The answer of the policy.

use std::time::SystemTime;

use crate::{Error, Result};

/// Allowed, on terms, or refused, with the error to hand on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// The user may.
    Allowed(Terms),
    /// The user may not, and why.
    Refused(Error),
}

/// The terms of what is allowed; fields that do not concern the action are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Terms {
    /// How long the link may really live, in seconds: what was asked, or the tier's longest.
    pub link_seconds: Option<u64>,
    /// When that link ends.
    pub link_expires_at: Option<SystemTime>,
    /// The content type to store: without parameters, in lower case, its usual name.
    pub content_type: Option<String>,
}

impl Decision {
    /// Whether the action is allowed.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The terms, or the refusal as the error of the call.
    ///
    /// # Errors
    /// The refusal.
    pub fn into_result(self) -> Result<Terms> {
        match self {
            Self::Allowed(terms) => Ok(terms),
            Self::Refused(error) => Err(error),
        }
    }
}

impl From<Result<Terms>> for Decision {
    fn from(result: Result<Terms>) -> Self {
        match result {
            Ok(terms) => Self::Allowed(terms),
            Err(error) => Self::Refused(error),
        }
    }
}

//! What somebody wants to do, and the facts that a decision needs beside the policy.

use std::fmt::Display;

use super::requirement::Requirement;

/// Something that a user asks for and that the policy allows or refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Pass where this tier or a higher one is needed.
    Subscription(String),
    /// Pass where this application role or a higher one is needed.
    Role(String),
    /// Use a feature: `books`, or `u:books` and `o:books` for what the token itself grants to the
    /// user or to the active organization.
    Feature(String),
    /// Pass where this permission in the active organization is needed: `org:teams:manage` or
    /// `teams:manage`.
    Permission(String),
    /// Pass where the token must name this plan: `pro`, or `u:pro` and `o:pro` for one of the user
    /// or of the active organization.
    Plan(String),
    /// Pass where the token must grant all of this.
    Has(Requirement),
    /// Store a file.
    Upload {
        /// The kind of file, for example `image`.
        kind: String,
        /// The name that it will have, one segment.
        filename: String,
        /// Its content type; parameters are ignored.
        content_type: String,
        /// Its size in bytes.
        size: u64,
    },
    /// Get a link to a file.
    Link {
        /// How long the link should live, in seconds, 1 or more.
        seconds: u64,
    },
}

impl Action {
    /// What the audit calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Subscription(_) => "subscription",
            Self::Role(_) => "role",
            Self::Feature(_) => "feature",
            Self::Permission(_) => "permission",
            Self::Plan(_) => "plan",
            Self::Has(_) => "has",
            Self::Upload { .. } => "upload",
            Self::Link { .. } => "link",
        }
    }

    /// What it takes or asks for, in short.
    pub(super) fn required(&self) -> &dyn Display {
        match self {
            Self::Subscription(name)
            | Self::Role(name)
            | Self::Feature(name)
            | Self::Permission(name)
            | Self::Plan(name)
            | Self::Upload { kind: name, .. } => name,
            Self::Has(wanted) => wanted,
            Self::Link { seconds } => seconds,
        }
    }
}

/// What a decision has to know beside the user and the policy. The default is a user who has
/// stored nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The bytes that the scope holds or has reserved now, without the file that the upload
    /// replaces.
    pub stored_bytes: u64,
}

impl Facts {
    /// The facts of a scope that holds `stored_bytes` bytes.
    pub fn with_stored_bytes(stored_bytes: u64) -> Self {
        Self { stored_bytes }
    }
}

//! The verified user.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::claims::Claims;

/// Who is signed in, as a verified token tells it.
#[derive(Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct User {
    /// Names one person for good: `sub` of the primary issuer as it stands, `{namespace}::{sub}`
    /// of any other.
    pub user_id: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the issuer has verified the e-mail address.
    pub email_verified: bool,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The whole name.
    pub full_name: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The address of the user's picture.
    pub image_url: Option<String>,
    /// The phone number.
    pub phone_number: Option<String>,
    /// Whether the issuer has verified the phone number.
    pub phone_verified: bool,
    /// The subscription tier, one of the policy's.
    pub subscription: String,
    /// The application role, one of the policy's; never an organization's role.
    pub role: String,
    /// The session of the issuer.
    pub session_id: Option<String>,
    /// The active organization.
    pub organization: Option<Organization>,
    /// The plans, with their scope: `u:pro`, `o:team`.
    pub plans: Vec<String>,
    /// The features, with their scope: `u:books`, `o:reports`.
    pub features: Vec<String>,
    /// What only the server can write about the user.
    pub metadata: Claims,
    /// When the first and the second factor were last proved, in minutes before the token was made;
    /// -1 where the user has not (Clerk's `fva`).
    pub factor_verification_age: Option<[i64; 2]>,
    /// Who acts in the user's place (`act`), when the session is an impersonation.
    pub actor: Option<Value>,
    /// Every claim of the token.
    pub claims: Claims,
}

/// The organization that is active in the session.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Organization {
    /// Names the organization.
    pub id: String,
    /// Its readable name, as addresses use it.
    pub slug: Option<String>,
    /// The user's role in it, as `org:role`, which is never an application role.
    pub role: Option<String>,
    /// The user's permissions in it, as `org:feature:permission`.
    pub permissions: Vec<String>,
}

impl User {
    /// A user of this id with nothing else known, for tests and for trusted server code.
    pub fn new(user_id: impl Into<String>) -> Self {
        Self { user_id: user_id.into(), ..Self::default() }
    }
}

/// Shows the ids and the standing alone: the rest is personal, and logs are no place for it.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("user_id", &self.user_id)
            .field("subscription", &self.subscription)
            .field("role", &self.role)
            .field("session_id", &self.session_id)
            .field("organization", &self.organization.as_ref().map(|active| &active.id))
            .finish_non_exhaustive()
    }
}

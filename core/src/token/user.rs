//! The verified user.

use serde::Serialize;
use serde_json::{Map, Value};

/// Who is signed in, as a verified token tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct User {
    /// Names one person for good; see the crate page on identity.
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
    /// The subscription tier.
    pub subscription: String,
    /// The application role.
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
    pub metadata: Map<String, Value>,
    /// Who acts in the user's place.
    pub actor: Option<Value>,
    /// Every claim of the token.
    pub claims: Map<String, Value>,
}

/// The organization that is active in the session.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Organization {
    /// Names the organization.
    pub id: String,
    /// Its readable name.
    pub slug: Option<String>,
    /// The user's role in it, which is never an application role.
    pub role: Option<String>,
    /// The user's permissions in it.
    pub permissions: Vec<String>,
}

impl User {
    /// A user of this id with nothing else known, for tests and for trusted server code.
    pub fn new(user_id: impl Into<String>) -> Self {
        Self { user_id: user_id.into(), ..Self::default() }
    }
}

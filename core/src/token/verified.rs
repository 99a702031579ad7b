//! A token that has passed.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::claims::Dates;
use super::jws::Header;
use super::user::User;

/// A token that has passed every check, and the user whom it signs in. Cheap to clone.
#[derive(Clone)]
pub struct VerifiedToken(Arc<Inner>);

struct Inner {
    user: Arc<User>,
    dates: Dates,
    header: Arc<Header>,
    is_bare: bool,
}

impl VerifiedToken {
    pub(crate) fn new(user: User, dates: Dates, header: Arc<Header>, is_bare: bool) -> Self {
        Self(Arc::new(Inner { user: Arc::new(user), dates, header, is_bare }))
    }

    /// The same token, of whose user more is known.
    pub(crate) fn with_user(&self, user: Arc<User>) -> Self {
        let Inner { dates, header, is_bare, .. } = &*self.0;
        Self(Arc::new(Inner { user, dates: *dates, header: header.clone(), is_bare: *is_bare }))
    }

    /// Whether the token carries neither e-mail nor public metadata though Clerk made it.
    pub(crate) fn is_bare(&self) -> bool {
        self.0.is_bare
    }

    /// The user whom the token signs in.
    pub fn user(&self) -> &Arc<User> {
        &self.0.user
    }

    /// Every claim of the token.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.0.user.claims
    }

    /// When the token was made (`iat`), if it says.
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.0.dates.issued_at
    }

    /// From when on the token holds (`nbf`), if it says.
    pub fn not_before(&self) -> Option<SystemTime> {
        self.0.dates.not_before
    }

    /// Until when the token holds (`exp`), the clock skew not counted in.
    pub fn expires_at(&self) -> SystemTime {
        self.0.dates.expires_at
    }

    /// The id of the key that checked the token (`kid`), if the token names one.
    pub fn key_id(&self) -> Option<&str> {
        self.0.header.key_id.as_deref()
    }

    /// The issuer's session (`sid` mostly), if the token names one.
    pub fn session_id(&self) -> Option<&str> {
        self.0.user.session_id.as_deref()
    }

    pub(crate) fn dates(&self) -> &Dates {
        &self.0.dates
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("user", &self.user())
            .field("expires_at", &self.expires_at())
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

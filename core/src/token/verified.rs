//! A token that has passed.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::claims::Dates;
use super::issuer::TokenSource;
use super::jws::Header;
use super::keys::VerificationKey;
use super::revocation::Clearance;
use super::user::User;

/// A token that has passed every check, and the user whom it signs in. Cheap to clone.
#[derive(Clone)]
pub struct VerifiedToken(Arc<Inner>);

struct Inner {
    user: Arc<User>,
    dates: Dates,
    is_bare: bool,
    basis: Basis,
    clearance: Mutex<Option<Clearance>>,
}

/// What a token's passing rests on beside its claims.
#[derive(Clone)]
pub(crate) struct Basis {
    pub(crate) header: Arc<Header>,
    pub(crate) key: Arc<VerificationKey>,
    pub(crate) source: TokenSource,
}

impl VerifiedToken {
    pub(crate) fn new(user: User, dates: Dates, is_bare: bool, basis: Basis) -> Self {
        let (user, clearance) = (Arc::new(user), Mutex::default());
        Self(Arc::new(Inner { user, dates, is_bare, basis, clearance }))
    }

    /// The same token, of whose user more is known.
    pub(crate) fn with_user(&self, user: Arc<User>) -> Self {
        let Inner { dates, is_bare, basis, .. } = &*self.0;
        let (dates, is_bare, basis) = (*dates, *is_bare, basis.clone());
        Self(Arc::new(Inner { user, dates, is_bare, basis, clearance: Mutex::default() }))
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
        self.0.basis.header.key_id.as_deref()
    }

    /// The issuer's session (`sid` mostly), if the token names one.
    pub fn session_id(&self) -> Option<&str> {
        self.0.user.session_id.as_deref()
    }

    /// Whether the token carries neither e-mail nor public metadata though Clerk made it.
    pub(crate) fn is_bare(&self) -> bool {
        self.0.is_bare
    }

    /// The key that checked the token.
    pub(crate) fn key(&self) -> &Arc<VerificationKey> {
        &self.0.basis.key
    }

    /// How the token came in.
    pub(crate) fn source(&self) -> TokenSource {
        self.0.basis.source
    }

    /// When the token was last seen not to be revoked.
    pub(crate) fn clearance(&self) -> Option<Clearance> {
        *self.clearance_lock()
    }

    /// Notes that the token was not revoked.
    pub(crate) fn note_clearance(&self, clearance: Clearance) {
        *self.clearance_lock() = Some(clearance);
    }

    fn clearance_lock(&self) -> MutexGuard<'_, Option<Clearance>> {
        self.0.clearance.lock().unwrap_or_else(PoisonError::into_inner)
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

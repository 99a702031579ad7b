//! Verification without network and without a clock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::claims::{has_public_metadata, user_from};
use super::issuer::{IssuerConfig, TokenSource};
use super::jws::{Header, UnverifiedToken, unknown_issuer, unknown_key};
use super::keys::{KeySet, VerificationKey};
use super::user::User;
use crate::Result;
use crate::access::Policy;

/// Verifies the tokens of one issuer whose keys are given: no network, no clock, no state that
/// changes a verdict. The same token and time give the same answer in every language.
#[derive(Debug)]
pub struct TokenVerifier {
    rules: IssuerRules,
    keys: KeySet,
}

impl TokenVerifier {
    /// A verifier for an issuer whose keys are given as PEM, JWK or JWKS.
    ///
    /// # Errors
    /// `config-invalid` when the keys are to be fetched, cannot be used (private, symmetric, weak,
    /// for another use), or a setting would weaken the checks.
    pub fn new(issuer: IssuerConfig, policy: Arc<Policy>) -> Result<Self> {
        let keys = issuer.keys.given_keys(&issuer.algorithms)?;
        Ok(Self { rules: IssuerRules::new(issuer, policy)?, keys })
    }

    /// Verifies a token as of `now`.
    ///
    /// # Errors
    /// In this order: `token-invalid` (malformed), `token-invalid-issuer`,
    /// `token-invalid-algorithm`, `jwk-kid-mismatch`, `token-invalid-signature`; and only when the
    /// signature is right, what is wrong with the claims: `token-invalid`,
    /// `token-invalid-audience`, `token-invalid-authorized-parties`, `token-expired`,
    /// `token-not-active-yet`, `token-iat-in-the-future`, `token-type-mismatch`,
    /// `session-pending`, `invalid-user-id`.
    pub fn verify(
        &self,
        token: &str,
        now: SystemTime,
        source: TokenSource,
    ) -> Result<VerifiedToken> {
        let token = UnverifiedToken::read(token)?;
        if token.issuer() != Some(self.rules.issuer()) {
            return Err(unknown_issuer());
        }
        let header = self.rules.header(&token)?;
        let key = self.keys.find(header.key_id.as_deref()).ok_or_else(unknown_key)?;
        self.rules.verify(token, header, &key, now, source)
    }
}

/// The rules of one issuer, from the header to the user.
#[derive(Debug)]
pub(crate) struct IssuerRules {
    config: IssuerConfig,
    policy: Arc<Policy>,
    has_warned_of_bare_tokens: AtomicBool,
    has_warned_of_cookies: AtomicBool,
}

impl IssuerRules {
    pub(crate) fn new(config: IssuerConfig, policy: Arc<Policy>) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            config,
            policy,
            has_warned_of_bare_tokens: AtomicBool::new(false),
            has_warned_of_cookies: AtomicBool::new(false),
        })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    pub(crate) fn header(&self, token: &UnverifiedToken<'_>) -> Result<Header> {
        token.header(&self.config)
    }

    /// Everything from the signature on.
    pub(crate) fn verify(
        &self,
        token: UnverifiedToken<'_>,
        header: Header,
        key: &VerificationKey,
        now: SystemTime,
        source: TokenSource,
    ) -> Result<VerifiedToken> {
        let (all, claims) = token.verify(&header, key, &self.config, now, source)?;
        self.warn_of_bare_token(&all);
        self.warn_of_cookie(source);
        let user = user_from(all, &claims, &self.config, &self.policy)?;
        Ok(VerifiedToken {
            user: Arc::new(user),
            issued_at: claims.issued_at,
            not_before: claims.not_before,
            expires_at: claims.expires_at,
            key_id: header.key_id,
        })
    }

    /// Clerk's tokens carry `sid`; without a session-token template they carry nothing personal.
    fn warn_of_bare_token(&self, all: &Map<String, Value>) {
        let is_bare = all.contains_key("sid")
            && !all.contains_key("email")
            && !has_public_metadata(all, &self.config);
        if is_bare && !self.has_warned_of_bare_tokens.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                issuer = self.issuer(),
                "session tokens carry neither e-mail nor public metadata, so every user has the \
                 lowest tier and role; add them to the session token in Clerk's dashboard"
            );
        }
    }

    fn warn_of_cookie(&self, source: TokenSource) {
        let is_open = source == TokenSource::Cookie && self.config.authorized_parties.is_empty();
        if is_open && !self.has_warned_of_cookies.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                issuer = self.issuer(),
                "tokens come in by cookie and no authorized parties are set; set \
                 CLERK_AUTHORIZED_PARTIES so that tokens made for another site are refused"
            );
        }
    }
}

/// A token that has passed every check, and the user whom it signs in.
#[derive(Clone)]
pub struct VerifiedToken {
    user: Arc<User>,
    issued_at: Option<SystemTime>,
    not_before: Option<SystemTime>,
    expires_at: SystemTime,
    key_id: Option<String>,
}

impl VerifiedToken {
    /// The user whom the token signs in.
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// Every claim of the token.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.user.claims
    }

    /// When the token was made (`iat`), if it says.
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.issued_at
    }

    /// From when on the token holds (`nbf`), if it says.
    pub fn not_before(&self) -> Option<SystemTime> {
        self.not_before
    }

    /// Until when the token holds (`exp`), the clock skew not counted in.
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// The id of the key that checked the token (`kid`), if the token names one.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The issuer's session (`sid`), if the token names one.
    pub fn session_id(&self) -> Option<&str> {
        self.user.session_id.as_deref()
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("user", &self.user)
            .field("expires_at", &self.expires_at)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

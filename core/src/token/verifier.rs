//! Verification without network and without a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use arc_swap::ArcSwapOption;

use super::cache::VerifiedTokens;
use super::claims::{CheckedClaims, Claims, UserMapping};
use super::issuer::{IssuerConfig, TokenSource, invalid};
use super::jws::{CompactJws, Header, UnverifiedToken, unknown_issuer, unknown_key};
use super::keys::KeySet;
use super::verified::{Basis, VerifiedToken};
use crate::Result;
use crate::access::Policy;

/// Verifies the tokens of one issuer whose keys are given: no network, no clock, no state that
/// changes a verdict. The same token and time give the same answer in every language.
#[derive(Debug)]
pub struct TokenVerifier {
    rules: IssuerRules,
    keys: KeySet,
    cache: Option<VerifiedTokens>,
}

impl TokenVerifier {
    /// A verifier for an issuer whose keys are given as PEM, JWK or JWKS.
    ///
    /// # Errors
    /// `config-invalid` when keys or users are to be fetched, the keys cannot be used (private,
    /// symmetric, weak, for another use), or a setting would weaken the checks.
    pub fn new(issuer: IssuerConfig, policy: Arc<Policy>) -> Result<Self> {
        if issuer.user_lookup.is_some() {
            return Err(invalid("a verifier without network cannot look users up"));
        }
        let keys = issuer.keys.given_keys(&issuer.algorithms)?;
        let cache = issuer.token_cache.then(VerifiedTokens::new);
        Ok(Self { rules: IssuerRules::new(issuer, policy)?, keys, cache })
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
        match self.verify_cached(token, now, source) {
            Some(known) => known,
            None => self.verify_anew(token, now, source),
        }
    }

    /// The answer for a token that has been verified before, `None` for any other: what
    /// [`verify`](Self::verify) would say, without its cryptography.
    pub fn verify_cached(
        &self,
        token: &str,
        now: SystemTime,
        source: TokenSource,
    ) -> Option<Result<VerifiedToken>> {
        let cache = self.cache.as_ref()?;
        let known = cache.get(token, source)?;
        Some(self.rules.check_dates(&known, now).map(|()| known))
    }

    fn verify_anew(
        &self,
        text: &str,
        now: SystemTime,
        source: TokenSource,
    ) -> Result<VerifiedToken> {
        let jws = CompactJws::split(text)?;
        let token = UnverifiedToken::read(&jws)?;
        if token.issuer() != Some(self.rules.issuer()) {
            return Err(unknown_issuer());
        }
        let header = self.rules.header(&token)?;
        let key = self.keys.find(header.key_id.as_deref()).ok_or_else(unknown_key)?;
        let token = self.rules.verify(token, Basis { header, key, source }, now)?;
        if let Some(cache) = &self.cache {
            cache.insert(text, token.clone());
        }
        Ok(token)
    }
}

/// The rules of one issuer, from the header to the user.
#[derive(Debug)]
pub(crate) struct IssuerRules {
    config: IssuerConfig,
    mapping: UserMapping,
    policy: Arc<Policy>,
    last_header: ArcSwapOption<KnownHeader>,
    has_warned_of_bare_tokens: AtomicBool,
    has_warned_of_cookies: AtomicBool,
}

/// The header of a token that passed, encoded and read.
#[derive(Debug)]
struct KnownHeader {
    encoded: String,
    header: Arc<Header>,
}

impl IssuerRules {
    pub(crate) fn new(config: IssuerConfig, policy: Arc<Policy>) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            mapping: UserMapping::new(&config),
            config,
            policy,
            last_header: ArcSwapOption::empty(),
            has_warned_of_bare_tokens: AtomicBool::new(false),
            has_warned_of_cookies: AtomicBool::new(false),
        })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The `sub` that became this user id.
    pub(crate) fn subject<'a>(&self, user_id: &'a str) -> &'a str {
        let namespace = self.config.namespace.as_deref();
        let subject = namespace.and_then(|name| user_id.strip_prefix(name)?.strip_prefix("::"));
        subject.unwrap_or(user_id)
    }

    /// The rules for the header. That of the last token that passed need not be read again.
    pub(crate) fn header(&self, token: &UnverifiedToken<'_>) -> Result<Arc<Header>> {
        if let Some(last) = &*self.last_header.load()
            && last.encoded == token.encoded_header()
        {
            return Ok(last.header.clone());
        }
        token.header(&self.config).map(Arc::new)
    }

    /// Everything from the signature on.
    pub(crate) fn verify(
        &self,
        token: UnverifiedToken<'_>,
        basis: Basis,
        now: SystemTime,
    ) -> Result<VerifiedToken> {
        let Basis { header, key, source } = &basis;
        let (text, encoded) = (token.text(), token.encoded_header());
        let (all, claims) = token.verify(header, key, &self.config, now, *source)?;
        let is_bare = self.mapping.is_bare(&all);
        self.warn_of_bare_token(is_bare);
        self.warn_of_cookie(*source);
        let CheckedClaims { subject, dates } = claims;
        let user = self.mapping.user(&all, Claims::of_text(text), subject, &self.policy)?;
        self.note_header(encoded, header);
        Ok(VerifiedToken::new(user, dates, is_bare, basis))
    }

    fn note_header(&self, encoded: &str, header: &Arc<Header>) {
        let last = self.last_header.load();
        if last.as_ref().is_none_or(|last| !Arc::ptr_eq(&last.header, header)) {
            let (encoded, header) = (encoded.to_owned(), header.clone());
            self.last_header.store(Some(Arc::new(KnownHeader { encoded, header })));
        }
    }

    /// Judges a token anew of which all but the time is settled.
    pub(crate) fn check_dates(&self, token: &VerifiedToken, now: SystemTime) -> Result<()> {
        token.dates().check(now, self.config.clock_skew)
    }

    /// Without a session-token template, Clerk's tokens carry nothing personal.
    fn warn_of_bare_token(&self, is_bare: bool) {
        if !is_bare
            || self.config.user_lookup.is_some()
            || self.has_warned_of_bare_tokens.swap(true, Ordering::Relaxed)
        {
            return;
        }
        tracing::warn!(
            issuer = self.issuer(),
            "session tokens carry neither e-mail nor public metadata, so every user has the lowest \
             tier and role; docs/session-token.md has the template for Clerk's dashboard"
        );
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

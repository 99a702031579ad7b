//! Verification against several issuers, with keys that are fetched where they are not given.

use std::sync::Arc;
use std::time::SystemTime;

use super::cache::VerifiedTokens;
use super::issuer::{IssuerConfig, KeySource, TokenSource, invalid};
use super::jws::{CompactJws, Header, UnverifiedToken, unknown_issuer, unknown_key};
use super::keys::{Endpoint, KeySet, RemoteKeys, VerificationKey};
use super::revocation::{Clearance, Revocations};
use super::user_lookup::UserDirectory;
use super::verified::{Basis, VerifiedToken};
use super::verifier::IssuerRules;
use crate::Result;
use crate::access::Policy;

/// The issuers whose tokens sign users in. Each has its own keys, cache and rules; none is pooled.
#[derive(Debug)]
pub struct Issuers {
    issuers: Vec<Issuer>,
    revocations: Arc<Revocations>,
}

#[derive(Debug)]
struct Issuer {
    rules: IssuerRules,
    keys: Keys,
    cache: Option<VerifiedTokens>,
    users: Option<UserDirectory>,
}

#[derive(Debug)]
enum Keys {
    Given(KeySet),
    Remote(RemoteKeys),
}

impl Issuers {
    /// Takes the issuers; one of them at most is the primary one, without a namespace. Fetches
    /// nothing and starts nothing.
    ///
    /// # Errors
    /// `config-invalid` when there is no issuer, when two share an issuer or a namespace, when a
    /// JWKS URL is neither https nor http on loopback, when given keys cannot be used, or when a
    /// setting would weaken the checks.
    pub fn new(configs: Vec<IssuerConfig>, policy: Arc<Policy>) -> Result<Self> {
        if configs.is_empty() {
            return Err(invalid("no issuer is configured"));
        }
        for (index, config) in configs.iter().enumerate() {
            let earlier = &configs[..index];
            if earlier.iter().any(|other| other.issuer == config.issuer) {
                return Err(invalid(format!("the issuer {:?} is configured twice", config.issuer)));
            }
            if earlier.iter().any(|other| other.namespace == config.namespace) {
                return Err(invalid(match &config.namespace {
                    Some(namespace) => format!("two issuers have the namespace {namespace:?}"),
                    None => "two issuers have no namespace; only the primary one may".to_owned(),
                }));
            }
        }
        let issuers = configs.into_iter().map(|config| Issuer::new(config, policy.clone()));
        let revocations = Arc::new(Revocations::new(None));
        Ok(Self { issuers: issuers.collect::<Result<_>>()?, revocations })
    }

    /// Refuses what is revoked here, too.
    #[must_use]
    pub fn with_revocations(self, revocations: Arc<Revocations>) -> Self {
        Self { revocations, ..self }
    }

    /// Verifies a token as of `now`, the current time. Keys are fetched at first use and then kept:
    /// renewed from 4 minutes on, looked up again for an unknown `kid` every 30 seconds at most,
    /// and used for an hour at most while the issuer cannot be reached. A fetch takes 5 seconds at
    /// most and serves everybody who waits; it goes on when this call is cancelled.
    ///
    /// # Errors
    /// Those of [`TokenVerifier::verify`](super::TokenVerifier::verify), and where there are no
    /// keys: `jwk-remote-failed-to-load` or `jwk-remote-invalid`, which may pass; last of all
    /// `session-revoked`, or `state-unavailable` where nobody can say.
    pub async fn verify(
        &self,
        token: &str,
        now: SystemTime,
        source: TokenSource,
    ) -> Result<VerifiedToken> {
        let (issuer, token) = match self.known(token, now, source) {
            Some((issuer, known)) => {
                issuer.rules.check_dates(&known, now)?;
                if !self.is_cleared(&known, now) {
                    known.note_clearance(self.check_revocations(&known, now).await?);
                }
                (issuer, known)
            }
            None => self.verify_anew(token, now, source).await?,
        };
        Ok(issuer.complete(token, now).await)
    }

    /// The answer for a token of which all is known: what [`verify`](Self::verify) would say, without
    /// its cryptography and without waiting. `None` for a token that has not been verified before,
    /// whose key may not be its issuer's any more, that may have been revoked by another process, or
    /// whose user is looked up at Clerk.
    pub fn verify_cached(
        &self,
        token: &str,
        now: SystemTime,
        source: TokenSource,
    ) -> Option<Result<VerifiedToken>> {
        let (issuer, known) = self.known(token, now, source)?;
        let is_all_known = self.is_cleared(&known, now) && issuer.directory(&known).is_none();
        is_all_known.then(|| issuer.rules.check_dates(&known, now).map(|()| known))
    }

    fn known(
        &self,
        token: &str,
        now: SystemTime,
        source: TokenSource,
    ) -> Option<(&Issuer, VerifiedToken)> {
        self.issuers.iter().find_map(|issuer| Some((issuer, issuer.known(token, now, source)?)))
    }

    async fn verify_anew(
        &self,
        text: &str,
        now: SystemTime,
        source: TokenSource,
    ) -> Result<(&Issuer, VerifiedToken)> {
        let jws = CompactJws::split(text)?;
        let token = UnverifiedToken::read(&jws)?;
        let issuer = self.select(&token).ok_or_else(unknown_issuer)?;
        let header = issuer.rules.header(&token)?;
        let key = issuer.key(&header, now).await?;
        let token = issuer.rules.verify(token, Basis { header, key, source }, now)?;
        token.note_clearance(self.check_revocations(&token, now).await?);
        if let Some(cache) = &issuer.cache {
            cache.insert(text, token.clone());
        }
        Ok((issuer, token))
    }

    async fn check_revocations(&self, token: &VerifiedToken, now: SystemTime) -> Result<Clearance> {
        let user_id = &token.user().user_id;
        self.revocations.check(user_id, token.session_id(), token.issued_at(), now).await
    }

    fn is_cleared(&self, known: &VerifiedToken, now: SystemTime) -> bool {
        known.clearance().is_some_and(|clearance| self.revocations.holds(clearance, now))
    }

    fn select(&self, token: &UnverifiedToken<'_>) -> Option<&Issuer> {
        let named = token.issuer()?;
        self.issuers.iter().find(|issuer| issuer.rules.issuer() == named)
    }
}

impl Issuer {
    fn new(config: IssuerConfig, policy: Arc<Policy>) -> Result<Self> {
        let keys = match &config.keys {
            KeySource::JwksUrl { url, bearer } => {
                let endpoint = Endpoint::new(url, bearer.as_deref())?;
                Keys::Remote(RemoteKeys::new(endpoint, config.algorithms.clone()))
            }
            given => Keys::Given(given.given_keys(&config.algorithms)?),
        };
        let cache = config.token_cache.then(VerifiedTokens::new);
        let directory = |lookup| UserDirectory::new(lookup, config.mapping.clone());
        let users = config.user_lookup.as_ref().map(directory).transpose()?;
        Ok(Self { rules: IssuerRules::new(config, policy)?, keys, cache, users })
    }

    /// Where the token's user is looked up, if they are.
    fn directory(&self, token: &VerifiedToken) -> Option<&UserDirectory> {
        self.users.as_ref().filter(|_| token.is_bare())
    }

    /// The token, whose user is looked up if it says too little of them.
    async fn complete(&self, token: VerifiedToken, now: SystemTime) -> VerifiedToken {
        let Some(directory) = self.directory(&token) else { return token };
        let user = token.user();
        let id = self.rules.subject(&user.user_id);
        let completed = directory.complete(user.clone(), id, self.rules.policy(), now).await;
        token.with_user(completed)
    }

    /// What is known of a token, while the key that checked it is one of the issuer's.
    fn known(&self, token: &str, now: SystemTime, source: TokenSource) -> Option<VerifiedToken> {
        let known = self.cache.as_ref()?.get(token, source)?;
        let key = self.current_key(known.key_id(), now)?;
        Arc::ptr_eq(&key, known.key()).then_some(known)
    }

    /// The key of this id, if it is there without a fetch.
    fn current_key(&self, key_id: Option<&str>, now: SystemTime) -> Option<Arc<VerificationKey>> {
        match &self.keys {
            Keys::Given(keys) => keys.find(key_id),
            Keys::Remote(keys) => keys.current(key_id, now),
        }
    }

    async fn key(&self, header: &Header, now: SystemTime) -> Result<Arc<VerificationKey>> {
        match &self.keys {
            Keys::Given(keys) => keys.find(header.key_id.as_deref()).ok_or_else(unknown_key),
            Keys::Remote(keys) => keys.key(header.key_id.as_deref(), now).await,
        }
    }
}

//! Verification against several issuers, with keys that are fetched where they are not given.

use std::sync::Arc;
use std::time::SystemTime;

use super::issuer::{IssuerConfig, KeySource, TokenSource, invalid};
use super::jws::{Header, UnverifiedToken, unknown_issuer, unknown_key};
use super::keys::{Endpoint, KeySet, RemoteKeys, VerificationKey};
use super::verifier::{IssuerRules, VerifiedToken};
use crate::Result;
use crate::access::Policy;

/// The issuers whose tokens sign users in. Each has its own keys, cache and rules; none is pooled.
#[derive(Debug)]
pub struct Issuers {
    issuers: Vec<Issuer>,
}

#[derive(Debug)]
struct Issuer {
    rules: IssuerRules,
    keys: Keys,
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
        Ok(Self { issuers: issuers.collect::<Result<_>>()? })
    }

    /// Verifies a token as of `now`, the current time. Keys are fetched at first use and then kept:
    /// renewed from 4 minutes on, looked up again for an unknown `kid` every 30 seconds at most,
    /// and used for an hour at most while the issuer cannot be reached. A fetch takes 5 seconds at
    /// most and serves everybody who waits; it goes on when this call is cancelled.
    ///
    /// # Errors
    /// Those of [`TokenVerifier::verify`](super::TokenVerifier::verify), and where there are no
    /// keys: `jwk-remote-failed-to-load` or `jwk-remote-invalid`, which may pass.
    pub async fn verify(
        &self,
        token: &str,
        now: SystemTime,
        source: TokenSource,
    ) -> Result<VerifiedToken> {
        let token = UnverifiedToken::read(token)?;
        let issuer = self.select(&token).ok_or_else(unknown_issuer)?;
        let header = issuer.rules.header(&token)?;
        let key = issuer.key(&header, now).await?;
        issuer.rules.verify(token, header, &key, now, source)
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
        Ok(Self { rules: IssuerRules::new(config, policy)?, keys })
    }

    async fn key(&self, header: &Header, now: SystemTime) -> Result<Arc<VerificationKey>> {
        match &self.keys {
            Keys::Given(keys) => keys.find(header.key_id.as_deref()).ok_or_else(unknown_key),
            Keys::Remote(keys) => keys.key(header.key_id.as_deref(), now).await,
        }
    }
}

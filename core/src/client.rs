//! The entry: one `Casier` for a process.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::SystemTime;

use crate::Result;
use crate::access::Policy;
use crate::config::{Config, ConfigBuilder, Setting, missing};
use crate::session::Session;
use crate::state::StateStore;
use crate::storage::{Scope, Storage, UserStorage};
use crate::token::{Issuers, RequestHead, Revocations, TokenSource, User, extract_token};

/// Verifies who is calling and opens their files. Build one for a process; cloning is cheap, and
/// all clones share keys, connections and caches.
///
/// Building does no I/O and needs no runtime; the first call that waits does, inside a tokio
/// runtime.
#[derive(Clone, Debug)]
pub struct Casier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    issuers: Issuers,
    storage: Option<Storage>,
    revocations: Arc<Revocations>,
}

impl Casier {
    /// Collects settings in code, over an empty environment.
    pub fn builder() -> CasierBuilder {
        CasierBuilder(Config::builder())
    }

    /// Takes every setting from the environment of this process.
    ///
    /// # Errors
    /// `config-invalid`: the first variable that is missing or wrong, by name, without its value.
    pub fn from_env() -> Result<Self> {
        Self::builder().environment()?.build()
    }

    /// Builds from a configuration that is already complete.
    ///
    /// # Errors
    /// `config-invalid` when an issuer's keys cannot be used, or two issuers cannot stand together.
    pub fn new(config: Config) -> Result<Self> {
        let issuers = Issuers::new(config.issuers.clone(), config.policy.clone())?;
        let storage = config.storage.clone().map(Storage::new).transpose()?;
        let revocations = Arc::new(Revocations::new(config.state.clone()));
        Ok(Self(Arc::new(Inner { config, issuers, storage, revocations })))
    }

    /// Verifies a session token that came in a header.
    ///
    /// # Errors
    /// One of the `token-…`, `session-…` or `jwk-…` codes; `invalid-user-id` when the `sub` cannot
    /// name a user.
    pub async fn authenticate(&self, token: &str) -> Result<Session> {
        self.session(token, TokenSource::Header).await
    }

    /// Takes the token from a request's headers or cookies and verifies it. The first source that
    /// is present decides: `Authorization`, `X-Clerk-Auth-Token`, then Clerk's session cookies; a
    /// request by cookie that may change something must come from the site itself.
    ///
    /// # Errors
    /// `token-missing`, `cross-site-request`, or what [`authenticate`](Self::authenticate) gives.
    pub async fn authenticate_request(&self, request: &RequestHead) -> Result<Session> {
        let found = extract_token(request, &self.0.config.request, SystemTime::now())?;
        self.session(&found.token, found.source).await
    }

    /// The files of any user, for trusted server code such as a background job: no tier limits
    /// apply. `user_id` is [`User::user_id`].
    ///
    /// # Errors
    /// `invalid-user-id`; `config-invalid` when no bucket is configured.
    pub fn storage_for(&self, user_id: &str) -> Result<UserStorage> {
        self.files(user_id, None)
    }

    /// Refuses every token of a session (`sid`) from now on, here at once and in other processes over
    /// the same [`Config::state`] within a second. It lasts for as long as a token of now can live;
    /// end the session at the issuer too, or it goes on making new ones.
    ///
    /// # Errors
    /// `invalid-request` when the id is empty; `state-unavailable`.
    pub async fn revoke(&self, session_id: &str) -> Result<()> {
        self.0.revocations.revoke(session_id).await
    }

    /// Refuses every token of a user ([`User::user_id`]) that was made at `at` or before, or that
    /// does not say when, as [`revoke`](Self::revoke) does those of a session. Of two such times the
    /// later holds. Tokens tell the time in whole seconds, so that one made later in the same second
    /// is refused as well.
    ///
    /// # Errors
    /// `invalid-user-id` when the id is empty; `invalid-request` when `at` is more than 5 minutes
    /// ahead; `state-unavailable`.
    pub async fn revoke_user(&self, user_id: &str, at: SystemTime) -> Result<()> {
        self.0.revocations.revoke_user(user_id, at, SystemTime::now()).await
    }

    /// The configuration that this was built from.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    async fn session(&self, token: &str, source: TokenSource) -> Result<Session> {
        let token = self.0.issuers.verify(token, SystemTime::now(), source).await?;
        Ok(Session::new(self.clone(), token))
    }

    pub(crate) fn files(&self, user_id: &str, user: Option<Arc<User>>) -> Result<UserStorage> {
        let Some(storage) = &self.0.storage else {
            return Err(missing(Setting::Bucket, "files need a bucket"));
        };
        Ok(storage.scoped(Scope::new(user_id)?, user, self.0.config.policy.clone()))
    }
}

/// Collects settings for a [`Casier`].
#[derive(Clone, Debug)]
pub struct CasierBuilder(ConfigBuilder);

impl CasierBuilder {
    /// Reads the environment of this process beneath what is set in code.
    ///
    /// # Errors
    /// `config-invalid` when a variable of the table is not UTF-8.
    pub fn environment(self) -> Result<Self> {
        self.0.environment().map(Self)
    }

    /// Reads these variables, as if they were the environment, beneath what is set in code.
    ///
    /// # Errors
    /// `config-invalid` when a variable of the table is not UTF-8.
    pub fn variables(
        self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        self.0.variables(variables).map(Self)
    }

    /// Sets one setting, in the form that the environment would give it.
    #[must_use]
    pub fn set(self, setting: Setting, value: impl Into<String>) -> Self {
        Self(self.0.set(setting, value))
    }

    /// Uses this policy instead of the file that `CASIER_POLICY` names.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self(self.0.policy(policy))
    }

    /// Keeps what several processes share, such as revocations, in this store instead of the memory
    /// of this process.
    #[must_use]
    pub fn state(self, state: Arc<dyn StateStore>) -> Self {
        Self(self.0.state(state))
    }

    /// Builds, without I/O but for the files that the settings name.
    ///
    /// # Errors
    /// `config-invalid`: the first thing that is missing or wrong, by name, without its value.
    pub fn build(self) -> Result<Casier> {
        Casier::new(self.0.build()?)
    }
}

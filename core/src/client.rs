//! The entry: one `Casier` for a process.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::SystemTime;

use crate::Result;
use crate::access::{Caller, Decider, Policy};
use crate::config::{Config, ConfigBuilder, Setting, missing};
use crate::observe::{AuditHook, RequestContext, What, Who, is_followed, tell};
use crate::session::Session;
use crate::state::StateStore;
use crate::storage::{Scope, Storage, SweptUploads, UserStorage};
use crate::token::{Issuers, RequestHead, Revocations, TokenSource, VerifiedToken, extract_token};

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
        let revocations = Arc::new(Revocations::new(config.state.clone()));
        let issuers = Issuers::new(config.issuers.clone(), config.policy.clone())?
            .with_revocations(revocations.clone());
        let storage = match (config.storage.clone(), config.state.clone()) {
            (Some(storage), Some(state)) => Some(Storage::with_state(storage, state)?),
            (storage, _) => storage.map(Storage::new).transpose()?,
        };
        Ok(Self(Arc::new(Inner { config, issuers, storage, revocations })))
    }

    /// Verifies a session token that came in a header.
    ///
    /// # Errors
    /// One of the `token-…`, `session-…` or `jwk-…` codes; `invalid-user-id` when the `sub` cannot
    /// name a user.
    pub async fn authenticate(&self, token: &str) -> Result<Session> {
        let verified = self.verified(token, TokenSource::Header).await;
        self.session(verified, None)
    }

    /// The answer for a token that has been verified before: what
    /// [`authenticate`](Self::authenticate) would say, at once. `None` for any other, and where
    /// something has to be fetched or asked first. For callers to whom waiting costs something, such
    /// as a lock to give up.
    pub fn authenticate_cached(&self, token: &str) -> Option<Result<Session>> {
        let known = self.0.issuers.verify_cached(token, SystemTime::now(), TokenSource::Header)?;
        Some(self.session(known, None))
    }

    /// Takes the token from a request's headers or cookies and verifies it. The first source that
    /// is present decides: `Authorization`, `X-Clerk-Auth-Token`, then Clerk's session cookies; a
    /// request by cookie that may change something must come from the site itself.
    ///
    /// # Errors
    /// `token-missing`, `cross-site-request`, or what [`authenticate`](Self::authenticate) gives.
    pub async fn authenticate_request(&self, request: &RequestHead) -> Result<Session> {
        let context = self.is_followed().then(|| RequestContext::of(request));
        self.session(self.verified_request(request).await, context)
    }

    /// [`authenticate_request`](Self::authenticate_request) on one of our own routes, where the id
    /// of the request is settled.
    pub(crate) async fn authenticate_call(
        &self,
        request: &RequestHead,
        request_id: &str,
        route: &'static str,
    ) -> Result<Session> {
        let context = self.is_followed().then(|| RequestContext {
            request_id: Some(request_id.to_owned()),
            route: Some(route),
            ..RequestContext::of(request)
        });
        self.session(self.verified_request(request).await, context)
    }

    /// The files of any user, for trusted server code such as a background job: no tier limits
    /// apply. `user_id` is [`User::user_id`](crate::token::User::user_id).
    ///
    /// # Errors
    /// `invalid-user-id`; `config-invalid` when no bucket is configured.
    pub fn storage_for(&self, user_id: &str) -> Result<UserStorage> {
        self.files(user_id, Caller::Server)
    }

    /// Aborts the uploads of all users that nobody can go on with any more, by the store's own clock:
    /// what crashes left. For a job that runs once a day or so; see
    /// [`UserStorage::sweep_uploads`].
    ///
    /// # Errors
    /// `config-invalid` when no bucket is configured; what [`UserStorage`] says.
    pub async fn sweep_uploads(&self) -> Result<SweptUploads> {
        self.storage()?.sweep_uploads().await
    }

    /// Refuses every token of a session (`sid`) from now on, here at once and in other processes
    /// over the same [`Config::state`] within a second. It lasts for as long as a token of now can
    /// live, 24 hours; end the session at the issuer too, or it goes on making new ones.
    ///
    /// # Errors
    /// `invalid-request` when the id is empty; `state-unavailable`.
    pub async fn revoke(&self, session_id: &str) -> Result<()> {
        let outcome = self.0.revocations.revoke(session_id).await;
        self.tell_revocation("revoke", session_id, outcome)
    }

    /// Refuses every token of a user ([`User::user_id`](crate::token::User::user_id)) that was made
    /// at `at` or before, or that does not say when, as [`revoke`](Self::revoke) does those of a
    /// session. Of two such times the later holds. Tokens tell the time in whole seconds, so that
    /// one made later in the same second is refused as well.
    ///
    /// # Errors
    /// `invalid-user-id` when the id is empty; `invalid-request` when `at` is more than 5 minutes
    /// ahead; `state-unavailable`.
    pub async fn revoke_user(&self, user_id: &str, at: SystemTime) -> Result<()> {
        let outcome = self.0.revocations.revoke_user(user_id, at, SystemTime::now()).await;
        self.tell_revocation("revoke-user", user_id, outcome)
    }

    /// The configuration that this was built from.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    async fn verified_request(&self, request: &RequestHead) -> Result<VerifiedToken> {
        let found = extract_token(request, &self.0.config.request, SystemTime::now())?;
        self.verified(&found.token, found.source).await
    }

    async fn verified(&self, token: &str, source: TokenSource) -> Result<VerifiedToken> {
        self.0.issuers.verify(token, SystemTime::now(), source).await
    }

    /// The session of a token that has been verified, if it has; tells the audit which.
    fn session(
        &self,
        verified: Result<VerifiedToken>,
        context: Option<RequestContext>,
    ) -> Result<Session> {
        let token = verified.as_ref().ok();
        let who =
            Who { user: token.map(|token| &**token.user()), token, context: context.as_ref() };
        let what = What {
            action: "authenticate",
            target: None,
            required: None,
            is_privileged: who.user.is_some_and(|user| user.actor.is_some()),
        };
        tell(self.hook(), who, what, &verified);
        Ok(Session::new(self.clone(), verified?, context))
    }

    fn tell_revocation(&self, action: &'static str, whom: &str, outcome: Result<()>) -> Result<()> {
        let what = What { is_privileged: true, ..What::about(action, whom) };
        tell(self.hook(), Who::default(), what, &outcome);
        outcome
    }

    fn is_followed(&self) -> bool {
        is_followed(self.hook())
    }

    fn hook(&self) -> Option<&AuditHook> {
        self.0.config.audit.as_ref()
    }

    pub(crate) fn decider(&self, caller: Caller) -> Decider {
        let config = &self.0.config;
        Decider { policy: config.policy.clone(), hook: config.audit.clone(), caller }
    }

    pub(crate) fn files(&self, user_id: &str, caller: Caller) -> Result<UserStorage> {
        Ok(self.storage()?.decided_by(self.decider(caller), Scope::new(user_id)?))
    }

    fn storage(&self) -> Result<&Storage> {
        let storage = self.0.storage.as_ref();
        storage.ok_or_else(|| missing(Setting::Bucket, "files need a bucket"))
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

    /// Calls this with every decision.
    #[must_use]
    pub fn audit(self, hook: AuditHook) -> Self {
        Self(self.0.audit(hook))
    }

    /// Builds, without I/O but for the files that the settings name.
    ///
    /// # Errors
    /// `config-invalid`: the first thing that is missing or wrong, by name, without its value.
    pub fn build(self) -> Result<Casier> {
        Casier::new(self.0.build()?)
    }
}

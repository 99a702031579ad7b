//! The keys that calls are signed with: those that were given, or those of AWS's standard chain,
//! which are fetched again when they end or when the store says that they have ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, future};
use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    InterceptorContext,
};
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_s3::config::{
    ConfigBag, Credentials, IdentityCache, Intercept, ProvideCredentials, Region,
    ResolveCachedIdentity, RuntimeComponents, SharedCredentialsProvider, SharedIdentityCache,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::{IdentityFuture, SharedIdentityResolver};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use aws_smithy_types::retry::ErrorKind;

use super::retry::names_code;
use crate::storage::config::StaticCredentials;

/// How long the chain may take, whoever waits; its slowest part asks a metadata service four times.
const FETCH_TIMEOUT: Duration = Duration::from_secs(20);

/// Keys that the store refuses sooner after a renewal than this are not renewed again.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(1);

/// Keys that do not change.
pub(super) fn given(keys: &StaticCredentials) -> Credentials {
    Credentials::new(
        keys.access_key_id.clone(),
        keys.secret_access_key.clone(),
        keys.session_token.clone(),
        None,
        "casier",
    )
}

/// AWS's standard chain: the environment, the profile, the web identity, the container, the
/// instance. Built when keys are first wanted, and anew after a renewal, so that a profile that has
/// been rewritten is read again.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
#[derive(Clone, Debug)]
pub(super) struct Chain(Arc<State>);

#[derive(Debug)]
struct State {
    region: Region,
    chain: Mutex<Option<SharedCredentialsProvider>>,
    /// The SDK's cache of the keys, until they end.
    cache: ArcSwap<SharedIdentityCache>,
    renewals: Mutex<Renewals>,
}

#[derive(Debug, Default)]
struct Renewals {
    count: u64,
    last: Option<Instant>,
}

/// How many renewals an attempt came after, and the first one of its call.
#[derive(Clone, Copy, Debug)]
struct After {
    this: u64,
    first: u64,
}

impl Storable for After {
    type Storer = StoreReplace<Self>;
}

impl Chain {
    pub(super) fn new(region: Region) -> Self {
        Self(Arc::new(State {
            region,
            chain: Mutex::default(),
            cache: ArcSwap::from_pointee(IdentityCache::lazy().build()),
            renewals: Mutex::default(),
        }))
    }

    async fn fetch(&self) -> provider::Result {
        let built = lock(&self.0.chain).clone();
        let chain = match built {
            Some(chain) => chain,
            None => {
                let region = self.0.region.clone();
                let chain = DefaultCredentialsChain::builder().region(region).build().await;
                let chain = SharedCredentialsProvider::new(chain);
                *lock(&self.0.chain) = Some(chain.clone());
                chain
            }
        };
        tokio::time::timeout(FETCH_TIMEOUT, chain.provide_credentials())
            .await
            .unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(FETCH_TIMEOUT)))
    }

    fn renewals(&self) -> u64 {
        lock(&self.0.renewals).count
    }

    /// Forgets the keys that were fetched after so many renewals. Whether it is worth trying again:
    /// not when the keys before those have only just been refused as well.
    fn renew(&self, after: u64) -> bool {
        let mut renewals = lock(&self.0.renewals);
        if renewals.count != after {
            return true;
        }
        if renewals.last.is_some_and(|last| last.elapsed() < BETWEEN_RENEWALS) {
            return false;
        }
        *renewals = Renewals { count: after + 1, last: Some(Instant::now()) };
        *lock(&self.0.chain) = None;
        self.0.cache.store(Arc::new(IdentityCache::lazy().build()));
        true
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.fetch())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        lock(&self.0.chain).as_ref()?.fallback_on_interrupt()
    }
}

impl ResolveCachedIdentity for Chain {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        settings: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let cache = self.0.cache.load_full();
        IdentityFuture::new(async move {
            cache.resolve_cached_identity(resolver, components, settings).await
        })
    }
}

#[dyn_dispatch_hint]
impl Intercept for Chain {
    fn name(&self) -> &'static str {
        "Chain"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let this = self.renewals();
        let first = settings.load::<After>().map_or(this, |after| after.first);
        settings.interceptor_state().store_put(After { this, first });
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The classifier sees the answer, but not the settings.
        if let Some(after) = settings.load::<After>() {
            context.response_mut().add_extension(*after);
        }
        Ok(())
    }
}

impl ClassifyRetry for Chain {
    /// A call that is told that its keys have expired is tried once more with new ones.
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(response) = context.response() else { return RetryAction::NoActionIndicated };
        let Some(after) = response.extension::<After>() else {
            return RetryAction::NoActionIndicated;
        };
        if expired(response) && after.this == after.first && self.renew(after.this) {
            return RetryAction::retryable_error(ErrorKind::ServerError);
        }
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "expired keys"
    }
}

/// Whether the store says so. The answer to HEAD can say only 400.
fn expired(response: &HttpResponse) -> bool {
    let body = response.body().bytes().unwrap_or_default();
    match response.status().as_u16() {
        400 if body.is_empty() => response.headers().get("x-amz-bucket-region").is_none(),
        400..=403 => ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]
            .iter()
            .any(|code| names_code(body, code)),
        _ => false,
    }
}

/// Nothing is called while it is held, so what it guards is sound even after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The S3 client: built at the first use, one for all scopes.

mod create_only;
pub(in crate::storage) mod failure;

use std::fmt;
use std::future::Future;
use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::default_provider::region::DefaultRegionChain;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, ProvideCredentials as _, Region, RequestChecksumCalculation,
    ResponseChecksumValidation, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_smithy_types::retry::RetrySpec;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::storage::config::StorageConfig;

use crate::config::{Setting, missing};
use crate::{Error, ErrorKind, Result};

/// As in AWS's SDKs: a host that has not answered by then will not.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);

/// A transfer that moves less than a byte a second for this long has stalled.
const STALL: Duration = Duration::from_secs(20);

const ATTEMPTS: u32 = 3;

/// The pace that a transfer is given time for, in bytes a second.
const SLOWEST_TRANSFER: u64 = 128 * 1024;

/// What each of many small calls adds to the time of one.
const TIME_FOR_EACH: Duration = Duration::from_millis(100);

/// The region of stores that have none.
const REGION_OF_ENDPOINTS: &str = "us-east-1";

/// Keys that expire sooner than this are fetched again before a link is signed with them.
const REFRESH_BEFORE: Duration = Duration::from_secs(300);

/// The bucket and its clients. Nothing is connected, and no runtime needed, before the first call.
pub(in crate::storage) struct S3 {
    pub(in crate::storage) config: StorageConfig,
    clients: OnceCell<Clients>,
    signer: Mutex<Option<LinkSigner>>,
    /// Whether the store honours `If-None-Match: *`, once it has been asked.
    pub(in crate::storage) creates_only: OnceCell<bool>,
    /// Set when the bucket has answered, so that a 404 without a body can only mean the file.
    pub(in crate::storage) bucket_seen: OnceCell<()>,
}

struct Clients {
    store: Client,
    /// What links are signed with, once keys are put in.
    links: aws_sdk_s3::config::Builder,
    credentials: SharedCredentialsProvider,
}

/// A client that signs links for the public endpoint and sends nothing.
#[derive(Clone)]
pub(in crate::storage) struct LinkSigner {
    pub(in crate::storage) client: Client,
    /// When its keys end, and every link with them.
    pub(in crate::storage) ends: Option<SystemTime>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("config", &self.config).finish_non_exhaustive()
    }
}

impl S3 {
    pub(in crate::storage) fn new(config: StorageConfig) -> Result<Self> {
        config.check()?;
        Ok(Self {
            config,
            clients: OnceCell::new(),
            signer: Mutex::new(None),
            creates_only: OnceCell::new(),
            bucket_seen: OnceCell::new(),
        })
    }

    /// The client for calls.
    pub(in crate::storage) async fn client(&self) -> Result<&Client> {
        Ok(&self.clients().await?.store)
    }

    /// The client to sign links with at `now`. Needs the network only where the credential chain
    /// does, and then once as long as the keys live.
    pub(in crate::storage) async fn link_signer(&self, now: SystemTime) -> Result<LinkSigner> {
        let clients = self.clients().await?;
        let mut cached = self.signer.lock().await;
        if let Some(signer) = cached.as_ref().filter(|signer| lives_on(signer.ends, now)) {
            return Ok(signer.clone());
        }
        let keys = clients
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| failure::from_credentials(&error))?;
        let ends = keys.expiry();
        let settings = clients.links.clone().credentials_provider(keys).build();
        let signer = LinkSigner { client: Client::from_conf(settings), ends };
        *cached = Some(signer.clone());
        Ok(signer)
    }

    /// Runs a call without a body within the deadline.
    pub(in crate::storage) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        within(self.config.deadline, call).await
    }

    /// When `count` small calls have to be over that belong together: a tenth of a second for each
    /// is added to the time of one.
    pub(in crate::storage) fn end_of_many(&self, count: usize) -> Instant {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Instant::now() + self.config.deadline + TIME_FOR_EACH * count
    }

    /// Runs calls that have a common end; none begins after it.
    pub(in crate::storage) async fn until<T>(
        &self,
        end: Instant,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        in_runtime()?;
        // A timeout that has passed still lets the call take its first step, which may send it.
        if Instant::now() >= end {
            return Err(failure::timed_out());
        }
        tokio::time::timeout_at(end, call).await.unwrap_or_else(|_| Err(failure::timed_out()))
    }

    /// Runs a transfer of `bytes` within the deadline, plus a second for each 128 KiB.
    pub(in crate::storage) async fn in_time_for<T>(
        &self,
        bytes: u64,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let extra = Duration::from_secs(bytes / SLOWEST_TRANSFER);
        within(self.config.deadline.saturating_add(extra), call).await
    }

    async fn clients(&self) -> Result<&Clients> {
        in_runtime()?;
        self.clients.get_or_try_init(|| connect(&self.config)).await
    }
}

async fn within<T>(time: Duration, call: impl Future<Output = Result<T>>) -> Result<T> {
    in_runtime()?;
    tokio::time::timeout(time, call).await.unwrap_or_else(|_| Err(failure::timed_out()))
}

/// Outside a Tokio runtime its timers would panic.
fn in_runtime() -> Result<()> {
    Handle::try_current().map(drop).map_err(|_| {
        Error::new(ErrorKind::Internal, "the store can be asked only inside a Tokio runtime")
    })
}

fn lives_on(ends: Option<SystemTime>, now: SystemTime) -> bool {
    ends.is_none_or(|end| end > now + REFRESH_BEFORE)
}

async fn connect(config: &StorageConfig) -> Result<Clients> {
    let region = region(config).await?;
    let credentials = match &config.credentials {
        Some(keys) => SharedCredentialsProvider::new(Credentials::new(
            keys.access_key_id.clone(),
            keys.secret_access_key.clone(),
            keys.session_token.clone(),
            None,
            "casier",
        )),
        None => SharedCredentialsProvider::new(
            DefaultCredentialsChain::builder().region(region.clone()).build().await,
        ),
    };
    let base = settings(config, region, credentials.clone());
    let public = config.public_endpoint.as_ref().or(config.endpoint.as_ref());
    let mut links = base
        .clone()
        // A link that asks for the checksum would have to be sent with a header.
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    links.set_endpoint_url(public.cloned());
    Ok(Clients { store: Client::from_conf(base.build()), links, credentials })
}

/// Everything is said here and nothing read from the environment or a profile, so that only the
/// documented variables count.
///
/// Checksums of requests are not left to the SDK: by default it puts them into a trailer, which R2,
/// SeaweedFS and older stores refuse. Casier sends the SHA-256 of every upload as a header instead
/// (`put.rs`), which AWS, Garage and MinIO verify and others ignore. The checksums of answers are
/// verified where the store gives one.
fn settings(
    config: &StorageConfig,
    region: Region,
    credentials: SharedCredentialsProvider,
) -> aws_sdk_s3::config::Builder {
    let mut settings = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials)
        .force_path_style(config.path_style)
        .disable_s3_express_session_auth(config.endpoint.is_some())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenSupported)
        .retry_config(
            RetryConfig::standard().with_max_attempts(ATTEMPTS).with_retry_spec(RetrySpec::v2_1()),
        )
        .retry_partition(retry_budget())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled().grace_period(STALL).build(),
        );
    settings.set_endpoint_url(config.endpoint.clone());
    settings
}

/// AWS's standard budget, but of this bucket's own: while a store is down, the calls of one client
/// try again 35 times in all (100 when throttled) and then fail at the first try.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
fn retry_budget() -> RetryPartition {
    let tokens = TokenBucket::builder()
        .capacity(500)
        .retry_cost(14)
        .throttling_retry_cost(5)
        .timeout_retry_cost(14)
        .build();
    RetryPartition::custom("casier").token_bucket(tokens).build()
}

async fn region(config: &StorageConfig) -> Result<Region> {
    if let Some(region) = &config.region {
        return Ok(Region::new(region.clone()));
    }
    if config.endpoint.is_some() {
        return Ok(Region::from_static(REGION_OF_ENDPOINTS));
    }
    DefaultRegionChain::builder()
        .build()
        .region()
        .await
        .ok_or_else(|| missing(Setting::Region, "the bucket's region is needed to sign requests"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_end_soon_are_not_signed_with() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert!(lives_on(None, now));
        assert!(lives_on(Some(now + Duration::from_secs(301)), now));
        assert!(!lives_on(Some(now + Duration::from_secs(300)), now));
    }
}

//! The SDK's clients, and how they are set.

use std::time::Duration;

use aws_config::default_provider::region::DefaultRegionChain;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedCredentialsProvider, StalledStreamProtectionConfig,
};

use super::answers::Bounds;
use super::clock::ClockSkew;
use super::credentials::{self, Chain};
use super::endpoint::OneEndpoint;
use super::retry::{self, PassingFaults, Patience};
use crate::Result;
use crate::config::{Setting, missing};
use crate::storage::config::StorageConfig;

/// As in AWS's SDKs: a host that has not answered by then will not.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);

/// A transfer that moves less than a byte a second for this long has stalled.
const STALL: Duration = Duration::from_secs(20);

/// The region of stores that have none.
const REGION_OF_ENDPOINTS: &str = "us-east-1";

pub(super) struct Clients {
    pub(super) store: Client,
    pub(super) region: Region,
    pub(super) credentials: SharedCredentialsProvider,
    /// Where the credentials come from, unless they were given.
    pub(super) chain: Option<Chain>,
}

pub(super) async fn connect(config: &StorageConfig) -> Result<Clients> {
    let region = region(config).await?;
    let base = settings(config, region.clone());
    let (store, credentials, chain) = match &config.credentials {
        Some(keys) => {
            let keys = SharedCredentialsProvider::new(credentials::given(keys));
            (base.credentials_provider(keys.clone()), keys, None)
        }
        None => {
            let chain = Chain::new(region.clone());
            let keys = SharedCredentialsProvider::new(chain.clone());
            let base = base
                .credentials_provider(keys.clone())
                .identity_cache(chain.clone())
                .interceptor(chain.clone())
                .retry_classifier(chain.clone());
            (base, keys, Some(chain))
        }
    };
    Ok(Clients { store: Client::from_conf(store.build()), region, credentials, chain })
}

/// The region, where nobody need be asked for it.
pub(super) fn region_of(config: &StorageConfig) -> Option<&str> {
    config.region.as_deref().or(config.endpoint.as_ref().map(|_| REGION_OF_ENDPOINTS))
}

/// Everything is said here and nothing read from the environment or a profile, so that only the
/// documented variables count.
///
/// Checksums of requests are not left to the SDK: by default it puts them into a trailer, which R2,
/// SeaweedFS and older stores refuse. Casier sends the SHA-256 of every upload as a header instead
/// (`upload/checksum.rs`), which AWS, Garage and MinIO verify and others ignore. The checksums of answers are
/// not left to it either: what comes in the answers to several requests is verified as a whole
/// (`read/checksum.rs`).
fn settings(config: &StorageConfig, region: Region) -> Builder {
    let mut settings = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .endpoint_resolver(OneEndpoint::default())
        .force_path_style(config.path_style)
        .disable_s3_express_session_auth(config.endpoint.is_some())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(retry::retries())
        .retry_partition(retry::budget())
        .retry_classifier(PassingFaults)
        .retry_classifier(ClockSkew)
        .interceptor(ClockSkew)
        .interceptor(Patience { deadline: config.deadline })
        .interceptor(Bounds)
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build())
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled().grace_period(STALL).build(),
        );
    settings.set_endpoint_url(config.endpoint.clone());
    settings
}

async fn region(config: &StorageConfig) -> Result<Region> {
    if let Some(region) = region_of(config) {
        return Ok(Region::new(region.to_owned()));
    }
    DefaultRegionChain::builder()
        .build()
        .region()
        .await
        .ok_or_else(|| missing(Setting::Region, "the bucket's region is needed to sign requests"))
}

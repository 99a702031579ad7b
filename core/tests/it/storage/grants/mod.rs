//! Temporary credentials: what they reach, and every way to reach further with them.

mod leaving;
pub(super) mod refusals;
mod terms;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation};
use aws_sdk_s3::error::SdkError;
use casier::ErrorKind;
use casier::storage::{Access, GrantOptions, TemporaryCredentials, UserStorage};

use super::bench::Bench;

fn options(access: Access, expires_in: Option<u64>) -> GrantOptions {
    let mut options = GrantOptions::default();
    (options.access, options.expires_in) = (access, expires_in);
    options
}

/// Credentials; none where the store has no STS, and says so.
async fn grant(files: &UserStorage, access: Access) -> Option<TemporaryCredentials> {
    match files.temporary_credentials(options(access, None)).await {
        Ok(credentials) => Some(credentials),
        Err(error) => {
            let real = std::env::var("CASIER_STORE").unwrap_or_default();
            assert!(real.starts_with("Garage"), "{real} has an STS: {error}");
            assert_eq!(error.kind(), ErrorKind::StorageUnsupported);
            None
        }
    }
}

/// What a user's own program does with them.
fn client(credentials: &TemporaryCredentials) -> Client {
    let keys = Credentials::new(
        &credentials.access_key_id,
        &credentials.secret_access_key,
        Some(credentials.session_token.clone()),
        Some(credentials.expires_at),
        "test",
    );
    client_with(credentials, keys)
}

fn client_with(credentials: &TemporaryCredentials, keys: Credentials) -> Client {
    let settings = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(credentials.endpoint.clone().unwrap())
        .region(Region::new(credentials.region.clone()))
        .credentials_provider(keys)
        .force_path_style(credentials.path_style)
        .retry_config(RetryConfig::disabled())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .build();
    Client::from_conf(settings)
}

/// The status of the answer.
fn status<T, E>(answer: &Result<T, SdkError<E, aws_sdk_s3::config::http::HttpResponse>>) -> u16 {
    match answer {
        Ok(_) => 200,
        Err(error) => error.raw_response().map_or(0, |raw| raw.status().as_u16()),
    }
}

/// The keys of a listing that asks for a prefix.
async fn listed(client: &Client, bucket: &str, prefix: &str) -> Vec<String> {
    let page = client.list_objects_v2().bucket(bucket).prefix(prefix).send().await.unwrap();
    page.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
}

/// Another user, whose id goes on where the bench's ends, with a file.
async fn neighbour(bench: &Bench) -> String {
    let own = bench.scope.prefix().trim_end_matches('/');
    let key = format!("{own}0/files/theirs.txt");
    bench.put_raw(&key, b"theirs").await;
    key
}

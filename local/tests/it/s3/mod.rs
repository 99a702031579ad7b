//! The S3 server, driven by the reference client.

mod buckets;
mod checksums;
mod conditions;
mod copies;
mod cors;
mod faults;
mod forms;
mod lifecycle;
mod limits;
mod listing;
mod multipart;
mod objects;
mod refusals;
mod restart;
mod sts;
mod tags;
mod versions;
mod wire;

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use casier_local::{S3Config, S3Server};

pub(crate) use crate::testing::TempDir;

pub(crate) const BUCKET: &str = "casier-test";
pub(crate) const ACCESS_KEY: &str = "AKIALOCALTEST";
pub(crate) const SECRET_KEY: &str = "local-secret";
pub(crate) const REGION: &str = "eu-west-3";

/// A configuration with a region that is not the default one.
pub(crate) fn config() -> S3Config {
    let mut config = S3Config::new(BUCKET, ACCESS_KEY, SECRET_KEY);
    config.region = REGION.to_owned();
    config
}

pub(crate) async fn start() -> (S3Server, Client) {
    let server = S3Server::start(config()).await.unwrap();
    let client = client(&server);
    (server, client)
}

pub(crate) fn client(server: &S3Server) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test"))
        .region(Region::new(REGION))
        .endpoint_url(server.endpoint())
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

/// Puts an object; gives its ETag, in quotes.
pub(crate) async fn put(client: &Client, key: &str, body: &[u8]) -> String {
    let request = client.put_object().bucket(BUCKET).key(key).body(body.to_vec().into());
    request.send().await.unwrap().e_tag.unwrap()
}

/// Runs a test with a time limit, so that none can hang.
pub(crate) async fn limited<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), test).await.unwrap()
}

/// The code of a refusal.
macro_rules! code {
    ($result:expr) => {{
        let error = $result.unwrap_err();
        aws_sdk_s3::error::ProvideErrorMetadata::code(&error).map(str::to_owned).unwrap_or_else(
            || {
                let status = error.raw_response().map(|raw| raw.status().as_u16());
                format!("status {status:?}")
            },
        )
    }};
}
pub(crate) use code;

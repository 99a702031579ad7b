mod against_aws;
mod times;
mod vectors;

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::config::Credentials;

use super::{Address, Presign, Signer};

fn keys(id: &str, secret: &str, token: Option<&str>) -> Credentials {
    Credentials::new(id, secret, token.map(str::to_owned), None, "test")
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A request to read `key` for an hour.
fn read<'a>(key: &'a str, query: &'a [(&'a str, Cow<'a, str>)], now: SystemTime) -> Presign<'a> {
    Presign { method: "GET", key, query, headers: &[], expires_in: 3600, now }
}

/// What stands before the query, and the parameters in their order, byte for byte.
fn split(url: &str) -> (&str, Vec<&str>) {
    let (address, query) = url.split_once('?').unwrap();
    let mut parameters: Vec<_> = query.split('&').collect();
    parameters.sort_unstable();
    (address, parameters)
}

//! What the signatures of one day have in common: the key that is derived for it, and its scope.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::{digest, hmac};
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

use super::encode::{in_query, push_hexadecimal};

const SECONDS_OF_A_DAY: u64 = 24 * 3600;

/// The name of the algorithm, as it stands in what is signed.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The key that a secret gives for one day, region and service.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
pub(super) struct DayKey {
    day: u64,
    date: String,
    scope: String,
    /// The access key and the scope, as they stand in a query.
    encoded_credential: String,
    key: hmac::Key,
}

impl DayKey {
    pub(super) fn new(day: u64, keys: &Credentials, region: &str, service: &str) -> Self {
        let date = date(day);
        let secret = format!("AWS4{}", keys.secret_access_key());
        let mut key = hmac_sha256(secret.as_bytes(), &date);
        for part in [region, service, "aws4_request"] {
            key = hmac_sha256(key.as_ref(), part);
        }
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let credential = format!("{}/{scope}", keys.access_key_id());
        Self {
            day,
            date,
            scope,
            encoded_credential: in_query(&credential).into_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()),
        }
    }

    pub(super) fn is_for(&self, day: u64) -> bool {
        self.day == day
    }

    /// `20130524/us-east-1/s3/aws4_request`.
    pub(super) fn scope(&self) -> &str {
        &self.scope
    }

    /// `AKIA…%2F20130524%2Fus-east-1%2Fs3%2Faws4_request`.
    pub(super) fn encoded_credential(&self) -> &str {
        &self.encoded_credential
    }

    /// The time of a second of the day: `20130524T000102Z`.
    pub(super) fn time(&self, seconds: u64) -> String {
        let seconds = seconds % SECONDS_OF_A_DAY;
        let mut time = String::with_capacity(16);
        time.push_str(&self.date);
        time.push('T');
        for number in [seconds / 3600, seconds / 60 % 60, seconds % 60] {
            for digit in [number / 10, number % 10] {
                time.extend(char::from_digit(digit as u32, 10));
            }
        }
        time.push('Z');
        time
    }

    /// The signature of a canonical request, in hexadecimal.
    pub(super) fn sign_request(&self, time: &str, canonical_request: &str) -> String {
        let digest = digest::digest(&digest::SHA256, canonical_request.as_bytes());
        let mut text = String::with_capacity(160);
        for line in [ALGORITHM, time, &self.scope] {
            text.push_str(line);
            text.push('\n');
        }
        push_hexadecimal(&mut text, digest.as_ref());
        self.sign(&text)
    }

    /// The signature of a text, in hexadecimal.
    pub(super) fn sign(&self, text: &str) -> String {
        let tag = hmac::sign(&self.key, text.as_bytes());
        let mut signature = String::with_capacity(64);
        push_hexadecimal(&mut signature, tag.as_ref());
        signature
    }
}

/// The seconds since 1970, and the day that they are in. What was before counts as its beginning.
pub(super) fn second_and_day(time: SystemTime) -> (u64, u64) {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    (seconds, seconds / SECONDS_OF_A_DAY)
}

fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// `20130524`.
fn date(day: u64) -> String {
    let time = DateTime::from(UNIX_EPOCH + Duration::from_secs(day * SECONDS_OF_A_DAY));
    let time = time.fmt(DateTimeFormat::DateTime).unwrap_or_default();
    time.split('T').next().unwrap_or_default().replace('-', "")
}

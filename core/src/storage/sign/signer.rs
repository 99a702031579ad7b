//! Signatures by one pair of keys, for one bucket.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use aws_sdk_s3::config::Credentials;

use super::address::Address;
use super::canonical::{SignedHeaders, UNSIGNED_PAYLOAD, canonical_request};
use super::day_key::{ALGORITHM, DayKey, second_and_day};
use super::encode;

/// What the parameters of a signature begin with.
const OWN_PARAMETERS: &str = "X-Amz-";

/// Signs requests to one bucket with one pair of keys. The key of the day is derived once.
pub(in crate::storage) struct Signer {
    pub(super) address: Address,
    pub(super) keys: Credentials,
    /// The session token as it stands in a query, where the keys are temporary.
    encoded_token: Option<String>,
    day_key: ArcSwapOption<DayKey>,
}

/// A request that somebody else will send.
#[derive(Clone, Copy)]
pub(in crate::storage) struct Presign<'a> {
    pub(in crate::storage) method: &'a str,
    pub(in crate::storage) key: &'a str,
    /// In any order; the names are not those of a signature's own parameters.
    pub(in crate::storage) query: &'a [(&'a str, Cow<'a, str>)],
    /// What must be sent beside the host. The names are in lower case and differ.
    pub(in crate::storage) headers: &'a [(&'a str, &'a str)],
    /// For how many seconds the address is good, 1 to 604800.
    pub(in crate::storage) expires_in: u64,
    /// From when on, 1970 to 9999.
    pub(in crate::storage) now: SystemTime,
}

impl Signer {
    pub(in crate::storage) fn new(address: Address, keys: Credentials) -> Self {
        let encoded_token = keys.session_token().map(|token| encode::in_query(token).into_owned());
        Self { address, keys, encoded_token, day_key: ArcSwapOption::empty() }
    }

    /// When the keys end, and everything that is signed with them.
    pub(in crate::storage) fn ends(&self) -> Option<SystemTime> {
        self.keys.expiry()
    }

    /// The address that makes the request: whoever has it can send it until it ends.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
    pub(in crate::storage) fn presign(&self, request: &Presign<'_>) -> String {
        self.presign_with(request, UNSIGNED_PAYLOAD)
    }

    pub(super) fn presign_with(&self, request: &Presign<'_>, payload: &str) -> String {
        let (second, day) = second_and_day(request.now);
        let key = self.key_of(day);
        let time = key.time(second);
        let headers = SignedHeaders::new(&self.address.host, request.headers);
        let path = self.address.path(request.key);
        let query = self.query(request, &key, &time, &headers.names);
        let canonical = canonical_request(request.method, &path, &query, &headers, payload);
        let signature = key.sign_request(&time, &canonical);
        [&self.address.origin, &path, "?", &query, "&X-Amz-Signature=", &signature].concat()
    }

    /// The key for a day.
    pub(super) fn key_of(&self, day: u64) -> Arc<DayKey> {
        if let Some(key) = self.day_key.load().as_ref().filter(|key| key.is_for(day)) {
            return Arc::clone(key);
        }
        let Address { region, service, .. } = &self.address;
        let key = Arc::new(DayKey::new(day, &self.keys, region, service));
        self.day_key.store(Some(Arc::clone(&key)));
        key
    }

    /// The query but for the signature, encoded and in the order of the names. Those of the
    /// signature's own parameters begin alike and stand together.
    fn query(&self, request: &Presign<'_>, key: &DayKey, time: &str, headers: &str) -> String {
        let encoded = request
            .query
            .iter()
            .map(|(name, value)| (encode::in_query(name), encode::in_query(value)));
        let mut others: Vec<_> = encoded.collect();
        others.sort_unstable();
        let (before, after) =
            others.split_at(others.partition_point(|(name, _)| &**name < OWN_PARAMETERS));
        let mut query = String::with_capacity(512);
        for (name, value) in before {
            query.extend([name, "=", value, "&"]);
        }
        query.extend(["X-Amz-Algorithm=", ALGORITHM]);
        query.extend(["&X-Amz-Credential=", key.encoded_credential()]);
        query.extend(["&X-Amz-Date=", time]);
        // Writing to a string cannot fail.
        let _ = write!(query, "&X-Amz-Expires={}", request.expires_in);
        if let Some(token) = &self.encoded_token {
            query.extend(["&X-Amz-Security-Token=", token]);
        }
        query.extend(["&X-Amz-SignedHeaders=", &encode::in_query(headers)]);
        for (name, value) in after {
            query.extend(["&", name, "=", value]);
        }
        query
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("address", &self.address).finish_non_exhaustive()
    }
}

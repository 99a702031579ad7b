//! The trait that every state store has, and the bounds that all of them share.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

use crate::{Error, ErrorKind, Result};

/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 512;
/// The largest value, in bytes: 256 KiB.
pub const MAX_VALUE_BYTES: usize = 256 * 1_024;
/// The most entries that one page of a listing holds.
pub const MAX_PAGE_ENTRIES: usize = 1_000;
/// The longest time that an entry can be given: ten years of 365 days. Without a time it stays.
pub const MAX_TTL: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// What a state store answers, later.
pub type StateFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A small shared store of bytes under keys, with entries that expire.
///
/// - A key is 1 to 512 bytes of visible ASCII (`!` to `~`); a value has 256 KiB at most, and may be
///   empty.
/// - Every call is atomic on its key and sees all calls that ended before it began. A call that is
///   dropped before it ends may still have happened.
/// - A `ttl` is more than zero and at most ten years, counted by the store's own clock, in
///   milliseconds, rounded up. `None` keeps the entry until it is deleted. Each write sets the time
///   anew. What has expired is absent, for every call, from that moment on.
///
/// Every call fails with `state-unavailable` when the store cannot be reached or has no room, and
/// with `invalid-request` when a key, value, `ttl` or limit is out of bounds; then nothing has been
/// written.
pub trait StateStore: Send + Sync + fmt::Debug {
    /// The value of the key; `None` when it is absent.
    fn get<'a>(&'a self, key: &'a str) -> StateFuture<'a, Option<Bytes>>;

    /// Sets the value, whatever was there.
    fn put<'a>(&'a self, key: &'a str, value: Bytes, ttl: Option<Duration>) -> StateFuture<'a, ()>;

    /// Sets the value if the key is absent; says whether it did.
    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> StateFuture<'a, bool>;

    /// Replaces `expected` by `new` if the key holds exactly `expected`; says whether it did.
    /// `None` stands for an absent key, so that this creates, replaces and deletes. `ttl` is that
    /// of `new`.
    fn compare_and_swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<Bytes>,
        new: Option<Bytes>,
        ttl: Option<Duration>,
    ) -> StateFuture<'a, bool>;

    /// Deletes the key; says whether it was there.
    fn delete<'a>(&'a self, key: &'a str) -> StateFuture<'a, bool>;

    /// The entries whose keys begin with `prefix` (all, when it is empty), at most `limit` of them,
    /// 1 to 1,000, from the start or from where a former page of the same prefix ended.
    ///
    /// The order is the store's own. An entry that is there during the whole listing comes up at
    /// least once; one that comes, changes or goes meanwhile may or may not. A page may be empty
    /// and still not be the last: the listing ends where `next_cursor` is `None`.
    ///
    /// # Errors
    /// `invalid-cursor` when the cursor is not of such a listing.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        cursor: Option<String>,
        limit: usize,
    ) -> StateFuture<'a, StatePage>;
}

/// One page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatePage {
    /// Keys with their values.
    pub entries: Vec<(String, Bytes)>,
    /// Where the next page begins, opaque; `None` on the last page.
    pub next_cursor: Option<String>,
}

/// Refuses a key that is out of bounds.
pub(super) fn check_key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(out_of_bounds("a key is not empty"));
    }
    check_prefix(key)
}

/// Refuses what no key can begin with.
pub(super) fn check_prefix(prefix: &str) -> Result<()> {
    if prefix.len() > MAX_KEY_BYTES || !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(out_of_bounds("a key is 1 to 512 bytes of visible ASCII"));
    }
    Ok(())
}

/// Refuses a value that is too large.
pub(super) fn check_value(value: &Bytes) -> Result<()> {
    if value.len() > MAX_VALUE_BYTES {
        return Err(out_of_bounds("a value has 256 KiB at most"));
    }
    Ok(())
}

/// The time to live in whole milliseconds.
pub(super) fn check_ttl(ttl: Option<Duration>) -> Result<Option<Duration>> {
    let Some(ttl) = ttl else { return Ok(None) };
    if ttl.is_zero() || ttl > MAX_TTL {
        return Err(out_of_bounds("a time to live is more than zero and at most ten years"));
    }
    let millis = u64::try_from(ttl.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    Ok(Some(Duration::from_millis(millis)))
}

/// Refuses a page that is empty or too long.
pub(super) fn check_limit(limit: usize) -> Result<()> {
    if !(1..=MAX_PAGE_ENTRIES).contains(&limit) {
        return Err(out_of_bounds("a page holds 1 to 1,000 entries"));
    }
    Ok(())
}

fn out_of_bounds(what: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("shared state: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_exact() {
        assert!(check_key(&"k".repeat(512)).is_ok());
        for key in ["", "a b", "é", "a\n", "a\0", &"k".repeat(513)] {
            assert_eq!(check_key(key).unwrap_err().code(), "invalid-request", "{key:?}");
        }
        assert!(check_prefix("").is_ok());
        assert!(check_value(&Bytes::from(vec![0; MAX_VALUE_BYTES])).is_ok());
        assert!(check_value(&Bytes::from(vec![0; MAX_VALUE_BYTES + 1])).is_err());
        assert!(check_limit(1).is_ok() && check_limit(1_000).is_ok());
        assert!(check_limit(0).is_err() && check_limit(1_001).is_err());
    }

    #[test]
    fn times_to_live_are_rounded_up_to_milliseconds() {
        for (ttl, rounded) in [
            (Duration::from_nanos(1), Duration::from_millis(1)),
            (Duration::from_micros(1_001), Duration::from_millis(2)),
            (Duration::from_secs(5), Duration::from_secs(5)),
            (MAX_TTL, MAX_TTL),
        ] {
            assert_eq!(check_ttl(Some(ttl)).unwrap(), Some(rounded));
        }
        assert_eq!(check_ttl(None).unwrap(), None);
        assert!(check_ttl(Some(Duration::ZERO)).is_err());
        assert!(check_ttl(Some(MAX_TTL + Duration::from_nanos(1))).is_err());
        assert!(check_ttl(Some(Duration::MAX)).is_err());
    }
}

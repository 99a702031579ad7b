//! What the fuzz targets share: keys to sign with, an independent reading of the same rules, and
//! the properties that hold for every input.

pub mod counts;
pub mod json;
pub mod keys;
pub mod model;
pub mod mutate;
pub mod quiet;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The issuer of the conformance vectors, whose keys the targets sign with.
pub const ISSUER: &str = "https://clerk.example.com";

/// The time of the conformance vectors, in seconds since 1970.
pub const NOW: u64 = 1_760_000_000;

/// So many seconds after 1970.
pub fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

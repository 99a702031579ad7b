//! The strict S3 server: s3s for the protocol, the checks of `strict` before it, and the ordered
//! store of `store` behind it.

mod attributes;
mod backend;
mod buckets;
mod checksum;
mod condition;
mod copy;
mod cors;
mod error;
mod lifecycle;
mod list;
mod multipart;
mod objects;
mod read;
mod receive;
mod server;
mod tags;
mod uploads;
mod versions;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::dto::{Owner, Timestamp};

pub(crate) use self::attributes::http_date;
pub use self::server::{S3Config, S3Server};
use crate::clock::Clock;
use crate::store::Store;

/// The account that owns every bucket.
const OWNER_ID: &str = "000000000000";

/// What answers the operations.
#[derive(Debug)]
pub(crate) struct Backend {
    store: Arc<Store>,
    region: String,
    clock: Clock,
}

impl Backend {
    /// Seconds since 1970.
    fn now(&self) -> u64 {
        seconds(self.clock.now())
    }
}

fn bucket_owner() -> Owner {
    Owner { display_name: None, id: Some(OWNER_ID.to_owned()) }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn timestamp(seconds: u64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(seconds))
}

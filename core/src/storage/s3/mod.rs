//! The S3 client: built at the first use, one for all scopes.

mod answers;
mod client;
mod clock;
mod confinement;
mod create_only;
mod credentials;
pub(in crate::storage) mod deadline;
mod encryption;
mod endpoint;
pub(in crate::storage) mod failure;
mod head;
pub(in crate::storage) mod probe;
pub(in crate::storage) mod retry;
mod signer;
mod store_clock;
pub(in crate::storage) mod sts;
mod unsigned;

use std::fmt;

use arc_swap::ArcSwapOption;
use aws_sdk_s3::Client;
use tokio::sync::{Mutex, OnceCell};

use self::client::Clients;
use self::probe::Abilities;
use self::retry::Repetitions;
pub(in crate::storage) use self::store_clock::StoreClock;
pub(in crate::storage) use self::unsigned::BARS_COPIES;
use crate::Result;
use crate::storage::config::StorageConfig;
use crate::storage::link::LinkCache;
use crate::storage::sign::Signer;

/// The bucket and its clients. Nothing is connected, and no runtime needed, before the first call.
pub(in crate::storage) struct S3 {
    pub(in crate::storage) config: StorageConfig,
    clients: OnceCell<Clients>,
    sts: OnceCell<aws_sdk_sts::Client>,
    signer: ArcSwapOption<Signer>,
    fetching_keys: Mutex<()>,
    pub(in crate::storage) links: LinkCache,
    pub(in crate::storage) abilities: Abilities,
    /// For what the SDK does not repeat by itself.
    pub(in crate::storage) repetitions: Repetitions,
    /// Set when the bucket has answered, so that a 404 without a body can only mean the file.
    bucket_seen: OnceCell<()>,
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
            sts: OnceCell::new(),
            signer: ArcSwapOption::empty(),
            fetching_keys: Mutex::default(),
            links: LinkCache::default(),
            abilities: Abilities::default(),
            repetitions: Repetitions::default(),
            bucket_seen: OnceCell::new(),
        })
    }

    /// The client for calls.
    pub(in crate::storage) async fn client(&self) -> Result<&Client> {
        Ok(&self.clients().await?.store)
    }

    /// The region that requests are signed for.
    pub(in crate::storage) async fn region(&self) -> Result<String> {
        Ok(self.clients().await?.region.to_string())
    }

    async fn clients(&self) -> Result<&Clients> {
        deadline::in_runtime()?;
        self.clients.get_or_try_init(|| client::connect(&self.config)).await
    }
}

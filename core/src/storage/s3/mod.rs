//! The S3 client: built at the first use, one for all scopes.

mod answers;
mod client;
mod clock;
mod create_only;
mod credentials;
pub(in crate::storage) mod deadline;
mod encryption;
mod endpoint;
pub(in crate::storage) mod failure;
mod head;
pub(in crate::storage) mod probe;
pub(in crate::storage) mod retry;
mod store_clock;

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::ProvideCredentials as _;
use tokio::sync::{Mutex, OnceCell};

use self::client::Clients;
use self::probe::Abilities;
use self::retry::Repetitions;
pub(in crate::storage) use self::store_clock::StoreClock;
use crate::Result;
use crate::storage::config::StorageConfig;

/// Keys that expire sooner than this are fetched again before a link is signed with them.
const REFRESH_BEFORE: Duration = Duration::from_secs(300);

/// The bucket and its clients. Nothing is connected, and no runtime needed, before the first call.
pub(in crate::storage) struct S3 {
    pub(in crate::storage) config: StorageConfig,
    clients: OnceCell<Clients>,
    signer: Mutex<Option<LinkSigner>>,
    pub(in crate::storage) abilities: Abilities,
    /// For what the SDK does not repeat by itself.
    pub(in crate::storage) repetitions: Repetitions,
    /// Set when the bucket has answered, so that a 404 without a body can only mean the file.
    bucket_seen: OnceCell<()>,
}

/// A client that signs links for the public endpoint and sends nothing.
#[derive(Clone)]
pub(in crate::storage) struct LinkSigner {
    pub(in crate::storage) client: Client,
    /// When its keys end, and every link with them.
    pub(in crate::storage) ends: Option<SystemTime>,
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
            signer: Mutex::new(None),
            abilities: Abilities::default(),
            repetitions: Repetitions::default(),
            bucket_seen: OnceCell::new(),
        })
    }

    /// The client for calls.
    pub(in crate::storage) async fn client(&self) -> Result<&Client> {
        Ok(&self.clients().await?.store)
    }

    /// The client to sign links with at `now`. Needs the network only where the credential chain
    /// does, and then once as long as the keys live.
    pub(in crate::storage) async fn link_signer(&self, now: SystemTime) -> Result<LinkSigner> {
        let clients = self.clients().await?;
        let mut cached = self.signer.lock().await;
        if let Some(signer) = cached.as_ref().filter(|signer| lives_on(signer.ends, now)) {
            return Ok(signer.clone());
        }
        let keys = clients
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| failure::from_credentials(&error))?;
        let ends = keys.expiry();
        let settings = clients.links.clone().credentials_provider(keys).build();
        let signer = LinkSigner { client: Client::from_conf(settings), ends };
        *cached = Some(signer.clone());
        Ok(signer)
    }

    async fn clients(&self) -> Result<&Clients> {
        deadline::in_runtime()?;
        self.clients.get_or_try_init(|| client::connect(&self.config)).await
    }
}

fn lives_on(ends: Option<SystemTime>, now: SystemTime) -> bool {
    ends.is_none_or(|end| end > now + REFRESH_BEFORE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_end_soon_are_not_signed_with() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert!(lives_on(None, now));
        assert!(lives_on(Some(now + Duration::from_secs(301)), now));
        assert!(!lives_on(Some(now + Duration::from_secs(300)), now));
    }
}

//! The signer of links: made of the keys, and made anew before they end.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::{Credentials, ProvideCredentials as _};

use super::{S3, client, credentials, failure};
use crate::Result;
use crate::storage::sign::{Address, Signer};

/// Keys that end sooner than this are fetched again before anything is signed with them.
const REFRESH_BEFORE: Duration = Duration::from_secs(300);

impl S3 {
    /// What signs for the public endpoint at `now`. Ready at the first poll, and outside of a Tokio
    /// runtime, unless AWS's chain must be asked for keys or for the region; once as long as the
    /// keys live.
    ///
    /// # Errors
    /// `config-invalid`; what the chain may answer.
    pub(in crate::storage) async fn signer(&self, now: SystemTime) -> Result<Arc<Signer>> {
        if let Some(signer) = self.live_signer(now) {
            return Ok(signer);
        }
        if let (Some(keys), Some(region)) =
            (&self.config.credentials, client::region_of(&self.config))
        {
            return self.keep_signer(region, credentials::given(keys));
        }
        self.in_time(self.fetch_signer(now)).await
    }

    async fn fetch_signer(&self, now: SystemTime) -> Result<Arc<Signer>> {
        let clients = self.clients().await?;
        let _one_at_a_time = self.fetching_keys.lock().await;
        if let Some(signer) = self.live_signer(now) {
            return Ok(signer);
        }
        let keys = clients.credentials.provide_credentials().await;
        let keys = keys.map_err(|error| failure::from_credentials(&error))?;
        self.keep_signer(clients.region.as_ref(), keys)
    }

    fn live_signer(&self, now: SystemTime) -> Option<Arc<Signer>> {
        self.signer.load().as_ref().filter(|signer| lives_on(signer.ends(), now)).cloned()
    }

    fn keep_signer(&self, region: &str, keys: Credentials) -> Result<Arc<Signer>> {
        let config = &self.config;
        let endpoint = config.public_endpoint.as_ref().or(config.endpoint.as_ref());
        let endpoint = endpoint.map(String::as_str);
        let address = Address::resolve(&config.bucket, region, endpoint, config.path_style)?;
        let signer = Arc::new(Signer::new(address, keys));
        self.signer.store(Some(Arc::clone(&signer)));
        Ok(signer)
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

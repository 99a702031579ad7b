//! Links and cookies for CloudFront.

use std::sync::Arc;

use casier::storage;

use super::UserStorage;
use crate::convert::Time;
use crate::error::Result;
use crate::links::{CdnCookies, Link};

#[uniffi::export]
impl UserStorage {
    fn cdn_url(&self, key: &str, options: CdnOptions) -> Result<Link> {
        Ok(self.0.cdn_url(key, options.into())?.into())
    }

    fn cdn_cookies(&self, options: CdnOptions) -> Result<Arc<CdnCookies>> {
        Ok(Arc::new(CdnCookies(self.0.cdn_cookies(options.into())?)))
    }
}

#[derive(uniffi::Record)]
pub(crate) struct CdnOptions {
    expires_in: Option<u64>,
    starts_at: Option<Time>,
    ip_range: Option<String>,
}

impl From<CdnOptions> for storage::CdnOptions {
    fn from(given: CdnOptions) -> Self {
        let mut options = Self::default();
        options.expires_in = given.expires_in;
        options.starts_at = given.starts_at.map(|time| time.0);
        options.ip_range = given.ip_range;
        options
    }
}

//! Where an issuer publishes its keys, and what it means when they do not come.

use std::fmt;

use reqwest::Url;

use crate::token::fetch::{FetchFault, Fetcher, trusted_address};
use crate::{Error, ErrorKind, Result};

/// Where a key set is fetched from.
pub(crate) struct Endpoint {
    url: Url,
    fetcher: Fetcher,
}

/// Why there is no new key set.
#[derive(Debug)]
pub(crate) struct KeySetFault {
    pub(crate) error: Error,
    /// The server understood and refused (4xx): asking again soon is no use.
    pub(crate) is_refusal: bool,
}

impl Endpoint {
    /// Checks the address: https, or http on loopback.
    pub(crate) fn new(url: &str, bearer: Option<&str>) -> Result<Self> {
        let url = trusted_address(url, "the JWKS URL")?;
        Ok(Self { url, fetcher: Fetcher::new(bearer)? })
    }

    /// Reads the document at the address.
    pub(crate) async fn fetch(&self) -> Result<Vec<u8>, KeySetFault> {
        self.fetcher.fetch(self.url.clone()).await.map_err(KeySetFault::from)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl From<FetchFault> for KeySetFault {
    fn from(fault: FetchFault) -> Self {
        let is_refusal = fault.is_refusal();
        let mut error = match fault {
            FetchFault::TooLarge => return Self::unusable(&fault.to_string()),
            _ => failed(&fault.to_string()),
        };
        if let FetchFault::Network(_, source) = fault {
            error = error.with_source(source);
        }
        Self { error, is_refusal }
    }
}

impl KeySetFault {
    /// The document came, and cannot be used.
    pub(crate) fn unusable(reason: &str) -> Self {
        let message = format!("the issuer's key set cannot be used: {reason}");
        Self { error: Error::new(ErrorKind::JwkRemoteInvalid, message), is_refusal: false }
    }
}

pub(crate) fn failed(reason: &str) -> Error {
    let message = format!("the issuer's keys could not be fetched: {reason}");
    Error::new(ErrorKind::JwkRemoteFailedToLoad, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack 36.
    #[test]
    fn debug_shows_no_secret() {
        let endpoint =
            Endpoint::new("https://issuer.test/jwks?key=hush", Some("sk_live_x")).unwrap();
        let shown = format!("{endpoint:?}");
        assert!(!shown.contains("hush") && !shown.contains("sk_live_x"), "{shown}");
    }
}

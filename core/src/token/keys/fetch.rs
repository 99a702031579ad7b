//! Getting a key set over HTTP.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url, redirect, retry};
use url::Host;

use crate::token::issuer::invalid;
use crate::{Error, ErrorKind, Result};

/// How long one fetch may take, from the name look-up to the last byte.
pub(crate) const FETCH_DEADLINE: Duration = Duration::from_secs(5);
/// How long the connection may take of that.
const CONNECT_DEADLINE: Duration = Duration::from_secs(3);
/// The largest key set that is read.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// How often an endpoint may redirect to another path of its own.
const MAX_REDIRECTS: usize = 3;

/// Where a key set is fetched from. The client is made at the first fetch.
pub(crate) struct Endpoint {
    url: Url,
    headers: HeaderMap,
    client: OnceLock<Client>,
}

/// Why a fetch failed.
#[derive(Debug)]
pub(crate) struct FetchFault {
    pub(crate) error: Error,
    /// The server understood and refused (4xx): asking again soon is no use.
    pub(crate) is_refusal: bool,
}

impl Endpoint {
    /// Checks the address: https, or http on loopback; no user info, which would be a secret in a
    /// place that is logged.
    pub(crate) fn new(url: &str, bearer: Option<&str>) -> Result<Self> {
        let url = Url::parse(url).map_err(|_| invalid("the JWKS URL is not a URL"))?;
        let is_local = url.scheme() == "http" && url.host().is_some_and(|host| is_loopback(&host));
        if !(url.scheme() == "https" && url.has_host() || is_local) {
            return Err(invalid("the JWKS URL must be https, or http on loopback"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("the JWKS URL must not hold a user name or a password"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(bearer) = bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {bearer}"))
                .map_err(|_| invalid("the bearer token for the JWKS URL cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self { url, headers, client: OnceLock::new() })
    }

    /// Reads the document at the address.
    pub(crate) async fn fetch(&self) -> Result<Vec<u8>, FetchFault> {
        let request = self.client()?.get(self.url.clone()).headers(self.headers.clone());
        let response = request.send().await.map_err(FetchFault::network)?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(FetchFault {
                error: failed(&format!("its server answers with status {}", status.as_u16())),
                is_refusal: status.is_client_error(),
            });
        }
        read_bounded(response).await
    }

    fn client(&self) -> Result<&Client, FetchFault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // No pool: a set is fetched every few minutes, and a kept connection would not survive a
        // fork or the end of its runtime. No proxy from the environment either.
        let client = Client::builder()
            .user_agent(concat!("casier/", env!("CARGO_PKG_VERSION")))
            .timeout(FETCH_DEADLINE)
            .connect_timeout(CONNECT_DEADLINE)
            .pool_max_idle_per_host(0)
            .http1_only()
            .no_proxy()
            .referer(false)
            .retry(retry::never())
            .redirect(redirect::Policy::custom(follow_own_paths))
            .build()
            .map_err(FetchFault::network)?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl FetchFault {
    fn network(error: reqwest::Error) -> Self {
        let reason = if error.is_redirect() {
            "its server redirects elsewhere"
        } else if error.is_timeout() {
            "its server does not answer in time"
        } else if error.is_connect() {
            "its server cannot be reached"
        } else {
            "the connection broke off"
        };
        Self { error: failed(reason).with_source(error.without_url()), is_refusal: false }
    }

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

/// Follows a redirect only within the same scheme, host and port: the keys, and the bearer, belong
/// to that server alone.
fn follow_own_paths(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let is_own = attempt.previous().iter().all(|url| url.origin() == attempt.url().origin());
    if is_own && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.error("not within the same server")
    }
}

/// Reads as it comes, so that an endless body costs no more than the limit.
async fn read_bounded(mut response: Response) -> Result<Vec<u8>, FetchFault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(FetchFault::network)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(FetchFault::unusable("it is larger than 256 KiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack 36.
    #[test]
    fn addresses_that_can_be_read_by_others_are_refused() {
        for good in [
            "https://issuer.test/.well-known/jwks.json",
            "http://127.0.0.1:8080/jwks",
            "http://[::1]/jwks",
            "http://localhost:1/jwks",
        ] {
            assert!(Endpoint::new(good, Some("sk_test_x")).is_ok(), "{good}");
        }
        for bad in [
            "",
            "issuer.test/jwks",
            "http://issuer.test/jwks",
            "http://127.0.0.1.evil.test/jwks",
            "http://10.0.0.1/jwks",
            "file:///etc/passwd",
            "data:application/json,{}",
            "ftp://issuer.test/jwks",
            "https://user:secret-word@issuer.test/jwks",
            "https://user@issuer.test/jwks",
        ] {
            let error = Endpoint::new(bad, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{bad}");
            assert!(!error.to_string().contains("secret-word"));
        }
        let error = Endpoint::new("https://issuer.test/jwks", Some("secret\nword")).unwrap_err();
        assert!(!error.to_string().contains("word"));
    }

    #[test]
    fn debug_shows_no_secret() {
        let endpoint =
            Endpoint::new("https://issuer.test/jwks?key=hush", Some("sk_live_x")).unwrap();
        let shown = format!("{endpoint:?}");
        assert!(!shown.contains("hush") && !shown.contains("sk_live_x"), "{shown}");
    }
}

//! Getting a document from one server over HTTP, without trusting it further than needed.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url, redirect, retry};
use url::Host;

use super::issuer::invalid;
use crate::Result;

/// How long one fetch may take, from the name look-up to the last byte.
pub(crate) const FETCH_DEADLINE: Duration = Duration::from_secs(5);
/// How long the connection may take of that.
const CONNECT_DEADLINE: Duration = Duration::from_secs(3);
/// The largest document that is read.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// How often a server may redirect to another path of its own.
const MAX_REDIRECTS: usize = 3;

/// Reads documents, with a bearer token where the server wants one. The client is made at the first
/// fetch.
pub(crate) struct Fetcher {
    headers: HeaderMap,
    client: OnceLock<Client>,
}

/// Why a fetch failed.
#[derive(Debug)]
pub(crate) enum FetchFault {
    /// The server answered with this status, not with the document.
    Status(StatusCode),
    /// There was no answer, or it broke off.
    Network(&'static str, reqwest::Error),
    /// The document is larger than 256 KiB.
    TooLarge,
}

impl Fetcher {
    /// A fetcher that sends `bearer` along. `config-invalid` when that cannot stand in a header.
    pub(crate) fn new(bearer: Option<&str>) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(bearer) = bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {bearer}"))
                .map_err(|_| invalid("a bearer token cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self { headers, client: OnceLock::new() })
    }

    /// Reads the document at an address that [`trusted_address`] has let pass.
    pub(crate) async fn fetch(&self, url: Url) -> Result<Vec<u8>, FetchFault> {
        let request = self.client()?.get(url).headers(self.headers.clone());
        let response = request.send().await.map_err(FetchFault::network)?;
        match response.status() {
            StatusCode::OK => read_bounded(response).await,
            status => Err(FetchFault::Status(status)),
        }
    }

    fn client(&self) -> Result<&Client, FetchFault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // No pool: fetches are rare, and a kept connection would not survive a fork or the end of
        // its runtime. No proxy from the environment either.
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

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").finish_non_exhaustive()
    }
}

impl FetchFault {
    /// Whether the server understood and refused (4xx): asking again soon is no use.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Status(status) if status.is_client_error())
    }

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
        Self::Network(reason, error.without_url())
    }
}

/// What is wrong, as the end of a sentence; never the address, which may hold a secret.
impl fmt::Display for FetchFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "its server answers with status {}", status.as_u16()),
            Self::Network(reason, _) => f.write_str(reason),
            Self::TooLarge => f.write_str("it is larger than 256 KiB"),
        }
    }
}

/// Checks an address: https, or http on loopback; no user info, which would be a secret in a place
/// that is logged. `what` names it in the `config-invalid`.
pub(crate) fn trusted_address(text: &str, what: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|_| invalid(format!("{what} is not a URL")))?;
    let is_local = url.scheme() == "http" && url.host().is_some_and(|host| is_loopback(&host));
    if !(url.scheme() == "https" && url.has_host() || is_local) {
        return Err(invalid(format!("{what} must be https, or http on loopback")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(format!("{what} must not hold a user name or a password")));
    }
    Ok(url)
}

/// Follows a redirect only within the same scheme, host and port: the document, and the bearer,
/// belong to that server alone.
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
            return Err(FetchFault::TooLarge);
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
    use crate::ErrorKind;

    #[test]
    fn addresses_that_can_be_read_by_others_are_refused() {
        for good in [
            "https://issuer.test/.well-known/jwks.json",
            "http://127.0.0.1:8080/jwks",
            "http://[::1]/jwks",
            "http://localhost:1/jwks",
        ] {
            assert!(trusted_address(good, "it").is_ok(), "{good}");
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
            let error = trusted_address(bad, "the URL").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{bad}");
            assert!(!error.to_string().contains("secret-word"));
        }
    }

    #[test]
    fn a_bearer_that_cannot_be_sent_is_refused_and_not_shown() {
        let error = Fetcher::new(Some("secret\nword")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(!error.to_string().contains("word"));
        let shown = format!("{:?}", Fetcher::new(Some("sk_live_x")).unwrap());
        assert!(!shown.contains("sk_live_x"), "{shown}");
    }
}

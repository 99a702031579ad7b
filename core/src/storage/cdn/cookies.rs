//! The cookies that open a scope at the CDN.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use crate::{Error, ErrorKind, Result};

/// Cookies with which a browser reads every file of one scope through CloudFront. Whoever has them
/// can read these files until they end, so `Debug` shows their names alone.
///
/// The application sets them, each as a cookie of its own, for a domain that its own host and the
/// CDN's have in common (browsers take no other): a `CLOUDFRONT_DOMAIN` of `cdn.example.com` gets
/// the cookies that `app.example.com` sets with `Domain=example.com`. Beside `Domain` each needs
/// `Path={path}`, which keeps the cookies of two users in one browser apart, `Secure`, `HttpOnly`
/// and `SameSite=Lax`; without `Max-Age` or `Expires` it goes when the browser is closed, as AWS
/// advises. [`set_cookie_headers`](Self::set_cookie_headers) writes it all.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html>
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CdnCookies {
    /// The values by name: `CloudFront-Policy`, `CloudFront-Signature`, `CloudFront-Key-Pair-Id` and
    /// `CloudFront-Hash-Algorithm`. They need no encoding.
    pub cookies: BTreeMap<String, String>,
    /// The host that must receive them.
    pub domain: String,
    /// The path of the scope, which all its files lie under: `/user_abc123/`.
    pub path: String,
    /// How long they really live, in seconds.
    pub expires_in: u64,
    /// When they end.
    pub expires_at: SystemTime,
}

impl CdnCookies {
    /// The values of the `Set-Cookie` headers, one for each cookie
    /// ([RFC 6265](https://www.rfc-editor.org/rfc/rfc6265#section-4.1)), to be set for `domain`: the
    /// CDN's host, or a parent of it that the application's host lies under as well.
    ///
    /// # Errors
    /// `invalid-request` when cookies of `domain` would not reach the CDN.
    pub fn set_cookie_headers(&self, domain: &str) -> Result<Vec<String>> {
        let is_parent = |host: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if domain.is_empty() || domain.starts_with('.') || !is_parent(&self.domain) {
            let why = format!("cookies reach {} from it or from its parents", self.domain);
            return Err(Error::new(ErrorKind::InvalidRequest, why));
        }
        let header = |(name, value): (&String, &String)| {
            let path = &self.path;
            format!("{name}={value}; Domain={domain}; Path={path}; Secure; HttpOnly; SameSite=Lax")
        };
        Ok(self.cookies.iter().map(header).collect())
    }
}

impl fmt::Debug for CdnCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdnCookies")
            .field("cookies", &self.cookies.keys())
            .field("domain", &self.domain)
            .field("path", &self.path)
            .field("expires_in", &self.expires_in)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

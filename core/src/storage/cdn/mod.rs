//! Links and cookies for CloudFront, AWS's content delivery network. They are signed here, with a
//! key of CloudFront's own: no store is asked, and no AWS key is needed.

mod cloudfront;
mod cookies;
mod ip_range;
mod policy;
mod private_key;
#[cfg(test)]
mod tests;

pub use self::cloudfront::CloudFront;
pub(crate) use self::cloudfront::{check_domain, check_key_pair_id};
pub use self::cookies::CdnCookies;
pub(crate) use self::private_key::PrivateKey;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::policy::{Policy, Resource};
use super::config::MAX_LINK_SECONDS;
use super::link::{Link, check_life, check_time};
use super::user_storage::{OwnKey, UserStorage};
use crate::config::{Setting, missing};
use crate::{Error, ErrorKind, Result};

/// What a link or cookies for the CDN may be asked for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CdnOptions {
    /// How long they should live, in seconds from now, 1 to 604800. Defaults to
    /// [`StorageConfig::link_seconds`](super::StorageConfig::link_seconds).
    pub expires_in: Option<u64>,
    /// When they begin to be good, to the second. Defaults to at once.
    pub starts_at: Option<SystemTime>,
    /// The only addresses that may use them: an IPv4 address, or a range of them in CIDR notation
    /// (`192.0.2.0/24`). CloudFront takes no IPv6 here, and refuses who comes by it: a distribution
    /// for such links must not have IPv6 switched on. Defaults to any address.
    pub ip_range: Option<String>,
}

impl UserStorage {
    /// A link to read a file through CloudFront, signed here: nobody is asked, not even whether
    /// there is such a file. It has a canned policy, or, with `starts_at` or `ip_range`, a custom
    /// one, which makes it longer.
    ///
    /// It lives as long as asked, but no longer than the tier allows; the answer says how long. The
    /// answers bear the content type and the disposition that the file was stored with.
    ///
    /// Signed with SHA-256, as
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html>
    /// says.
    ///
    /// # Errors
    /// `config-invalid` without `CLOUDFRONT_DOMAIN`; `invalid-request` when the asked life is not 1
    /// to 604800 seconds, when it is over before `starts_at`, or for an `ip_range` that is none;
    /// what [`UserStorage`] says of keys.
    pub fn cdn_url(&self, key: &str, options: CdnOptions) -> Result<Link> {
        self.cdn_url_at(key, options, SystemTime::now())
    }

    /// A link that is signed at `now`.
    ///
    /// # Errors
    /// As [`cdn_url`](Self::cdn_url).
    pub fn cdn_url_at(&self, key: &str, options: CdnOptions, now: SystemTime) -> Result<Link> {
        let key = self.own(key)?;
        let cloudfront = self.cloudfront()?;
        let resource = Resource::file(cloudfront.domain(), &key);
        let (policy, expires_in) = self.policy(resource, Some(&key), &options, now)?;
        let url = cloudfront.signed_url(&policy)?;
        Ok(Link { url, expires_in, expires_at: UNIX_EPOCH + Duration::from_secs(policy.ends) })
    }

    /// Cookies with which a browser reads every file of the scope through CloudFront, for a while,
    /// by its plain address: `https://{domain}/{key}`, percent-encoded. Signed here, with a custom
    /// policy.
    ///
    /// # Errors
    /// As [`cdn_url`](Self::cdn_url), but for the key.
    pub fn cdn_cookies(&self, options: CdnOptions) -> Result<CdnCookies> {
        self.cdn_cookies_at(options, SystemTime::now())
    }

    /// Cookies that are signed at `now`.
    ///
    /// # Errors
    /// As [`cdn_cookies`](Self::cdn_cookies).
    pub fn cdn_cookies_at(&self, options: CdnOptions, now: SystemTime) -> Result<CdnCookies> {
        let cloudfront = self.cloudfront()?;
        let resource = Resource::scope(cloudfront.domain(), &self.scope);
        let (policy, expires_in) = self.policy(resource, None, &options, now)?;
        Ok(CdnCookies {
            cookies: cloudfront.signed_cookies(&policy)?,
            domain: cloudfront.domain().to_owned(),
            path: format!("/{}", self.scope.prefix()),
            expires_in,
            expires_at: UNIX_EPOCH + Duration::from_secs(policy.ends),
        })
    }

    fn cloudfront(&self) -> Result<&CloudFront> {
        let cloudfront = self.s3.config.cloudfront.as_ref();
        cloudfront.ok_or_else(|| missing(Setting::CloudfrontDomain, "links over a CDN need it"))
    }

    /// The policy that is asked for, as far as the tier allows, and how long it lives, in seconds.
    fn policy(
        &self,
        resource: Resource,
        key: Option<&OwnKey>,
        options: &CdnOptions,
        now: SystemTime,
    ) -> Result<(Policy, u64)> {
        let asked = options.expires_in.unwrap_or(self.s3.config.link_seconds);
        check_life(asked, MAX_LINK_SECONDS)?;
        check_time(now)?;
        let begins = options.starts_at.map(seconds).transpose()?;
        let ip_range = options.ip_range.as_deref().map(str::parse).transpose()?;
        let expires_in = self.allowed_life(key, asked, now)?;
        let ends = seconds(now)? + expires_in;
        if begins.is_some_and(|begins| begins >= ends) {
            let why = "the link would end before it begins";
            return Err(Error::new(ErrorKind::InvalidRequest, why));
        }
        Ok((Policy { resource, ends, begins, ip_range }, expires_in))
    }
}

/// Whole seconds since 1970.
fn seconds(time: SystemTime) -> Result<u64> {
    let since = time.duration_since(UNIX_EPOCH);
    since
        .map(|since| since.as_secs())
        .map_err(|_| Error::new(ErrorKind::InvalidRequest, "no link can begin before 1970"))
}

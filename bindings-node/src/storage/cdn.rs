//! Links and cookies for CloudFront.

use casier::storage::{self, CdnOptions};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::link::parts;
use super::{LIFE, UserStorage};
use crate::call::now;
use crate::convert::{Js, date, json, text, to_f64};
use crate::error::Outcome;
use crate::options::Options;

#[napi]
impl UserStorage {
    /// A link to read a file through CloudFront, signed here and at once: nobody is asked, not even
    /// whether there is such a file. It lives as long as asked, but no longer than the tier allows.
    ///
    /// @param key The full key of the file.
    /// @throws {CasierError} `config-invalid` without the setting `cloudfrontDomain`;
    /// `invalid-request` for the life, when it is over before `startsAt`, and for `ipRange`.
    #[napi(ts_args_type = "key: string, options?: CdnOptions", ts_return_type = "Link")]
    pub fn cdn_url(
        &self,
        env: Env,
        key: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Vec<Either<String, f64>>> {
        now(&env, || {
            let key = text(key, "key")?;
            Ok(parts([self.0.cdn_url(&key, cdn_options(options)?)?]))
        })
    }

    /// Cookies with which a browser reads every file of the scope through CloudFront, for a while, by
    /// its plain address: `https://{domain}/{key}`, percent-encoded. Signed here and at once.
    ///
    /// @throws {CasierError} What `cdnUrl` throws, but for the key.
    #[napi(ts_args_type = "options?: CdnOptions")]
    pub fn cdn_cookies(&self, env: Env, options: Unknown<'_>) -> napi::Result<CdnCookies> {
        now(&env, || Ok(CdnCookies(self.0.cdn_cookies(cdn_options(options)?)?)))
    }
}

fn cdn_options(options: Unknown<'_>) -> Outcome<CdnOptions> {
    let given = Options::new(options, &[LIFE, "startsAt", "ipRange"])?;
    let mut options = CdnOptions::default();
    options.expires_in = given.count(LIFE)?;
    options.starts_at = given.time("startsAt")?;
    options.ip_range = given.text("ipRange")?;
    Ok(options)
}

/// Cookies with which a browser reads every file of one scope through CloudFront. Whoever has them
/// can read these files until they end: neither `console.log` nor `JSON.stringify` shows them.
///
/// The application sets them for a domain that its own host and the CDN's have in common (browsers
/// take no other): a `cloudfrontDomain` of `cdn.example.com` gets the cookies that `app.example.com`
/// sets for `example.com`:
///
/// ```js
/// for (const cookie of files.cdnCookies().setCookieHeaders('example.com')) {
///   headers.append('Set-Cookie', cookie)
/// }
/// ```
#[napi]
#[derive(Debug)]
pub struct CdnCookies(storage::CdnCookies);

#[napi]
impl CdnCookies {
    /// The values by name: `CloudFront-Policy`, `CloudFront-Signature`, `CloudFront-Key-Pair-Id` and
    /// `CloudFront-Hash-Algorithm`. They need no encoding.
    #[napi(getter, ts_return_type = "Record<string, string>")]
    pub fn cookies(&self, env: Env) -> napi::Result<Js> {
        json(&env, &self.0.cookies)
    }

    /// The host that must receive them.
    #[napi(getter)]
    pub fn domain(&self) -> &str {
        &self.0.domain
    }

    /// The path of the scope, which all its files lie under: `/user_abc123/`.
    #[napi(getter)]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// How long they really live, in seconds.
    #[napi(getter)]
    pub fn expires_in(&self) -> f64 {
        to_f64(self.0.expires_in)
    }

    /// When they end.
    #[napi(getter, ts_return_type = "Date")]
    pub fn expires_at(&self, env: Env) -> napi::Result<Js> {
        date(&env, self.0.expires_at)
    }

    /// The values of the `Set-Cookie` headers, one for each cookie, with `Path`, `Secure`, `HttpOnly`
    /// and `SameSite=Lax`. They go when the browser is closed.
    ///
    /// @param domain The CDN's host, or a parent of it that the application's host lies under as well.
    /// @throws {CasierError} `invalid-request` when cookies of this domain would not reach the CDN.
    #[napi(ts_args_type = "domain: string")]
    pub fn set_cookie_headers(&self, env: Env, domain: Unknown<'_>) -> napi::Result<Vec<String>> {
        now(&env, || Ok(self.0.set_cookie_headers(&text(domain, "domain")?)?))
    }
}

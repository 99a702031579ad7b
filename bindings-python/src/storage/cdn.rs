//! Links and cookies for CloudFront. A signature by RSA takes about as long as giving up the GIL a
//! hundred times.

use casier::storage::CdnOptions;
use pyo3::prelude::*;

use super::{UserStorage, text};
use crate::convert::{Count, Text, TextRef, Time};
use crate::links::{CdnCookies, Link};

#[pymethods]
impl UserStorage {
    /// A link to read a file through CloudFront. It is signed here: nobody is asked, not even
    /// whether there is such a file. It takes the settings `cloudfront_…`.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     expires_in: How long it should live from now on, in seconds, 1 to 604800. Defaults to
    ///         the setting `link_seconds`. A link longer than the tier allows is shortened, and the
    ///         answer says how long it really lives.
    ///     starts_at: When it begins to be good, aware, to the second. Defaults to at once.
    ///     ip_range: The only IPv4 addresses that may use it: one, or a range (`192.0.2.0/24`).
    ///         Defaults to any address.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-request` for the life, for a link that would end before it begins,
    ///         or for an `ip_range` that is none.
    ///     ConfigError: There is no distribution.
    #[pyo3(signature = (key, expires_in = None, *, starts_at = None, ip_range = None))]
    fn cdn_url(
        &self,
        py: Python<'_>,
        key: TextRef<'_>,
        expires_in: Option<Count>,
        starts_at: Option<Time>,
        ip_range: Option<Text>,
    ) -> PyResult<Link> {
        let options = cdn_options(expires_in, starts_at, ip_range);
        let files = self.here(py)?;
        self.client.wait_here(py, async move { files.cdn_url(key.0, options) }).map(Link)
    }

    /// Cookies with which a browser reads every file of the scope through CloudFront, by its plain
    /// address: `https://{domain}/` and the key, percent-encoded. They are signed here.
    ///
    /// Args:
    ///     expires_in: As for `cdn_url`.
    ///     starts_at: As for `cdn_url`.
    ///     ip_range: As for `cdn_url`.
    ///
    /// Raises:
    ///     CasierError: What `cdn_url` raises, but for the key.
    #[pyo3(signature = (expires_in = None, *, starts_at = None, ip_range = None))]
    fn cdn_cookies(
        &self,
        py: Python<'_>,
        expires_in: Option<Count>,
        starts_at: Option<Time>,
        ip_range: Option<Text>,
    ) -> PyResult<CdnCookies> {
        let options = cdn_options(expires_in, starts_at, ip_range);
        let files = self.here(py)?;
        self.client.wait_here(py, async move { files.cdn_cookies(options) }).map(CdnCookies)
    }
}

fn cdn_options(
    expires_in: Option<Count>,
    starts_at: Option<Time>,
    ip_range: Option<Text>,
) -> CdnOptions {
    let mut options = CdnOptions::default();
    options.expires_in = expires_in.map(Count::to_u64);
    options.starts_at = starts_at.map(|time| time.0);
    options.ip_range = text(ip_range);
    options
}

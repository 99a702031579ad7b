//! Where a bucket is, and where a file in it.

use aws_sdk_s3::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use futures_util::FutureExt as _;
use url::Url;

use super::encode;
use crate::{Error, ErrorKind, Result};

/// The address of a bucket, and what signatures for it name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Address {
    /// The scheme, the host and a port that is not the scheme's own: `https://host:8443`.
    pub(super) origin: String,
    /// The `Host` header of requests to it.
    pub(super) host: String,
    /// What stands before the key in a path, without a slash at the end.
    pub(super) folder: String,
    pub(super) bucket: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Address {
    /// Asks S3's own rules where a bucket is: in the host or in the path, and by which host in which
    /// part of AWS. Nothing is sent.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
    ///
    /// # Errors
    /// `config-invalid` where the rules know no address.
    pub(in crate::storage) fn resolve(
        bucket: &str,
        region: &str,
        endpoint: Option<&str>,
        path_style: bool,
    ) -> Result<Self> {
        let unknown = || {
            let why = "AWS_REGION, S3_ENDPOINT_URL and S3_BUCKET_NAME together give no address";
            Error::new(ErrorKind::ConfigInvalid, why)
        };
        // Directory buckets are signed for without a session, which only the store could open.
        let params = Params::builder()
            .bucket(bucket)
            .region(region)
            .set_endpoint(endpoint.map(str::to_owned))
            .force_path_style(path_style)
            .disable_s3_express_session_auth(true)
            .build()
            .map_err(|_| unknown())?;
        let rules = DefaultResolver::new();
        // The rules are a table, and never wait.
        let found = rules.resolve_endpoint(&params).now_or_never();
        let found = found.and_then(|found| found.ok()).ok_or_else(unknown)?;
        let url = Url::parse(found.url()).map_err(|_| unknown())?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(unknown()),
        };
        let scheme = found.auth_schemes().first();
        let signing = |name, default: &str| {
            let value = scheme.and_then(|scheme| scheme.get(name)?.as_string());
            value.unwrap_or(default).to_owned()
        };
        Ok(Self {
            origin: format!("{}://{host}", url.scheme()),
            host,
            folder: url.path().trim_end_matches('/').to_owned(),
            bucket: bucket.to_owned(),
            region: signing("signingRegion", region),
            service: signing("signingName", "s3"),
        })
    }

    /// The encoded path of a key.
    pub(super) fn path(&self, key: &str) -> String {
        let key = encode::in_path(key);
        let mut path = String::with_capacity(self.folder.len() + 1 + key.len());
        path.push_str(&self.folder);
        path.push('/');
        path.push_str(&key);
        path
    }

    /// Where forms are sent.
    pub(super) fn for_forms(&self) -> String {
        let path = if self.folder.is_empty() { "/" } else { &self.folder };
        format!("{}{path}", self.origin)
    }
}

//! What lets whoever has it reach files at the store, for a while: addresses, forms, cookies, keys.
//! No `repr` shows a signature, a token or a secret.

use std::collections::BTreeMap;

use casier::storage;
use pyo3::prelude::*;

use crate::convert::{Text, Time, repr};
use crate::error::OrRaise;

/// A link to a file. Whoever has the address can read the file until the link ends: treat it as a
/// secret. Its `repr` does not show it.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Link(pub(crate) storage::Link);

#[pymethods]
impl Link {
    /// The address.
    #[getter]
    fn url(&self) -> &str {
        &self.0.url
    }

    /// How long it really lives, in seconds.
    #[getter]
    fn expires_in(&self) -> u64 {
        self.0.expires_in
    }

    /// When it ends, in UTC.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }

    fn __repr__(&self) -> String {
        format!("<Link for {} seconds>", self.0.expires_in)
    }
}

/// A request that uploads one file of one size. Whoever has it can send it, as often as they like,
/// until it ends.
#[pyclass(frozen, module = "casier")]
pub(crate) struct PresignedUpload(pub(crate) storage::PresignedUpload);

#[pymethods]
impl PresignedUpload {
    /// The full key that the file will have.
    #[getter]
    fn key(&self) -> &str {
        &self.0.key
    }

    /// The method: `PUT`.
    #[getter]
    fn method(&self) -> &'static str {
        self.0.method
    }

    /// The address.
    #[getter]
    fn url(&self) -> &str {
        &self.0.url
    }

    /// The headers that must be sent, with these values. Browsers send `content-length` by
    /// themselves, from the body. A copy.
    #[getter]
    fn headers(&self) -> BTreeMap<String, String> {
        self.0.headers.clone()
    }

    /// How long the link really lives, in seconds.
    #[getter]
    fn expires_in(&self) -> u64 {
        self.0.expires_in
    }

    /// When it ends, in UTC.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let key = repr(py, self.key())?;
        Ok(format!("PresignedUpload(key={key}, expires_in={})", self.expires_in()))
    }
}

/// A form that uploads one file. Whoever has it can send it, as often as they like, until it ends.
#[pyclass(frozen, module = "casier")]
pub(crate) struct PresignedPost(pub(crate) storage::PresignedPost);

#[pymethods]
impl PresignedPost {
    /// The full key that the file will have.
    #[getter]
    fn key(&self) -> &str {
        &self.0.key
    }

    /// Where the form is sent, as `multipart/form-data`.
    #[getter]
    fn url(&self) -> &str {
        &self.0.url
    }

    /// All fields but the file, which comes last, under the name `file`. A copy.
    #[getter]
    fn fields(&self) -> BTreeMap<String, String> {
        self.0.fields.clone()
    }

    /// How long the form really lives, in seconds.
    #[getter]
    fn expires_in(&self) -> u64 {
        self.0.expires_in
    }

    /// When it ends, in UTC.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let key = repr(py, self.key())?;
        Ok(format!("PresignedPost(key={key}, expires_in={})", self.expires_in()))
    }
}

/// The address that takes one part of an upload, by PUT. Whoever has it can send the part until it
/// ends.
#[pyclass(frozen, module = "casier")]
pub(crate) struct PartUrl(pub(crate) storage::PartUrl);

#[pymethods]
impl PartUrl {
    /// The number of the part, from 1.
    #[getter]
    fn part_number(&self) -> u32 {
        self.0.part_number
    }

    /// The address.
    #[getter]
    fn url(&self) -> &str {
        &self.0.url
    }

    /// What has to be sent with it. Browsers send `content-length` by themselves, and let nobody set
    /// it. A copy.
    #[getter]
    fn headers(&self) -> BTreeMap<String, String> {
        self.0.headers.clone()
    }

    /// The exact size of the part, in bytes.
    #[getter]
    fn size(&self) -> u64 {
        self.0.size
    }

    /// When the address ends, in UTC.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }

    fn __repr__(&self) -> String {
        format!("PartUrl(part_number={}, size={})", self.0.part_number, self.0.size)
    }
}

/// Cookies with which a browser reads every file of one scope through CloudFront. Whoever has them
/// can read these files until they end.
#[pyclass(frozen, module = "casier")]
pub(crate) struct CdnCookies(pub(crate) storage::CdnCookies);

#[pymethods]
impl CdnCookies {
    /// The values by name: `CloudFront-Policy`, `CloudFront-Signature`, `CloudFront-Key-Pair-Id` and
    /// `CloudFront-Hash-Algorithm`. They need no encoding. A copy.
    #[getter]
    fn cookies(&self) -> BTreeMap<String, String> {
        self.0.cookies.clone()
    }

    /// The host that must receive them.
    #[getter]
    fn domain(&self) -> &str {
        &self.0.domain
    }

    /// The path of the scope, which all its files lie under: `/user_abc123/`.
    #[getter]
    fn path(&self) -> &str {
        &self.0.path
    }

    /// How long they really live, in seconds.
    #[getter]
    fn expires_in(&self) -> u64 {
        self.0.expires_in
    }

    /// When they end, in UTC.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }

    /// The values of the `Set-Cookie` headers, one for each cookie, with `Path`, `Secure`,
    /// `HttpOnly` and `SameSite=Lax`.
    ///
    /// Args:
    ///     domain: What they are set for: the CDN's host, or a parent of it that the application's
    ///         own host lies under as well. Browsers take no other.
    ///
    /// Raises:
    ///     InvalidInput: Cookies of that domain would not reach the CDN (`invalid-request`).
    fn set_cookie_headers(&self, py: Python<'_>, domain: Text) -> PyResult<Vec<String>> {
        self.0.set_cookie_headers(&domain).or_raise(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (domain, path) = (repr(py, self.domain())?, repr(py, self.path())?);
        Ok(format!("CdnCookies(domain={domain}, path={path}, expires_in={})", self.expires_in()))
    }
}

/// Keys that reach one scope until they end, and what a client of S3 needs beside them. Whoever has
/// them can do there what they allow: treat them as a secret.
#[pyclass(frozen, module = "casier")]
pub(crate) struct TemporaryCredentials(pub(crate) storage::TemporaryCredentials);

#[pymethods]
impl TemporaryCredentials {
    /// The access key.
    #[getter]
    fn access_key_id(&self) -> &str {
        &self.0.access_key_id
    }

    /// Its secret.
    #[getter]
    fn secret_access_key(&self) -> &str {
        &self.0.secret_access_key
    }

    /// What every request has to bring beside its signature.
    #[getter]
    fn session_token(&self) -> &str {
        &self.0.session_token
    }

    /// When they end, in UTC, as the store says.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }

    /// The bucket.
    #[getter]
    fn bucket(&self) -> &str {
        &self.0.bucket
    }

    /// What every key begins with that they reach; a listing has to ask for it, or for more of it.
    #[getter]
    fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// The region to sign for.
    #[getter]
    fn region(&self) -> &str {
        &self.0.region
    }

    /// The address of the store for clients; None is AWS's.
    #[getter]
    fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// Whether the bucket stands in the path and not in the host.
    #[getter]
    fn path_style(&self) -> bool {
        self.0.path_style
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (bucket, prefix) = (repr(py, self.bucket())?, repr(py, self.prefix())?);
        Ok(format!("TemporaryCredentials(bucket={bucket}, prefix={prefix})"))
    }
}

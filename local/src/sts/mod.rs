//! STS: sessions of the server's one role, with keys of their own that end, and what their policies
//! allow.
//!
//! As MinIO does, it answers at the address of the S3 server.

mod access;
mod assume_role;
mod error;
mod keys;
mod pattern;
mod policy;

use http::{HeaderMap, Method, Uri, header};

pub(crate) use self::access::{Access, Confinement};
pub(crate) use self::assume_role::Sts;
pub(crate) use self::error::in_its_form;
pub(crate) use self::keys::{Key, Keys};

/// The only role.
pub(crate) const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/casier-local";

/// Whether a request is meant for STS and not for S3, which takes no such form.
pub(crate) fn is_meant(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    const FORM: &[u8] = b"application/x-www-form-urlencoded";
    method == Method::POST
        && uri.path() == "/"
        && headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
            let kind = kind.as_bytes();
            kind.get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM))
        })
}

//! What lets whoever has it reach files at the store, for a while: addresses, forms, cookies, keys.

use std::collections::HashMap;

use casier::storage;

use crate::convert::Time;
use crate::error::Result;

#[derive(uniffi::Record)]
pub(crate) struct Link {
    url: String,
    expires_in: u64,
    expires_at: Time,
}

impl From<storage::Link> for Link {
    fn from(link: storage::Link) -> Self {
        Self { url: link.url, expires_in: link.expires_in, expires_at: Time(link.expires_at) }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct PresignedUpload {
    key: String,
    method: String,
    url: String,
    headers: HashMap<String, String>,
    expires_in: u64,
    expires_at: Time,
}

impl From<storage::PresignedUpload> for PresignedUpload {
    fn from(upload: storage::PresignedUpload) -> Self {
        Self {
            key: upload.key,
            method: upload.method.to_owned(),
            url: upload.url,
            headers: upload.headers.into_iter().collect(),
            expires_in: upload.expires_in,
            expires_at: Time(upload.expires_at),
        }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct PresignedPost {
    key: String,
    url: String,
    fields: HashMap<String, String>,
    expires_in: u64,
    expires_at: Time,
}

impl From<storage::PresignedPost> for PresignedPost {
    fn from(post: storage::PresignedPost) -> Self {
        Self {
            key: post.key,
            url: post.url,
            fields: post.fields.into_iter().collect(),
            expires_in: post.expires_in,
            expires_at: Time(post.expires_at),
        }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct PartUrl {
    part_number: u32,
    url: String,
    headers: HashMap<String, String>,
    size: u64,
    expires_at: Time,
}

impl From<storage::PartUrl> for PartUrl {
    fn from(part: storage::PartUrl) -> Self {
        Self {
            part_number: part.part_number,
            url: part.url,
            headers: part.headers.into_iter().collect(),
            size: part.size,
            expires_at: Time(part.expires_at),
        }
    }
}

#[derive(uniffi::Object)]
pub(crate) struct CdnCookies(pub(crate) storage::CdnCookies);

#[uniffi::export]
impl CdnCookies {
    fn cookies(&self) -> Result<HashMap<String, String>> {
        Ok(self.0.cookies.clone().into_iter().collect())
    }

    fn domain(&self) -> Result<String> {
        Ok(self.0.domain.clone())
    }

    fn path(&self) -> Result<String> {
        Ok(self.0.path.clone())
    }

    fn expires_in(&self) -> Result<u64> {
        Ok(self.0.expires_in)
    }

    fn expires_at(&self) -> Result<Time> {
        Ok(Time(self.0.expires_at))
    }

    fn set_cookie_headers(&self, domain: &str) -> Result<Vec<String>> {
        Ok(self.0.set_cookie_headers(domain)?)
    }
}

#[derive(uniffi::Record)]
pub(crate) struct TemporaryCredentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expires_at: Time,
    bucket: String,
    prefix: String,
    region: String,
    endpoint: Option<String>,
    path_style: bool,
}

impl From<storage::TemporaryCredentials> for TemporaryCredentials {
    fn from(keys: storage::TemporaryCredentials) -> Self {
        Self {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            session_token: keys.session_token,
            expires_at: Time(keys.expires_at),
            bucket: keys.bucket,
            prefix: keys.prefix,
            region: keys.region,
            endpoint: keys.endpoint,
            path_style: keys.path_style,
        }
    }
}

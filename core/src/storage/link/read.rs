//! Links to read a file.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use super::cache::Asked;
use super::life::{check_life, check_time, while_keys_live};
use crate::Result;
use crate::storage::config::MAX_LINK_SECONDS;
use crate::storage::content::{content_type, disposition};
use crate::storage::keys::clean_filename;
use crate::storage::sign::{Presign, Signer};
use crate::storage::user_storage::{OwnKey, UserStorage};

/// What a link may be asked for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LinkOptions {
    /// How long the link should live, in seconds, 1 to 604800. Defaults to
    /// [`StorageConfig::link_seconds`](crate::storage::StorageConfig::link_seconds).
    pub expires_in: Option<u64>,
    /// The name under which browsers save the file, cleaned like any filename. Without it, what a
    /// browser can show is shown: png, jpeg, gif, webp, avif, mp4, webm, mp3, m4a, ogg, wav, pdf,
    /// txt.
    pub download_as: Option<String>,
    /// Whether an earlier link for the same key, name and life is handed out again while at least
    /// three quarters of its life are left, so that browsers find what they have kept under its
    /// address. The answer then says how much is left. The last 10,000 are remembered, in memory.
    /// Defaults to false.
    pub reuse: bool,
}

/// A link to a file. Whoever has the address can read the file until the link ends, so `Debug` does
/// not show its signature.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// The address.
    pub url: String,
    /// How long it really lives, in seconds.
    pub expires_in: u64,
    /// When it ends.
    pub expires_at: SystemTime,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("url", &self.url.split('?').next())
            .field("expires_in", &self.expires_in)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

impl UserStorage {
    /// A link to read a file, signed here: the store is not asked, not even whether there is such a
    /// file. The content type and the disposition that the store will answer with are signed in.
    ///
    /// It lives as long as asked, but no longer than the tier allows and the credentials live; the
    /// answer says how long.
    ///
    /// The future is ready at its first poll, and needs no Tokio runtime, unless AWS's chain must be
    /// asked for credentials or for the region.
    ///
    /// # Errors
    /// `invalid-request` when the asked life is not 1 to 604800 seconds; `invalid-filename` for
    /// `download_as`; `storage-denied` when the credentials have expired; what [`UserStorage`] says.
    pub async fn presigned_url(&self, key: &str, options: LinkOptions) -> Result<Link> {
        self.presigned_url_at(key, options, SystemTime::now()).await
    }

    /// A link that is signed at `now`.
    ///
    /// # Errors
    /// As [`presigned_url`](Self::presigned_url); `invalid-request` also when `now` is not from
    /// 1970 to the end of 9999, which is what a signature's date can tell.
    pub async fn presigned_url_at(
        &self,
        key: &str,
        options: LinkOptions,
        now: SystemTime,
    ) -> Result<Link> {
        let key = self.own(key)?;
        self.link(&key, &options, now).await
    }

    /// Links to read several files, in the order of their keys. All keys are looked at first: with
    /// one that is not one's own, nothing is signed.
    ///
    /// # Errors
    /// As [`presigned_url`](Self::presigned_url).
    pub async fn presigned_urls(
        &self,
        keys: &[impl AsRef<str>],
        options: LinkOptions,
    ) -> Result<Vec<Link>> {
        let now = SystemTime::now();
        let keys = keys.iter().map(|key| self.own(key.as_ref())).collect::<Result<Vec<_>>>()?;
        let mut links = Vec::with_capacity(keys.len());
        for key in &keys {
            links.push(self.link(key, &options, now).await?);
        }
        Ok(links)
    }

    async fn link(&self, key: &OwnKey, options: &LinkOptions, now: SystemTime) -> Result<Link> {
        let asked = options.expires_in.unwrap_or(self.s3.config.link_seconds);
        check_life(asked, MAX_LINK_SECONDS)?;
        check_time(now)?;
        let headers = answered_headers(key.filename(), options.download_as.as_deref())?;
        let allowed = self.allowed_life(Some(key), asked, now)?;
        let signer = self.s3.signer(now).await?;
        let expires_in = while_keys_live(allowed, signer.ends(), now)?;
        if !options.reuse {
            return Ok(sign(&signer, key, &headers, expires_in, now));
        }
        let asked = Asked { key: key.as_str().to_owned(), headers, seconds: allowed };
        if let Some(link) = self.s3.links.find(&asked, &signer, now) {
            return Ok(link);
        }
        let link = sign(&signer, key, &asked.headers, expires_in, now);
        self.s3.links.keep(asked, &signer, &link, now);
        Ok(link)
    }
}

/// What the store is to answer a link with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct AnsweredHeaders {
    content_type: String,
    disposition: String,
}

fn answered_headers(filename: &str, download_as: Option<&str>) -> Result<AnsweredHeaders> {
    let content_type = content_type::of_filename(filename);
    let disposition = match download_as {
        Some(name) => disposition::content_disposition(false, &clean_filename(name)?),
        None => {
            let inline = content_type::is_inline_name(filename);
            disposition::content_disposition(inline, filename)
        }
    };
    Ok(AnsweredHeaders { content_type: content_type::for_link(content_type), disposition })
}

fn sign(
    signer: &Signer,
    key: &OwnKey,
    headers: &AnsweredHeaders,
    expires_in: u64,
    now: SystemTime,
) -> Link {
    let url = signer.presign(&Presign {
        method: "GET",
        key: key.as_str(),
        query: &[
            ("response-content-disposition", Cow::Borrowed(&headers.disposition)),
            ("response-content-type", Cow::Borrowed(&headers.content_type)),
        ],
        headers: &[],
        expires_in,
        now,
    });
    Link { url, expires_in, expires_at: now + Duration::from_secs(expires_in) }
}

//! Links: addresses that hand out one file, for a while, to whoever has them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::presigning::PresigningConfig;

use super::config::MAX_LINK_SECONDS;
use super::content::{content_type, disposition};
use super::keys::clean_filename;
use super::user_storage::UserStorage;
use crate::access::Action;
use crate::{Error, ErrorKind, Result};

/// The end of the year 9999, less the longest link: the last time that a signature can begin at.
const LAST_SIGNING: Duration = Duration::from_secs(253_402_300_799 - MAX_LINK_SECONDS);

/// What a link may be asked for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LinkOptions {
    /// How long the link should live, in seconds, 1 to 604800. Defaults to
    /// [`StorageConfig::link_seconds`](super::StorageConfig::link_seconds).
    pub expires_in: Option<u64>,
    /// The name under which browsers save the file, cleaned like any filename. Without it, what a
    /// browser can show is shown: png, jpeg, gif, webp, avif, mp4, webm, mp3, m4a, ogg, wav, pdf,
    /// txt.
    pub download_as: Option<String>,
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
    /// # Errors
    /// `invalid-request` when the asked life is not 1 to 604800 seconds; `invalid-filename` for
    /// `download_as`; what [`UserStorage`] says.
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
        let asked = options.expires_in.unwrap_or(self.s3.config.link_seconds);
        if !(1..=MAX_LINK_SECONDS).contains(&asked) {
            return Err(Error::new(ErrorKind::InvalidRequest, "a link lives 1 to 604800 seconds")
                .with_limit(MAX_LINK_SECONDS, asked));
        }
        if now.duration_since(UNIX_EPOCH).map_or(true, |since| since > LAST_SIGNING) {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "no link can be signed at this time",
            ));
        }
        let disposition = match options.download_as {
            Some(name) => disposition::content_disposition(false, &clean_filename(&name)?),
            None => {
                let content_type = content_type::of_filename(key.filename());
                let inline = content_type::may_be_inline(key.filename(), &content_type);
                disposition::content_disposition(inline, key.filename())
            }
        };
        let allowed = self.allowed_life(key.as_str(), asked, now)?;
        let signer = self.s3.in_time(self.s3.link_signer(now)).await?;
        let expires_in = while_keys_live(allowed, signer.ends, now)?;
        let life = Duration::from_secs(expires_in);
        let unsigned = || Error::new(ErrorKind::Internal, "the link could not be signed");
        let signing = PresigningConfig::builder()
            .start_time(now)
            .expires_in(life)
            .build()
            .map_err(|_| unsigned())?;
        let request = signer
            .client
            .get_object()
            .bucket(&self.s3.config.bucket)
            .key(key.as_str())
            .response_content_type(content_type::for_link(key.filename()))
            .response_content_disposition(disposition)
            .presigned(signing)
            .await
            .map_err(|_| unsigned())?;
        Ok(Link { url: request.uri().to_owned(), expires_in, expires_at: now + life })
    }

    /// What the user's tier makes of the life that is asked for.
    fn allowed_life(&self, key: &str, asked: u64, now: SystemTime) -> Result<u64> {
        let terms = self.decider.decide(&Action::Link { seconds: asked }, Some(key), now)?;
        Ok(terms.link_seconds.unwrap_or(asked).min(asked))
    }
}

/// As much of `seconds` as the keys live, if they end.
fn while_keys_live(seconds: u64, end: Option<SystemTime>, now: SystemTime) -> Result<u64> {
    let Some(end) = end else { return Ok(seconds) };
    match end.duration_since(now).unwrap_or_default().as_secs() {
        0 => Err(Error::new(ErrorKind::StorageDenied, "the AWS credentials have expired")),
        left => Ok(seconds.min(left)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack 80.
    #[test]
    fn a_link_never_outlives_the_keys_that_sign_it() {
        let now = SystemTime::now();
        let life = |left| while_keys_live(3600, Some(now + Duration::from_secs(left)), now);
        assert_eq!(while_keys_live(3600, None, now).unwrap(), 3600);
        assert_eq!(life(7200).unwrap(), 3600);
        assert_eq!(life(60).unwrap(), 60);
        assert_eq!(life(0).unwrap_err().kind(), ErrorKind::StorageDenied);
        let past = Some(now - Duration::from_secs(1));
        assert_eq!(while_keys_live(1, past, now).unwrap_err().kind(), ErrorKind::StorageDenied);
    }
}

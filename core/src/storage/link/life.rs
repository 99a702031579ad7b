//! How long a link lives.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::access::Action;
use crate::storage::config::MAX_LINK_SECONDS;
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// The end of the year 9999, less the longest link: the last time that a signature can begin at.
const LAST_SIGNING: Duration = Duration::from_secs(253_402_300_799 - MAX_LINK_SECONDS);

/// Refuses lives that nothing can be signed for: `most` is the longest, in seconds.
pub(in crate::storage) fn check_life(asked: u64, most: u64) -> Result<()> {
    if (1..=most).contains(&asked) {
        return Ok(());
    }
    let why = format!("a link lives 1 to {most} seconds");
    Err(Error::new(ErrorKind::InvalidRequest, why).with_limit(most, asked))
}

/// Refuses times that a signature's date cannot tell.
pub(in crate::storage) fn check_time(now: SystemTime) -> Result<()> {
    if now.duration_since(UNIX_EPOCH).is_ok_and(|since| since <= LAST_SIGNING) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidRequest, "no link can be signed at this time"))
}

/// As much of `seconds` as the keys live, if they end.
pub(in crate::storage) fn while_keys_live(
    seconds: u64,
    end: Option<SystemTime>,
    now: SystemTime,
) -> Result<u64> {
    let Some(end) = end else { return Ok(seconds) };
    match end.duration_since(now).unwrap_or_default().as_secs() {
        0 => Err(Error::new(ErrorKind::StorageDenied, "the AWS credentials have expired")),
        left => Ok(seconds.min(left)),
    }
}

impl UserStorage {
    /// What the user's tier makes of the life that is asked for, of a link to a file or to all.
    pub(in crate::storage) fn allowed_life(
        &self,
        key: Option<&OwnKey>,
        asked: u64,
        now: SystemTime,
    ) -> Result<u64> {
        let action = Action::Link { seconds: asked };
        let terms = self.decider.decide(&action, key.map(OwnKey::as_str), now)?;
        Ok(terms.link_seconds.unwrap_or(asked).min(asked))
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

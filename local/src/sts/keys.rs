//! The keys that the server knows: its own, which has every right, and those of sessions.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

use super::policy::Policy;
use crate::{Result, random};

/// How long a session that has ended is remembered, so that its keys are told to have expired.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// All keys. Clones share them.
#[derive(Clone)]
pub(crate) struct Keys(Arc<Inner>);

struct Inner {
    access_key_id: String,
    secret_access_key: String,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

/// Whose key it is.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    /// The server's own.
    Root,
    Session(Arc<Session>),
}

/// A session of the role.
pub(crate) struct Session {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(crate) token: String,
    /// From then on its keys are refused.
    pub(crate) ends: SystemTime,
    /// Without one it may do what the role may: everything.
    pub(super) policy: Option<Policy>,
}

impl Keys {
    pub(crate) fn new(access_key_id: &str, secret_access_key: &str) -> Self {
        Self(Arc::new(Inner {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
            sessions: Mutex::default(),
        }))
    }

    pub(crate) fn find(&self, access_key_id: &str) -> Option<Key> {
        if access_key_id == self.0.access_key_id {
            return Some(Key::Root);
        }
        let sessions = self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(access_key_id).cloned().map(Key::Session)
    }

    /// A new session that lives so long from `now`.
    pub(super) fn begin(
        &self,
        policy: Option<Policy>,
        now: SystemTime,
        life: Duration,
    ) -> Result<Arc<Session>> {
        let session = Arc::new(Session {
            access_key_id: format!("ASIALOCAL{}", random::hex(6)?.to_uppercase()),
            secret_access_key: random::hex(20)?,
            token: random::hex(48)?,
            ends: now + life,
            policy,
        });
        let mut sessions = self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.ends + REMEMBERED > now);
        sessions.insert(session.access_key_id.clone(), Arc::clone(&session));
        Ok(session)
    }
}

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key_id: &str) -> S3Result<SecretKey> {
        match self.find(access_key_id) {
            Some(Key::Root) => Ok(SecretKey::from(self.0.secret_access_key.as_str())),
            Some(Key::Session(session)) => Ok(SecretKey::from(session.secret_access_key.as_str())),
            None => Err(s3_error!(InvalidAccessKeyId)),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.0.access_key_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("access_key_id", &self.access_key_id)
            .field("ends", &self.ends)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn sessions_are_found_until_long_after_their_end() {
        let keys = Keys::new("AK", "hush");
        let life = Duration::from_secs(900);
        let session = keys.begin(None, UNIX_EPOCH, life).unwrap();
        assert_eq!(session.ends, UNIX_EPOCH + life);
        assert!(matches!(keys.find("AK"), Some(Key::Root)));
        assert!(matches!(keys.find(&session.access_key_id), Some(Key::Session(_))));
        keys.begin(None, UNIX_EPOCH + REMEMBERED, life).unwrap();
        assert!(keys.find(&session.access_key_id).is_some());
        keys.begin(None, UNIX_EPOCH + REMEMBERED + life, life).unwrap();
        assert!(keys.find(&session.access_key_id).is_none());
        let shown = format!("{keys:?} {session:?}");
        assert!(!shown.contains("hush") && !shown.contains(&session.secret_access_key));
        assert!(!shown.contains(&session.token));
    }
}

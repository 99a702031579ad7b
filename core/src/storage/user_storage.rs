//! The way to the files: a bucket, and in it one user's scope.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::StorageConfig;
use super::file::StoredFile;
use super::keys::{ParsedKey, Scope};
use super::s3::S3;
use crate::Result;
use crate::access::{Caller, Decider, Policy};
use crate::observe::What;
use crate::random::is_random_name;
use crate::state::{MemoryState, StateStore};
use crate::token::User;

/// The bucket, shared by all scopes: one client, one pool of connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Storage {
    pub(super) s3: Arc<S3>,
    state: Arc<dyn StateStore>,
}

impl Storage {
    /// A bucket. Nothing is connected yet, and no runtime is needed. What is reserved for uploads
    /// is kept in the memory of this process.
    ///
    /// # Errors
    /// `config-invalid`, naming the environment variable of the setting that is wrong.
    pub fn new(config: StorageConfig) -> Result<Self> {
        Self::with_state(config, Arc::new(MemoryState::new()))
    }

    /// A bucket; what is reserved for uploads is kept in this store, and holds for all that share
    /// it.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_state(config: StorageConfig, state: Arc<dyn StateStore>) -> Result<Self> {
        Ok(Self { s3: Arc::new(S3::new(config)?), state })
    }

    /// One scope of the bucket. With a user the policy's limits for the user's tier hold; without,
    /// for trusted server code, only what the policy says of kinds.
    pub fn scoped(
        &self,
        scope: Scope,
        user: Option<Arc<User>>,
        policy: Arc<Policy>,
    ) -> UserStorage {
        let caller = user.map_or(Caller::Server, Caller::User);
        self.decided_by(Decider { policy, hook: None, caller }, scope)
    }

    /// One scope of the bucket, for the decider's caller.
    pub(crate) fn decided_by(&self, decider: Decider, scope: Scope) -> UserStorage {
        let (s3, state) = (Arc::clone(&self.s3), Arc::clone(&self.state));
        UserStorage { s3, state, scope, decider }
    }
}

/// The files of one scope. No call reaches outside it, whatever its arguments hold. Cheap to clone.
///
/// Every call that takes a key answers `invalid-key` or `not-owner` as [`Scope::parse`] does, before
/// anything is sent. Every call has a deadline ([`StorageConfig::deadline`]) and then answers
/// `timeout`; dropping its future gives it up. A store that cannot be reached or is overloaded is
/// tried three times and then `storage-unavailable`; one that refuses our credentials is
/// `storage-denied`, at once.
#[derive(Clone, Debug)]
pub struct UserStorage {
    pub(super) s3: Arc<S3>,
    pub(super) state: Arc<dyn StateStore>,
    pub(super) scope: Scope,
    pub(super) decider: Decider,
}

impl UserStorage {
    /// The scope that this storage is confined to.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The bucket that the scope lies in.
    pub fn bucket(&self) -> &str {
        &self.s3.config.bucket
    }

    /// Takes a key apart that a caller has named. A refusal is told to the audit.
    pub(crate) fn parse(&self, key: &str) -> Result<ParsedKey> {
        match self.scope.parse(key) {
            refused @ Err(_) => self.decider.told(What::about("key", key), refused),
            parsed => parsed,
        }
    }

    /// The one door for keys: what has not passed here is not sent.
    pub(super) fn own(&self, key: &str) -> Result<OwnKey> {
        Ok(OwnKey { parsed: self.parse(key)?, key: key.to_owned() })
    }

    /// Where the bytes of a client wait under a random name, until they have been looked at and
    /// take the place of the file of this key. In no listing, but this scope's alone. None when the
    /// name is not such a one.
    pub(super) fn incoming(&self, key: &OwnKey, name: &str) -> Option<OwnKey> {
        let waiting = format!("{}{name}", self.scope.incoming_prefix());
        is_random_name(name).then(|| OwnKey { key: waiting, parsed: key.parsed.clone() })
    }

    /// A key that the store has named; none when it does not lie in the scope.
    pub(super) fn listed(&self, key: &str) -> Option<OwnKey> {
        let parsed = self.scope.parse(key).ok()?;
        Some(OwnKey { parsed, key: key.to_owned() })
    }
}

/// A key that has been found to lie in the scope. The operations take no other.
#[derive(Clone, Debug)]
pub(super) struct OwnKey {
    key: String,
    parsed: ParsedKey,
}

impl OwnKey {
    pub(super) fn as_str(&self) -> &str {
        &self.key
    }

    pub(super) fn filename(&self) -> &str {
        &self.parsed.filename
    }

    pub(super) fn kind(&self) -> Option<&str> {
        self.parsed.kind.as_deref()
    }

    /// What the key alone tells of its file, and its size.
    pub(super) fn file(&self, size: u64) -> StoredFile {
        StoredFile {
            key: self.key.clone(),
            filename: self.parsed.filename.clone(),
            kind: self.parsed.kind.clone(),
            size,
            content_type: None,
            etag: None,
            last_modified: None,
            metadata: BTreeMap::new(),
            storage_class: None,
        }
    }
}

//! The files of one scope.

pub mod cdn;
pub mod client_upload;
pub mod grant;
pub mod link;
pub mod list;
pub mod manage;
pub mod presigned;
pub mod read;
pub mod upload;

use casier::storage;
use napi_derive::napi;

use crate::scope::Scope;

/// Everything inside one scope. No call reaches outside it, whatever its arguments hold.
///
/// Every call that waits has a deadline (`timeout`) and takes a `signal`. A key that belongs to
/// somebody else is `not-owner`, one that nobody could read `invalid-key`; only the string decides,
/// and nothing is sent. A store that does not answer is `storage-unavailable`, one that refuses our
/// credentials `storage-denied`.
#[napi]
#[derive(Debug)]
pub struct UserStorage(pub(crate) storage::UserStorage);

#[napi]
impl UserStorage {
    /// The scope that this storage is confined to.
    #[napi(getter)]
    pub fn scope(&self) -> Scope {
        Scope(self.0.scope().clone())
    }

    /// The bucket that the scope lies in.
    #[napi(getter)]
    pub fn bucket(&self) -> &str {
        self.0.bucket()
    }
}

// Options that several calls take.
const METADATA: &str = "metadata";
const TAGS: &str = "tags";
const TYPE: &str = "contentType";
const OVERWRITE: &str = "overwrite";
const RANDOM: &str = "unguessable";
const CLASS: &str = "storageClass";
const LIFE: &str = "expiresIn";
const FILENAME: &str = "filename";
const RANGE: &str = "range";
const PROGRESS: &str = "onProgress";
const DEADLINE: &str = "deadline";
const SIGNAL: &str = "signal";

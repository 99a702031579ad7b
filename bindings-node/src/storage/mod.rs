//! The files of one scope.

pub mod list;
pub mod manage;
pub mod read;
pub mod upload;

use casier::storage::{self, LinkOptions};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::call::soon;
use crate::convert::{Js, text};
use crate::file::Link;
use crate::options::Options;
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

    /// A link to read a file. It is signed here: the store is not asked, not even whether there is
    /// such a file.
    ///
    /// @param key The full key of the file.
    /// @throws {CasierError} `invalid-request` for the life, `invalid-filename` for `downloadAs`.
    #[napi(ts_args_type = "key: string, options?: LinkOptions", ts_return_type = "Promise<Link>")]
    pub fn presigned_url(
        &self,
        env: Env,
        key: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &["expiresIn", "downloadAs", SIGNAL])?;
            let (key, mut options) = (text(key, "key")?, LinkOptions::default());
            options.expires_in = given.count("expiresIn")?;
            options.download_as = given.text("downloadAs")?;
            Ok((given.signal()?, async move { files.presigned_url(&key, options).await }))
        };
        soon(&env, begin, |_, link| Ok(Link(link)))
    }
}

// Options that several calls take.
const METADATA: &str = "metadata";
const TAGS: &str = "tags";
const TYPE: &str = "contentType";
const OVERWRITE: &str = "overwrite";
const RANDOM: &str = "unguessable";
const FILENAME: &str = "filename";
const RANGE: &str = "range";
const PROGRESS: &str = "onProgress";
const DEADLINE: &str = "deadline";
const SIGNAL: &str = "signal";

//! The files of one scope.

use casier::storage::{
    self, DownloadOptions, LinkOptions, ListOptions, ReadOptions, UploadOptions,
};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::call::{later, soon};
use crate::convert::{Js, contents, path, text, text_if_given, texts};
use crate::error::Outcome;
use crate::file::{Deletion, Link, Page, StoredFile};
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

    /// Uploads a file from disk, in pieces; memory stays bounded whatever its size.
    ///
    /// @param path The file to upload.
    /// @param kind The kind of file, for example `image`.
    /// @throws {CasierError} `invalid-kind`, `invalid-filename`, `type-not-allowed`,
    /// `content-mismatch`, `file-too-large` for the tier or above 5 GiB, `metadata-too-large`,
    /// `invalid-request`, `checksum-mismatch`; `file-exists` when it exists and `overwrite` is
    /// false; `io-failed` when the file on disk cannot be read, or changes meanwhile.
    #[napi(
        ts_args_type = "path: string, kind: string, options?: UploadFileOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn upload_file(
        &self,
        env: Env,
        path: Unknown<'_>,
        kind: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (path, kind) = (self::path(path, "path")?, text(kind, "kind")?);
            let given =
                Options::new(options, &["filename", METADATA, TYPE, OVERWRITE, RANDOM, SIGNAL])?;
            let mut options = upload_options(&given)?;
            options.filename = given.text("filename")?;
            let upload = async move { files.upload_file(path, &kind, options).await };
            Ok((given.signal()?, upload))
        };
        later(&env, begin, StoredFile::new)
    }

    /// Uploads what is in memory. The bytes are copied first, so that they may change meanwhile.
    ///
    /// @param data The bytes.
    /// @param filename The name to store it under. It is cleaned: the answer tells the name that
    /// was stored.
    /// @param kind The kind of file, for example `image`.
    /// @throws {CasierError} What `uploadFile` throws, less what concerns the disk.
    #[napi(
        ts_args_type = "data: Contents, filename: string, kind: string, options?: UploadOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn upload_file_object(
        &self,
        env: Env,
        data: Unknown<'_>,
        filename: Unknown<'_>,
        kind: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (filename, kind) = (text(filename, "filename")?, text(kind, "kind")?);
            let given = Options::new(options, &[METADATA, TYPE, OVERWRITE, RANDOM, SIGNAL])?;
            let (options, data) = (upload_options(&given)?, contents(data, "data")?);
            let upload =
                async move { files.upload_file_object(data, &filename, &kind, options).await };
            Ok((given.signal()?, upload))
        };
        later(&env, begin, StoredFile::new)
    }

    /// Lists files of the scope, in the order of their keys.
    ///
    /// A page may hold fewer files than its limit, even none, and yet have a next one: go on until
    /// `nextCursor` is null.
    ///
    /// @param kind Only files of this kind. Defaults to all.
    /// @throws {CasierError} `invalid-kind`, `invalid-cursor`; `invalid-request` for the limit.
    #[napi(
        ts_args_type = "kind?: string | null, options?: ListOptions",
        ts_return_type = "Promise<Page>"
    )]
    pub fn list(&self, env: Env, kind: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &["limit", "cursor", "withMetadata", SIGNAL])?;
            let mut options = ListOptions::default();
            options.kind = text_if_given(kind, "kind")?;
            let limit = given.count("limit")?;
            options.limit =
                limit.map_or(options.limit, |limit| limit.try_into().unwrap_or(u32::MAX));
            options.cursor = given.text("cursor")?;
            options.with_metadata = given.flag("withMetadata")?.unwrap_or_default();
            Ok((given.signal()?, async move { files.list(options).await }))
        };
        later(&env, begin, Page::new)
    }

    /// What is known of a file.
    ///
    /// @throws {CasierError} `file-not-found`.
    #[napi(
        ts_args_type = "key: string, options?: CallOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn metadata(&self, env: Env, key: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (key, signal) = (text(key, "key")?, Options::signal_of(options)?);
            Ok((signal, async move { files.metadata(&key).await }))
        };
        later(&env, begin, StoredFile::new)
    }

    /// Whether there is such a file.
    #[napi(
        ts_args_type = "key: string, options?: CallOptions",
        ts_return_type = "Promise<boolean>"
    )]
    pub fn exists(&self, env: Env, key: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (key, signal) = (text(key, "key")?, Options::signal_of(options)?);
            Ok((signal, async move { files.exists(&key).await }))
        };
        later(&env, begin, |_, exists| Ok(exists))
    }

    /// Reads a file into memory.
    ///
    /// @param key The full key of the file.
    /// @throws {CasierError} `file-not-found`; `file-too-large` above the limit; `file-archived`
    /// when it must be restored from its archive first.
    #[napi(ts_args_type = "key: string, options?: ReadOptions", ts_return_type = "Promise<Buffer>")]
    pub fn read(&self, env: Env, key: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (key, given) = (text(key, "key")?, Options::new(options, &["limit", SIGNAL])?);
            let mut options = ReadOptions::default();
            options.limit = given.count("limit")?.unwrap_or(options.limit);
            Ok((given.signal()?, async move { files.read(&key, options).await }))
        };
        later(&env, begin, |_, bytes| Ok(Buffer::from(Vec::from(bytes))))
    }

    /// Downloads a file to a path, which appears whole or not at all. A file that is there is
    /// replaced.
    ///
    /// @throws {CasierError} `file-not-found`; `file-archived` when it must be restored from its
    /// archive first; `io-failed` when the folder is missing or cannot be written to.
    #[napi(
        ts_args_type = "key: string, path: string, options?: CallOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn download(
        &self,
        env: Env,
        key: Unknown<'_>,
        path: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (key, path) = (text(key, "key")?, self::path(path, "path")?);
            let signal = Options::signal_of(options)?;
            Ok((
                signal,
                async move { files.download(&key, path, DownloadOptions::default()).await },
            ))
        };
        later(&env, begin, StoredFile::new)
    }

    /// Deletes a file. Deleting what is not there succeeds.
    #[napi(ts_args_type = "key: string, options?: CallOptions", ts_return_type = "Promise<void>")]
    pub fn delete(&self, env: Env, key: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (key, signal) = (text(key, "key")?, Options::signal_of(options)?);
            Ok((signal, async move { files.delete(&key).await }))
        };
        later(&env, begin, |_, ()| Ok(()))
    }

    /// Deletes up to 1,000 files, several at a time, and tells of each key, in the order given, what
    /// became of it.
    ///
    /// @throws {CasierError} Before anything is sent: `invalid-key` or `not-owner` when one of the
    /// keys is, `invalid-request` for more than 1,000 keys.
    #[napi(
        ts_args_type = "keys: readonly string[], options?: CallOptions",
        ts_return_type = "Promise<Array<Deletion>>"
    )]
    pub fn delete_many(
        &self,
        env: Env,
        keys: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (keys, signal) = (texts(keys, "keys")?, Options::signal_of(options)?);
            Ok((signal, async move { files.delete_many(keys).await }))
        };
        later(&env, begin, |env, deletions| {
            let deletions = deletions.into_iter().map(|deletion| Deletion::new(env, deletion));
            deletions.collect::<napi::Result<Vec<_>>>()
        })
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

const METADATA: &str = "metadata";
const TYPE: &str = "contentType";
const OVERWRITE: &str = "overwrite";
const RANDOM: &str = "unguessable";
const SIGNAL: &str = "signal";

fn upload_options(given: &Options<'_>) -> Outcome<UploadOptions> {
    let mut options = UploadOptions::default();
    options.metadata = given.metadata()?.unwrap_or_default();
    options.content_type = given.text(TYPE)?;
    options.overwrite = given.flag(OVERWRITE)?.unwrap_or(options.overwrite);
    options.unguessable = given.flag(RANDOM)?.unwrap_or(options.unguessable);
    Ok(options)
}

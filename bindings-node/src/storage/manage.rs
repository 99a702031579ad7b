//! Managing what is stored.

use casier::storage::CopyOptions;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::{FILENAME, METADATA, OVERWRITE, RANDOM, SIGNAL, TAGS, TYPE, UserStorage};
use crate::answers::{Receipt, Usage};
use crate::call::later;
use crate::convert::{Js, json, named_texts, text, texts};
use crate::error::Outcome;
use crate::file::{Deletion, StoredFile};
use crate::options::Options;

#[napi]
impl UserStorage {
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

    /// Copies a file inside the scope, at the store. What the policy says of uploads holds for the
    /// copy. Copied onto itself, a file gets other metadata, tags or another content type.
    ///
    /// @param key The full key of the file.
    /// @throws {CasierError} `file-not-found`; `file-exists` when there is a file of the copy's key
    /// and `overwrite` is false; `conflict` when the original is replaced meanwhile; what
    /// `uploadFile` throws.
    #[napi(
        ts_args_type = "key: string, options?: CopyOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn copy(&self, env: Env, key: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &COPY)?;
            let (key, options) = (text(key, "key")?, copy_options(&given)?);
            Ok((given.signal()?, async move { files.copy(&key, options).await }))
        };
        later(&env, begin, StoredFile::new)
    }

    /// Moves a file inside the scope: copies it, and deletes the original once the copy is there.
    ///
    /// @param key The full key of the file.
    /// @throws {CasierError} What `copy` throws; `conflict` also when the original is replaced after
    /// it was copied: both are there then.
    #[napi(
        js_name = "move",
        ts_args_type = "key: string, options?: CopyOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn move_to(&self, env: Env, key: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &COPY)?;
            let (key, options) = (text(key, "key")?, copy_options(&given)?);
            Ok((given.signal()?, async move { files.move_to(&key, options).await }))
        };
        later(&env, begin, StoredFile::new)
    }

    /// Gives a file another name, in the folder of its kind.
    ///
    /// @param key The full key of the file.
    /// @param filename The new name. It is cleaned: the answer tells the name that was stored.
    /// @throws {CasierError} What `move` throws.
    #[napi(
        ts_args_type = "key: string, filename: string, options?: RenameOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn rename(
        &self,
        env: Env,
        key: Unknown<'_>,
        filename: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (key, filename) = (text(key, "key")?, text(filename, FILENAME)?);
            let given = Options::new(options, &[OVERWRITE, SIGNAL])?;
            let overwrite = given.flag(OVERWRITE)?.unwrap_or(true);
            let renamed = async move { files.rename(&key, &filename, overwrite).await };
            Ok((given.signal()?, renamed))
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

    /// Deletes files, 1,000 in a request, and tells of each key, in the order given, what became of
    /// it. Deleting what is not there succeeds.
    ///
    /// @throws {CasierError} Before anything is deleted: `invalid-key` or `not-owner` when one of
    /// the keys is.
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
        later(&env, begin, Deletion::all)
    }

    /// Deletes everything in the scope: files with all their versions, also those whose keys cannot
    /// be read, and unfinished uploads. Safe to call again: what is gone is gone.
    #[napi(ts_args_type = "options?: CallOptions", ts_return_type = "Promise<Receipt>")]
    pub fn delete_all(&self, env: Env, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let signal = Options::signal_of(options)?;
            Ok((signal, async move { files.delete_all().await }))
        };
        later(&env, begin, Receipt::new)
    }

    /// How many files the scope holds, and how many bytes. The whole scope is listed for it.
    #[napi(ts_args_type = "options?: CallOptions", ts_return_type = "Promise<Usage>")]
    pub fn usage(&self, env: Env, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || Ok((Options::signal_of(options)?, async move { files.usage().await }));
        later(&env, begin, |_, usage| Ok(Usage::from(usage)))
    }

    /// The tags of a file.
    ///
    /// @throws {CasierError} `file-not-found`; `storage-unsupported` where the store has no tags.
    #[napi(
        ts_args_type = "key: string, options?: CallOptions",
        ts_return_type = "Promise<Record<string, string>>"
    )]
    pub fn tags(&self, env: Env, key: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (key, signal) = (text(key, "key")?, Options::signal_of(options)?);
            Ok((signal, async move { files.tags(&key).await }))
        };
        later(&env, begin, |env, tags| json(env, &tags))
    }

    /// Replaces the tags of a file; no tags remove them.
    ///
    /// @param key The full key of the file.
    /// @param tags 10 at most, names of 1 to 128 characters, values of up to 256.
    /// @throws {CasierError} `file-not-found`; `invalid-request` for the tags; `storage-unsupported`
    /// where the store has none.
    #[napi(
        ts_args_type = "key: string, tags: Readonly<Record<string, string>>, options?: CallOptions",
        ts_return_type = "Promise<void>"
    )]
    pub fn set_tags(
        &self,
        env: Env,
        key: Unknown<'_>,
        tags: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (key, tags) = (text(key, "key")?, named_texts(tags, TAGS)?);
            let signal = Options::signal_of(options)?;
            Ok((signal, async move { files.set_tags(&key, tags).await }))
        };
        later(&env, begin, |_, ()| Ok(()))
    }
}

const COPY: [&str; 8] = [FILENAME, "kind", OVERWRITE, RANDOM, METADATA, TYPE, TAGS, SIGNAL];

fn copy_options(given: &Options<'_>) -> Outcome<CopyOptions> {
    let mut options = CopyOptions::default();
    options.filename = given.text(FILENAME)?;
    options.kind = given.text("kind")?;
    options.overwrite = given.flag(OVERWRITE)?.unwrap_or(options.overwrite);
    options.unguessable = given.flag(RANDOM)?.unwrap_or(options.unguessable);
    options.metadata = given.named_texts(METADATA)?;
    options.content_type = given.text(TYPE)?;
    options.tags = given.named_texts(TAGS)?;
    Ok(options)
}

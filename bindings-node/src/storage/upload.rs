//! Uploads.

use casier::storage::{ResumeOptions, UploadContents, UploadOptions};
use futures_util::stream;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::{
    CLASS, DEADLINE, FILENAME, METADATA, OVERWRITE, PROGRESS, RANDOM, SIGNAL, TAGS, TYPE,
    UserStorage,
};
use crate::answers::{SweptUploads, UploadState};
use crate::call::later;
use crate::convert::{Js, class, contents, must_be, path, text};
use crate::error::Outcome;
use crate::file::StoredFile;
use crate::options::Options;
use crate::pipe::UploadPipe;
use crate::transfer::{on_begin, on_progress};

#[napi]
impl UserStorage {
    /// Uploads a file from disk: small ones in one request, large ones in parts, several at a time.
    /// Memory stays bounded whatever the size. An upload that fails or is given up is aborted at
    /// the store.
    ///
    /// @param path The file to upload.
    /// @param kind The kind of file, for example `image`.
    /// @throws {CasierError} `invalid-kind`, `invalid-filename`, `type-not-allowed`,
    /// `content-mismatch`, `file-too-large`, `metadata-too-large`, `invalid-request`,
    /// `checksum-mismatch`; `file-exists` when it exists and `overwrite` is false; `io-failed` when
    /// the file on disk cannot be read, or changes meanwhile.
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
            let given = Options::new(options, &[&UPLOAD[..], &[FILENAME, "onBegin"]].concat())?;
            let mut options = upload_options(&env, &given)?;
            options.filename = given.text(FILENAME)?;
            options.on_begin = given.read("onBegin", |hook, _| on_begin(&env, hook))?;
            let upload = async move { files.upload_file(path, &kind, options).await };
            Ok((given.signal()?, upload))
        };
        later(&env, begin, StoredFile::new)
    }

    /// Uploads what is in memory, or what a stream or an iterable gives. Bytes in memory are copied
    /// first, so that they may change meanwhile; a stream is read while it is sent, as fast as the
    /// store takes it, and never held in memory as a whole.
    ///
    /// @param data The bytes: in memory, a `Blob`, a `ReadableStream`, a `Readable` of Node's, or any
    /// iterable or async iterable of `Uint8Array`s or `ArrayBuffer`s. What of it is not taken in the
    /// end is ended (`cancel()`, `destroy()`, `return()`).
    /// @param filename The name to store it under. It is cleaned: the answer tells the name that
    /// was stored.
    /// @param kind The kind of file, for example `image`.
    /// @throws {CasierError} What `uploadFile` throws, less what concerns the disk;
    /// `upload-incomplete` or `invalid-request` when it is not of the size that `size` says. What
    /// the stream or the iterable itself throws comes through; nothing is stored then.
    #[napi(
        ts_args_type = "data: UploadSource, filename: string, kind: string, options?: UploadObjectOptions",
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
            let (filename, kind) = (text(filename, FILENAME)?, text(kind, "kind")?);
            let given = Options::new(options, &[&UPLOAD[..], &["size"]].concat())?;
            let options = upload_options(&env, &given)?;
            let data = upload_contents(data, given.bytes("size")?)?;
            let upload =
                async move { files.upload_file_object(data, &filename, &kind, options).await };
            Ok((given.signal()?, upload))
        };
        later(&env, begin, StoredFile::new)
    }

    /// Goes on with an upload in parts that broke off, from what the store holds of it and is as in
    /// the file.
    ///
    /// @param uploadId What `onBegin` was called with.
    /// @param path The file that was being uploaded.
    /// @throws {CasierError} `upload-not-found` when the id is forged, another's, has expired, or is
    /// of an upload that was given up; what `uploadFile` throws.
    #[napi(
        ts_args_type = "uploadId: string, path: string, options?: TransferOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn resume_upload(
        &self,
        env: Env,
        upload_id: Unknown<'_>,
        path: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (upload_id, path) = (text(upload_id, "uploadId")?, self::path(path, "path")?);
            let given = Options::new(options, &[PROGRESS, DEADLINE, SIGNAL])?;
            let mut options = ResumeOptions::default();
            options.on_progress = given.read(PROGRESS, |hook, _| on_progress(&env, hook))?;
            options.deadline = given.seconds(DEADLINE)?;
            let upload = async move { files.resume_upload(&upload_id, path, options).await };
            Ok((given.signal()?, upload))
        };
        later(&env, begin, StoredFile::new)
    }

    /// How far an upload in parts has come.
    ///
    /// @param uploadId What `onBegin` was called with.
    /// @throws {CasierError} `upload-not-found`, as for `resumeUpload`.
    #[napi(
        ts_args_type = "uploadId: string, options?: CallOptions",
        ts_return_type = "Promise<UploadState>"
    )]
    pub fn upload_state(
        &self,
        env: Env,
        upload_id: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (id, signal) = (text(upload_id, "uploadId")?, Options::signal_of(options)?);
            Ok((signal, async move { files.upload_state(&id).await }))
        };
        later(&env, begin, UploadState::new)
    }

    /// Gives up an upload in parts: what the store holds of it goes. One that is over already,
    /// completed or given up, stays as it is.
    ///
    /// @param uploadId What `onBegin` was called with.
    /// @throws {CasierError} `upload-not-found` when the id is forged, another's, or has expired.
    #[napi(
        ts_args_type = "uploadId: string, options?: CallOptions",
        ts_return_type = "Promise<void>"
    )]
    pub fn abort_upload(
        &self,
        env: Env,
        upload_id: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (id, signal) = (text(upload_id, "uploadId")?, Options::signal_of(options)?);
            Ok((signal, async move { files.abort_upload(&id).await }))
        };
        later(&env, begin, |_, ()| Ok(()))
    }

    /// Aborts the uploads in parts of this scope whose ids have expired: what crashes have left. By
    /// the store's own clock, so that no live upload is swept.
    #[napi(ts_args_type = "options?: CallOptions", ts_return_type = "Promise<SweptUploads>")]
    pub fn sweep_uploads(&self, env: Env, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let signal = Options::signal_of(options)?;
            Ok((signal, async move { files.sweep_uploads().await }))
        };
        later(&env, begin, |_, swept| Ok(SweptUploads::from(swept)))
    }
}

/// What every upload may be told.
const UPLOAD: [&str; 9] =
    [METADATA, TAGS, TYPE, OVERWRITE, RANDOM, CLASS, PROGRESS, DEADLINE, SIGNAL];

fn upload_options(env: &Env, given: &Options<'_>) -> Outcome<UploadOptions> {
    let mut options = UploadOptions::default();
    options.metadata = given.named_texts(METADATA)?.unwrap_or_default();
    options.tags = given.named_texts(TAGS)?.unwrap_or_default();
    options.content_type = given.text(TYPE)?;
    options.overwrite = given.flag(OVERWRITE)?.unwrap_or(options.overwrite);
    options.unguessable = given.flag(RANDOM)?.unwrap_or(options.unguessable);
    options.storage_class = given.text(CLASS)?;
    options.on_progress = given.read(PROGRESS, |hook, _| on_progress(env, hook))?;
    options.deadline = given.seconds(DEADLINE)?;
    Ok(options)
}

/// Bytes in memory, or the pipe that `entry/source.ts` fills from anything else.
fn upload_contents(data: Unknown<'_>, size: Option<u64>) -> Outcome<UploadContents> {
    if let Ok(pipe) = class::<UploadPipe>(data, "data") {
        return pipe.contents(size);
    }
    let Ok(bytes) = contents(data, "data") else {
        return must_be("data", "bytes, a Blob, a stream or an iterable of bytes");
    };
    let is_as_declared = size.is_none_or(|size| u64::try_from(bytes.len()) == Ok(size));
    Ok(match is_as_declared {
        true => bytes.into(),
        false => UploadContents::stream(stream::iter([Ok(bytes)]), size),
    })
}

//! Uploads whose parts a client sends straight to the store.

use casier::storage::{self, BeginUploadOptions};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::{CLASS, FILENAME, METADATA, OVERWRITE, RANDOM, SIGNAL, TAGS, TYPE, UserStorage};
use crate::call::{later, soon};
use crate::convert::{Js, bytes, date, integers, json, text, to_f64};
use crate::error::Outcome;
use crate::file::StoredFile;
use crate::options::Options;

#[napi]
impl UserStorage {
    /// Begins an upload whose parts a client sends straight to the store, to the addresses that
    /// `partUrls` gives; `completeUpload` makes them a file, and looks at it. In parts at every size,
    /// so that nothing exists before that, and no address changes anything after it.
    ///
    /// Where a file of the key is there, it stays until the new one has been looked at. Where there
    /// is none, and another has come by the time of the completion, that is `conflict`.
    ///
    /// @param filename The name to store it under. It is cleaned: the answer tells the key.
    /// @param kind The kind of file, for example `image`.
    /// @param size How many bytes it has.
    /// @throws {CasierError} `invalid-kind`, `invalid-filename`, `type-not-allowed`,
    /// `file-too-large`, `quota-exceeded`, `metadata-too-large`, `invalid-request`; `file-exists`
    /// when it exists and `overwrite` is false; `storage-unsupported` where the store cannot promise
    /// not to overwrite.
    #[napi(
        ts_args_type = "filename: string, kind: string, size: number | bigint, options?: BeginUploadOptions",
        ts_return_type = "Promise<BegunUpload>"
    )]
    pub fn begin_upload(
        &self,
        env: Env,
        filename: Unknown<'_>,
        kind: Unknown<'_>,
        size: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (filename, kind) = (text(filename, FILENAME)?, text(kind, "kind")?);
            let (size, given) = (bytes(size, "size")?, Options::new(options, &BEGIN)?);
            let options = begin_options(&given)?;
            let upload = async move { files.begin_upload(&filename, &kind, size, options).await };
            Ok((given.signal()?, upload))
        };
        later(&env, begin, |_, upload| Ok(BegunUpload(upload)))
    }

    /// The addresses to which a client sends parts of an upload, each signed for the exact length of
    /// its part. Signed here: the store is not asked. They live for 15 minutes, and no longer than
    /// the upload: ask for them when they are about to be used, and again when they have ended. A
    /// part that is sent again replaces itself.
    ///
    /// @param uploadId What `beginUpload` gave.
    /// @param partNumbers 1 to 1,000 numbers from 1 to `partCount`, none twice.
    /// @throws {CasierError} `upload-not-found` when the id is forged, another's, or has expired;
    /// `invalid-request` for the numbers, and for the id of an upload that was not begun by
    /// `beginUpload`.
    #[napi(
        ts_args_type = "uploadId: string, partNumbers: readonly number[], options?: CallOptions",
        ts_return_type = "Promise<Array<PartUrl>>"
    )]
    pub fn part_urls(
        &self,
        env: Env,
        upload_id: Unknown<'_>,
        part_numbers: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (id, numbers) = (text(upload_id, "uploadId")?, self::part_numbers(part_numbers)?);
            let signal = Options::signal_of(options)?;
            Ok((signal, async move { files.part_urls(&id, &numbers).await }))
        };
        soon(&env, begin, |_, parts| Ok(parts.into_iter().map(PartUrl).collect::<Vec<_>>()))
    }

    /// Makes the parts of an upload a file: lists them, completes, and compares size and first bytes
    /// with what the upload was begun for. What does not pass is deleted, and a file that was to be
    /// replaced is as it was. It can be called again, and runs to its end even if it is given up.
    ///
    /// @param uploadId What `beginUpload` gave.
    /// @throws {CasierError} `upload-incomplete` when parts are missing, with how many bytes there
    /// are (`used`) of how many (`limit`): send them and call again. `content-mismatch`;
    /// `file-exists` where it was not to overwrite; `conflict` where a file of the key has come
    /// since the upload was begun: after these the upload is over, and nothing of it stays.
    /// `upload-not-found` also when the upload was given up, or its file has been replaced since.
    #[napi(
        ts_args_type = "uploadId: string, options?: CallOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn complete_upload(
        &self,
        env: Env,
        upload_id: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (id, signal) = (text(upload_id, "uploadId")?, Options::signal_of(options)?);
            Ok((signal, async move { files.complete_upload(&id).await }))
        };
        later(&env, begin, StoredFile::new)
    }
}

const BEGIN: [&str; 7] = [TYPE, METADATA, TAGS, OVERWRITE, RANDOM, CLASS, SIGNAL];

fn begin_options(given: &Options<'_>) -> Outcome<BeginUploadOptions> {
    let mut options = BeginUploadOptions::default();
    options.content_type = given.text(TYPE)?;
    options.metadata = given.named_texts(METADATA)?.unwrap_or_default();
    options.tags = given.named_texts(TAGS)?.unwrap_or_default();
    options.overwrite = given.flag(OVERWRITE)?.unwrap_or(options.overwrite);
    options.unguessable = given.flag(RANDOM)?.unwrap_or(options.unguessable);
    options.storage_class = given.text(CLASS)?;
    Ok(options)
}

/// Numbers that no part has become the nearest that the core refuses.
fn part_numbers(value: Unknown<'_>) -> Outcome<Vec<u32>> {
    let numbers = integers(value, "partNumbers")?.into_iter();
    Ok(numbers.map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX)).collect())
}

/// An upload that the store has begun. Whoever acts for its user can go on with it by its id: neither
/// `console.log` nor `JSON.stringify` shows that.
#[napi]
#[derive(Debug)]
pub struct BegunUpload(storage::BegunUpload);

#[napi]
impl BegunUpload {
    /// What `partUrls`, `uploadState`, `completeUpload` and `abortUpload` take.
    #[napi(getter)]
    pub fn upload_id(&self) -> &str {
        &self.0.upload_id
    }

    /// The full key that the file will have.
    #[napi(getter)]
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// The size of every part but the last, in bytes.
    #[napi(getter)]
    pub fn part_size(&self) -> f64 {
        to_f64(self.0.part_size)
    }

    /// How many parts the file has: none, if it is empty.
    #[napi(getter)]
    pub fn part_count(&self) -> u32 {
        self.0.part_count
    }

    /// When the upload ends, by the store's clock.
    #[napi(getter, ts_return_type = "Date")]
    pub fn expires_at(&self, env: Env) -> napi::Result<Js> {
        date(&env, self.0.expires_at)
    }
}

/// The address that takes one part of an upload, by PUT. Whoever has it can send the part until it
/// ends: neither `console.log` nor `JSON.stringify` shows it.
#[napi]
#[derive(Debug)]
pub struct PartUrl(storage::PartUrl);

#[napi]
impl PartUrl {
    /// The number of the part, from 1.
    #[napi(getter)]
    pub fn part_number(&self) -> u32 {
        self.0.part_number
    }

    /// The address.
    #[napi(getter)]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// What has to be sent with it. `fetch` sends `content-length` by itself, from the body.
    #[napi(getter, ts_return_type = "Record<string, string>")]
    pub fn headers(&self, env: Env) -> napi::Result<Js> {
        json(&env, &self.0.headers)
    }

    /// The exact size of the part, in bytes.
    #[napi(getter)]
    pub fn size(&self) -> f64 {
        to_f64(self.0.size)
    }

    /// When the address ends.
    #[napi(getter, ts_return_type = "Date")]
    pub fn expires_at(&self, env: Env) -> napi::Result<Js> {
        date(&env, self.0.expires_at)
    }
}

//! Links and forms to upload.

use casier::storage::{self, PresignedUploadOptions};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::{CLASS, FILENAME, LIFE, METADATA, OVERWRITE, RANDOM, SIGNAL, TYPE, UserStorage};
use crate::call::soon;
use crate::convert::{Js, bytes, date, json, must_be, sha256, text, to_f64};
use crate::error::Outcome;
use crate::options::Options;

#[napi]
impl UserStorage {
    /// A link to upload one file of exactly `size` bytes, for clients that do not speak the protocol
    /// of uploads:
    ///
    /// ```js
    /// const { method, url, headers } = await files.presignedUpload('a.png', 'image', blob.size)
    /// await fetch(url, { method, headers, body: blob }) // in the browser
    /// ```
    ///
    /// Key, length, content type, disposition, metadata, encryption and storage class are signed: the
    /// store refuses a request that changes one of them. The link can be used again until it ends,
    /// after 15 minutes at most, and what is uploaded is not looked at. Where the tier limits what is
    /// stored, `size` bytes are reserved until a while after its end.
    ///
    /// @param filename The name to store it under. It is cleaned: the answer tells the key.
    /// @param kind The kind of file, for example `image`.
    /// @param size How many bytes it has.
    /// @throws {CasierError} `invalid-kind`, `invalid-filename`, `type-not-allowed`,
    /// `file-too-large` above the tier's limit or 5 GiB, `quota-exceeded`, `metadata-too-large`;
    /// `invalid-request` for the metadata and the life; `storage-unsupported` where the store cannot
    /// promise what it must.
    #[napi(
        ts_args_type = "filename: string, kind: string, size: number | bigint, options?: PresignedUploadOptions",
        ts_return_type = "Promise<PresignedUpload>"
    )]
    pub fn presigned_upload(
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
            let size = bytes(size, "size")?;
            let given = Options::new(options, &[&FORM[..], &["sha256"]].concat())?;
            let mut options = presigned_options(&given)?;
            options.sha256 = given.read("sha256", sha256)?;
            let upload =
                async move { files.presigned_upload(&filename, &kind, size, options).await };
            Ok((given.signal()?, upload))
        };
        soon(&env, begin, |_, upload| Ok(PresignedUpload(upload)))
    }

    /// A form to upload one file whose size is within `sizes`, for pages without JavaScript and for
    /// clients that do not know the size beforehand. What is signed binds the key, the range, the
    /// content type and every other field to its very value.
    ///
    /// It lives, and is used, as `presignedUpload` says; `sizes.max` bytes are reserved. Not every
    /// store takes forms: R2 does not.
    ///
    /// @param filename The name to store it under. It is cleaned: the answer tells the key.
    /// @param kind The kind of file, for example `image`.
    /// @param sizes The fewest and the most bytes that it may have.
    /// @throws {CasierError} What `presignedUpload` throws; `invalid-request` also for an empty
    /// range and for metadata that hold `${filename}`, which S3 would replace; `storage-unsupported`
    /// when `overwrite` is false: forms have no such condition.
    #[napi(
        ts_args_type = "filename: string, kind: string, sizes: SizeRange, options?: PresignedPostOptions",
        ts_return_type = "Promise<PresignedPost>"
    )]
    pub fn presigned_post(
        &self,
        env: Env,
        filename: Unknown<'_>,
        kind: Unknown<'_>,
        sizes: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (filename, kind) = (text(filename, FILENAME)?, text(kind, "kind")?);
            let range = Options::new(sizes, &["min", "max"])?;
            let (Some(min), Some(max)) = (range.bytes("min")?, range.bytes("max")?) else {
                return must_be("sizes", "{ min, max }");
            };
            let given = Options::new(options, &FORM)?;
            let options = presigned_options(&given)?;
            let post =
                async move { files.presigned_post(&filename, &kind, min..=max, options).await };
            Ok((given.signal()?, post))
        };
        soon(&env, begin, |_, post| Ok(PresignedPost(post)))
    }
}

/// What a form may be told; a link may be told more.
const FORM: [&str; 7] = [TYPE, METADATA, OVERWRITE, RANDOM, LIFE, CLASS, SIGNAL];

fn presigned_options(given: &Options<'_>) -> Outcome<PresignedUploadOptions> {
    let mut options = PresignedUploadOptions::default();
    options.content_type = given.text(TYPE)?;
    options.metadata = given.named_texts(METADATA)?.unwrap_or_default();
    options.overwrite = given.flag(OVERWRITE)?.unwrap_or(options.overwrite);
    options.unguessable = given.flag(RANDOM)?.unwrap_or(options.unguessable);
    options.expires_in = given.count(LIFE)?;
    options.storage_class = given.text(CLASS)?;
    Ok(options)
}

/// A request that uploads one file. Whoever has it can send it, as often as they like, until it ends:
/// neither `console.log` nor `JSON.stringify` shows its address.
#[napi]
#[derive(Debug)]
pub struct PresignedUpload(storage::PresignedUpload);

#[napi]
impl PresignedUpload {
    /// The full key that the file will have.
    #[napi(getter)]
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// The method: `PUT`.
    #[napi(getter)]
    pub fn method(&self) -> &str {
        self.0.method
    }

    /// The address.
    #[napi(getter)]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The headers that must be sent, with these values. `fetch` sends `content-length` by itself,
    /// from the body.
    #[napi(getter, ts_return_type = "Record<string, string>")]
    pub fn headers(&self, env: Env) -> napi::Result<Js> {
        json(&env, &self.0.headers)
    }

    /// How long the link really lives, in seconds.
    #[napi(getter)]
    pub fn expires_in(&self) -> f64 {
        to_f64(self.0.expires_in)
    }

    /// When it ends.
    #[napi(getter, ts_return_type = "Date")]
    pub fn expires_at(&self, env: Env) -> napi::Result<Js> {
        date(&env, self.0.expires_at)
    }
}

/// A form that uploads one file. Whoever has it can send it, as often as they like, until it ends:
/// neither `console.log` nor `JSON.stringify` shows its fields.
#[napi]
#[derive(Debug)]
pub struct PresignedPost(storage::PresignedPost);

#[napi]
impl PresignedPost {
    /// The full key that the file will have.
    #[napi(getter)]
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// Where the form is sent, as `multipart/form-data`.
    #[napi(getter)]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// All fields but the file, which comes last, under the name `file`.
    #[napi(getter, ts_return_type = "Record<string, string>")]
    pub fn fields(&self, env: Env) -> napi::Result<Js> {
        json(&env, &self.0.fields)
    }

    /// How long the form really lives, in seconds.
    #[napi(getter)]
    pub fn expires_in(&self) -> f64 {
        to_f64(self.0.expires_in)
    }

    /// When it ends.
    #[napi(getter, ts_return_type = "Date")]
    pub fn expires_at(&self, env: Env) -> napi::Result<Js> {
        date(&env, self.0.expires_at)
    }
}

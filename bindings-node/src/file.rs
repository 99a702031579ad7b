//! What the storage answers with.

use casier::storage;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::convert::{Js, date, json, to_f64};
use crate::error::casier_error;

/// A stored file.
#[napi(object, object_from_js = false, use_nullable = true)]
#[expect(missing_debug_implementations, reason = "holds values of JavaScript's")]
pub struct StoredFile {
    /// The full S3 key.
    pub key: String,
    /// The last part of the key.
    pub filename: String,
    /// The kind; null when the key lies in no folder of a kind.
    pub kind: Option<String>,
    /// The size in bytes.
    pub size: f64,
    /// The content type; null in a listing without metadata.
    pub content_type: Option<String>,
    /// The entity tag, without its quotes. Not always an MD5.
    pub etag: Option<String>,
    /// When the file was stored; null after an upload.
    #[napi(ts_type = "Date | null")]
    pub last_modified: Option<Js>,
    /// The user metadata; empty in a listing without metadata.
    #[napi(ts_type = "Record<string, string>")]
    pub metadata: Js,
    /// The storage class, where the store names one.
    pub storage_class: Option<String>,
}

impl StoredFile {
    pub(crate) fn all(env: &Env, files: Vec<storage::StoredFile>) -> napi::Result<Vec<Self>> {
        files.into_iter().map(|file| Self::new(env, file)).collect()
    }

    pub(crate) fn new(env: &Env, file: storage::StoredFile) -> napi::Result<Self> {
        Ok(Self {
            key: file.key,
            filename: file.filename,
            kind: file.kind,
            size: to_f64(file.size),
            content_type: file.content_type,
            etag: file.etag,
            last_modified: file.last_modified.map(|time| date(env, time)).transpose()?,
            metadata: json(env, &file.metadata)?,
            storage_class: file.storage_class,
        })
    }
}

/// Some files of a scope.
#[napi(object, object_from_js = false, use_nullable = true)]
#[expect(missing_debug_implementations, reason = "holds values of JavaScript's")]
pub struct Page {
    /// The files.
    pub items: Vec<StoredFile>,
    /// Where the next page begins; null when there is no more.
    pub next_cursor: Option<String>,
    /// How many objects were left out because their keys cannot be read: folders that consoles
    /// make, objects of other tools.
    pub skipped: f64,
}

impl Page {
    pub(crate) fn new(env: &Env, page: storage::Page) -> napi::Result<Self> {
        Ok(Self {
            items: StoredFile::all(env, page.items)?,
            next_cursor: page.next_cursor,
            skipped: to_f64(page.skipped),
        })
    }
}

/// What became of one key of many.
#[napi(object, object_from_js = false, use_nullable = true)]
#[expect(missing_debug_implementations, reason = "holds values of JavaScript's")]
pub struct Deletion {
    /// The key, as it was given.
    pub key: String,
    /// Why the file could not be deleted; null when it is gone.
    #[napi(ts_type = "CasierError | null")]
    pub error: Option<Js>,
}

impl Deletion {
    pub(crate) fn new(env: &Env, deletion: storage::Deletion) -> napi::Result<Self> {
        let error = deletion.error.map(|error| casier_error(env, &error, None)).transpose()?;
        Ok(Self { key: deletion.key, error })
    }

    pub(crate) fn all(env: &Env, deletions: Vec<storage::Deletion>) -> napi::Result<Vec<Self>> {
        deletions.into_iter().map(|deletion| Self::new(env, deletion)).collect()
    }
}

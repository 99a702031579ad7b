//! What calls answer that concern many files, or an upload that is under way.

use std::collections::HashMap;

use casier::storage;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::convert::{Js, date, to_f64};
use crate::file::Deletion;

/// How far an upload in parts has come.
#[napi(object, object_from_js = false, use_nullable = true)]
#[expect(missing_debug_implementations, reason = "holds values of JavaScript's")]
pub struct UploadState {
    /// The full S3 key that the file will have.
    pub key: String,
    /// The last part of the key.
    pub filename: String,
    /// The kind.
    pub kind: Option<String>,
    /// The size of the file in bytes.
    pub size: f64,
    /// The bytes of each part but the last.
    pub part_size: f64,
    /// How many parts the file has.
    pub part_count: u32,
    /// The numbers of the parts that the store holds, from 1 on.
    pub parts: Vec<u32>,
    /// The bytes that the store holds.
    pub sent: f64,
    /// When the id of the upload ends.
    #[napi(ts_type = "Date")]
    pub expires_at: Js,
}

impl UploadState {
    pub(crate) fn new(env: &Env, state: storage::UploadState) -> napi::Result<Self> {
        Ok(Self {
            key: state.key,
            filename: state.filename,
            kind: state.kind,
            size: to_f64(state.size),
            part_size: to_f64(state.part_size),
            part_count: state.part_count,
            parts: state.parts,
            sent: to_f64(state.sent),
            expires_at: date(env, state.expires_at)?,
        })
    }
}

/// What `sweepUploads` has found.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct SweptUploads {
    /// How many uploads have been aborted.
    pub aborted: f64,
    /// How many may still be completed, and were left alone.
    pub live: f64,
}

impl From<storage::SweptUploads> for SweptUploads {
    fn from(swept: storage::SweptUploads) -> Self {
        Self { aborted: to_f64(swept.aborted), live: to_f64(swept.live) }
    }
}

/// What `deleteAll` has deleted.
#[napi(object, object_from_js = false)]
#[expect(missing_debug_implementations, reason = "holds values of JavaScript's")]
pub struct Receipt {
    /// How many files: the current versions.
    pub files: f64,
    /// How many older versions.
    pub versions: f64,
    /// How many delete markers.
    pub delete_markers: f64,
    /// How many unfinished uploads.
    pub uploads: f64,
    /// The bytes of the files and the older versions.
    pub bytes: f64,
    /// What is still there, and why; empty when all is gone.
    pub failed: Vec<Deletion>,
}

impl Receipt {
    pub(crate) fn new(env: &Env, receipt: storage::Receipt) -> napi::Result<Self> {
        Ok(Self {
            files: to_f64(receipt.files),
            versions: to_f64(receipt.versions),
            delete_markers: to_f64(receipt.delete_markers),
            uploads: to_f64(receipt.uploads),
            bytes: to_f64(receipt.bytes),
            failed: Deletion::all(env, receipt.failed)?,
        })
    }
}

/// What a scope holds.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct Usage {
    /// How many files.
    pub files: f64,
    /// Their bytes.
    pub bytes: f64,
    /// The same for each kind. What lies in no kind's folder counts above alone.
    pub by_kind: HashMap<String, KindUsage>,
}

/// What a scope holds of one kind.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct KindUsage {
    /// How many files.
    pub files: f64,
    /// Their bytes.
    pub bytes: f64,
}

impl From<storage::Usage> for Usage {
    fn from(usage: storage::Usage) -> Self {
        let by_kind = usage.by_kind.into_iter().map(|(kind, of_kind)| {
            let (files, bytes) = (to_f64(of_kind.files), to_f64(of_kind.bytes));
            (kind, KindUsage { files, bytes })
        });
        let (files, bytes) = (to_f64(usage.files), to_f64(usage.bytes));
        Self { files, bytes, by_kind: by_kind.collect() }
    }
}

//! What calls answer that concern many files, or an upload that is under way.

use std::collections::HashMap;

use casier::storage;

use crate::convert::Time;
use crate::file::Deletion;

#[derive(uniffi::Record)]
pub(crate) struct UploadState {
    key: String,
    filename: String,
    kind: Option<String>,
    size: u64,
    part_size: u64,
    part_count: u32,
    parts: Vec<u32>,
    sent: u64,
    expires_at: Time,
}

impl From<storage::UploadState> for UploadState {
    fn from(state: storage::UploadState) -> Self {
        Self {
            key: state.key,
            filename: state.filename,
            kind: state.kind,
            size: state.size,
            part_size: state.part_size,
            part_count: state.part_count,
            parts: state.parts,
            sent: state.sent,
            expires_at: Time(state.expires_at),
        }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct BegunUpload {
    upload_id: String,
    key: String,
    part_size: u64,
    part_count: u32,
    expires_at: Time,
}

impl From<storage::BegunUpload> for BegunUpload {
    fn from(begun: storage::BegunUpload) -> Self {
        Self {
            upload_id: begun.upload_id,
            key: begun.key,
            part_size: begun.part_size,
            part_count: begun.part_count,
            expires_at: Time(begun.expires_at),
        }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct SweptUploads {
    aborted: u64,
    live: u64,
}

impl From<storage::SweptUploads> for SweptUploads {
    fn from(swept: storage::SweptUploads) -> Self {
        Self { aborted: swept.aborted, live: swept.live }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct Receipt {
    files: u64,
    versions: u64,
    delete_markers: u64,
    uploads: u64,
    bytes: u64,
    failed: Vec<Deletion>,
}

impl From<storage::Receipt> for Receipt {
    fn from(receipt: storage::Receipt) -> Self {
        Self {
            files: receipt.files,
            versions: receipt.versions,
            delete_markers: receipt.delete_markers,
            uploads: receipt.uploads,
            bytes: receipt.bytes,
            failed: receipt.failed.into_iter().map(Deletion::from).collect(),
        }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct Usage {
    files: u64,
    bytes: u64,
    by_kind: HashMap<String, KindUsage>,
}

#[derive(uniffi::Record)]
pub(crate) struct KindUsage {
    files: u64,
    bytes: u64,
}

impl From<storage::Usage> for Usage {
    fn from(usage: storage::Usage) -> Self {
        let by_kind = usage.by_kind.into_iter().map(|(kind, of_kind)| {
            (kind, KindUsage { files: of_kind.files, bytes: of_kind.bytes })
        });
        Self { files: usage.files, bytes: usage.bytes, by_kind: by_kind.collect() }
    }
}

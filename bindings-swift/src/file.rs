//! What the storage answers of files.

use std::collections::HashMap;

use casier::storage;

use crate::convert::Time;
use crate::error::Failure;

#[derive(uniffi::Record)]
pub(crate) struct StoredFile {
    key: String,
    filename: String,
    kind: Option<String>,
    size: u64,
    content_type: Option<String>,
    etag: Option<String>,
    last_modified: Option<Time>,
    metadata: HashMap<String, String>,
    storage_class: Option<String>,
}

impl From<storage::StoredFile> for StoredFile {
    fn from(file: storage::StoredFile) -> Self {
        Self {
            key: file.key,
            filename: file.filename,
            kind: file.kind,
            size: file.size,
            content_type: file.content_type,
            etag: file.etag,
            last_modified: file.last_modified.map(Time),
            metadata: file.metadata.into_iter().collect(),
            storage_class: file.storage_class,
        }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct Page {
    items: Vec<StoredFile>,
    next_cursor: Option<String>,
    skipped: u64,
}

impl From<storage::Page> for Page {
    fn from(page: storage::Page) -> Self {
        let items = page.items.into_iter().map(StoredFile::from).collect();
        Self { items, next_cursor: page.next_cursor, skipped: page.skipped }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct Deletion {
    key: String,
    error: Option<Failure>,
}

impl From<storage::Deletion> for Deletion {
    fn from(deletion: storage::Deletion) -> Self {
        Self { key: deletion.key, error: deletion.error.map(Failure::from) }
    }
}

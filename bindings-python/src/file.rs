//! What the storage answers of files.

use std::collections::BTreeMap;

use casier::storage;
use pyo3::prelude::*;

use crate::convert::{Time, repr};
use crate::error::Exception;

/// A stored file.
#[pyclass(frozen, eq, module = "casier")]
#[derive(PartialEq)]
pub(crate) struct StoredFile(pub(crate) storage::StoredFile);

#[pymethods]
impl StoredFile {
    /// The full S3 key.
    #[getter]
    fn key(&self) -> &str {
        &self.0.key
    }

    /// The last part of the key.
    #[getter]
    fn filename(&self) -> &str {
        &self.0.filename
    }

    /// The kind; None when the key lies in no folder of a kind.
    #[getter]
    fn kind(&self) -> Option<&str> {
        self.0.kind.as_deref()
    }

    /// The size in bytes.
    #[getter]
    fn size(&self) -> u64 {
        self.0.size
    }

    /// The content type; None in a listing without metadata.
    #[getter]
    fn content_type(&self) -> Option<&str> {
        self.0.content_type.as_deref()
    }

    /// The entity tag, without its quotes. Not always an MD5.
    #[getter]
    fn etag(&self) -> Option<&str> {
        self.0.etag.as_deref()
    }

    /// When the file was stored, in UTC; None after an upload.
    #[getter]
    fn last_modified(&self) -> Option<Time> {
        self.0.last_modified.map(Time)
    }

    /// The user metadata; empty in a listing without metadata. A copy.
    #[getter]
    fn metadata(&self) -> BTreeMap<String, String> {
        self.0.metadata.clone()
    }

    /// The storage class, where the store names one.
    #[getter]
    fn storage_class(&self) -> Option<&str> {
        self.0.storage_class.as_deref()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("StoredFile(key={}, size={})", repr(py, self.key())?, self.size()))
    }
}

/// Some files of a scope.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Page(pub(crate) storage::Page);

#[pymethods]
impl Page {
    /// The files.
    #[getter]
    fn items(&self) -> Vec<StoredFile> {
        self.0.items.iter().cloned().map(StoredFile).collect()
    }

    /// Where the next page begins; None when there is no more.
    #[getter]
    fn next_cursor(&self) -> Option<&str> {
        self.0.next_cursor.as_deref()
    }

    /// How many objects were left out because their keys cannot be read: folders that consoles
    /// make, objects of other tools.
    #[getter]
    fn skipped(&self) -> u64 {
        self.0.skipped
    }

    fn __repr__(&self) -> String {
        let more = if self.0.next_cursor.is_some() { ", and more" } else { "" };
        format!("<Page of {} files{more}>", self.0.items.len())
    }
}

/// What became of one key of `delete_many`.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Deletion(pub(crate) storage::Deletion);

#[pymethods]
impl Deletion {
    /// The key, as it was given.
    #[getter]
    fn key(&self) -> &str {
        &self.0.key
    }

    /// Why the file could not be deleted; None when it is gone.
    #[getter]
    fn error(&self) -> Option<Exception> {
        self.0.error.clone().map(Exception)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let error = self.0.error.as_ref().map(casier::Error::code);
        Ok(format!("Deletion(key={}, error={})", repr(py, self.key())?, repr(py, error)?))
    }
}

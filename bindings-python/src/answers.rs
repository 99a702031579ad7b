//! What calls answer that concern many files, or an upload that is under way.

use std::collections::BTreeMap;

use casier::storage;
use pyo3::prelude::*;

use crate::convert::{Time, repr};
use crate::file::Deletion;

/// How far an upload in parts has come.
#[pyclass(frozen, module = "casier")]
pub(crate) struct UploadState(pub(crate) storage::UploadState);

#[pymethods]
impl UploadState {
    /// The full S3 key that the file will have.
    #[getter]
    fn key(&self) -> &str {
        &self.0.key
    }

    /// The last part of the key.
    #[getter]
    fn filename(&self) -> &str {
        &self.0.filename
    }

    /// The kind.
    #[getter]
    fn kind(&self) -> Option<&str> {
        self.0.kind.as_deref()
    }

    /// The size of the file in bytes.
    #[getter]
    fn size(&self) -> u64 {
        self.0.size
    }

    /// The bytes of each part but the last.
    #[getter]
    fn part_size(&self) -> u64 {
        self.0.part_size
    }

    /// How many parts the file has.
    #[getter]
    fn part_count(&self) -> u32 {
        self.0.part_count
    }

    /// The numbers of the parts that the store holds, from 1 on.
    #[getter]
    fn parts(&self) -> Vec<u32> {
        self.0.parts.clone()
    }

    /// The bytes that the store holds.
    #[getter]
    fn sent(&self) -> u64 {
        self.0.sent
    }

    /// When the id of the upload ends, in UTC.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (key, state) = (repr(py, self.key())?, &self.0);
        Ok(format!("UploadState(key={key}, sent={}, size={})", state.sent, state.size))
    }
}

/// An upload that the store has begun. Whoever acts for its user can go on with it by its id, which
/// its `repr` does not show.
#[pyclass(frozen, module = "casier")]
pub(crate) struct BegunUpload(pub(crate) storage::BegunUpload);

#[pymethods]
impl BegunUpload {
    /// The id that `part_urls`, `upload_state`, `complete_upload` and `abort_upload` take.
    #[getter]
    fn upload_id(&self) -> &str {
        &self.0.upload_id
    }

    /// The full S3 key that the file will have.
    #[getter]
    fn key(&self) -> &str {
        &self.0.key
    }

    /// The bytes of each part but the last.
    #[getter]
    fn part_size(&self) -> u64 {
        self.0.part_size
    }

    /// How many parts the file has: none, if it is empty.
    #[getter]
    fn part_count(&self) -> u32 {
        self.0.part_count
    }

    /// When the upload ends, in UTC, by the store's clock.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.0.expires_at)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let key = repr(py, self.key())?;
        Ok(format!("BegunUpload(key={key}, part_count={})", self.part_count()))
    }
}

/// What `sweep_uploads` has found.
#[pyclass(frozen, module = "casier")]
pub(crate) struct SweptUploads(pub(crate) storage::SweptUploads);

#[pymethods]
impl SweptUploads {
    /// How many uploads have been aborted.
    #[getter]
    fn aborted(&self) -> u64 {
        self.0.aborted
    }

    /// How many may still be completed, and were left alone.
    #[getter]
    fn live(&self) -> u64 {
        self.0.live
    }

    fn __repr__(&self) -> String {
        format!("SweptUploads(aborted={}, live={})", self.0.aborted, self.0.live)
    }
}

/// What `delete_all` has deleted.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Receipt(pub(crate) storage::Receipt);

#[pymethods]
impl Receipt {
    /// How many files: the current versions.
    #[getter]
    fn files(&self) -> u64 {
        self.0.files
    }

    /// How many older versions.
    #[getter]
    fn versions(&self) -> u64 {
        self.0.versions
    }

    /// How many delete markers.
    #[getter]
    fn delete_markers(&self) -> u64 {
        self.0.delete_markers
    }

    /// How many unfinished uploads.
    #[getter]
    fn uploads(&self) -> u64 {
        self.0.uploads
    }

    /// The bytes of the files and the older versions.
    #[getter]
    fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// What is still there, and why; empty when all is gone.
    #[getter]
    fn failed(&self) -> Vec<Deletion> {
        self.0.failed.iter().cloned().map(Deletion).collect()
    }

    fn __repr__(&self) -> String {
        let it = &self.0;
        format!("Receipt(files={}, bytes={}, failed={})", it.files, it.bytes, it.failed.len())
    }
}

/// What a scope holds.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Usage(pub(crate) storage::Usage);

#[pymethods]
impl Usage {
    /// How many files.
    #[getter]
    fn files(&self) -> u64 {
        self.0.files
    }

    /// Their bytes.
    #[getter]
    fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// The same for each kind. What lies in no kind's folder counts above alone.
    #[getter]
    fn by_kind(&self) -> BTreeMap<String, KindUsage> {
        let by_kind = self.0.by_kind.iter();
        by_kind.map(|(kind, usage)| (kind.clone(), KindUsage(*usage))).collect()
    }

    fn __repr__(&self) -> String {
        format!("Usage(files={}, bytes={})", self.0.files, self.0.bytes)
    }
}

/// What a scope holds of one kind.
#[pyclass(frozen, eq, module = "casier")]
#[derive(PartialEq)]
pub(crate) struct KindUsage(storage::KindUsage);

#[pymethods]
impl KindUsage {
    /// How many files.
    #[getter]
    fn files(&self) -> u64 {
        self.0.files
    }

    /// Their bytes.
    #[getter]
    fn bytes(&self) -> u64 {
        self.0.bytes
    }

    fn __repr__(&self) -> String {
        format!("KindUsage(files={}, bytes={})", self.0.files, self.0.bytes)
    }
}

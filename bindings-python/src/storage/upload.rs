//! Uploads.

use std::path::PathBuf;

use casier::storage::{ResumeOptions, UploadOptions};
use pyo3::prelude::*;

use super::{UserStorage, pairs, text};
use crate::answers::{SweptUploads, UploadState};
use crate::contents::Contents;
use crate::convert::{ByteCount, Metadata, Text};
use crate::file::StoredFile;
use crate::transfer::{BeginListener, Cancellation, ProgressListener, Seconds, under};

#[pymethods]
impl UserStorage {
    /// Uploads a file from disk: small ones in one request, large ones in parts, several at a time.
    /// Memory stays bounded whatever the size. An upload that fails or is given up is aborted at the
    /// store.
    ///
    /// Args:
    ///     path: The file to upload.
    ///     kind: The kind of file, for example `image`.
    ///     filename: The name to store it under. Defaults to the last part of the path. It is
    ///         cleaned: the answer tells the name that was stored.
    ///     metadata: User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-`,
    ///         `minio-` and `snowball-` are reserved), values in any script, 2 KB together.
    ///     content_type: The content type. Defaults to that of the filename's extension, else
    ///         `application/octet-stream`.
    ///     overwrite: Whether a file of the same key is replaced.
    ///     unguessable: Whether 128 random bits go into the name, before its extension.
    ///     tags: Tags of the object: 10 at most, names of 1 to 128 characters, values of up to 256.
    ///     storage_class: The storage class, as S3 names it (`STANDARD_IA`). Defaults to the
    ///         setting `storage_class`.
    ///     on_progress: Is called with the bytes that have been sent and with all that will be, or
    ///         None where that is not known. It runs on any thread and must be quick.
    ///     on_begin: Is called with the id of an upload in parts as soon as there is one: keep it,
    ///         and `resume_upload` goes on after a restart. With it, a failure that may pass
    ///         (`storage-unavailable`, `timeout`) keeps what was sent.
    ///     deadline: How long the whole call may take, in seconds. Defaults to 30 seconds and one
    ///         more for each 128 KiB.
    ///     cancellation: Gives the upload up from another thread (`cancelled`).
    ///
    /// Raises:
    ///     InvalidInput: `invalid-kind`, `invalid-filename`, `type-not-allowed`,
    ///         `content-mismatch`, `file-too-large`, `metadata-too-large`, `invalid-request`,
    ///         `checksum-mismatch`.
    ///     Conflict: The file exists and `overwrite` is false (`file-exists`).
    ///     CasierError: The file on disk cannot be read, or changes meanwhile (`io-failed`).
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        path, kind, *, filename = None, metadata = None, content_type = None, overwrite = true,
        unguessable = false, tags = None, storage_class = None, on_progress = None,
        on_begin = None, deadline = None, cancellation = None
    ))]
    fn upload_file(
        &self,
        py: Python<'_>,
        path: PathBuf,
        kind: Text,
        filename: Option<Text>,
        metadata: Option<Metadata>,
        content_type: Option<Text>,
        overwrite: bool,
        unguessable: bool,
        tags: Option<Metadata>,
        storage_class: Option<Text>,
        on_progress: Option<ProgressListener>,
        on_begin: Option<BeginListener>,
        deadline: Option<Seconds>,
        cancellation: Option<Cancellation>,
    ) -> PyResult<StoredFile> {
        let mut options =
            upload_options(metadata, content_type, overwrite, unguessable, tags, storage_class);
        options.filename = text(filename);
        options.on_progress = on_progress.map(ProgressListener::hook);
        options.on_begin = on_begin.map(BeginListener::hook);
        options.deadline = Seconds::duration(deadline);
        let files = self.here(py)?;
        let upload = async move { files.upload_file(path, &kind, options).await };
        self.client.wait(py, under(cancellation, upload)).map(StoredFile)
    }

    /// Uploads what is in memory, or what a file or an iterable gives. These are read while they are
    /// sent, on another thread than the caller's, and never held in memory as a whole.
    ///
    /// Args:
    ///     data: Bytes, any buffer of bytes, a file opened in binary mode, which is read from where
    ///         it stands to its end, or an iterable of bytes.
    ///     filename: The name to store it under. It is cleaned: the answer tells the name that was
    ///         stored.
    ///     kind: The kind of file, for example `image`.
    ///     size: How many bytes there are. Defaults to what `data` can tell. Of another size, it is
    ///         refused (`upload-incomplete`, `invalid-request`) and nothing is stored.
    ///     metadata: As for `upload_file`.
    ///     content_type: As for `upload_file`.
    ///     overwrite: As for `upload_file`.
    ///     unguessable: As for `upload_file`.
    ///     tags: As for `upload_file`.
    ///     storage_class: As for `upload_file`.
    ///     on_progress: As for `upload_file`.
    ///     deadline: As for `upload_file`.
    ///     cancellation: As for `upload_file`.
    ///
    /// Raises:
    ///     CasierError: What `upload_file` raises, less what concerns the disk. What `data` itself
    ///         raises while it is read comes through; nothing is stored then.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        data, filename, kind, *, size = None, metadata = None, content_type = None,
        overwrite = true, unguessable = false, tags = None, storage_class = None,
        on_progress = None, deadline = None, cancellation = None
    ))]
    fn upload_file_object(
        &self,
        py: Python<'_>,
        data: Contents,
        filename: Text,
        kind: Text,
        size: Option<ByteCount>,
        metadata: Option<Metadata>,
        content_type: Option<Text>,
        overwrite: bool,
        unguessable: bool,
        tags: Option<Metadata>,
        storage_class: Option<Text>,
        on_progress: Option<ProgressListener>,
        deadline: Option<Seconds>,
        cancellation: Option<Cancellation>,
    ) -> PyResult<StoredFile> {
        let mut options =
            upload_options(metadata, content_type, overwrite, unguessable, tags, storage_class);
        options.on_progress = on_progress.map(ProgressListener::hook);
        options.deadline = Seconds::duration(deadline);
        let files = self.here(py)?;
        let (contents, failure) = data.upload(size.map(|size| size.0));
        let upload =
            async move { files.upload_file_object(contents, &filename, &kind, options).await };
        let stored = self.client.wait(py, under(cancellation, upload));
        stored.map(StoredFile).map_err(|raised| failure.or(raised))
    }

    /// Goes on with an upload in parts that broke off, from what the store holds of it and is as in
    /// the file.
    ///
    /// Args:
    ///     upload_id: What `on_begin` was called with.
    ///     path: The file that was being uploaded.
    ///     on_progress: As for `upload_file`, what the store already holds included.
    ///     deadline: As for `upload_file`.
    ///     cancellation: As for `upload_file`.
    ///
    /// Raises:
    ///     NotFound: The id is forged, another's, has expired, or of an upload that was given up
    ///         (`upload-not-found`).
    ///     CasierError: What `upload_file` raises.
    #[pyo3(signature = (
        upload_id, path, *, on_progress = None, deadline = None, cancellation = None
    ))]
    fn resume_upload(
        &self,
        py: Python<'_>,
        upload_id: Text,
        path: PathBuf,
        on_progress: Option<ProgressListener>,
        deadline: Option<Seconds>,
        cancellation: Option<Cancellation>,
    ) -> PyResult<StoredFile> {
        let mut options = ResumeOptions::default();
        options.on_progress = on_progress.map(ProgressListener::hook);
        options.deadline = Seconds::duration(deadline);
        let files = self.here(py)?;
        let upload = async move { files.resume_upload(&upload_id, path, options).await };
        self.client.wait(py, under(cancellation, upload)).map(StoredFile)
    }

    /// How far an upload in parts has come.
    ///
    /// Args:
    ///     upload_id: What `on_begin` was called with.
    ///
    /// Raises:
    ///     NotFound: As for `resume_upload` (`upload-not-found`).
    fn upload_state(&self, py: Python<'_>, upload_id: Text) -> PyResult<UploadState> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.upload_state(&upload_id).await }).map(UploadState)
    }

    /// Gives up an upload in parts: what the store holds of it goes. One that is over already,
    /// completed or given up, stays as it is.
    ///
    /// Args:
    ///     upload_id: What `on_begin` was called with.
    ///
    /// Raises:
    ///     NotFound: The id is forged, another's, or has expired (`upload-not-found`).
    fn abort_upload(&self, py: Python<'_>, upload_id: Text) -> PyResult<()> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.abort_upload(&upload_id).await })
    }

    /// Aborts the uploads in parts of this scope whose ids have expired: what crashes have left. By
    /// the store's own clock, so that no live upload is swept.
    fn sweep_uploads(&self, py: Python<'_>) -> PyResult<SweptUploads> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.sweep_uploads().await }).map(SweptUploads)
    }
}

fn upload_options(
    metadata: Option<Metadata>,
    content_type: Option<Text>,
    overwrite: bool,
    unguessable: bool,
    tags: Option<Metadata>,
    storage_class: Option<Text>,
) -> UploadOptions {
    let mut options = UploadOptions::default();
    options.metadata = pairs(metadata);
    options.content_type = text(content_type);
    options.overwrite = overwrite;
    options.unguessable = unguessable;
    options.tags = pairs(tags);
    options.storage_class = text(storage_class);
    options
}

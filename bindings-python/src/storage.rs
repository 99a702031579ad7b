//! The files of one scope.

use std::path::PathBuf;
use std::sync::Arc;

use casier::storage::{self, LinkOptions, ListOptions, UploadOptions};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::client::Client;
use crate::convert::{Contents, Count, Metadata, Strings, Text, repr};
use crate::error::OrRaise;
use crate::file::{Deletion, Link, Page, StoredFile};
use crate::scope::Scope;

/// Everything inside one scope. No call reaches outside it, whatever its arguments hold.
///
/// Calls wait, with the GIL released, and have a deadline (`timeout`). A key that belongs to
/// somebody else is `not-owner`, one that nobody could read `invalid-key`; only the string decides,
/// and nothing is sent. A store that does not answer is `storage-unavailable`, one that refuses our
/// credentials `storage-denied`.
#[pyclass(frozen, module = "casier")]
pub(crate) struct UserStorage {
    client: Arc<Client>,
    owner: Owner,
}

/// Whose files they are, and so whether a tier limits them.
pub(crate) enum Owner {
    Session(casier::Session),
    UserId(String),
}

impl UserStorage {
    /// Opens the files once, so that what cannot be opened is refused here and not at first use.
    pub(crate) fn open(py: Python<'_>, client: Arc<Client>, owner: Owner) -> PyResult<Self> {
        let files = Self { client, owner };
        files.here(py)?;
        Ok(files)
    }

    /// The files over this process's own connections.
    fn here(&self, py: Python<'_>) -> PyResult<storage::UserStorage> {
        let casier = self.client.casier(py)?;
        let files = match &self.owner {
            Owner::Session(session) => session.with_casier(&casier).files(),
            Owner::UserId(user_id) => casier.storage_for(user_id),
        };
        files.or_raise(py)
    }
}

#[pymethods]
impl UserStorage {
    /// The scope that this storage is confined to.
    #[getter]
    fn scope(&self, py: Python<'_>) -> PyResult<Scope> {
        Ok(Scope(self.here(py)?.scope().clone()))
    }

    /// The bucket that the scope lies in.
    #[getter]
    fn bucket(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.here(py)?.bucket().to_owned())
    }

    /// Uploads a file from disk, in pieces; memory stays bounded whatever its size.
    ///
    /// Args:
    ///     path: The file to upload.
    ///     kind: The kind of file, for example `image`.
    ///     filename: The name to store it under. Defaults to the last part of the path. It is
    ///         cleaned: the answer tells the name that was stored.
    ///     metadata: User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-` is
    ///         reserved), values in any script, 2 KB together.
    ///     content_type: The content type. Defaults to that of the filename's extension, else
    ///         `application/octet-stream`.
    ///     overwrite: Whether a file of the same key is replaced.
    ///     unguessable: Whether 128 random bits go into the name, before its extension.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-kind`, `invalid-filename`, `type-not-allowed`,
    ///         `content-mismatch`, `file-too-large` for the tier or above 5 GiB,
    ///         `metadata-too-large`, `invalid-request`, `checksum-mismatch`.
    ///     Conflict: The file exists and `overwrite` is false (`file-exists`).
    ///     CasierError: The file on disk cannot be read, or changes meanwhile (`io-failed`).
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        path, kind, *, filename = None, metadata = None, content_type = None, overwrite = true,
        unguessable = false
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
    ) -> PyResult<StoredFile> {
        let mut options = upload_options(metadata, content_type, overwrite, unguessable);
        options.filename = text(filename);
        let files = self.here(py)?;
        self.client
            .wait(py, async move { files.upload_file(path, &kind, options).await })
            .map(StoredFile)
    }

    /// Uploads what is in memory.
    ///
    /// Args:
    ///     data: Bytes, any buffer of bytes, or a file opened in binary mode, which is read into
    ///         memory from where it stands to its end (`upload_file` streams from disk).
    ///     filename: The name to store it under. It is cleaned: the answer tells the name that was
    ///         stored.
    ///     kind: The kind of file, for example `image`.
    ///     metadata: As for `upload_file`.
    ///     content_type: As for `upload_file`.
    ///     overwrite: As for `upload_file`.
    ///     unguessable: As for `upload_file`.
    ///
    /// Raises:
    ///     CasierError: What `upload_file` raises, less what concerns the disk.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        data, filename, kind, *, metadata = None, content_type = None, overwrite = true,
        unguessable = false
    ))]
    fn upload_file_object(
        &self,
        py: Python<'_>,
        data: Contents,
        filename: Text,
        kind: Text,
        metadata: Option<Metadata>,
        content_type: Option<Text>,
        overwrite: bool,
        unguessable: bool,
    ) -> PyResult<StoredFile> {
        let options = upload_options(metadata, content_type, overwrite, unguessable);
        let files = self.here(py)?;
        self.client
            .wait(
                py,
                async move { files.upload_file_object(data.0, &filename, &kind, options).await },
            )
            .map(StoredFile)
    }

    /// Lists files of the scope, in the order of their keys.
    ///
    /// A page may hold fewer files than its limit, even none, and yet have a next one: go on until
    /// `next_cursor` is None.
    ///
    /// Args:
    ///     kind: Only files of this kind. Defaults to all.
    ///     limit: The most files of the page, 1 to 1000. Defaults to 1000.
    ///     cursor: `next_cursor` of the page before, with the same kind. Defaults to the beginning.
    ///     with_metadata: Whether content types and user metadata are wanted, which takes one more
    ///         call to the store for each file.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-kind`, `invalid-cursor`; `invalid-request` for the limit.
    #[pyo3(signature = (kind = None, *, limit = None, cursor = None, with_metadata = false))]
    fn list(
        &self,
        py: Python<'_>,
        kind: Option<Text>,
        limit: Option<Count>,
        cursor: Option<Text>,
        with_metadata: bool,
    ) -> PyResult<Page> {
        let mut options = ListOptions::default();
        options.kind = text(kind);
        options.limit = limit.map_or(options.limit, Count::to_u32);
        options.cursor = text(cursor);
        options.with_metadata = with_metadata;
        let files = self.here(py)?;
        self.client.wait(py, async move { files.list(options).await }).map(Page)
    }

    /// What is known of a file.
    ///
    /// Raises:
    ///     NotFound: There is no such file (`file-not-found`).
    fn metadata(&self, py: Python<'_>, key: Text) -> PyResult<StoredFile> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.metadata(&key).await }).map(StoredFile)
    }

    /// Whether there is such a file.
    fn exists(&self, py: Python<'_>, key: Text) -> PyResult<bool> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.exists(&key).await })
    }

    /// Reads a file into memory.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     limit: The most bytes to take. Defaults to 64 MiB.
    ///
    /// Raises:
    ///     NotFound: There is no such file (`file-not-found`).
    ///     InvalidInput: It is larger than the limit (`file-too-large`).
    ///     Conflict: It must be restored from its archive first (`file-archived`).
    #[pyo3(signature = (key, *, limit = None))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        key: Text,
        limit: Option<Count>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let files = self.here(py)?;
        let mut options = storage::ReadOptions::default();
        options.limit = limit.map_or(options.limit, Count::to_u64);
        let bytes = self.client.wait(py, async move { files.read(&key, options).await })?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Downloads a file to a path, which appears whole or not at all. A file that is there is
    /// replaced.
    ///
    /// Raises:
    ///     NotFound: There is no such file (`file-not-found`).
    ///     Conflict: It must be restored from its archive first (`file-archived`).
    ///     CasierError: The folder is missing or cannot be written to (`io-failed`).
    fn download(&self, py: Python<'_>, key: Text, path: PathBuf) -> PyResult<StoredFile> {
        let files = self.here(py)?;
        let options = storage::DownloadOptions::default();
        let download = async move { files.download(&key, path, options).await };
        self.client.wait(py, download).map(StoredFile)
    }

    /// Deletes a file. Deleting what is not there succeeds.
    fn delete(&self, py: Python<'_>, key: Text) -> PyResult<()> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.delete(&key).await })
    }

    /// Deletes up to 1000 files, and tells of each key, in the order given, what became of it.
    /// Deleting what is not there succeeds. All together have the deadline of one call and a tenth
    /// of a second more for each key.
    ///
    /// Raises:
    ///     AccessDenied: One of the keys belongs to another (`not-owner`); nothing is deleted.
    ///     InvalidInput: `invalid-key` for one of the keys, `invalid-request` for more than 1000;
    ///         nothing is deleted.
    fn delete_many(&self, py: Python<'_>, keys: Strings) -> PyResult<Vec<Deletion>> {
        let files = self.here(py)?;
        let deletions = self.client.wait(py, async move { files.delete_many(keys.0).await })?;
        Ok(deletions.into_iter().map(Deletion).collect())
    }

    /// A link to read a file. It is signed here: the store is not asked, not even whether there is
    /// such a file.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     expires_in: How long it should live, in seconds, 1 to 604800. Defaults to the setting
    ///         `link_seconds`. A link longer than the tier allows is shortened, and the answer says
    ///         how long it really lives.
    ///     download_as: The name under which browsers save the file. Without it, what a browser can
    ///         show is shown: png, jpeg, gif, webp, avif, mp4, webm, mp3, m4a, ogg, wav, pdf, txt.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-request` for the life, `invalid-filename` for `download_as`.
    #[pyo3(signature = (key, expires_in = None, download_as = None))]
    fn presigned_url(
        &self,
        py: Python<'_>,
        key: Text,
        expires_in: Option<Count>,
        download_as: Option<Text>,
    ) -> PyResult<Link> {
        let mut options = LinkOptions::default();
        options.expires_in = expires_in.map(Count::to_u64);
        options.download_as = text(download_as);
        let files = self.here(py)?;
        self.client.wait(py, async move { files.presigned_url(&key, options).await }).map(Link)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("UserStorage(scope={})", repr(py, self.scope(py)?)?))
    }
}

fn upload_options(
    metadata: Option<Metadata>,
    content_type: Option<Text>,
    overwrite: bool,
    unguessable: bool,
) -> UploadOptions {
    let mut options = UploadOptions::default();
    options.metadata = metadata.unwrap_or_default().0;
    options.content_type = text(content_type);
    options.overwrite = overwrite;
    options.unguessable = unguessable;
    options
}

fn text(given: Option<Text>) -> Option<String> {
    given.map(|text| text.0)
}

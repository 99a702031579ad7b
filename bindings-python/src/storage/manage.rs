//! Managing what is stored.

use std::collections::BTreeMap;

use casier::storage::CopyOptions;
use pyo3::prelude::*;

use super::{UserStorage, text};
use crate::answers::{Receipt, Usage};
use crate::convert::{Metadata, Strings, Text};
use crate::file::{Deletion, StoredFile};

#[pymethods]
impl UserStorage {
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

    /// Copies a file inside the scope, at the store. What the policy says of uploads holds for the
    /// copy. Copied onto itself, a file gets other metadata, tags or another content type.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     filename: The copy's name. Defaults to the original's.
    ///     kind: The copy's kind. Defaults to the original's.
    ///     overwrite: Whether a file of the copy's key is replaced.
    ///     unguessable: Whether 128 random bits go into the name, before its extension.
    ///     metadata: User metadata in place of the original's.
    ///     content_type: Defaults to the original's while the extension stays the same, and to the
    ///         one of the new extension otherwise.
    ///     tags: Tags in place of the original's.
    ///
    /// Raises:
    ///     NotFound: There is no such file (`file-not-found`).
    ///     InvalidInput: What `upload_file` raises.
    ///     Conflict: There is a file of the copy's key and `overwrite` is false (`file-exists`), or
    ///         the original is replaced meanwhile (`conflict`).
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        key, *, filename = None, kind = None, overwrite = true, unguessable = false,
        metadata = None, content_type = None, tags = None
    ))]
    fn copy(
        &self,
        py: Python<'_>,
        key: Text,
        filename: Option<Text>,
        kind: Option<Text>,
        overwrite: bool,
        unguessable: bool,
        metadata: Option<Metadata>,
        content_type: Option<Text>,
        tags: Option<Metadata>,
    ) -> PyResult<StoredFile> {
        let options =
            copy_options(filename, kind, overwrite, unguessable, metadata, content_type, tags);
        let files = self.here(py)?;
        self.client.wait(py, async move { files.copy(&key, options).await }).map(StoredFile)
    }

    /// Moves a file inside the scope: copies it, and deletes the original once the copy is there.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     filename: As for `copy`.
    ///     kind: As for `copy`.
    ///     overwrite: As for `copy`.
    ///     unguessable: As for `copy`.
    ///     metadata: As for `copy`.
    ///     content_type: As for `copy`.
    ///     tags: As for `copy`.
    ///
    /// Raises:
    ///     CasierError: What `copy` raises; `conflict` also when the original is replaced after it
    ///         was copied: both are there then.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(name = "move", signature = (
        key, *, filename = None, kind = None, overwrite = true, unguessable = false,
        metadata = None, content_type = None, tags = None
    ))]
    fn move_to(
        &self,
        py: Python<'_>,
        key: Text,
        filename: Option<Text>,
        kind: Option<Text>,
        overwrite: bool,
        unguessable: bool,
        metadata: Option<Metadata>,
        content_type: Option<Text>,
        tags: Option<Metadata>,
    ) -> PyResult<StoredFile> {
        let options =
            copy_options(filename, kind, overwrite, unguessable, metadata, content_type, tags);
        let files = self.here(py)?;
        self.client.wait(py, async move { files.move_to(&key, options).await }).map(StoredFile)
    }

    /// Gives a file another name, in the folder of its kind.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     filename: The new name. It is cleaned: the answer tells the name that was stored.
    ///     overwrite: Whether a file of that name is replaced.
    ///
    /// Raises:
    ///     CasierError: What `move` raises.
    #[pyo3(signature = (key, filename, *, overwrite = true))]
    fn rename(
        &self,
        py: Python<'_>,
        key: Text,
        filename: Text,
        overwrite: bool,
    ) -> PyResult<StoredFile> {
        let files = self.here(py)?;
        let renamed = async move { files.rename(&key, &filename, overwrite).await };
        self.client.wait(py, renamed).map(StoredFile)
    }

    /// Deletes a file. Deleting what is not there succeeds.
    fn delete(&self, py: Python<'_>, key: Text) -> PyResult<()> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.delete(&key).await })
    }

    /// Deletes files, 1,000 in a request, and tells of each key, in the order given, what became of
    /// it. Deleting what is not there succeeds.
    ///
    /// Raises:
    ///     AccessDenied: One of the keys belongs to another (`not-owner`); nothing is deleted.
    ///     InvalidInput: `invalid-key` for one of the keys; nothing is deleted.
    fn delete_many(&self, py: Python<'_>, keys: Strings) -> PyResult<Vec<Deletion>> {
        let files = self.here(py)?;
        let deletions = self.client.wait(py, async move { files.delete_many(keys.0).await })?;
        Ok(deletions.into_iter().map(Deletion).collect())
    }

    /// Deletes everything in the scope: files with all their versions, also those whose keys cannot
    /// be read, and unfinished uploads. Safe to call again: what is gone is gone.
    fn delete_all(&self, py: Python<'_>) -> PyResult<Receipt> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.delete_all().await }).map(Receipt)
    }

    /// How many files the scope holds, and how many bytes. The whole scope is listed for it.
    fn usage(&self, py: Python<'_>) -> PyResult<Usage> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.usage().await }).map(Usage)
    }

    /// The tags of a file.
    ///
    /// Raises:
    ///     NotFound: There is no such file (`file-not-found`).
    ///     StorageError: The store has no tags (`storage-unsupported`).
    fn tags(&self, py: Python<'_>, key: Text) -> PyResult<BTreeMap<String, String>> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.tags(&key).await })
    }

    /// Replaces the tags of a file; no tags remove them.
    ///
    /// Args:
    ///     key: The full key of the file.
    ///     tags: 10 at most, names of 1 to 128 characters, values of up to 256.
    ///
    /// Raises:
    ///     NotFound: There is no such file (`file-not-found`).
    ///     InvalidInput: `invalid-request` for the tags.
    ///     StorageError: The store has no tags (`storage-unsupported`).
    fn set_tags(&self, py: Python<'_>, key: Text, tags: Metadata) -> PyResult<()> {
        let files = self.here(py)?;
        self.client.wait(py, async move { files.set_tags(&key, tags.0).await })
    }
}

fn copy_options(
    filename: Option<Text>,
    kind: Option<Text>,
    overwrite: bool,
    unguessable: bool,
    metadata: Option<Metadata>,
    content_type: Option<Text>,
    tags: Option<Metadata>,
) -> CopyOptions {
    let mut options = CopyOptions::default();
    options.filename = text(filename);
    options.kind = text(kind);
    options.overwrite = overwrite;
    options.unguessable = unguessable;
    options.metadata = metadata.map(|metadata| metadata.0);
    options.content_type = text(content_type);
    options.tags = tags.map(|tags| tags.0);
    options
}

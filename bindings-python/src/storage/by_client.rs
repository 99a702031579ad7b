//! Uploads whose parts a client sends, straight to the store.

use casier::storage::BeginUploadOptions;
use pyo3::prelude::*;

use super::{UserStorage, pairs, text};
use crate::answers::BegunUpload;
use crate::convert::{ByteCount, Count, Metadata, Text, TextRef};
use crate::file::StoredFile;
use crate::links::PartUrl;

#[pymethods]
impl UserStorage {
    /// Begins an upload whose parts a client sends straight to the store, to the addresses that
    /// `part_urls` gives; `complete_upload` makes them a file. Nothing is stored before that, and a
    /// file of the same key stays until then. It can be gone on with for 24 hours, from any device.
    ///
    /// Args:
    ///     filename: The name to store it under. It is cleaned: the answer tells the key.
    ///     kind: The kind of file, for example `image`.
    ///     size: How many bytes there will be.
    ///     content_type: The content type. Defaults to that of the filename's extension, else
    ///         `application/octet-stream`.
    ///     metadata: User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-`,
    ///         `minio-` and `snowball-` are reserved), values in any script, 2 KB together.
    ///     tags: Tags of the object: 10 at most, names of 1 to 128 characters, values of up to 256.
    ///     overwrite: Whether a file of the same key is replaced.
    ///     unguessable: Whether 128 random bits go into the name, before its extension.
    ///     storage_class: The storage class, as S3 names it (`STANDARD_IA`). Defaults to the
    ///         setting `storage_class`.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-kind`, `invalid-filename`, `type-not-allowed`, `file-too-large`,
    ///         `metadata-too-large`, `invalid-request`.
    ///     AccessDenied: The tier does not store as much (`quota-exceeded`).
    ///     Conflict: The file exists and `overwrite` is false (`file-exists`).
    ///     StorageError: The store cannot promise not to overwrite (`storage-unsupported`).
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        filename, kind, size, *, content_type = None, metadata = None, tags = None,
        overwrite = true, unguessable = false, storage_class = None
    ))]
    fn begin_upload(
        &self,
        py: Python<'_>,
        filename: Text,
        kind: Text,
        size: ByteCount,
        content_type: Option<Text>,
        metadata: Option<Metadata>,
        tags: Option<Metadata>,
        overwrite: bool,
        unguessable: bool,
        storage_class: Option<Text>,
    ) -> PyResult<BegunUpload> {
        let mut options = BeginUploadOptions::default();
        options.content_type = text(content_type);
        options.metadata = pairs(metadata);
        options.tags = pairs(tags);
        options.overwrite = overwrite;
        options.unguessable = unguessable;
        options.storage_class = text(storage_class);
        let files = self.here(py)?;
        let begin = async move { files.begin_upload(&filename, &kind, size.0, options).await };
        self.client.wait(py, begin).map(BegunUpload)
    }

    /// The addresses to which a client sends parts of an upload, each signed for the exact length of
    /// its part. They are signed here: the store is not asked. They live for 15 minutes, and no
    /// longer than the upload: ask for them when they are about to be used.
    ///
    /// Args:
    ///     upload_id: What `begin_upload` has given.
    ///     part_numbers: 1 to 1000 numbers, each from 1 to `part_count`, none twice.
    ///
    /// Raises:
    ///     NotFound: The id is forged, another's, or has expired (`upload-not-found`).
    ///     InvalidInput: `invalid-request` for the part numbers, and for an id of `on_begin`.
    fn part_urls(
        &self,
        py: Python<'_>,
        upload_id: TextRef<'_>,
        part_numbers: Vec<Count>,
    ) -> PyResult<Vec<PartUrl>> {
        let numbers: Vec<u32> = part_numbers.into_iter().map(Count::to_u32).collect();
        let files = self.here(py)?;
        let urls = self.client.wait_here(py, files.part_urls(upload_id.0, &numbers))?;
        Ok(urls.into_iter().map(PartUrl).collect())
    }

    /// Makes the parts that a client has sent a file, once size and first bytes have been compared
    /// with what the upload was begun for. What does not pass is deleted, and a file that was to be
    /// replaced is as it was. It can be called again, for instance when its answer was lost.
    ///
    /// Args:
    ///     upload_id: What `begin_upload` has given.
    ///
    /// Raises:
    ///     Conflict: Parts are missing (`upload-incomplete`): send them and call again. There is a
    ///         file and `overwrite` was false (`file-exists`), or one has come since the upload was
    ///         begun (`conflict`): the upload is over then.
    ///     InvalidInput: The first bytes are not of the type (`content-mismatch`): the upload is
    ///         over then. `invalid-request` for an id of `on_begin`.
    ///     NotFound: The id is forged, another's, has expired, or of an upload that was given up
    ///         (`upload-not-found`).
    fn complete_upload(&self, py: Python<'_>, upload_id: Text) -> PyResult<StoredFile> {
        let files = self.here(py)?;
        let completion = async move { files.complete_upload(&upload_id).await };
        self.client.wait(py, completion).map(StoredFile)
    }
}

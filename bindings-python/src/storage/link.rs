//! Links to read files and to upload them.

use std::ops::RangeInclusive;

use casier::storage::{LinkOptions, PresignedUploadOptions};
use pyo3::prelude::*;

use super::{UserStorage, pairs, text};
use crate::convert::{ByteCount, Count, Metadata, Sha256, Strings, Text, TextRef};
use crate::links::{Link, PresignedPost, PresignedUpload};

#[pymethods]
impl UserStorage {
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
    ///     reuse: Whether an earlier link for the same key, name and life is handed out again while
    ///         at least three quarters of its life are left, so that browsers find what they have
    ///         kept under its address. The answer then says how much is left.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-request` for the life, `invalid-filename` for `download_as`.
    #[pyo3(signature = (key, expires_in = None, download_as = None, *, reuse = false))]
    fn presigned_url(
        &self,
        py: Python<'_>,
        key: TextRef<'_>,
        expires_in: Option<Count>,
        download_as: Option<Text>,
        reuse: bool,
    ) -> PyResult<Link> {
        let options = link_options(expires_in, download_as, reuse);
        let files = self.here(py)?;
        self.client.poll_here(py, files.presigned_url(key.0, options)).map(Link)
    }

    /// Links to read several files, in the order of their keys. With a key among them that is not
    /// one's own, none is signed.
    ///
    /// Args:
    ///     keys: The full keys of the files.
    ///     expires_in: As for `presigned_url`.
    ///     download_as: As for `presigned_url`.
    ///     reuse: As for `presigned_url`.
    ///
    /// Raises:
    ///     CasierError: What `presigned_url` raises.
    #[pyo3(signature = (keys, expires_in = None, download_as = None, *, reuse = false))]
    fn presigned_urls(
        &self,
        py: Python<'_>,
        keys: Strings,
        expires_in: Option<Count>,
        download_as: Option<Text>,
        reuse: bool,
    ) -> PyResult<Vec<Link>> {
        let options = link_options(expires_in, download_as, reuse);
        let files = self.here(py)?;
        let links = self.client.wait_here(py, files.presigned_urls(&keys.0, options))?;
        Ok(links.into_iter().map(Link).collect())
    }

    /// A request that uploads one file of exactly `size` bytes, straight to the store, for clients
    /// that do not speak the protocol of `begin_upload`. The store refuses it with another length,
    /// type or header. It can be sent again until it ends, and what is uploaded is not looked at.
    ///
    /// Args:
    ///     filename: The name to store it under. It is cleaned: the key tells the name.
    ///     kind: The kind of file, for example `image`.
    ///     size: How many bytes, 5 GiB at most.
    ///     content_type: The content type. Defaults to that of the filename's extension, else
    ///         `application/octet-stream`.
    ///     metadata: User metadata: names of 1 to 64 of `a-z`, `0-9` and `-` (`casier-`,
    ///         `minio-` and `snowball-` are reserved), values in any script, 2 KB together.
    ///     overwrite: Whether a file of the same key is replaced; if not, the store answers 412
    ///         where there is one.
    ///     unguessable: Whether 128 random bits go into the name, before its extension.
    ///     expires_in: How long it should live, in seconds, 1 to 900. Defaults to 900.
    ///     storage_class: The storage class, as S3 names it (`STANDARD_IA`). Defaults to the
    ///         setting `storage_class`.
    ///     sha256: The SHA-256 of the file, 32 bytes: the store then takes no other file.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-kind`, `invalid-filename`, `type-not-allowed`, `file-too-large`,
    ///         `metadata-too-large`, `invalid-request`.
    ///     AccessDenied: The tier does not store as much (`quota-exceeded`).
    ///     StorageError: The store cannot promise not to overwrite (`storage-unsupported`).
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        filename, kind, size, *, content_type = None, metadata = None, overwrite = true,
        unguessable = false, expires_in = None, storage_class = None, sha256 = None
    ))]
    fn presigned_upload(
        &self,
        py: Python<'_>,
        filename: Text,
        kind: Text,
        size: ByteCount,
        content_type: Option<Text>,
        metadata: Option<Metadata>,
        overwrite: bool,
        unguessable: bool,
        expires_in: Option<Count>,
        storage_class: Option<Text>,
        sha256: Option<Sha256>,
    ) -> PyResult<PresignedUpload> {
        let mut options =
            upload_options(content_type, metadata, unguessable, expires_in, storage_class);
        options.overwrite = overwrite;
        options.sha256 = sha256.map(|digest| digest.0);
        let files = self.here(py)?;
        let signing = files.presigned_upload(&filename, &kind, size.0, options);
        self.client.poll_here(py, signing).map(PresignedUpload)
    }

    /// A form that uploads one file whose size is within a range, straight to the store: for pages
    /// without JavaScript, and for clients that do not know the size beforehand. It lives and is
    /// used as the request of `presigned_upload`, and replaces a file of the same key.
    ///
    /// Args:
    ///     filename: As for `presigned_upload`.
    ///     kind: As for `presigned_upload`.
    ///     sizes: The fewest bytes and the most, both included.
    ///     content_type: As for `presigned_upload`.
    ///     metadata: As for `presigned_upload`.
    ///     unguessable: As for `presigned_upload`.
    ///     expires_in: As for `presigned_upload`.
    ///     storage_class: As for `presigned_upload`.
    ///
    /// Raises:
    ///     CasierError: What `presigned_upload` raises; `invalid-request` also for a range that
    ///         holds no size.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        filename, kind, sizes, *, content_type = None, metadata = None, unguessable = false,
        expires_in = None, storage_class = None
    ))]
    fn presigned_post(
        &self,
        py: Python<'_>,
        filename: Text,
        kind: Text,
        sizes: (ByteCount, ByteCount),
        content_type: Option<Text>,
        metadata: Option<Metadata>,
        unguessable: bool,
        expires_in: Option<Count>,
        storage_class: Option<Text>,
    ) -> PyResult<PresignedPost> {
        let options =
            upload_options(content_type, metadata, unguessable, expires_in, storage_class);
        let (ByteCount(fewest), ByteCount(most)) = sizes;
        let files = self.here(py)?;
        let sizes = RangeInclusive::new(fewest, most);
        let signing = files.presigned_post(&filename, &kind, sizes, options);
        self.client.poll_here(py, signing).map(PresignedPost)
    }
}

fn link_options(expires_in: Option<Count>, download_as: Option<Text>, reuse: bool) -> LinkOptions {
    let mut options = LinkOptions::default();
    options.expires_in = expires_in.map(Count::to_u64);
    options.download_as = text(download_as);
    options.reuse = reuse;
    options
}

fn upload_options(
    content_type: Option<Text>,
    metadata: Option<Metadata>,
    unguessable: bool,
    expires_in: Option<Count>,
    storage_class: Option<Text>,
) -> PresignedUploadOptions {
    let mut options = PresignedUploadOptions::default();
    options.content_type = text(content_type);
    options.metadata = pairs(metadata);
    options.unguessable = unguessable;
    options.expires_in = expires_in.map(Count::to_u64);
    options.storage_class = text(storage_class);
    options
}

//! Listings.

use std::sync::{Arc, Mutex};

use casier::storage::{self, ListOptions};
use pyo3::prelude::*;

use super::read::busy;
use super::{UserStorage, text};
use crate::client::Client;
use crate::convert::{Count, Text};
use crate::file::{Page, StoredFile};
use crate::runtime::OwnedHere;

#[pymethods]
impl UserStorage {
    /// Lists files of the scope, in the order of their keys.
    ///
    /// A page may hold fewer files than its limit, even none, and yet have a next one: go on until
    /// `next_cursor` is None. `list_all` does.
    ///
    /// Args:
    ///     kind: Only files of this kind. Defaults to all.
    ///     search: Only files whose name holds this, whatever its case and Unicode form.
    ///     limit: The most files of the page, 1 to 1000. Defaults to 1000.
    ///     cursor: `next_cursor` of the page before, with the same kind. Defaults to the beginning.
    ///     with_metadata: Whether content types and user metadata are wanted, which takes one more
    ///         call to the store for each file.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-kind`, `invalid-cursor`; `invalid-request` for the limit.
    #[pyo3(signature = (
        kind = None, *, search = None, limit = None, cursor = None, with_metadata = false
    ))]
    fn list(
        &self,
        py: Python<'_>,
        kind: Option<Text>,
        search: Option<Text>,
        limit: Option<Count>,
        cursor: Option<Text>,
        with_metadata: bool,
    ) -> PyResult<Page> {
        let mut options = ListOptions::default();
        options.kind = text(kind);
        options.search = text(search);
        options.limit = limit.map_or(options.limit, Count::to_u32);
        options.cursor = text(cursor);
        options.with_metadata = with_metadata;
        let files = self.here(py)?;
        self.client.wait(py, async move { files.list(options).await }).map(Page)
    }

    /// Every file of the scope, or of a kind, in the order of their keys: an iterator that holds one
    /// page at a time. Nothing is sent before the first file is asked for.
    ///
    /// Args:
    ///     kind: As for `list`.
    ///     search: As for `list`.
    ///     limit: The most files of a page. Defaults to 1000.
    ///     cursor: As for `list`.
    ///     with_metadata: As for `list`.
    ///
    /// Raises:
    ///     CasierError: While it is iterated: what `list` raises.
    #[pyo3(signature = (
        kind = None, *, search = None, limit = None, cursor = None, with_metadata = false
    ))]
    fn list_all(
        &self,
        py: Python<'_>,
        kind: Option<Text>,
        search: Option<Text>,
        limit: Option<Count>,
        cursor: Option<Text>,
        with_metadata: bool,
    ) -> PyResult<FileList> {
        let mut options = ListOptions::default();
        options.kind = text(kind);
        options.search = text(search);
        options.limit = limit.map_or(options.limit, Count::to_u32);
        options.cursor = text(cursor);
        options.with_metadata = with_metadata;
        let list = self.here(py)?.list_all(options);
        Ok(FileList { list: Mutex::new(OwnedHere::new(list)), client: Arc::clone(&self.client) })
    }

    /// The files that were stored last, the newest first. The whole scope, or kind, is listed for
    /// it.
    ///
    /// Args:
    ///     count: How many, 1 to 1000.
    ///     kind: Only files of this kind. Defaults to all.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-kind`; `invalid-request` for the count.
    #[pyo3(signature = (count, kind = None))]
    fn newest(
        &self,
        py: Python<'_>,
        count: Count,
        kind: Option<Text>,
    ) -> PyResult<Vec<StoredFile>> {
        let (files, kind) = (self.here(py)?, text(kind));
        let count = usize::try_from(count.to_u64()).unwrap_or(usize::MAX);
        let newest = async move { files.newest(count, kind.as_deref()).await };
        let newest = self.client.wait(py, newest)?;
        Ok(newest.into_iter().map(StoredFile).collect())
    }
}

/// Files one after the other: an iterator. It belongs to the process that made it.
#[pyclass(frozen, module = "casier")]
pub(crate) struct FileList {
    list: Mutex<OwnedHere<storage::FileList>>,
    client: Arc<Client>,
}

#[pymethods]
impl FileList {
    /// How many objects have been left out so far because their keys cannot be read.
    #[getter]
    fn skipped(&self) -> PyResult<u64> {
        Ok(self.list.try_lock().map_err(|_| busy())?.get_mut()?.skipped())
    }

    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<StoredFile>> {
        let mut owned = self.list.try_lock().map_err(|_| busy())?;
        let list = owned.get_mut()?;
        let next = async { list.next().await.transpose() };
        Ok(self.client.wait_here(py, next)?.map(StoredFile))
    }
}

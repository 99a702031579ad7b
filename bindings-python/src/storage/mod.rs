//! The files of one scope.

mod list;
mod manage;
mod read;
mod upload;

use std::sync::Arc;

use casier::storage::{self, LinkOptions};
use pyo3::prelude::*;

pub(crate) use self::list::FileList;
pub(crate) use self::read::FileStream;
use crate::client::Client;
use crate::convert::{Count, Text, repr};
use crate::error::OrRaise;
use crate::file::Link;
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

fn text(given: Option<Text>) -> Option<String> {
    given.map(|text| text.0)
}

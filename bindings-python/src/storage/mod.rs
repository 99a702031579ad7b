//! The files of one scope.

mod by_client;
mod cdn;
mod grant;
mod link;
mod list;
mod manage;
mod read;
mod upload;

use std::collections::BTreeMap;
use std::sync::Arc;

use casier::storage;
use pyo3::prelude::*;

pub(crate) use self::list::FileList;
pub(crate) use self::read::FileStream;
use crate::client::Client;
use crate::convert::{Metadata, Text, repr};
use crate::error::OrRaise;
use crate::runtime::PerProcess;
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
    here: PerProcess<Arc<storage::UserStorage>>,
}

/// Whose files they are, and so whether a tier limits them.
pub(crate) enum Owner {
    Session(casier::Session),
    UserId(String),
}

impl UserStorage {
    /// Opens the files once, so that what cannot be opened is refused here and not at first use.
    pub(crate) fn open(py: Python<'_>, client: Arc<Client>, owner: Owner) -> PyResult<Self> {
        let files = Self { client, owner, here: PerProcess::new() };
        files.here(py)?;
        Ok(files)
    }

    /// The files over this process's own connections.
    fn here(&self, py: Python<'_>) -> PyResult<Arc<storage::UserStorage>> {
        self.here.get(py, || {
            let casier = self.client.casier(py)?;
            let files = match &self.owner {
                Owner::Session(session) => session.with_casier(&casier).files(),
                Owner::UserId(user_id) => casier.storage_for(user_id),
            };
            files.map(Arc::new).or_raise(py)
        })
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

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("UserStorage(scope={})", repr(py, self.scope(py)?)?))
    }
}

fn text(given: Option<Text>) -> Option<String> {
    given.map(|text| text.0)
}

fn pairs(given: Option<Metadata>) -> BTreeMap<String, String> {
    given.unwrap_or_default().0
}

//! Temporary credentials.

use casier::storage::GrantOptions;
use pyo3::prelude::*;

use super::UserStorage;
use crate::convert::{Access, Count};
use crate::links::TemporaryCredentials;

#[pymethods]
impl UserStorage {
    /// Keys for a client that is to speak S3 to the store itself, such as boto3 on another machine.
    /// They reach this scope alone, and cannot be taken back before they end. It takes the setting
    /// `grant_role_arn`.
    ///
    /// Args:
    ///     access: `read`, the default: list the scope and read its files. `read-write`: also store
    ///         and delete them; the policy's sizes and types and the quota do not hold then.
    ///     expires_in: How long they should live, in seconds, 900 to 43200. Defaults to 3600. No
    ///         longer than a link of the tier: `expires_at` says how long.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-request` for the access or the life.
    ///     AccessDenied: Links of the tier live less than 900 seconds (`subscription-required`).
    ///     ConfigError: There is no role, or STS does not know it.
    ///     StorageError: The store has no STS, or does not keep such keys to a scope
    ///         (`storage-unsupported`); our own keys may not have the role (`storage-denied`).
    #[pyo3(signature = (access = None, expires_in = None))]
    fn temporary_credentials(
        &self,
        py: Python<'_>,
        access: Option<Access>,
        expires_in: Option<Count>,
    ) -> PyResult<TemporaryCredentials> {
        let mut options = GrantOptions::default();
        options.access = access.map_or(options.access, |access| access.0);
        options.expires_in = expires_in.map(Count::to_u64);
        let files = self.here(py)?;
        let grant = async move { files.temporary_credentials(options).await };
        self.client.wait(py, grant).map(TemporaryCredentials)
    }
}

//! A user's place in the bucket, as strings.

use casier::storage;
use pyo3::prelude::*;

use crate::convert::{Text, repr};
use crate::error::OrRaise;

/// One user's place in the bucket. Pure: no network, no bucket.
///
/// Two user ids never share a key, and no scope's prefix begins another's.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Scope(pub(crate) storage::Scope);

#[pymethods]
impl Scope {
    /// The scope of a user id, taken as it stands.
    ///
    /// Raises:
    ///     InvalidInput: The id is empty, or with `user_` and encoded it takes more than 255 bytes
    ///         (`invalid-user-id`).
    #[new]
    fn new(py: Python<'_>, user_id: Text) -> PyResult<Self> {
        Ok(Self(storage::Scope::new(user_id.0).or_raise(py)?))
    }

    /// The user id that the scope was made of.
    #[getter]
    fn user_id(&self) -> &str {
        self.0.user_id()
    }

    /// What every key of the scope starts with, the slash included: `user_abc123/`.
    #[getter]
    fn prefix(&self) -> &str {
        self.0.prefix()
    }

    /// The key of a new file: `user_abc123/books/mon_livre_2025.pdf`.
    ///
    /// Args:
    ///     kind: The kind of file: `a-z`, `0-9` and `-`, 1 to 32 of them.
    ///     filename: Its name, at most 255 bytes. Folders and what S3 advises against are
    ///         taken out of it.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-kind` or `invalid-filename`.
    fn key(&self, py: Python<'_>, kind: Text, filename: Text) -> PyResult<String> {
        self.0.key(&kind, &filename).or_raise(py)
    }

    /// Like `key`, with 128 random bits before the extension.
    ///
    /// Raises:
    ///     InvalidInput: `invalid-kind` or `invalid-filename`.
    fn unguessable_key(&self, py: Python<'_>, kind: Text, filename: Text) -> PyResult<String> {
        self.0.unguessable_key(&kind, &filename).or_raise(py)
    }

    /// Takes a key apart, if it is one of this scope. Only the string decides, whatever is stored.
    ///
    /// Raises:
    ///     InvalidInput: Nobody could read such a key (`invalid-key`).
    ///     AccessDenied: It belongs to somebody else (`not-owner`).
    fn parse(&self, py: Python<'_>, key: Text) -> PyResult<ParsedKey> {
        Ok(ParsedKey(self.0.parse(&key).or_raise(py)?))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Scope({})", repr(py, self.user_id())?))
    }
}

/// A key of a scope, taken apart.
#[pyclass(frozen, module = "casier")]
pub(crate) struct ParsedKey(storage::ParsedKey);

#[pymethods]
impl ParsedKey {
    /// The kind; None for a file that lies in no folder of a kind.
    #[getter]
    fn kind(&self) -> Option<&str> {
        self.0.kind.as_deref()
    }

    /// The last part of the key.
    #[getter]
    fn filename(&self) -> &str {
        &self.0.filename
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (kind, filename) = (repr(py, self.kind())?, repr(py, self.filename())?);
        Ok(format!("ParsedKey(kind={kind}, filename={filename})"))
    }
}

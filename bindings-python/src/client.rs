//! The entry: one `Casier` for a process.

use std::sync::Arc;

use casier::config::ConfigBuilder;
use casier::token::RequestHead;
use casier::{Config, Setting};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::convert::{Headers, SettingText, Text};
use crate::error::OrRaise;
use crate::log;
use crate::runtime::{PerProcess, wait};
use crate::session::Session;
use crate::storage::{Owner, UserStorage};

/// A configuration, and what each process builds from it. Sessions and storages hold it too, so
/// that those from before a fork work after it.
pub(crate) struct Client {
    config: Config,
    casier: PerProcess<casier::Casier>,
}

impl Client {
    fn new(config: Config) -> Self {
        Self { config, casier: PerProcess::new() }
    }

    /// This process's own: keys, connections and caches never cross a fork.
    pub(crate) fn casier(&self, py: Python<'_>) -> PyResult<casier::Casier> {
        self.casier.get(py, || casier::Casier::new(self.config.clone())).or_raise(py)
    }
}

/// Verifies who is calling and opens their files. Build one for a process; threads may share it.
///
/// Building it neither connects nor starts a thread. It may be built and used before a fork
/// (gunicorn's `preload_app`): each process makes its own connections.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Casier(pub(crate) Arc<Client>);

impl Casier {
    fn build(
        py: Python<'_>,
        mut builder: ConfigBuilder,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        for (name, value) in settings.into_iter().flatten() {
            if !value.is_none() {
                let name = name.cast::<PyString>()?.to_cow()?;
                let value: PyResult<SettingText> = value.extract();
                let value =
                    value.map_err(|error| match error.is_instance_of::<PyTypeError>(py) {
                        true => PyTypeError::new_err(format!("{name}: {}", error.value(py))),
                        false => error,
                    })?;
                builder = builder.set_named(&name, value.0).or_raise(py)?;
            }
        }
        let config = builder.build();
        log::forward(py);
        let client = Client::new(config.or_raise(py)?);
        client.casier(py)?;
        Ok(Self(Arc::new(client)))
    }
}

#[pymethods]
impl Casier {
    /// Takes the settings given, by name, and nothing from the environment.
    ///
    /// Args:
    ///     **settings: Settings of the table in the documentation, such as `issuer` and `bucket`;
    ///         lists as sequences of strings. None leaves a setting out.
    ///
    /// Raises:
    ///     ConfigError: The first setting that is missing or wrong, by name, never with its value.
    #[new]
    #[pyo3(signature = (**settings))]
    fn new(py: Python<'_>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Self::build(py, Config::builder(), settings)
    }

    /// Takes every setting from the environment of this process, save those that are given.
    ///
    /// Args:
    ///     **settings: As for `Casier(…)`; they beat the environment.
    ///
    /// Raises:
    ///     ConfigError: The first variable that is missing or wrong, by name, never with its value.
    #[staticmethod]
    #[pyo3(signature = (**settings))]
    fn from_env(py: Python<'_>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Self::build(py, Config::builder().environment().or_raise(py)?, settings)
    }

    /// Verifies a session token that came in a header. Waits when the issuer's keys have to be
    /// fetched.
    ///
    /// Args:
    ///     token: The token, without `Bearer`.
    ///
    /// Raises:
    ///     AuthenticationError: The token must not be trusted; `code` says why.
    ///     InvalidInput: Its `sub` cannot name a user (`invalid-user-id`).
    ///     Unavailable: The issuer's keys cannot be fetched (`jwk-remote-…`).
    fn authenticate(&self, py: Python<'_>, token: Text) -> PyResult<Session> {
        let casier = self.0.casier(py)?;
        let session = wait(py, async move { casier.authenticate(&token).await })?;
        Ok(Session::new(self.0.clone(), session))
    }

    /// Takes the token from a request's headers or cookies and verifies it.
    ///
    /// The first source that is present decides: `Authorization`, `X-Clerk-Auth-Token`, then
    /// Clerk's session cookies. A request by cookie that may change something must come from the
    /// site itself.
    ///
    /// Args:
    ///     method: The HTTP method.
    ///     headers: All headers as they came: a mapping such as `request.headers`, or pairs. Names
    ///         in any case.
    ///
    /// Raises:
    ///     AuthenticationError: `token-missing`, or what `authenticate` raises.
    ///     AccessDenied: A request by cookie comes from another site (`cross-site-request`).
    fn authenticate_request(
        &self,
        py: Python<'_>,
        method: Text,
        headers: Headers,
    ) -> PyResult<Session> {
        let casier = self.0.casier(py)?;
        let request = RequestHead::new(method.0, headers.0);
        let session = wait(py, async move { casier.authenticate_request(&request).await })?;
        Ok(Session::new(self.0.clone(), session))
    }

    /// The files of any user, for trusted server code such as a background job: no tier limits
    /// apply.
    ///
    /// Args:
    ///     user_id: Whose files, as `User.user_id` gives it.
    ///
    /// Raises:
    ///     InvalidInput: The id cannot name a user (`invalid-user-id`).
    ///     ConfigError: No bucket is configured.
    fn storage_for(&self, py: Python<'_>, user_id: Text) -> PyResult<UserStorage> {
        UserStorage::open(py, self.0.clone(), Owner::UserId(user_id.0))
    }

    fn __repr__(&self) -> &'static str {
        "<casier.Casier>"
    }
}

/// Every setting: its name in code, its environment variables, its default and its meaning.
#[pyfunction]
pub(crate) fn settings() -> Vec<(&'static str, Vec<&'static str>, &'static str, &'static str)> {
    let entry = |s: &Setting| (s.name(), s.variables().to_vec(), s.default_text(), s.meaning());
    Setting::ALL.iter().map(entry).collect()
}

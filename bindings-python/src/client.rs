//! The entry: one `Casier` for a process.

use std::sync::Arc;

use casier::config::ConfigBuilder;
use casier::token::RequestHead;
use casier::{Config, Setting};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::answers::SweptUploads;
use crate::audit::{Listener, Trail};
use crate::convert::{Headers, SettingText, Text, TextRef, Time, or_now};
use crate::error::OrRaise;
use crate::log;
use crate::runtime::{PerProcess, poll_here, wait, wait_here};
use crate::session::Session;
use crate::storage::{Owner, UserStorage};

/// A configuration, and what each process builds from it. Sessions and storages hold it too, so
/// that those from before a fork work after it.
pub(crate) struct Client {
    config: Config,
    on_audit: Option<Listener>,
    here: PerProcess<(casier::Casier, Trail)>,
}

impl Client {
    fn new(config: Config, on_audit: Option<Listener>) -> Self {
        Self { config, on_audit, here: PerProcess::new() }
    }

    /// This process's own: keys, connections and caches never cross a fork.
    pub(crate) fn casier(&self, py: Python<'_>) -> PyResult<casier::Casier> {
        Ok(self.here(py)?.0)
    }

    /// Waits for something that this `Casier` asks the network.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        py: Python<'_>,
        future: impl Future<Output = casier::Result<T>> + Send + 'static,
    ) -> PyResult<T> {
        let outcome = wait(py, future);
        self.tell(py)?;
        outcome
    }

    /// Waits for something that this `Casier` mostly does by itself, on the caller's thread.
    pub(crate) fn wait_here<T: Send>(
        &self,
        py: Python<'_>,
        future: impl Future<Output = casier::Result<T>> + Send,
    ) -> PyResult<T> {
        let outcome = wait_here(py, future);
        self.tell(py)?;
        outcome
    }

    /// Waits for something that is nearly always there at once, and takes some microseconds.
    pub(crate) fn poll_here<T: Send>(
        &self,
        py: Python<'_>,
        future: impl Future<Output = casier::Result<T>> + Send,
    ) -> PyResult<T> {
        let outcome = poll_here(py, future);
        self.tell(py)?;
        outcome
    }

    /// Hands over what the log and the audit have to tell, at the end of every call that decides
    /// something.
    pub(crate) fn tell(&self, py: Python<'_>) -> PyResult<()> {
        log::forward(py);
        if let Some(on_audit) = &self.on_audit {
            on_audit.take_from(py, &self.here(py)?.1);
        }
        Ok(())
    }

    fn here(&self, py: Python<'_>) -> PyResult<(casier::Casier, Trail)> {
        let make = || {
            let (mut config, trail) = (self.config.clone(), Trail::default());
            config.audit = self.on_audit.is_some().then(|| trail.hook());
            Ok((casier::Casier::new(config)?, trail))
        };
        self.here.get(py, make).or_raise(py)
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
        on_audit: Option<Listener>,
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
        let client = Client::new(config.or_raise(py)?, on_audit);
        client.casier(py)?;
        Ok(Self(Arc::new(client)))
    }
}

#[pymethods]
impl Casier {
    /// Takes the settings given, by name, and nothing from the environment.
    ///
    /// Args:
    ///     on_audit: Called with an `AuditEvent` for each decision: a sign-in, every `has_…` and
    ///         `require_…`, what is asked for files. It runs on the thread of the call that decides
    ///         or of another one, before that call returns: it must be quick and not call Casier.
    ///         What it raises goes to `sys.unraisablehook`.
    ///     **settings: Settings of the table in the documentation, such as `issuer` and `bucket`;
    ///         lists as sequences of strings. None leaves a setting out.
    ///
    /// Raises:
    ///     ConfigError: The first setting that is missing or wrong, by name, never with its value.
    #[new]
    #[pyo3(signature = (*, on_audit = None, **settings))]
    fn new(
        py: Python<'_>,
        on_audit: Option<Listener>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        Self::build(py, Config::builder(), on_audit, settings)
    }

    /// Takes every setting from the environment of this process, save those that are given.
    ///
    /// Args:
    ///     on_audit: As for `Casier(…)`.
    ///     **settings: As for `Casier(…)`; they beat the environment.
    ///
    /// Raises:
    ///     ConfigError: The first variable that is missing or wrong, by name, never with its value.
    #[staticmethod]
    #[pyo3(signature = (*, on_audit = None, **settings))]
    fn from_env(
        py: Python<'_>,
        on_audit: Option<Listener>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        Self::build(py, Config::builder().environment().or_raise(py)?, on_audit, settings)
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
    fn authenticate(&self, py: Python<'_>, token: TextRef<'_>) -> PyResult<Session> {
        let casier = self.0.casier(py)?;
        // Giving up the GIL costs more than looking up what is known.
        let session = match casier.authenticate_cached(token.0) {
            Some(known) => {
                self.0.tell(py)?;
                known.or_raise(py)
            }
            None => self.0.wait_here(py, async { casier.authenticate(token.0).await }),
        };
        Ok(Session::new(self.0.clone(), session?))
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
    ///     address: The client's address, for the audit. Nothing is decided by it.
    ///
    /// Raises:
    ///     AuthenticationError: `token-missing`, or what `authenticate` raises.
    ///     AccessDenied: A request by cookie comes from another site (`cross-site-request`).
    #[pyo3(signature = (method, headers, *, address = None))]
    fn authenticate_request(
        &self,
        py: Python<'_>,
        method: Text,
        headers: Headers,
        address: Option<Text>,
    ) -> PyResult<Session> {
        let casier = self.0.casier(py)?;
        let mut request = RequestHead::new(method.0, headers.0);
        request.address = address.map(|text| text.0);
        let session =
            self.0.wait_here(py, async { casier.authenticate_request(&request).await })?;
        Ok(Session::new(self.0.clone(), session))
    }

    /// Refuses every token of a session from now on (`session-revoked`), for as long as a token of
    /// now can live. End the session at the issuer too, or it goes on making new ones.
    ///
    /// Processes know of each other's revocations only through shared state.
    ///
    /// Args:
    ///     session_id: As `User.session_id` gives it.
    ///
    /// Raises:
    ///     InvalidInput: The id is empty (`invalid-request`).
    ///     Unavailable: `state-unavailable`.
    fn revoke(&self, py: Python<'_>, session_id: Text) -> PyResult<()> {
        let casier = self.0.casier(py)?;
        self.0.wait(py, async move { casier.revoke(&session_id).await })
    }

    /// Refuses every token of a user that was made at `at` or before, or that does not say when, as
    /// `revoke` does those of a session. Of two such times the later holds.
    ///
    /// Tokens tell the time in whole seconds, so that one made later in the same second is refused
    /// as well.
    ///
    /// Args:
    ///     user_id: As `User.user_id` gives it.
    ///     at: The time, aware. Defaults to the present.
    ///
    /// Raises:
    ///     InvalidInput: The id is empty (`invalid-user-id`), or `at` is more than 5 minutes ahead
    ///         (`invalid-request`).
    ///     Unavailable: `state-unavailable`.
    #[pyo3(signature = (user_id, at = None))]
    fn revoke_user(&self, py: Python<'_>, user_id: Text, at: Option<Time>) -> PyResult<()> {
        let (casier, at) = (self.0.casier(py)?, or_now(at));
        self.0.wait(py, async move { casier.revoke_user(&user_id, at).await })
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

    /// Aborts the uploads in parts of every user whose ids have expired: what crashes have left. By
    /// the store's own clock, so that no live upload is swept.
    ///
    /// Raises:
    ///     ConfigError: No bucket is configured.
    fn sweep_uploads(&self, py: Python<'_>) -> PyResult<SweptUploads> {
        let casier = self.0.casier(py)?;
        self.0.wait(py, async move { casier.sweep_uploads().await }).map(SweptUploads)
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

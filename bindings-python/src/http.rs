//! The HTTP routes of the core, for web frameworks to mount.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use casier::http::{
    self, Api, ApiOptions, Body, Contents, Failure, Form, FormFile, Request, Routes, Success,
};
use casier::token::{self, RequestHead, RequestRules};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::client::{Casier, Client};
use crate::contents::InMemory;
use crate::convert::{Headers, JsonText, Text};
use crate::error::{OrRaise, Raised};
use crate::log;
use crate::session::Session;

/// A set of routes over one `Casier`. A request takes two steps: `begin` with its head, then, once
/// the body that the call wants is read, `HttpCall.answer`.
#[pyclass(frozen, module = "casier._casier")]
pub(crate) struct HttpApi {
    client: Arc<Client>,
    routes: Routes,
    options: ApiOptions,
}

#[pymethods]
impl HttpApi {
    /// Args:
    ///     casier: What serves the routes.
    ///     routes: `secure`, `s3` or `files`.
    ///     admin_may_list: Whether `GET /list` of `s3` and `files` lets the highest role name another
    ///         user.
    ///
    /// Raises:
    ///     ConfigError: There is no such set of routes.
    #[new]
    #[pyo3(signature = (casier, routes, *, admin_may_list = false))]
    fn new(py: Python<'_>, casier: &Casier, routes: Text, admin_may_list: bool) -> PyResult<Self> {
        let routes = routes.parse().or_raise(py)?;
        let mut options = ApiOptions::default();
        options.admin_may_list = admin_may_list;
        Ok(Self { client: casier.0.clone(), routes, options })
    }

    /// Finds the route of a request and signs the user in. What is refused is refused in the
    /// call's answer. Waits when the issuer's keys have to be fetched.
    ///
    /// Args:
    ///     method: The HTTP method.
    ///     path: The path below the prefix that the routes are mounted at, beginning with `/`,
    ///         percent-decoded once.
    ///     query: The query as it came, without the `?`.
    ///     headers: All headers as they came.
    ///     address: The client's address, for the audit. Nothing is decided by it.
    #[pyo3(signature = (method, path, query, headers, *, address = None))]
    fn begin(
        &self,
        py: Python<'_>,
        method: Text,
        path: Text,
        query: Text,
        headers: Headers,
        address: Option<Text>,
    ) -> PyResult<HttpCall> {
        let api = Api::new(self.client.casier(py)?, self.routes, self.options.clone());
        let mut request = Request::new(method.0, path.0);
        request.query = query.0;
        request.headers = headers.0;
        request.address = address.map(|text| text.0);
        let call = self.client.wait(py, async move { Ok(api.begin(request).await) })?;
        Ok(HttpCall { client: self.client.clone(), call: Mutex::new(Some(call)) })
    }
}

/// A call to a route, whose body may still be unread.
#[pyclass(frozen, module = "casier._casier")]
pub(crate) struct HttpCall {
    client: Arc<Client>,
    call: Mutex<Option<http::Call>>,
}

impl HttpCall {
    /// Reads from the call, which is there until it is answered.
    fn read<T>(&self, read: impl FnOnce(&http::Call) -> T) -> PyResult<T> {
        let call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        call.as_ref().map(read).ok_or_else(answered)
    }
}

#[pymethods]
impl HttpCall {
    /// What is to be read of the body: `nothing`, `json` or `form`.
    #[getter]
    fn wanted(&self) -> PyResult<&'static str> {
        self.read(|call| call.wanted().name())
    }

    /// The most bytes to read of the body.
    #[getter]
    fn limit(&self) -> PyResult<u64> {
        self.read(|call| call.wanted().limit())
    }

    /// Who is signed in; None when the call is refused.
    #[getter]
    fn session(&self) -> PyResult<Option<Session>> {
        let session = self.read(|call| call.session().cloned())?;
        Ok(session.map(|session| Session::new(self.client.clone(), session)))
    }

    /// The id of the request, which the answer repeats as `X-Request-Id`.
    #[getter]
    fn request_id(&self) -> PyResult<String> {
        self.read(|call| call.request_id().to_owned())
    }

    /// Does what was asked. A failure is an answer, too. A call is answered once.
    fn answer(&self, py: Python<'_>, body: &HttpBody) -> PyResult<HttpAnswer> {
        let call = self.call.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (call, body) = (call.ok_or_else(answered)?, body.0.clone());
        self.client.wait(py, async move { Ok(call.answer(body).await) }).map(HttpAnswer)
    }
}

/// The body of a request, as a web framework has read it.
#[pyclass(frozen, module = "casier._casier")]
pub(crate) struct HttpBody(Body);

#[pymethods]
impl HttpBody {
    /// No body, or none that was wanted.
    #[staticmethod]
    fn none() -> Self {
        Self(Body::None)
    }

    /// The text of a JSON body, as it came.
    #[staticmethod]
    fn json(text: InMemory) -> Self {
        Self(Body::Json(text.0))
    }

    /// A form, taken apart.
    ///
    /// Args:
    ///     fields: Name and value of each text field, in order.
    ///     file: The file of the field `file`.
    #[staticmethod]
    #[pyo3(signature = (fields, file = None))]
    fn form(fields: Vec<(Text, Text)>, file: Option<&HttpFile>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.0, value.0)).collect();
        Self(Body::Form(Form::new(fields, file.map(|file| file.0.clone()))))
    }

    /// A body that is longer than the limit, and was not read on.
    #[staticmethod]
    fn too_large() -> Self {
        Self(Body::TooLarge)
    }

    /// A body that cannot be taken apart.
    #[staticmethod]
    fn unreadable() -> Self {
        Self(Body::Unreadable)
    }
}

/// A file of a form.
#[pyclass(frozen, module = "casier._casier")]
pub(crate) struct HttpFile(FormFile);

#[pymethods]
impl HttpFile {
    /// A file in memory, with the name and the content type that the browser gave.
    #[staticmethod]
    fn in_memory(filename: Text, content_type: Option<Text>, data: InMemory) -> Self {
        Self(FormFile::new(filename.0, content_type.map(|text| text.0), Contents::Memory(data.0)))
    }

    /// A file on disk, which the caller removes after the call.
    #[staticmethod]
    fn on_disk(filename: Text, content_type: Option<Text>, path: PathBuf) -> Self {
        Self(FormFile::new(filename.0, content_type.map(|text| text.0), Contents::Disk(path)))
    }
}

/// An HTTP answer.
#[pyclass(frozen, module = "casier._casier")]
pub(crate) struct HttpAnswer(http::Answer);

#[pymethods]
impl HttpAnswer {
    /// The status.
    #[getter]
    fn status(&self) -> u16 {
        self.0.status
    }

    /// Name and value of each header.
    #[getter]
    fn headers(&self) -> Vec<(String, String)> {
        self.0.headers.clone()
    }

    /// The body: JSON text, or empty.
    #[getter]
    fn body(&self) -> &str {
        &self.0.body
    }
}

/// The routes of a set: the name, method and path of each. `{key}` at the end of a path takes the
/// rest of it, slashes included; `{id}` takes one segment.
///
/// Raises:
///     ConfigError: There is no such set.
#[pyfunction]
pub(crate) fn http_routes(
    py: Python<'_>,
    routes: Text,
) -> PyResult<Vec<(&'static str, &'static str, &'static str)>> {
    let table = routes.parse::<Routes>().or_raise(py)?.table();
    Ok(table.iter().map(|route| (route.name, route.method, route.path)).collect())
}

/// The id of a request: the incoming one when it can be kept, else a new one.
#[pyfunction]
pub(crate) fn request_id(incoming: Option<Text>) -> String {
    http::request_id(incoming.as_deref())
}

/// The answer to a request that has failed. Of a fault on the server's side it tells nothing but the
/// code; the rest goes to the log under the request id.
#[pyfunction]
pub(crate) fn error_answer(py: Python<'_>, error: Raised, request_id: Text) -> HttpAnswer {
    let answer = http::Answer::error(&error.0, &request_id, SystemTime::now());
    log::forward(py);
    HttpAnswer(answer)
}

/// The answer of a request that has succeeded.
///
/// Args:
///     message: A sentence for people.
///     data: What was asked for, as JSON text.
///     request_id: The id of the request.
///     status: The status.
///     metadata: What belongs to it without being part of it, as JSON text.
#[pyfunction]
#[pyo3(signature = (message, data, request_id, *, status = 200, metadata = None))]
pub(crate) fn success_answer(
    message: Text,
    data: JsonText,
    request_id: Text,
    status: u16,
    metadata: Option<JsonText>,
) -> HttpAnswer {
    let mut success = Success::new(message.0, data.0);
    success.status = status;
    success.metadata = metadata.map(|text| text.0);
    HttpAnswer(http::Answer::success(success, &request_id, SystemTime::now()))
}

/// The answer to a request that the application refuses for reasons of its own.
///
/// Args:
///     status: The status.
///     code: A code of the application's own.
///     message: A sentence for people.
///     request_id: The id of the request.
///     details: The facts that belong to it, as JSON text.
#[pyfunction]
#[pyo3(signature = (status, code, message, request_id, *, details = None))]
pub(crate) fn failure_answer(
    status: u16,
    code: Text,
    message: Text,
    request_id: Text,
    details: Option<JsonText>,
) -> HttpAnswer {
    let mut failure = Failure::new(status, code.0, message.0);
    failure.details = details.map(|text| text.0);
    HttpAnswer(http::Answer::failure(failure, &request_id, SystemTime::now()))
}

/// The token of a request, not verified.
///
/// Args:
///     method: The HTTP method.
///     headers: The headers to look in.
///
/// Raises:
///     AuthenticationError: `token-missing`; `token-invalid` for a token that is repeated, not
///         ASCII or longer than 16 KiB.
///     AccessDenied: The token is a cookie's, and the request comes from another site.
#[pyfunction]
pub(crate) fn extract_token(py: Python<'_>, method: Text, headers: Headers) -> PyResult<String> {
    let request = RequestHead::new(method.0, headers.0);
    let found = token::extract_token(&request, &RequestRules::default(), SystemTime::now());
    Ok(found.or_raise(py)?.token)
}

fn answered() -> PyErr {
    PyRuntimeError::new_err("the call has been answered")
}

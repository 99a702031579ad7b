//! A set of routes, and the two steps of a call to one of them.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use super::answer::{Answer, request_id};
use super::body::{Body, Wanted};
use crate::{Casier, Error, ErrorKind, Result, Session};

/// The head of a request, as a web framework gives it.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Request {
    /// The method, in upper case as on the wire.
    pub method: String,
    /// The path below the prefix that the routes are mounted at, beginning with `/`,
    /// percent-decoded once.
    pub path: String,
    /// The query as it came, without the `?`.
    pub query: String,
    /// Name and value of each header, names in any case, repeated headers repeated.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// A request of this method and path, with nothing else.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), ..Self::default() }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Which routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Routes {
    /// `/files/…`, usually under `/api/secure`.
    Secure,
    /// `/upload`, `/presigned-url`, `/delete`, `/list`, usually under `/api/s3`; they answer
    /// without an envelope, as their clients expect.
    S3,
    /// The same and `/delete-many` with the envelope, usually under `/api/files`.
    Files,
}

/// A route of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path below the prefix; `{key}` at its end takes the rest of the path, slashes included.
    pub path: &'static str,
    /// A name for it, in snake case: `list_files`.
    pub name: &'static str,
}

/// What an application may decide about its routes.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ApiOptions {
    /// Whether `GET /list` of [`Routes::S3`] lets the highest role name another `user_id`. Each use
    /// is logged. Defaults to `false`.
    pub admin_may_list: bool,
}

/// A set of routes over one [`Casier`].
#[derive(Clone, Debug)]
pub struct Api {
    casier: Casier,
    routes: Routes,
    options: ApiOptions,
}

impl Api {
    /// These routes, served by `casier`.
    pub fn new(casier: Casier, routes: Routes, options: ApiOptions) -> Self {
        Self { casier, routes, options }
    }

    /// Takes the head of a request: finds the route, signs the user in. Never fails: what is refused
    /// is refused in the answer.
    pub async fn begin(&self, request: Request) -> Call {
        let _ = (&self.casier, &self.options, &self.routes);
        let _ = request;
        Call {
            request_id: request_id(None),
            step: Err(Error::new(ErrorKind::RouteNotFound, "there is no such route")),
        }
    }
}

/// A call to a route, whose body may still be unread.
#[derive(Debug)]
pub struct Call {
    request_id: String,
    step: Result<()>,
}

impl Call {
    /// What of the body is to be read before [`answer`](Self::answer).
    pub fn wanted(&self) -> Wanted {
        Wanted::Nothing
    }

    /// Who is signed in; none when the call is refused.
    pub fn session(&self) -> Option<&Session> {
        None
    }

    /// The id of the request, which the answer repeats as `X-Request-Id`.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Does what was asked. Never fails: a failure is an answer.
    pub async fn answer(self, body: Body) -> Answer {
        let _ = body;
        match self.step {
            Ok(()) => unreachable!(),
            Err(error) => Answer::error(&error, &self.request_id, SystemTime::now()),
        }
    }
}

impl Routes {
    /// The routes of the set.
    pub fn table(self) -> &'static [Route] {
        &[]
    }
}

impl FromStr for Routes {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "secure" => Ok(Self::Secure),
            "s3" => Ok(Self::S3),
            "files" => Ok(Self::Files),
            _ => Err(Error::new(ErrorKind::ConfigInvalid, "routes are `secure`, `s3` or `files`")),
        }
    }
}

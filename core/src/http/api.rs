//! A set of routes, and the first step of a call to one of them.

use std::fmt;

use super::call::{Call, Refusal};
use super::request_id::request_id;
use super::routes::{Found, Routes};
use super::task::Task;
use crate::token::RequestHead;
use crate::{Casier, Error, ErrorKind};

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
    /// The client's address, as [`RequestHead::address`] takes it. Defaults to `None`.
    pub address: Option<String>,
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

/// What an application may decide about its routes.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ApiOptions {
    /// Whether `GET /list` of [`Routes::S3`] and [`Routes::Files`] lets the policy's highest role
    /// name another `user_id`. Each use is told to the audit. A policy with a
    /// single role has no highest one. Defaults to `false`.
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
        let Request { method, path, query, headers, address } = request;
        let head = RequestHead { address, ..RequestHead::new(method, headers) };
        // Of two ids neither is known to be the caller's.
        let incoming = head.single("X-Request-Id").ok().flatten();
        let request_id = request_id(incoming);
        let step = self.task(&head, &path, query, &request_id).await;
        Call { request_id, has_body: head.method != "HEAD", step }
    }

    async fn task(
        &self,
        head: &RequestHead,
        path: &str,
        query: String,
        request_id: &str,
    ) -> Result<Task, Refusal> {
        let (route, argument) = match self.routes.find(&head.method, path) {
            Found::Route(route, argument) => (route, argument.to_owned()),
            Found::OtherMethods(allow) => return Err(Refusal::other_methods(allow)),
            Found::Nothing => {
                return Err(Error::new(ErrorKind::RouteNotFound, "there is no such route").into());
            }
        };
        let session = self.casier.authenticate_call(head, request_id, route.name).await?;
        Ok(Task {
            casier: self.casier.clone(),
            session,
            operation: route.operation,
            is_bare: self.routes == Routes::S3,
            admin_may_list: self.options.admin_may_list,
            argument,
            query,
        })
    }
}

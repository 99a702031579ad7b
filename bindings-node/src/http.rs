//! The core's HTTP routes, for `casier/http` and `casier/next`.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use casier::http::{
    self, Answer, Api, ApiOptions, Body, Call, Contents, Form, FormFile, Request, Wanted,
};
use casier::{Error, ErrorKind};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::call::{later, now, soon};
use crate::client::Casier;
use crate::convert::{self, Js, class, contents, is_absent, members, path, text, to_f64};
use crate::error::{Outcome, caught};
use crate::options::Options;
use crate::session::Session;

/// The most parts of a form, for whoever takes it apart: even an empty part costs memory.
#[napi]
pub const MAX_FORM_PARTS: u32 = http::MAX_FORM_PARTS;

/// The most bytes of a form's names and texts together.
#[napi]
pub const MAX_FORM_TEXT_BYTES: u32 = http::MAX_FORM_TEXT_BYTES;

/// A set of routes over a `Casier`. A request takes two steps: `begin` with its head, then, once the
/// body that the call wants is read, `HttpCall.answer`.
#[napi]
#[derive(Debug)]
pub struct HttpApi(Api);

#[napi]
impl HttpApi {
    /// @param casier What serves the routes.
    /// @param routes `secure`, `s3` or `files`.
    /// @throws {CasierError} `config-invalid` when there is no such set of routes.
    #[napi(
        constructor,
        ts_args_type = "casier: Casier, routes: 'secure' | 's3' | 'files', options?: HttpApiOptions"
    )]
    pub fn new(
        env: Env,
        casier: Unknown<'_>,
        routes: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Self> {
        now(&env, || {
            let given = Options::new(options, &["adminMayList"])?;
            let mut options = ApiOptions::default();
            options.admin_may_list = given.flag("adminMayList")?.unwrap_or_default();
            let casier = class::<Casier>(casier, "casier")?.0.clone();
            Ok(Self(Api::new(casier, text(routes, "routes")?.parse()?, options)))
        })
    }

    /// Finds the route of a request and signs the user in. What is refused is refused in the call's
    /// answer. Waits when the issuer's keys have to be fetched.
    ///
    /// @param method The HTTP method.
    /// @param path The path below the prefix that the routes are mounted at, beginning with `/`,
    /// percent-decoded once.
    /// @param query The query as it came, without the `?`.
    /// @param headers All headers as they came.
    /// @throws {CasierError} `cancelled`.
    #[napi(
        ts_args_type = "method: string, path: string, query: string, headers: RequestHeaders, options?: RequestOptions",
        ts_return_type = "Promise<HttpCall>"
    )]
    pub fn begin(
        &self,
        env: Env,
        method: Unknown<'_>,
        path: Unknown<'_>,
        query: Unknown<'_>,
        headers: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let api = self.0.clone();
        let begin = || {
            let mut request = Request::new(text(method, "method")?, text(path, "path")?);
            request.query = text(query, "query")?;
            request.headers = convert::headers(&env, headers)?;
            let given = Options::new(options, &["signal", "address"])?;
            request.address = given.text("address")?;
            Ok((given.signal()?, async move { Ok(api.begin(request).await) }))
        };
        soon(&env, begin, |_, call| Ok(HttpCall::new(call)))
    }
}

/// A call to a route, whose body may still be unread.
#[napi]
#[derive(Debug)]
pub struct HttpCall {
    wanted: Wanted,
    session: Option<casier::Session>,
    request_id: String,
    call: Mutex<Option<Call>>,
}

impl HttpCall {
    fn new(call: Call) -> Self {
        Self {
            wanted: call.wanted(),
            session: call.session().cloned(),
            request_id: call.request_id().to_owned(),
            call: Mutex::new(Some(call)),
        }
    }

    fn take(&self) -> casier::Result<Call> {
        let call = self.call.lock().unwrap_or_else(PoisonError::into_inner).take();
        call.ok_or_else(|| Error::new(ErrorKind::Internal, "the call is answered already"))
    }
}

#[napi]
impl HttpCall {
    /// What of the body is to be read before `answer`.
    #[napi(getter, ts_return_type = "'nothing' | 'json' | 'form'")]
    pub fn wanted(&self) -> &str {
        self.wanted.name()
    }

    /// The most bytes of the body to read.
    #[napi(getter)]
    pub fn limit(&self) -> f64 {
        to_f64(self.wanted.limit())
    }

    /// Who is signed in; null when the call is refused.
    #[napi(getter)]
    pub fn session(&self) -> Option<Session> {
        self.session.clone().map(Session)
    }

    /// The id of the request, which the answer repeats as `X-Request-Id`.
    #[napi(getter)]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Does what was asked. A failure is an answer, too. A call is answered once.
    ///
    /// @param body What was read of the body that the call wants, at most `limit` bytes. Defaults to
    /// none.
    /// @throws {CasierError} `cancelled`; `internal` when the call is answered already.
    #[napi(
        ts_args_type = "body?: HttpBody | null, options?: CallOptions",
        ts_return_type = "Promise<HttpAnswer>"
    )]
    pub fn answer(&self, env: Env, body: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let begin = || {
            let (body, signal) = (self::body(body)?, Options::signal_of(options)?);
            let call = self.take()?;
            Ok((signal, async move { Ok(call.answer(body).await) }))
        };
        later(&env, begin, |_, answer| Ok(HttpAnswer::new(answer)))
    }
}

/// What goes back to the client.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// Name and value of each header.
    #[napi(ts_type = "Array<[string, string]>")]
    pub headers: Vec<Vec<String>>,
    /// JSON text, or empty.
    pub body: String,
}

impl HttpAnswer {
    fn new(answer: Answer) -> Self {
        let headers = answer.headers.into_iter().map(|(name, value)| vec![name, value]);
        Self { status: answer.status, headers: headers.collect(), body: answer.body }
    }
}

/// The answer that tells of an error, in the one form of every answer. Of a 5xx it tells nothing
/// but the code and its meaning; the rest goes to the log under the request's id.
///
/// @param error A `CasierError`.
/// @param requestId What `requestId` has given for the request.
#[napi(ts_args_type = "error: CasierError, requestId: string")]
pub fn error_answer(
    env: Env,
    error: Unknown<'_>,
    request_id: Unknown<'_>,
) -> napi::Result<HttpAnswer> {
    now(&env, || {
        let (error, id) = (caught(error)?, text(request_id, "requestId")?);
        Ok(HttpAnswer::new(Answer::error(&error, &id, SystemTime::now())))
    })
}

/// The id of a request: the incoming `X-Request-Id` where it may be kept, else a new one.
#[napi(ts_args_type = "incoming?: string | null")]
pub fn request_id(env: Env, incoming: Unknown<'_>) -> napi::Result<String> {
    now(&env, || Ok(http::request_id(convert::text_if_given(incoming, "incoming")?.as_deref())))
}

fn body(given: Unknown<'_>) -> Outcome<Body> {
    if is_absent(&given)? {
        return Ok(Body::None);
    }
    let Some((kind, value)) = members(given, "body")?.into_iter().next() else {
        return Ok(Body::None);
    };
    match kind.as_str() {
        "json" => Ok(Body::Json(contents(value, "body.json")?)),
        "form" => Ok(Body::Form(form(value)?)),
        "tooLarge" => Ok(Body::TooLarge),
        "unreadable" => Ok(Body::Unreadable),
        _ => convert::must_be("body", "json, form, tooLarge or unreadable"),
    }
}

fn form(given: Unknown<'_>) -> Outcome<Form> {
    let given = Options::new(given, &["fields", "file"])?;
    let fields = given.read("fields", convert::pairs)?.unwrap_or_default();
    let file = given.read("file", |file, _| {
        let given = Options::new(file, &["filename", "contentType", "bytes", "path"])?;
        let contents = match given.read("path", path)? {
            Some(path) => Contents::Disk(path),
            None => Contents::Memory(given.read("bytes", contents)?.unwrap_or_default()),
        };
        let filename = given.text("filename")?.unwrap_or_default();
        Ok(FormFile::new(filename, given.text("contentType")?, contents))
    })?;
    Ok(Form::new(fields, file))
}

//! A local stack with the routes over it, and requests to them.

use bytes::Bytes;
use casier::access::Policy;
use casier::http::{
    Answer, Api, ApiOptions, Body, Contents, Form, FormFile, Request, Route, Routes,
};
use casier::{Casier, CasierBuilder, Setting};
use casier_local::{LocalStack, MintRequest};
use serde_json::{Value, json};

use crate::storage::bench::{PNG, config, raw_client};
use crate::support::within_limit;

pub(crate) const ALL: [Routes; 3] = [Routes::Secure, Routes::S3, Routes::Files];

/// Ada's only file at the start of every test.
pub(crate) const ADAS: &str = "user_ada/images/été 1.png";
/// What Ada's only open upload at the start of every test is to be.
pub(crate) const BEGUN: &str = "user_ada/images/begun.png";
/// Ben's.
pub(crate) const BENS: &str = "user_ben/images/secret.png";

/// How long the signed-in users of tests may stay.
const TTL: i64 = 3600;

pub(crate) struct Bench {
    pub(crate) stack: LocalStack,
    pub(crate) casier: Casier,
    pub(crate) options: ApiOptions,
    /// The id of Ada's only open upload, of which no part is sent.
    pub(crate) upload_id: String,
    raw: aws_sdk_s3::Client,
}

/// An answer, its body read.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) json: Value,
    answer: Answer,
}

/// Runs a test on a bench of its own, within the time limit, and cleans up after it.
pub(crate) fn on_bench(test: impl AsyncFnOnce(&mut Bench)) {
    within_limit(async {
        let mut bench = Bench::new().await;
        test(&mut bench).await;
        bench.stack.shutdown().await;
    });
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let stack = LocalStack::start().await.unwrap();
        let casier = builder(&stack).build().unwrap();
        let raw = raw_client(&config(
            stack.bucket(),
            stack.s3_endpoint().to_owned(),
            stack.access_key_id(),
            stack.secret_access_key(),
            None,
        ));
        let upload_id = begin(&casier).await;
        let bench = Self { stack, casier, options: ApiOptions::default(), upload_id, raw };
        for user_id in ["ada", "ben"] {
            let files = bench.casier.storage_for(user_id).unwrap();
            let name = if user_id == "ada" { "été 1.png" } else { "secret.png" };
            let png = Bytes::from_static(PNG);
            files.upload_file_object(png, name, "image", Default::default()).await.unwrap();
        }
        bench
    }

    /// The same stack by other settings.
    pub(crate) fn configure(&mut self, change: impl FnOnce(CasierBuilder) -> CasierBuilder) {
        self.casier = change(builder(&self.stack)).build().unwrap();
    }

    pub(crate) fn with_policy(&mut self, text: &str) {
        let policy = Policy::from_toml(text, "test").unwrap();
        self.configure(|builder| builder.policy(policy));
    }

    pub(crate) fn mint(&self, change: impl FnOnce(&mut MintRequest)) -> String {
        let mut asked = MintRequest::new("ada");
        asked.ttl = TTL;
        change(&mut asked);
        self.stack.mint(&asked).unwrap()
    }

    /// A request of Ada, who has the lowest tier.
    pub(crate) fn ada(&self, method: &str, path: &str) -> Request {
        self.of_ada(Request::new(method, path))
    }

    pub(crate) fn bearer(&self, change: impl FnOnce(&mut MintRequest)) -> String {
        format!("Bearer {}", self.mint(change))
    }

    /// A request to a route, that would succeed but for its sign-in, and needs not to.
    pub(crate) fn good(&self, routes: Routes, route: &Route) -> (Request, Body) {
        good(routes, route, &self.upload_id)
    }

    /// Ada's request to a route, one that succeeds: an upload that it needs is begun for it, and
    /// sent where it completes that.
    pub(crate) async fn ready(&self, routes: Routes, route: &Route) -> (Request, Body) {
        if !route.path.contains("{id}") {
            return self.good(routes, route);
        }
        let upload_id = begin(&self.casier).await;
        if route.path.ends_with("/complete") {
            let files = self.casier.storage_for("ada").unwrap();
            let parts = files.part_urls(&upload_id, &[1]).await.unwrap();
            assert_eq!(send_part(&parts[0].url, PNG).await, 200);
        }
        good(routes, route, &upload_id)
    }

    /// The request, signed in as Ada.
    pub(crate) fn of_ada(&self, request: Request) -> Request {
        with(request, "Authorization", &self.bearer(|_| {}))
    }

    pub(crate) async fn send(&self, routes: Routes, request: Request, body: Body) -> Reply {
        let api = Api::new(self.casier.clone(), routes, self.options.clone());
        let has_body = request.method != "HEAD";
        let call = api.begin(request).await;
        let request_id = call.request_id().to_owned();
        Reply::read(call.answer(body).await, &request_id, has_body)
    }

    pub(crate) async fn get(&self, routes: Routes, path: &str, query: &str) -> Reply {
        let mut request = self.ada("GET", path);
        request.query = query.to_owned();
        self.send(routes, request, Body::None).await
    }

    pub(crate) async fn json(
        &self,
        routes: Routes,
        method: &str,
        path: &str,
        body: Value,
    ) -> Reply {
        self.send(routes, self.ada(method, path), Body::Json(body.to_string().into())).await
    }

    pub(crate) async fn upload(&self, routes: Routes, form: Form) -> Reply {
        self.send(routes, self.ada("POST", "/upload"), Body::Form(form)).await
    }

    /// Stores an object of any key behind Casier's back.
    pub(crate) async fn put_raw(&self, key: &str) {
        self.raw.put_object().bucket(self.stack.bucket()).key(key).send().await.unwrap();
    }

    /// Every key of the bucket.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let page = self.raw.list_objects_v2().bucket(self.stack.bucket()).send().await.unwrap();
        page.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }

    /// Asserts that the bucket is as it was at the start: nothing more, nothing less, nothing begun.
    pub(crate) async fn assert_untouched(&self) {
        assert_eq!(self.keys().await, [ADAS, BENS]);
        assert_eq!(self.uploads().await, [BEGUN]);
    }

    /// The key of every upload that is begun.
    pub(crate) async fn uploads(&self) -> Vec<String> {
        let uploads = self.raw.list_multipart_uploads().bucket(self.stack.bucket());
        let uploads = uploads.send().await.unwrap();
        uploads.uploads().iter().map(|upload| upload.key().unwrap().to_owned()).collect()
    }
}

impl Reply {
    /// Reads an answer, and checks what holds for all.
    fn read(answer: Answer, request_id: &str, has_body: bool) -> Self {
        let json: Value = match has_body {
            true => serde_json::from_str(&answer.body).unwrap(),
            false => {
                assert_eq!(answer.body, "");
                Value::Null
            }
        };
        let reply = Self { status: answer.status, json, answer };
        assert_eq!(reply.header("X-Request-Id"), Some(request_id));
        assert_eq!(reply.header("Content-Type"), Some("application/json"));
        assert_eq!(reply.header("Cache-Control"), Some("no-store"));
        assert_eq!(reply.header("WWW-Authenticate").is_some(), reply.status == 401);
        assert_eq!(reply.header("Allow").is_some(), reply.status == 405);
        for (name, value) in &reply.answer.headers {
            assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)), "{name}: {value:?}");
        }
        if reply.status >= 400 && has_body {
            assert_eq!(reply.json["success"], false);
            assert!(reply.json["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
            assert!(reply.json["error"]["message"].is_string());
            assert!(reply.json.get("data").is_none());
        }
        reply
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.answer.headers.iter().filter(|(own, _)| own == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} stands twice");
        value
    }

    pub(crate) fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or("none")
    }

    pub(crate) fn body(&self) -> &str {
        &self.answer.body
    }
}

/// Sends a part to its address as any HTTP client does, and gives the status.
pub(crate) async fn send_part(url: &str, bytes: &'static [u8]) -> u16 {
    reqwest::Client::new().put(url).body(bytes).send().await.unwrap().status().as_u16()
}

/// Begins an upload of Ada's.
async fn begin(casier: &Casier) -> String {
    let files = casier.storage_for("ada").unwrap();
    let begun = files.begin_upload("begun.png", "image", PNG.len() as u64, Default::default());
    begun.await.unwrap().upload_id
}

/// A request to a route that would succeed, but for its sign-in.
fn good(routes: Routes, route: &Route, upload_id: &str) -> (Request, Body) {
    let path = route.path.replace("{key}", ADAS).replace("{id}", upload_id);
    let request = Request::new(route.method, path);
    let json = |value: Value| Body::Json(value.to_string().into());
    let body = match (routes, route.path) {
        (_, "/upload") => Body::Form(form(&[("content_type", "image")], "new.png", PNG)),
        (_, "/presigned-url" | "/delete") => json(json!({"s3_key": ADAS})),
        (_, "/delete-many" | "/files/delete-many" | "/files/links") => {
            json(json!({"s3_keys": [ADAS]}))
        }
        (_, "/uploads") => json(json!({
            "filename": "new.png", "content_type": "image", "mime_type": "image/png",
            "size": PNG.len(),
        })),
        (_, "/uploads/{id}/parts") => json(json!({"part_numbers": [1]})),
        (_, path) if path.starts_with("/uploads/{id}") => Body::None,
        (_, "/list") | (Routes::Secure, _) => Body::None,
        other => panic!("the tests do not know {other:?}"),
    };
    (request, body)
}

pub(crate) fn form(fields: &[(&str, &str)], filename: &str, bytes: &'static [u8]) -> Form {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let contents = Contents::Memory(Bytes::from_static(bytes));
    Form::new(fields.collect(), Some(FormFile::new(filename, None, contents)))
}

pub(crate) fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}

fn builder(stack: &LocalStack) -> CasierBuilder {
    let variables = stack.env().into_iter().map(|(name, value)| (name.into(), value.into()));
    Casier::builder()
        .variables(variables.collect::<Vec<_>>())
        .unwrap()
        .set(Setting::AllowedOrigins, "https://app.example")
}

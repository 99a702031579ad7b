//! The issuer's endpoints.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::guard;
use super::mint::MintRequest;
use super::server::Shared;

/// The largest body of a request, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// How long a client may take to send a body.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

type Answer = Response<Full<Bytes>>;

pub(super) async fn answer(shared: &Shared, request: Request<Incoming>) -> Answer {
    match request.uri().path() {
        "/.well-known/jwks.json" => jwks(shared, request.method()),
        "/.well-known/openid-configuration" => discovery(shared, request.method()),
        "/mint" => guarded(shared, request, &[Method::POST], mint).await,
        "/rotate" => guarded(shared, request, &[Method::POST], rotate).await,
        "/faults" if shared.faults.is_some() => {
            guarded(shared, request, &[Method::GET, Method::POST, Method::DELETE], faults).await
        }
        _ => failure(StatusCode::NOT_FOUND, "there is nothing here"),
    }
}

fn jwks(shared: &Shared, method: &Method) -> Answer {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return not_allowed("GET, HEAD", "only GET and HEAD are taken here");
    }
    shared.jwks_fetches.fetch_add(1, Ordering::SeqCst);
    match shared.jwks_failure().and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => failure(status, "the key set fails on purpose"),
        None => success(&shared.ring.jwks()),
    }
}

fn discovery(shared: &Shared, method: &Method) -> Answer {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return not_allowed("GET, HEAD", "only GET and HEAD are taken here");
    }
    success(&json!({
        "issuer": shared.url,
        "jwks_uri": format!("{}/.well-known/jwks.json", shared.url),
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
    }))
}

/// Checks who asks, reads the body, and lets `act` answer it.
async fn guarded(
    shared: &Shared,
    request: Request<Incoming>,
    allowed: &[Method],
    act: fn(&Shared, &Method, &[u8]) -> Result<Value, String>,
) -> Answer {
    let (parts, body) = request.into_parts();
    if let Err(refusal) = guard::check(&parts, shared.port, &shared.bearer, allowed) {
        return match refusal.status {
            StatusCode::METHOD_NOT_ALLOWED => {
                let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
                not_allowed(&names.join(", "), refusal.reason)
            }
            StatusCode::UNAUTHORIZED => {
                let mut answer = failure(refusal.status, refusal.reason);
                answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                answer
            }
            status => failure(status, refusal.reason),
        };
    }
    let read = Limited::new(body, MAX_BODY_BYTES).collect();
    let body = match tokio::time::timeout(BODY_DEADLINE, read).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return failure(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 256 KiB");
        }
        Ok(Err(_)) => return failure(StatusCode::BAD_REQUEST, "the body broke off"),
        Err(_) => return failure(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
    };
    match act(shared, &parts.method, &body) {
        Ok(value) => success(&value),
        Err(reason) => failure(StatusCode::BAD_REQUEST, &reason),
    }
}

fn mint(shared: &Shared, _: &Method, body: &[u8]) -> Result<Value, String> {
    let request: MintRequest = parse(body)?;
    let token = shared.ring.mint(&request, &shared.url, SystemTime::now());
    Ok(json!({ "token": token.map_err(|error| error.to_string())? }))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RotateRequest {
    keep: bool,
}

fn rotate(shared: &Shared, _: &Method, body: &[u8]) -> Result<Value, String> {
    let request: RotateRequest = parse(body)?;
    let kid = shared.ring.add(request.keep).map_err(|error| error.to_string())?;
    Ok(json!({ "kid": kid }))
}

/// Adds a rule to the S3 server's faults, clears them, or tells of them.
fn faults(shared: &Shared, method: &Method, body: &[u8]) -> Result<Value, String> {
    let faults = shared.faults.as_ref().ok_or("no S3 server belongs to this issuer")?;
    match *method {
        Method::POST => faults.try_add(parse(body)?)?,
        Method::DELETE => faults.clear(),
        _ => {}
    }
    Ok(json!({
        "rules": faults.rules(),
        "injected": faults.log(),
        "requests": faults.all_requests(),
    }))
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("the body does not fit: {error}"))
}

fn success(value: &Value) -> Answer {
    respond(StatusCode::OK, value)
}

fn failure(status: StatusCode, reason: &str) -> Answer {
    respond(status, &json!({ "error": reason }))
}

fn not_allowed(allowed: &str, reason: &str) -> Answer {
    let mut answer = failure(StatusCode::METHOD_NOT_ALLOWED, reason);
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        answer.headers_mut().insert(ALLOW, allowed);
    }
    answer
}

fn respond(status: StatusCode, value: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(value.to_string())));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

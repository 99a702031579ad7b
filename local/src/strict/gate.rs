//! Judges a request, passes it on to s3s, and sees to it that the answer arrives.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Frame, SizeHint};
use s3s::service::S3Service;
use s3s::{Body, HttpError};

use super::cors::{self, Origin};
use super::refusal::Refusal;
use super::{Rules, digest, drop_odd_range, form, judge, needs_digest};
use crate::faults::{Arriving, BoxError};
use crate::store::Store;
use crate::sts;

/// The most of an unread body that is read only so that the client gets to read the answer.
const MAX_DRAINED_BYTES: usize = 16 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The largest body that is read before its digest is compared, in bytes.
const MAX_DIGESTED_BYTES: usize = 2 << 20;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// When a request arrived, for what is behind the layer.
#[derive(Clone, Copy)]
pub(crate) struct Arrival(pub(crate) SystemTime);

/// The strict layer, with s3s behind it.
#[derive(Clone)]
pub(crate) struct Gate {
    rules: Arc<Rules>,
    store: Arc<Store>,
    protocol: S3Service,
}

impl Gate {
    pub(crate) fn new(rules: Rules, store: Arc<Store>, protocol: S3Service) -> Self {
        Self { rules: Arc::new(rules), store, protocol }
    }

    /// Answers a request that arrives at `now`.
    pub(crate) async fn answer(
        &self,
        request: Request<Arriving>,
        now: SystemTime,
    ) -> Result<Response<Body>, HttpError> {
        let (mut parts, arriving) = request.into_parts();
        let rest = Shared::new(&parts, arriving);
        if parts.method == Method::OPTIONS {
            let request_id = request_id();
            let mut response = cors::preflight(&self.store, &parts)
                .unwrap_or_else(|refusal| refusal.into_response(&request_id));
            identify(&mut response, request_id);
            return Ok(response);
        }
        let origin = Origin::of(&parts);
        let for_sts = sts::is_meant(&parts.method, &parts.uri, &parts.headers);
        let outcome = if form::is_upload(&parts) {
            form::judge(&self.rules, &parts, rest.clone(), now).await
        } else {
            match judge(&self.rules, &parts, now) {
                Ok(signed) => {
                    drop_odd_range(&mut parts, &signed);
                    body(&parts, rest.clone()).await
                }
                Err(refusal) => Err(refusal),
            }
        };
        let request_id = request_id();
        let mut response = match outcome {
            Ok(body) => {
                parts.extensions.insert(Arrival(now));
                self.protocol.call(Request::from_parts(parts, body)).await?
            }
            Err(refusal) => {
                tracing::debug!(code = refusal.code, "refused");
                refusal.into_response(&request_id)
            }
        };
        if for_sts {
            response = sts::in_its_form(response).await;
        }
        identify(&mut response, request_id);
        cors::reveal(&self.store, &origin, &mut response);
        rest.drain().await;
        Ok(response)
    }

    /// Answers a request with a refusal, whatever it asks for.
    pub(crate) async fn refuse(
        &self,
        request: Request<Arriving>,
        refusal: Refusal,
    ) -> Response<Body> {
        let (parts, arriving) = request.into_parts();
        let request_id = request_id();
        let mut response = refusal.into_response(&request_id);
        if sts::is_meant(&parts.method, &parts.uri, &parts.headers) {
            response = sts::in_its_form(response).await;
        }
        identify(&mut response, request_id);
        cors::reveal(&self.store, &Origin::of(&parts), &mut response);
        Shared::new(&parts, arriving).drain().await;
        response
    }
}

fn request_id() -> String {
    crate::random::hex(8).unwrap_or_default().to_ascii_uppercase()
}

fn identify(response: &mut Response<Body>, request_id: String) {
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
}

/// The body for s3s; one that must come with a digest is read and compared first.
async fn body(parts: &Parts, body: Shared) -> Result<Body, Refusal> {
    if !needs_digest(parts) || is_chunked(&parts.headers) {
        return Ok(Body::http_body(body));
    }
    let read = Limited::new(body, MAX_DIGESTED_BYTES).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Refusal::malformed_xml()
        } else {
            Refusal::incomplete_body()
        }
    })?;
    let bytes = read.to_bytes();
    digest::judge(&parts.headers, &bytes)?;
    Ok(Body::from(bytes))
}

/// Whether the body is `aws-chunked`, whose chunks and trailers s3s checks.
fn is_chunked(headers: &HeaderMap) -> bool {
    headers
        .get("x-amz-content-sha256")
        .is_some_and(|value| value.as_bytes().starts_with(b"STREAMING-"))
}

/// A request's body that can still be read on when s3s is done with it.
#[derive(Clone)]
pub(super) struct Shared {
    arriving: Arc<Mutex<Arriving>>,
    /// Whether the client sends its body: one that waits for "100 Continue" does not yet.
    sent: Arc<AtomicBool>,
}

impl Shared {
    fn new(parts: &Parts, arriving: Arriving) -> Self {
        let sent = !parts.headers.contains_key(header::EXPECT);
        Self { arriving: Arc::new(Mutex::new(arriving)), sent: Arc::new(sent.into()) }
    }

    /// Reads on to the end, within limits: a connection that is closed while the client still
    /// sends may lose the answer.
    async fn drain(self) {
        if !self.sent.load(Ordering::Relaxed) {
            return;
        }
        let reading = async {
            let mut rest = Limited::new(self, MAX_DRAINED_BYTES);
            while let Some(Ok(_)) = rest.frame().await {}
        };
        let _ = tokio::time::timeout(DRAIN_TIME, reading).await;
    }
}

impl hyper::body::Body for Shared {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.sent.store(true, Ordering::Relaxed);
        let mut arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *arriving).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.arriving.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}

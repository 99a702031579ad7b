//! The service that hyper calls: what a fault does to a request, around the strict layer.

use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::service::Service;
use s3s::Body;

use super::body::{Arriving, BoxError, Faulty};
use super::operation::Asked;
use super::{Fault, Faults};
use crate::clock::Clock;
use crate::strict::{Gate, Refusal};

/// The longest stall.
const MAX_STALL: Duration = Duration::from_secs(600);

/// How long a cut waits for what was sent before it: hyper passes on what it holds only while a
/// body has nothing more for it.
const FLUSH: Duration = Duration::from_millis(20);

/// The connection is to be closed, without a word.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut on purpose")]
pub(crate) struct Cut;

/// Draws a fault for each request and injects it.
#[derive(Clone)]
pub(crate) struct Layer {
    faults: Faults,
    clock: Clock,
    gate: Gate,
}

impl Layer {
    pub(crate) fn new(faults: Faults, clock: Clock, gate: Gate) -> Self {
        Self { faults, clock, gate }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, BoxError> {
        let (parts, incoming) = request.into_parts();
        let asked = Asked::of(&parts, !incoming.is_end_stream());
        let mut now = self.clock.now();
        let headless = parts.method == Method::HEAD;
        let response = match self.faults.draw(&asked) {
            None => self.gate.answer(sound(parts, incoming), now).await?,
            Some(Fault::Unavailable) => self.refuse(parts, incoming, Refusal::unavailable()).await,
            Some(Fault::SlowDown) => self.refuse(parts, incoming, Refusal::slow_down()).await,
            Some(Fault::InternalError) => self.refuse(parts, incoming, Refusal::internal()).await,
            Some(Fault::ErrorIn200) => {
                let refusal = Refusal::internal().in_success();
                self.refuse(parts, incoming, refusal).await
            }
            Some(Fault::Cut { after_bytes }) => {
                read(incoming, after_bytes).await;
                return Err(Cut.into());
            }
            Some(Fault::LostAnswer) => {
                self.gate.answer(sound(parts, incoming), now).await?;
                return Err(Cut.into());
            }
            Some(Fault::Stall) => {
                self.stall().await;
                return Err(Cut.into());
            }
            Some(Fault::CutAnswer { after_bytes }) => {
                let response = self.gate.answer(sound(parts, incoming), now).await?;
                let flush = tokio::time::sleep(FLUSH);
                ended(response, headless, after_bytes, flush).await?
            }
            Some(Fault::StallAnswer { after_bytes }) => {
                let response = self.gate.answer(sound(parts, incoming), now).await?;
                ended(response, headless, after_bytes, self.stall()).await?
            }
            Some(Fault::Slow { bytes_per_second }) => {
                let slow = Faulty::slow(incoming, bytes_per_second);
                let response = self.gate.answer(Request::from_parts(parts, slow), now).await?;
                response.map(|body| Body::http_body_unsync(Faulty::slow(body, bytes_per_second)))
            }
            Some(Fault::CorruptRequest { at }) => {
                let length = incoming.size_hint().exact();
                let corrupt = Faulty::corrupt(incoming, at, length);
                self.gate.answer(Request::from_parts(parts, corrupt), now).await?
            }
            Some(Fault::CorruptAnswer { at }) => {
                let response = self.gate.answer(sound(parts, incoming), now).await?;
                let length = length(&response);
                response.map(|body| Body::http_body_unsync(Faulty::corrupt(body, at, length)))
            }
            Some(Fault::ClockOff { seconds }) => {
                now = off(now, seconds);
                self.gate.answer(sound(parts, incoming), now).await?
            }
        };
        Ok(dated(response, now))
    }

    async fn refuse(&self, parts: Parts, incoming: Incoming, refusal: Refusal) -> Response<Body> {
        self.gate.refuse(sound(parts, incoming), refusal).await
    }

    fn stall(&self) -> impl Future<Output = ()> + Send + use<> {
        let cleared = self.faults.until_cleared();
        async move {
            let _ = tokio::time::timeout(MAX_STALL, cleared).await;
        }
    }
}

impl Service<Request<Incoming>> for Layer {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}

fn sound(parts: Parts, incoming: Incoming) -> Request<Arriving> {
    Request::from_parts(parts, Faulty::sound(incoming))
}

/// Reads that much of a body, or all that there is.
async fn read(mut body: Incoming, bytes: u64) {
    let mut left = bytes;
    while left > 0 {
        let Some(Ok(frame)) = body.frame().await else { return };
        left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len() as u64));
    }
}

/// An answer that ends early, after a wait: within its body, or before its head when none follows.
async fn ended(
    response: Response<Body>,
    headless: bool,
    bytes: u64,
    wait: impl Future<Output = ()> + Send + 'static,
) -> Result<Response<Body>, BoxError> {
    if headless || response.body().is_end_stream() {
        wait.await;
        return Err(Cut.into());
    }
    let length = length(&response);
    Ok(response
        .map(|body| Body::http_body_unsync(Faulty::ending(body, bytes, length, Box::pin(wait)))))
}

/// The length of an answer's body: of a stream, its head alone knows it.
fn length(response: &Response<Body>) -> Option<u64> {
    let told = response.headers().get(header::CONTENT_LENGTH);
    let told = told.and_then(|length| length.to_str().ok()?.parse().ok());
    told.or_else(|| response.body().size_hint().exact())
}

fn off(time: SystemTime, seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 { time.checked_sub(distance) } else { time.checked_add(distance) };
    shifted.unwrap_or(time)
}

/// The server's clock is the one that clients get to see.
fn dated(mut response: Response<Body>, now: SystemTime) -> Response<Body> {
    let date = crate::s3::http_date(now).map(HeaderValue::try_from);
    if let Some(Ok(date)) = date {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

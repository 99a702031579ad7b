//! The HTTP routes that applications mount, and the one form of their answers.
//!
//! A web framework finds the route's prefix, reads the body and sends the answer; everything in
//! between happens here, so that Flask and Next.js cannot differ. A call takes two steps, so that
//! nobody who is refused gets a byte of their body read: [`Api::begin`] takes the head of the
//! request, finds the route and signs the user in; [`Call::answer`] takes the body.
//!
//! ```no_run
//! # async fn read_json(_: u64) -> casier::http::Body { Default::default() }
//! # async fn read_form(_: u64) -> casier::http::Body { Default::default() }
//! # async fn serve(casier: casier::Casier, request: casier::http::Request) {
//! use casier::http::{Api, ApiOptions, Body, Routes, Wanted};
//!
//! let api = Api::new(casier, Routes::Files, ApiOptions::default()); // once
//! let call = api.begin(request).await;
//! let body = match call.wanted() {
//!     Wanted::Json { limit } => read_json(limit).await,
//!     Wanted::Form { limit } => read_form(limit).await,
//!     _ => Body::None,
//! };
//! let answer = call.answer(body).await;
//! println!("{} {:?} {}", answer.status, answer.headers, answer.body);
//! # }
//! ```
//!
//! `docs/http.md` tells the routes, their bodies and their answers.

mod answer;
mod api;
mod body;
mod call;
mod file;
mod form;
mod listing;
mod members;
mod query;
mod request_id;
mod routes;
mod task;
mod time;
mod uploads;

pub use answer::{Answer, Failure, Success};
pub use api::{Api, ApiOptions, Request};
pub use body::{
    Body, Contents, Form, FormFile, MAX_FORM_PARTS, MAX_FORM_TEXT_BYTES, MAX_JSON_BYTES, Wanted,
};
pub use call::Call;
pub use request_id::request_id;
pub use routes::{Route, Routes};

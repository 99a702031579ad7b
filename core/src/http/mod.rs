//! The HTTP routes that applications mount, and the one form of their answers.
//!
//! A web framework finds the route's prefix, reads the body and sends the answer; everything in
//! between happens here, so that Flask and Next.js cannot differ. A call takes two steps, so that
//! nobody who is refused gets a byte of their body read: [`Api::begin`] takes the head of the
//! request, finds the route and signs the user in; [`Call::answer`] takes the body.

mod answer;
mod api;
mod body;

pub use answer::{Answer, Failure, Success, request_id};
pub use api::{Api, ApiOptions, Call, Request, Route, Routes};
pub use body::{Body, Contents, Form, FormFile, Wanted};

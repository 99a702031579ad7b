//! The local stack over its ports, as its users meet it.
#![allow(clippy::unwrap_used)]

mod http;
mod issuer;
mod jwt;

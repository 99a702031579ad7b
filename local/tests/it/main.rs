//! The local stack as its users meet it: over HTTP.

#![allow(clippy::unwrap_used, missing_docs)]

mod faults;
mod http;
mod issuer;
mod jwt;
mod program;
mod s3;
mod stack;
#[path = "../../src/testing.rs"]
mod testing;

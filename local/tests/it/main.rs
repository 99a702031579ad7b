//! The local stack as its users meet it: over HTTP.

#![allow(clippy::unwrap_used, missing_docs)]

mod s3;

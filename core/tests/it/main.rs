//! The integration tests of `casier`, in one program.
#![allow(clippy::unwrap_used)]

mod audit;
mod authorization;
mod client;
mod docs;
mod environment;
mod http;
mod storage;
mod support;
mod token;

//! Casier's local stack: a strict S3 server and a token issuer on loopback, for development and
//! for the tests of products that use Casier.
//!
//! The crate never depends on the SDK, and the SDK never on it; the two meet over HTTP alone.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod clock;
mod error;
mod faults;
pub mod issuer;
mod random;
pub mod s3;
mod stack;
mod store;
mod strict;
mod sts;
#[cfg(test)]
mod testing;

pub use clock::Clock;
pub use error::{Error, Result};
pub use faults::{Fault, FaultRule, Faults, Injection};
pub use issuer::{Issuer, MintOrganization, MintRequest, TokenFault};
pub use s3::{S3Config, S3Server};
pub use stack::{LocalStack, LocalStackBuilder};

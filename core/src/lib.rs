//! Casier: storage and auth for products that sign their users in with Clerk or any OpenID
//! Connect provider and keep their files in S3.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod access;
mod error;
pub mod state;
pub mod storage;
pub mod token;

pub use error::{Details, Error, ErrorKind, Result};

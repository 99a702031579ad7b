//! Casier: storage and auth for products that sign their users in with Clerk or any OpenID
//! Connect provider and keep their files in S3.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod access;
mod client;
pub mod config;
mod error;
mod session;
pub mod state;
pub mod storage;
pub mod token;

pub use client::{Casier, CasierBuilder};
pub use config::{Config, Setting};
pub use error::{Details, Error, ErrorKind, Result};
pub use session::Session;

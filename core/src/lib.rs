//! Casier: storage and auth for products that sign their users in with Clerk, or any OpenID
//! Connect provider, and keep their users' files in S3.
//!
//! Every request takes the same four steps: who is this, what may they do, which files are theirs,
//! hand the file over. [`Casier`] takes the first and gives a [`Session`]; the session answers the
//! second and opens the third, a [`UserStorage`](storage::UserStorage), in which every call stays
//! inside one user's scope.
//!
//! ```no_run
//! # async fn run(token: &str) -> casier::Result<()> {
//! use casier::Casier;
//! use casier::storage::LinkOptions;
//!
//! let casier = Casier::from_env()?; // once for a process
//! let session = casier.authenticate(token).await?; // once for a request
//! session.require_feature("books")?;
//! let files = session.files()?;
//! let stored = files.upload_file("/tmp/livre.pdf", "book", Default::default()).await?;
//! let link = files.presigned_url(&stored.key, LinkOptions::default()).await?;
//! println!("{} for {} seconds", link.url, link.expires_in);
//! # Ok(())
//! # }
//! ```
//!
//! The parts, in the order in which a call passes them:
//!
//! - [`token`]: from a request to a verified [`User`](token::User). [`token::TokenVerifier`] is
//!   the pure form, with no network and no clock.
//! - [`access`]: tiers, roles, features and kinds of files are data, [`access::Policy`]; its
//!   `decide` is pure too.
//! - [`storage`]: [`storage::Scope`] is a user's one place in the bucket; keys, lists and links
//!   come from it and from nowhere else.
//! - [`observe`]: what Casier tells of each of its decisions.
//!
//! And around them:
//!
//! - [`http`]: the routes that web frameworks mount, and the form of their answers.
//! - [`config`]: the table of settings, from code, environment and file.
//! - [`state`]: what requests share, and processes over a store of the application's.
//! - [`log`]: what Casier has to say, for languages that have a log of their own.
//!
//! Every failure is one [`Error`] with a stable code, an HTTP status, and whether trying again may
//! help. Calls that wait need a tokio runtime with time and I/O; nothing is started at
//! construction. Types are plain and owned, so that other languages can hold them.
#![cfg_attr(test, allow(clippy::unwrap_used))]
// What it finds is boxed where the call gets its deadline (`storage/s3/deadline.rs` says why).
#![warn(clippy::large_futures)]

pub mod access;
mod cancel;
mod client;
pub mod config;
mod error;
pub mod http;
mod json;
mod limits;
pub mod log;
pub mod observe;
mod random;
mod session;
pub mod state;
pub mod storage;
pub mod token;
mod web_url;

pub use cancel::Cancellation;
pub use client::{Casier, CasierBuilder};
pub use config::{Config, Setting};
pub use error::{Category, Details, Error, ErrorKind, Result};
pub use session::Session;

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_send_sync<T: Send + Sync + 'static>() {}

    #[test]
    fn what_requests_share_is_safe_to_share() {
        assert_send_sync::<Casier>();
        assert_send_sync::<Session>();
        assert_send_sync::<Error>();
        assert_send_sync::<storage::UserStorage>();
        assert_send_sync::<token::TokenVerifier>();
        assert_send_sync::<access::Policy>();
        assert_send_sync::<state::MemoryState>();
        assert_send_sync::<http::Api>();
        assert_send_sync::<http::Call>();
    }
}

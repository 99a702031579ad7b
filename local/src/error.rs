//! What can go wrong in the local stack.

use std::net::SocketAddr;

/// The result of a call of the local stack.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the local stack could not start or could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of range or contradicts another.
    #[error("{0}")]
    Setting(String),
    /// The port is taken, or may not be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The data folder cannot be used: not writable, in use by another server, or damaged.
    #[error("cannot use the data folder: {0}")]
    Data(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The mint request asks for a token that has no such form.
    #[error("cannot mint this token: {0}")]
    Mint(String),
    /// The cryptographic library failed, which it never does on sound keys.
    #[error("cryptography failed: {0}")]
    Crypto(String),
}

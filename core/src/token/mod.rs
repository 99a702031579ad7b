//! From a token to a verified user.
//!
//! One order for every token, and nothing is believed before its turn: compact form → issuer
//! (the unverified `iss` only *selects* one configured issuer) → header rules → key → signature
//! → claims → [`User`]. [`TokenVerifier`] is the pure part: no network, and the time comes in from
//! outside. [`Issuers`] adds several issuers and keys that are fetched over HTTP and cached.

mod algorithm;
mod claims;
mod encoding;
mod fetch;
mod grants;
mod header;
mod issuer;
mod issuers;
mod json;
mod jwk;
mod jws;
mod key;
mod key_cache;
mod key_set;
mod mapping;
mod pem;
mod remote;
mod roca;
mod unverified;
mod user;
mod verifier;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod verifier_tests;

pub use algorithm::Algorithm;
pub use issuer::{IssuerConfig, KeySource, TokenSource};
pub use issuers::Issuers;
pub use user::{Organization, User};
pub use verifier::{TokenVerifier, VerifiedToken};

//! From a request to a verified user.
//!
//! One order for every token, and nothing is believed before its turn: compact form → issuer
//! (the unverified `iss` only *selects* one configured issuer) → header rules → key → signature
//! → claims → [`User`]. [`TokenVerifier`] is the pure part: no network, and the time comes in from
//! outside. [`Issuers`] adds several issuers and keys that are fetched over HTTP and cached.
//! [`extract_token`] finds the token of a request before all that.

mod algorithm;
mod cache;
mod claims;
mod fetch;
mod flight;
mod issuer;
mod issuers;
mod jws;
mod keys;
mod options;
mod provider;
mod publishable_key;
mod request;
mod revocation;
mod user;
mod user_lookup;
mod verified;
mod verifier;

#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use claims::Claims;
pub(crate) use issuer::MAX_CLOCK_SKEW_SECONDS;
pub use issuer::{IssuerConfig, KeySource, TokenSource};
pub use issuers::Issuers;
pub use options::VerifierOptions;
pub use provider::{ClaimsMapping, MappedField, Provider};
pub use publishable_key::PublishableKey;
pub use request::{RequestHead, RequestRules, RequestToken, extract_token};
pub use revocation::{Clearance, MAX_TOKEN_LIFE, Revocations};
pub use user::{Organization, User};
pub use user_lookup::UserLookup;
pub use verified::VerifiedToken;
pub use verifier::TokenVerifier;

//! From a request to a verified user.
//!
//! One order for every token, and nothing is believed before its turn. The parts, in that order:
//!
//! - `request`: finds the token in a request's headers and cookies ([`extract_token`]).
//! - `jws`: takes it apart, decodes it strictly and judges its header; `algorithm` is what a header
//!   may name. The unverified `iss` only *selects* one configured issuer.
//! - `keys`: an issuer's keys, given, or fetched over HTTP and kept; checks the signature.
//! - `claims`: judges the claims, and makes the [`User`] of them (`user`).
//! - `user_lookup`: completes users whose tokens say too little, at Clerk.
//! - `revocation`: refuses tokens whose session or user has been revoked ([`Revocations`]).
//!
//! Two types take a token through them and give a [`VerifiedToken`] (`verified`): [`TokenVerifier`]
//! (`verifier`), with one issuer, no network and no clock; [`Issuers`], with several issuers and
//! what has to be fetched. Both remember the tokens that passed (`cache`).
//!
//! What is set for an issuer is an [`IssuerConfig`] (`issuer`), as plain values [`VerifierOptions`]
//! (`options`); a `publishable_key` names one, too. What is known of the tokens of each provider is
//! in `provider`. `fetch` and `flight` get a document from a server, once for all who wait.

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
pub use revocation::{MAX_TOKEN_LIFE, Revocations};
pub use user::{Organization, User};
pub use user_lookup::UserLookup;
pub use verified::VerifiedToken;
pub use verifier::TokenVerifier;

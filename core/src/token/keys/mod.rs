//! The public keys of an issuer: read from PEM or JWK, weak ones refused, given or fetched over HTTP
//! and cached.

mod cache;
mod endpoint;
mod jwk;
mod key;
mod pem;
mod remote;
mod roca;
mod set;

pub(crate) use endpoint::Endpoint;
pub(crate) use key::VerificationKey;
pub(crate) use remote::RemoteKeys;
pub(crate) use set::KeySet;
#[cfg(test)]
pub(crate) use {jwk::read_jwk, key::KeyMaterial, pem::read_pem};

//! The token issuer: a key set, Clerk-shaped session tokens good and bad, and the two over HTTP.

mod claims;
mod fault;
mod guard;
mod http;
mod json;
mod keys;
mod mint;
mod ring;
mod server;

pub use fault::TokenFault;
pub use keys::{Signing, SigningKey};
pub use mint::{MintOrganization, MintRequest};
pub use server::Issuer;

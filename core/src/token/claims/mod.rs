//! What a token says once its signature is right: the rules for its claims, and the user that they
//! make.

mod clerk;
mod every;
mod grants;
mod mapping;
mod rules;

pub(crate) use every::ClaimPath;
pub use every::Claims;
pub(crate) use mapping::UserMapping;
pub(crate) use rules::{CheckedClaims, Dates};

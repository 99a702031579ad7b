//! What a token says once its signature is right: the `rules` that its claims must keep, the `user`
//! that they make, and all of them as a `map` for the application. `clerk` and `grants` read what
//! only Clerk's tokens have.

mod clerk;
mod grants;
mod map;
mod rules;
mod user;

pub(crate) use map::ClaimPath;
pub use map::Claims;
pub(crate) use rules::{CheckedClaims, Dates};
pub(crate) use user::UserMapping;

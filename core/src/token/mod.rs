//! From a request to a verified user.

mod user;

pub use user::{Organization, User};

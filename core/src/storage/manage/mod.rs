//! Managing what is stored.

mod delete;
mod head;

pub use delete::{Deletion, MAX_DELETE_KEYS};

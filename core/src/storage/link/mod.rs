//! Links: addresses that let whoever has them do one thing with one file, for a while.

mod life;
mod read;

pub use read::{Link, LinkOptions};

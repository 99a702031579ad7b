//! Links: addresses that let whoever has them do one thing with one file, for a while.

mod life;
mod read;

pub(super) use life::{check_life, check_time};
pub use read::{Link, LinkOptions};

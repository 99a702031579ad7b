//! Links: addresses that let whoever has them do one thing with one file, for a while.

mod life;
mod read;

pub(super) use life::{check_life, check_time, while_keys_live};
pub use read::{Link, LinkOptions};

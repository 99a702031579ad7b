//! Managing what is stored.

mod copy;
mod delete;
mod delete_all;
mod delete_batch;
mod head;
mod move_to;
mod remains;
mod tags;
mod usage;

pub use copy::CopyOptions;
pub use delete::Deletion;
pub use delete_all::Receipt;
pub use usage::{KindUsage, Usage};

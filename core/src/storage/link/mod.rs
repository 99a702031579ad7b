//! Links: addresses that let whoever has them do one thing with one file, for a while.

mod cache;
mod life;
mod post;
mod put;
mod read;
mod upload;

pub(in crate::storage) use cache::LinkCache;
pub(super) use life::{check_life, check_time, while_keys_live};
pub use post::PresignedPost;
pub use put::PresignedUpload;
pub use read::{Link, LinkOptions};
pub use upload::PresignedUploadOptions;

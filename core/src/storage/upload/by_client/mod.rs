//! Uploads whose parts a client sends, straight to the store: begun here, signed for part by part,
//! and looked at here before they count.

mod begin;
mod complete;
pub(super) mod empty;
mod part_urls;

pub use self::begin::{BeginUploadOptions, BegunUpload};
pub use self::part_urls::{MAX_PART_URLS, PartUrl};

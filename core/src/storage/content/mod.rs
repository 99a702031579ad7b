//! What is stored and served beside a file's bytes: its type, whether the bytes show it, its
//! disposition, its user metadata.

pub(super) mod content_type;
pub(super) mod disposition;
pub(super) mod sniff;
pub(super) mod tags;
pub(super) mod user_metadata;

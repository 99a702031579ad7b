//! A user's files: scope and keys, and the S3 operations inside them.

mod body;
mod config;
mod content;
mod create_only;
mod cursor;
mod delete;
mod failure;
mod file;
mod get;
mod head;
mod keys;
mod link;
mod list;
mod put;

mod s3;
mod user_storage;

pub(crate) use config::is_bucket_name;
pub use config::{MAX_LINK_SECONDS, StaticCredentials, StorageConfig};
pub use content::user_metadata::MAX_METADATA_BYTES;
pub use delete::{Deletion, MAX_DELETE_KEYS};
pub use file::StoredFile;
pub use get::MAX_READ_BYTES;
pub use keys::{
    MAX_FILENAME_BYTES, MAX_KEY_BYTES, MAX_KIND_BYTES, MAX_SCOPE_BYTES, ParsedKey, Scope,
    check_kind, clean_filename,
};
pub(crate) use keys::{is_forbidden_extension, last_extension};
pub use link::{Link, LinkOptions};
pub use list::{ListOptions, MAX_PAGE_FILES, Page};
pub use put::{MAX_PUT_BYTES, UploadOptions};
pub use user_storage::{Storage, UserStorage};

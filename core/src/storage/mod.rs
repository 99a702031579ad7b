//! A user's files: scope and keys, and the S3 operations inside them.

mod cdn;
mod config;
mod content;
mod disk;
mod file;
mod grant;
mod keys;
mod link;
mod list;
mod manage;
mod progress;
mod quota;
mod read;
mod s3;
mod sign;
mod upload;
mod user_storage;

pub use cdn::{CdnCookies, CdnOptions, CloudFront};
pub(crate) use cdn::{PrivateKey as CdnPrivateKey, check_domain, check_key_pair_id};
pub use config::{Encryption, MAX_LINK_SECONDS, StaticCredentials, StorageConfig};
pub(crate) use config::{is_bucket_name, is_role_arn};
pub use content::tags::MAX_TAGS;
pub use content::user_metadata::MAX_METADATA_BYTES;
pub use file::StoredFile;
pub use grant::{Access, GrantOptions, MAX_GRANT_SECONDS, MIN_GRANT_SECONDS, TemporaryCredentials};
pub use keys::{
    MAX_FILENAME_BYTES, MAX_KEY_BYTES, MAX_KIND_BYTES, MAX_SCOPE_BYTES, ParsedKey, Scope,
    check_kind, clean_filename,
};
pub(crate) use keys::{is_forbidden_extension, last_extension};
pub use link::{Link, LinkOptions, PresignedPost, PresignedUpload, PresignedUploadOptions};
pub use list::{FileList, ListOptions, MAX_NEWEST_FILES, MAX_PAGE_FILES, Page};
pub use manage::{CopyOptions, Deletion, KindUsage, Receipt, Usage};
pub use progress::OnProgress;
pub use read::{ByteRange, DownloadOptions, FileStream, MAX_READ_BYTES, ReadOptions};
pub use upload::{
    BeginUploadOptions, BegunUpload, MAX_OBJECT_BYTES, MAX_PART_URLS, MAX_PUT_BYTES,
    MIN_SECRET_BYTES, MULTIPART_FROM, OnBegin, PartUrl, ResumeOptions, SealingSecret, SweptUploads,
    UploadContents, UploadOptions, UploadState,
};
pub use user_storage::{Storage, UserStorage};

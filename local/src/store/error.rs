//! Why the store did not do what it was asked.

use thiserror::Error;

/// A refusal or a failure of the store.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    #[error("the bucket does not exist")]
    NoSuchBucket,
    #[error("the bucket exists already")]
    BucketExists,
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    #[error("the object does not exist")]
    NoSuchKey,
    #[error("the version does not exist")]
    NoSuchVersion,
    #[error("a delete marker stands in the object's place")]
    DeleteMarker {
        version: String,
        /// Seconds since 1970.
        modified: u64,
        /// Whether this version was asked for, and not the object.
        asked: bool,
    },
    #[error("the multipart upload does not exist")]
    NoSuchUpload,
    #[error("a condition of the request does not hold")]
    PreconditionFailed,
    #[error("part {0} does not exist or has another ETag or checksum")]
    InvalidPart(u32),
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    #[error("part {0} is smaller than 5 MiB and not the last")]
    PartTooSmall(u32),
    #[error("the file system failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("the index failed: {0}")]
    Index(#[source] Box<redb::Error>),
    #[error("a record of the index cannot be read")]
    Record(#[from] serde_json::Error),
}

macro_rules! from_redb {
    ($($source:ty),*) => {$(
        impl From<$source> for StoreError {
            fn from(error: $source) -> Self {
                Self::Index(Box::new(error.into()))
            }
        }
    )*};
}

from_redb!(
    redb::Error,
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);

/// The store's result.
pub(crate) type Result<T> = std::result::Result<T, StoreError>;

//! S3's own error codes and wording for what goes wrong here.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use http::{HeaderMap, HeaderValue, StatusCode};
use s3s::{S3Error, S3ErrorCode, s3_error};

use super::attributes::http_date;
use crate::store::StoreError;

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchBucket => {
                s3_error!(NoSuchBucket, "The specified bucket does not exist")
            }
            StoreError::BucketExists => s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it."
            ),
            StoreError::BucketNotEmpty => {
                s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty")
            }
            StoreError::NoSuchKey => s3_error!(NoSuchKey, "The specified key does not exist."),
            StoreError::NoSuchVersion => {
                s3_error!(NoSuchVersion, "The specified version does not exist.")
            }
            StoreError::DeleteMarker { version, modified, asked } => {
                deleted(&version, modified, asked)
            }
            StoreError::NoSuchUpload => s3_error!(
                NoSuchUpload,
                "The specified multipart upload does not exist. The upload ID may be invalid, or \
                 the upload may have been aborted or completed."
            ),
            StoreError::PreconditionFailed => s3_error!(
                PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold"
            ),
            StoreError::InvalidPart(_) => s3_error!(
                InvalidPart,
                "One or more of the specified parts could not be found. The part may not have \
                 been uploaded, or the specified entity tag may not match the part's entity tag."
            ),
            StoreError::InvalidPartOrder => s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part \
                 number."
            ),
            StoreError::PartTooSmall(_) => s3_error!(
                EntityTooSmall,
                "Your proposed upload is smaller than the minimum allowed size"
            ),
            failure @ (StoreError::Io(_) | StoreError::Index(_) | StoreError::Record(_)) => {
                tracing::error!(error = &failure as &dyn std::error::Error, "the store failed");
                s3_error!(InternalError, "We encountered an internal error. Please try again.")
            }
        }
    }
}

/// What answers for an object that a delete marker hides, and for the marker itself.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html>
fn deleted(version: &str, modified: u64, asked: bool) -> S3Error {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    if let Ok(version) = HeaderValue::try_from(version) {
        headers.insert("x-amz-version-id", version);
    }
    let mut error = if asked {
        let modified = http_date(super::timestamp(modified)).map(HeaderValue::try_from);
        if let Some(Ok(modified)) = modified {
            headers.insert(http::header::LAST_MODIFIED, modified);
        }
        headers.insert(http::header::ALLOW, HeaderValue::from_static("DELETE"));
        s3_error!(MethodNotAllowed, "The specified method is not allowed against this resource.")
    } else {
        s3_error!(NoSuchKey, "The specified key does not exist.")
    };
    error.set_headers(headers);
    error
}

/// An error whose code s3s does not know.
pub(super) fn custom(code: &'static str, status: StatusCode, message: &'static str) -> S3Error {
    let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InvalidRequest);
    let mut error = S3Error::with_message(code, message);
    error.set_status_code(status);
    error
}

/// A failure while an object's bytes were read or written.
pub(super) fn broken(error: std::io::Error) -> S3Error {
    StoreError::from(error).into()
}

//! What went wrong at the store, in the catalogue's words: the one place that reads S3's errors.

use std::error::Error as StdError;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_types::byte_stream::error::Error as ByteStreamError;

use crate::{Error, ErrorKind};

/// What a refused condition (412) means to the call that sent it.
#[derive(Clone, Copy, Debug)]
pub(in crate::storage) enum OnCondition {
    /// A file was to be created, and exists.
    Exists,
    /// A file was to be of one version, and is of another.
    Changed,
}

/// The error of a call that the SDK gave up. The message names S3's code, never a header, an address
/// or a query string.
pub(in crate::storage) fn from_sdk<E>(
    error: &SdkError<E, HttpResponse>,
    on_condition: OnCondition,
) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match error {
        SdkError::TimeoutError(_) => timed_out(),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => timed_out(),
        SdkError::ServiceError(service) => {
            let response = service.raw();
            let status = response.status().as_u16();
            // The answer to HEAD has no body to name the code in.
            if status == 400
                && service.err().code().is_none()
                && response.headers().get("x-amz-bucket-region").is_some()
            {
                return wrong_region();
            }
            let wait = response.headers().get("retry-after").and_then(|wait| wait.parse().ok());
            let error = from_answer(service.err().code(), status, on_condition);
            match wait {
                Some(seconds) => error.with_retry_after(Duration::from_secs(seconds)),
                None => error,
            }
        }
        // The answer of a proxy or of half a store is no XML.
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            match status {
                400..=499 => from_answer(None, status, on_condition),
                _ => unreadable(),
            }
        }
        other => from_chain(other),
    }
}

/// The error of a call that needs no file to be there: a 404 is then about the store itself.
pub(in crate::storage) fn from_sdk_without_file<E>(
    error: &SdkError<E, HttpResponse>,
    on_condition: OnCondition,
) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let error = from_sdk(error, on_condition);
    if error.kind() == ErrorKind::FileNotFound { no_store() } else { error }
}

/// The error that a store tells of one object among many.
pub(in crate::storage) fn from_code(code: Option<&str>) -> Error {
    from_answer(code, 400, OnCondition::Changed)
}

/// The error of a body that broke off while it was being read.
pub(in crate::storage) fn from_stream(error: &ByteStreamError) -> Error {
    if chain(error).any(|cause| cause.to_string().contains("checksum mismatch")) {
        return Error::new(
            ErrorKind::ChecksumMismatch,
            "the bytes that came do not match the store's checksum",
        );
    }
    // The SDK's protection against stalled streams; its error has no type that could be asked for.
    if chain(error).any(|cause| cause.to_string().starts_with("minimum throughput")) {
        return timed_out();
    }
    unavailable("the transfer broke off")
}

/// The error of a call that was not over by its deadline.
pub(in crate::storage) fn timed_out() -> Error {
    Error::new(ErrorKind::Timeout, "the store did not answer in time")
}

pub(in crate::storage) fn unavailable(why: &str) -> Error {
    Error::new(ErrorKind::StorageUnavailable, why)
}

pub(in crate::storage) fn unreadable() -> Error {
    unavailable("the store's answer cannot be read")
}

/// No answer came: the keys could not be had, or the store could not be reached.
fn from_chain<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + Send + Sync + 'static,
{
    match chain(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
        Some(error) => from_credentials(error),
        None if matches!(error, SdkError::ConstructionFailure(_)) => {
            Error::new(ErrorKind::Internal, "the request to the store could not be built")
        }
        None => unavailable(
            "the store cannot be reached: is S3_ENDPOINT_URL right, and the network up?",
        ),
    }
}

/// The error of the credential chain.
pub(in crate::storage) fn from_credentials(error: &CredentialsError) -> Error {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Error::new(
            ErrorKind::ConfigInvalid,
            "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give \
             the process a role",
        ),
        CredentialsError::InvalidConfiguration(_) => Error::new(
            ErrorKind::ConfigInvalid,
            "the AWS profile or role that the credentials should come from is not valid; \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY take its place",
        ),
        CredentialsError::ProviderTimedOut(_) => {
            Error::new(ErrorKind::Timeout, "the AWS credentials did not come in time")
        }
        _ => Error::new(ErrorKind::StorageDenied, "the AWS credentials cannot be obtained"),
    }
}

/// The answer's code decides, and the status where there is none (an answer to HEAD has no body).
fn from_answer(code: Option<&str>, status: u16, on_condition: OnCondition) -> Error {
    use ErrorKind as K;

    let by_code = match code.unwrap_or_default() {
        "NoSuchKey" | "NotFound" => Some(K::FileNotFound),
        "NoSuchUpload" => Some(K::UploadNotFound),
        "NoSuchBucket" | "InvalidBucketName" => return wrong_bucket(),
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "Redirect"
        | "AuthorizationHeaderMalformed"
        | "AuthorizationQueryParametersError"
        | "IllegalLocationConstraintException" => return wrong_region(),
        "AccessDenied"
        | "AllAccessDisabled"
        | "AccountProblem"
        | "ExpiredToken"
        | "InvalidAccessKeyId"
        | "InvalidSecurity"
        | "InvalidToken"
        | "NotSignedUp"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "SignatureDoesNotMatch"
        | "TokenRefreshRequired"
        | "UnauthorizedAccess" => Some(K::StorageDenied),
        "InvalidObjectState" | "ObjectNotInActiveTierError" => Some(K::FileArchived),
        "PreconditionFailed" => return condition(on_condition),
        "ConditionalRequestConflict" | "OperationAborted" => Some(K::Conflict),
        "BadDigest"
        | "InvalidDigest"
        | "XAmzContentSHA256Mismatch"
        | "XAmzContentChecksumMismatch" => Some(K::ChecksumMismatch),
        "EntityTooLarge" => Some(K::FileTooLarge),
        "InvalidPart" | "InvalidPartOrder" => Some(K::UploadIncomplete),
        "MetadataTooLarge" => Some(K::MetadataTooLarge),
        "KeyTooLongError" => Some(K::InvalidKey),
        "InvalidRange" => Some(K::RangeInvalid),
        "InvalidTag" => Some(K::InvalidRequest),
        "NotImplemented" | "MethodNotAllowed" | "InvalidStorageClass" => {
            Some(K::StorageUnsupported)
        }
        "RequestTimeout" => Some(K::Timeout),
        "SlowDown"
        | "ServiceUnavailable"
        | "InternalError"
        | "Throttling"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "IncompleteBody" => Some(K::StorageUnavailable),
        _ => None,
    };
    let kind = match by_code {
        Some(kind) => kind,
        None => match status {
            200..=299 => return unreadable(),
            304 => return condition(on_condition),
            300..=399 => return wrong_region(),
            401 | 403 => K::StorageDenied,
            404 => K::FileNotFound,
            408 => K::Timeout,
            409 => K::Conflict,
            412 => return condition(on_condition),
            413 => K::FileTooLarge,
            416 => K::RangeInvalid,
            429 | 500 | 502..=599 => K::StorageUnavailable,
            501 => K::StorageUnsupported,
            _ => K::Internal,
        },
    };
    if kind == K::FileNotFound {
        return Error::new(kind, meaning(kind));
    }
    let answer = match code {
        Some(code) => format!("{} ({status})", shown(code)),
        None => status.to_string(),
    };
    Error::new(kind, format!("{}: {answer}", meaning(kind)))
}

fn meaning(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::FileNotFound => "there is no such file",
        ErrorKind::StorageDenied => "the store refused our credentials",
        ErrorKind::FileArchived => "the file must be restored from its archive first",
        ErrorKind::Conflict => "another change to the file came in between",
        ErrorKind::ChecksumMismatch => "the bytes that arrived do not match their checksum",
        ErrorKind::UploadIncomplete => "the store no longer holds the parts that it was told of",
        ErrorKind::RangeInvalid => "the range holds no byte of the file",
        ErrorKind::StorageUnsupported => "the store cannot do this",
        ErrorKind::StorageUnavailable => "the store fails or is overloaded",
        ErrorKind::Timeout => "the store gave up waiting",
        _ => "the store refused the request",
    }
}

pub(in crate::storage) fn condition(on_condition: OnCondition) -> Error {
    match on_condition {
        OnCondition::Exists => {
            Error::new(ErrorKind::FileExists, "a file of this key exists, and `overwrite` is false")
        }
        OnCondition::Changed => {
            Error::new(ErrorKind::PreconditionFailed, "the file is not the version asked for")
        }
    }
}

pub(in crate::storage) fn wrong_bucket() -> Error {
    Error::new(ErrorKind::ConfigInvalid, "S3_BUCKET_NAME: the store has no bucket of this name")
}

fn no_store() -> Error {
    Error::new(
        ErrorKind::ConfigInvalid,
        "what answers at S3_ENDPOINT_URL is no S3 store, or has no bucket of the name that \
         S3_BUCKET_NAME gives",
    )
}

fn wrong_region() -> Error {
    Error::new(
        ErrorKind::ConfigInvalid,
        "AWS_REGION is not the region of the bucket that S3_BUCKET_NAME names, or S3_ENDPOINT_URL \
         is not its address",
    )
}

/// A code from the network, short and on one line.
pub(super) fn shown(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: Option<&str>, status: u16) -> ErrorKind {
        from_answer(code, status, OnCondition::Exists).kind()
    }

    #[test]
    fn codes_and_statuses_have_their_kinds() {
        use ErrorKind as K;
        for (code, status, expected) in [
            (Some("NoSuchKey"), 404, K::FileNotFound),
            (None, 404, K::FileNotFound),
            (Some("NoSuchBucket"), 404, K::ConfigInvalid),
            (Some("PermanentRedirect"), 301, K::ConfigInvalid),
            (None, 301, K::ConfigInvalid),
            (Some("AuthorizationHeaderMalformed"), 400, K::ConfigInvalid),
            (Some("AccessDenied"), 403, K::StorageDenied),
            (Some("ExpiredToken"), 400, K::StorageDenied),
            (None, 403, K::StorageDenied),
            (Some("InvalidObjectState"), 403, K::FileArchived),
            (Some("PreconditionFailed"), 412, K::FileExists),
            (Some("ConditionalRequestConflict"), 409, K::Conflict),
            (Some("BadDigest"), 400, K::ChecksumMismatch),
            (Some("NotImplemented"), 501, K::StorageUnsupported),
            (Some("InvalidStorageClass"), 400, K::StorageUnsupported),
            (Some("SlowDown"), 503, K::StorageUnavailable),
            (Some("InternalError"), 200, K::StorageUnavailable),
            (Some("AccessDenied"), 200, K::StorageDenied),
            (Some("SlowDown"), 307, K::StorageUnavailable),
            (None, 200, K::StorageUnavailable),
            (None, 500, K::StorageUnavailable),
            (Some("Unheard"), 400, K::Internal),
        ] {
            assert_eq!(kind(code, status), expected, "{code:?} {status}");
        }
        let missing = from_answer(Some("NoSuchKey"), 404, OnCondition::Changed);
        assert_eq!(missing.message(), "there is no such file");
        let changed = from_answer(None, 412, OnCondition::Changed);
        assert_eq!(changed.kind(), K::PreconditionFailed);
    }

    #[test]
    fn wrong_settings_are_named() {
        assert!(wrong_bucket().message().contains("S3_BUCKET_NAME"));
        assert!(wrong_region().message().contains("AWS_REGION"));
        let none = from_credentials(&CredentialsError::not_loaded_no_source());
        assert_eq!(none.kind(), ErrorKind::ConfigInvalid);
        assert!(none.message().contains("AWS_ACCESS_KEY_ID"));
        let broken = from_credentials(&CredentialsError::provider_error("hush"));
        assert_eq!(broken.kind(), ErrorKind::StorageDenied);
        assert!(!broken.to_string().contains("hush"));
    }

    #[test]
    fn what_the_store_says_is_shown_short_and_plain() {
        let code = format!("<a>\r\n{}", "x".repeat(1000));
        let error = from_answer(Some(&code), 400, OnCondition::Exists);
        assert!(error.message().len() < 200 && !error.message().contains(['<', '\n']));
    }
}

//! The headers that an object keeps, checked against S3's limits.

use std::collections::{BTreeMap, HashMap};

use http::StatusCode;
use s3s::dto::{Timestamp, TimestampFormat};
use s3s::{S3Result, s3_error};

use super::error::custom;
use crate::store::{Attributes, is_version_id};

/// The most bytes of user metadata, names and values together.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
const MAX_METADATA_BYTES: usize = 2048;

/// What S3 calls an object whose type nobody named.
const DEFAULT_TYPE: &str = "binary/octet-stream";

const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "GLACIER_IR",
    "DEEP_ARCHIVE",
];

/// Storage classes whose objects cannot be read before they are restored.
const ARCHIVED: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// Collects the attributes of any input that carries them.
macro_rules! attributes_of {
    ($input:expr) => {
        $crate::s3::attributes::checked(
            $crate::store::Attributes {
                content_type: $input.content_type.clone(),
                content_disposition: $input.content_disposition.clone(),
                content_encoding: $input.content_encoding.clone(),
                content_language: $input.content_language.clone(),
                cache_control: $input.cache_control.clone(),
                expires: $input.expires.clone().and_then($crate::s3::attributes::http_date),
                storage_class: $input.storage_class.as_ref().map(|class| class.as_str().to_owned()),
                website_redirect: $input.website_redirect_location.clone(),
                encryption: $input.server_side_encryption.as_ref().map(|it| it.as_str().to_owned()),
                kms_key: $input.ssekms_key_id.clone(),
                user: Default::default(),
            },
            $input.metadata.as_ref(),
        )
    };
}
pub(super) use attributes_of;

/// Refuses what S3 does not do here, instead of dropping it silently.
macro_rules! refuse_unsupported {
    ($input:expr) => {
        $crate::s3::attributes::supported(
            $input.acl.as_ref().map(|acl| acl.as_str()),
            [
                $input.sse_customer_algorithm.is_some(),
                $input.sse_customer_key.is_some(),
                $input.ssekms_encryption_context.is_some(),
                $input.object_lock_mode.is_some(),
                $input.object_lock_legal_hold_status.is_some(),
                $input.object_lock_retain_until_date.is_some(),
                $input.grant_full_control.is_some(),
                $input.grant_read.is_some(),
                $input.grant_read_acp.is_some(),
                $input.grant_write_acp.is_some(),
            ],
        )
    };
}
pub(super) use refuse_unsupported;

pub(super) fn checked(
    mut attributes: Attributes,
    metadata: Option<&HashMap<String, String>>,
) -> S3Result<Attributes> {
    let user: BTreeMap<String, String> = metadata.into_iter().flatten().map(owned).collect();
    let size: usize = user.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA_BYTES {
        return Err(s3_error!(
            MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size"
        ));
    }
    if let Some(class) = attributes.storage_class.as_deref()
        && !STORAGE_CLASSES.contains(&class)
    {
        return Err(s3_error!(InvalidStorageClass, "The storage class you specified is not valid"));
    }
    encryption(&attributes)?;
    attributes.user = user;
    attributes.content_encoding = attributes.content_encoding.as_deref().and_then(lasting);
    attributes.content_type.get_or_insert_with(|| DEFAULT_TYPE.to_owned());
    Ok(attributes)
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html>
fn encryption(attributes: &Attributes) -> S3Result<()> {
    match (attributes.encryption.as_deref(), &attributes.kms_key) {
        (None | Some("AES256"), None) | (Some("aws:kms"), _) => Ok(()),
        (None | Some("AES256"), Some(_)) => Err(s3_error!(
            InvalidArgument,
            "Server Side Encryption with AWS KMS managed key requires HTTP header \
             x-amz-server-side-encryption : aws:kms"
        )),
        (Some("aws:kms:dsse"), _) => Err(not_implemented()),
        (Some(_), _) => Err(s3_error!(
            InvalidEncryptionAlgorithmError,
            "The encryption request you specified is not valid. The valid value is AES256."
        )),
    }
}

pub(super) fn supported<const N: usize>(acl: Option<&str>, others: [bool; N]) -> S3Result<()> {
    if acl.is_some_and(|acl| acl != "private" && acl != "bucket-owner-full-control") {
        return Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs"));
    }
    if others.contains(&true) {
        return Err(not_implemented());
    }
    Ok(())
}

/// Refuses a version that no object could have.
pub(super) fn version(version: Option<&str>) -> S3Result<()> {
    match version {
        Some(version) if !is_version_id(version) => {
            Err(s3_error!(InvalidArgument, "Invalid version id specified"))
        }
        _ => Ok(()),
    }
}

/// Refuses a request that expects the bucket to be somebody else's.
pub(super) fn owner(expected: Option<&str>) -> S3Result<()> {
    match expected {
        None => Ok(()),
        Some(super::OWNER_ID) => Ok(()),
        Some(_) => Err(s3_error!(AccessDenied, "Access Denied")),
    }
}

/// Refuses to read an object of an archive class.
pub(super) fn readable(attributes: &Attributes) -> S3Result<()> {
    if attributes.storage_class.as_deref().is_some_and(|class| ARCHIVED.contains(&class)) {
        return Err(s3_error!(
            InvalidObjectState,
            "The operation is not valid for the object's storage class"
        ));
    }
    Ok(())
}

pub(crate) fn http_date(time: impl Into<Timestamp>) -> Option<String> {
    let mut text = Vec::new();
    time.into().format(TimestampFormat::HttpDate, &mut text).ok()?;
    String::from_utf8(text).ok()
}

pub(super) fn not_implemented() -> s3s::S3Error {
    custom(
        "NotImplemented",
        StatusCode::NOT_IMPLEMENTED,
        "A header you provided implies functionality that is not implemented",
    )
}

/// A content encoding without `aws-chunked`, which belongs to the upload and not to the object.
fn lasting(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

fn owned((name, value): (&String, &String)) -> (String, String) {
    (name.to_ascii_lowercase(), value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_of_the_upload_are_dropped() {
        assert_eq!(lasting("aws-chunked"), None);
        assert_eq!(lasting("gzip, aws-chunked").as_deref(), Some("gzip"));
        assert_eq!(lasting("gzip,br").as_deref(), Some("gzip,br"));
    }
}

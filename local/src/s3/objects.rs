//! PutObject, DeleteObject and DeleteObjects.

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETag, ETagCondition, Error as DeleteError, PutObjectInput, PutObjectOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::Backend;
use super::attributes::{attributes_of, not_implemented, owner, refuse_unsupported, version};
use super::checksum::Algorithm;
use super::receive::{Expected, receive};
use super::tags::tags_of;
use crate::store::{Deleted, Match, ObjectRecord, WriteCondition};
use crate::sts::Confinement;

/// The longest key, in bytes of UTF-8.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
const MAX_KEY_BYTES: usize = 1024;

/// The most keys of one DeleteObjects.
const MAX_DELETED: usize = 1000;

impl Backend {
    pub(super) async fn put(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<PutObjectOutput> {
        let input = request.input;
        owner(input.expected_bucket_owner.as_deref())?;
        refuse_unsupported!(input)?;
        if input.write_offset_bytes.is_some() {
            return Err(not_implemented());
        }
        let attributes = attributes_of!(input)?;
        let tags = tags_of(input.tagging.as_deref())?;
        let condition = write_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        self.store.bucket(&input.bucket)?;
        let expected = Expected::read(
            &request.headers,
            input.content_length,
            input.content_md5.as_deref(),
            request.trailing_headers,
            Some(Algorithm::Crc64Nvme),
        )?;
        let received = receive(&self.store, input.body, expected).await?;
        let record = ObjectRecord {
            size: received.size(),
            etag: received.etag(),
            modified: self.now(),
            attributes,
            checksums: received.checksums.clone(),
            tags,
            ..Default::default()
        };
        let segments = received.segments();
        let version_id =
            self.store.put_object(&input.bucket, &input.key, &condition, &record, &segments)?;
        received.writer.keep();
        let sums = record.checksums;
        Ok(PutObjectOutput {
            e_tag: Some(ETag::Strong(record.etag)),
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            checksum_type: sums.kind.map(Into::into),
            server_side_encryption: record.attributes.encryption.map(Into::into),
            ssekms_key_id: record.attributes.kms_key,
            version_id,
            ..Default::default()
        })
    }

    pub(super) fn delete(&self, input: &DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        if input.if_match_size.is_some() || input.if_match_last_modified_time.is_some() {
            return Err(not_implemented());
        }
        let if_match = input.if_match.as_ref().map(wanted);
        let deleted =
            self.delete_one(&input.bucket, &input.key, input.version_id.as_deref(), if_match)?;
        Ok(DeleteObjectOutput {
            delete_marker: deleted.delete_marker.then_some(true),
            version_id: deleted.version,
            request_charged: None,
        })
    }

    pub(super) fn delete_many(
        &self,
        input: &DeleteObjectsInput,
        confinement: Option<&Confinement>,
    ) -> S3Result<DeleteObjectsOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let objects = &input.delete.objects;
        if objects.is_empty() || objects.len() > MAX_DELETED {
            return Err(malformed_xml());
        }
        self.store.bucket(&input.bucket)?;
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for object in objects {
            let may = confinement.map_or(Ok(()), |it| {
                it.may_delete(&input.bucket, &object.key, object.version_id.is_some())
            });
            let outcome = if let Err(denied) = may {
                Err(denied)
            } else if object.size.is_some() || object.last_modified_time.is_some() {
                Err(not_implemented())
            } else if object.key.len() > MAX_KEY_BYTES {
                Err(s3_error!(KeyTooLongError, "Your key is too long"))
            } else {
                self.delete_one(&input.bucket, &object.key, object.version_id.as_deref(), {
                    object.e_tag.as_ref().map(|etag| Match::Etag(etag.value().to_owned()))
                })
            };
            match outcome {
                Ok(done) => deleted.push(DeletedObject {
                    key: Some(object.key.clone()),
                    version_id: object.version_id.clone(),
                    delete_marker: done.delete_marker.then_some(true),
                    delete_marker_version_id: done.version.filter(|_| done.delete_marker),
                }),
                Err(error) => errors.push(DeleteError {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(object.key.clone()),
                    message: error.message().map(str::to_owned),
                    version_id: object.version_id.clone(),
                }),
            }
        }
        let quiet = input.delete.quiet == Some(true);
        Ok(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: Some(errors),
            request_charged: None,
        })
    }

    fn delete_one(
        &self,
        bucket: &str,
        key: &str,
        wanted: Option<&str>,
        if_match: Option<Match>,
    ) -> S3Result<Deleted> {
        version(wanted)?;
        let condition = WriteCondition { if_match, if_none_match: None };
        let allowed = |object: Option<&ObjectRecord>| condition.check(object);
        Ok(self.store.delete_object(bucket, key, wanted, self.now(), allowed)?)
    }
}

/// The conditions of a write. S3 takes an ETag in `If-Match` and only `*` in `If-None-Match`.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
pub(super) fn write_condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<WriteCondition> {
    let condition =
        WriteCondition { if_match: if_match.map(wanted), if_none_match: if_none_match.map(wanted) };
    let both = condition.if_match.is_some() && condition.if_none_match.is_some();
    let unusual = matches!(condition.if_match, Some(Match::Any))
        || matches!(condition.if_none_match, Some(Match::Etag(_)));
    if both || unusual {
        return Err(not_implemented());
    }
    Ok(condition)
}

fn wanted(condition: &ETagCondition) -> Match {
    match condition {
        ETagCondition::Any => Match::Any,
        ETagCondition::ETag(etag) => Match::Etag(etag.value().to_owned()),
    }
}

pub(super) fn malformed_xml() -> s3s::S3Error {
    s3_error!(
        MalformedXML,
        "The XML you provided was not well-formed or did not validate against our published schema"
    )
}

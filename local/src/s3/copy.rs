//! CopyObject and UploadPartCopy.

use std::ops::Range;

use http::{HeaderMap, HeaderName, header};
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag,
    ETagCondition, Range as Requested, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::attributes::{
    attributes_of, not_implemented, owner, readable, refuse_unsupported, version,
};
use super::checksum::{Algorithm, Sums};
use super::condition::ReadCondition;
use super::error::broken;
use super::multipart::{Place, algorithm_of, part_number};
use super::objects::write_condition;
use super::read::READ_BYTES;
use super::receive::Received;
use super::tags::tags_of;
use super::{Backend, timestamp};
use crate::store::{Attributes, ObjectReader, ObjectRecord, Segment, StoreError};

/// The largest object that one CopyObject copies, in bytes.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
const MAX_COPY_BYTES: u64 = 5 << 30;

/// The conditions on the source, in any input that carries them.
macro_rules! source_condition {
    ($input:expr) => {
        ReadCondition {
            if_match: $input.copy_source_if_match.as_ref(),
            if_none_match: $input.copy_source_if_none_match.as_ref(),
            if_modified_since: $input.copy_source_if_modified_since.as_ref(),
            if_unmodified_since: $input.copy_source_if_unmodified_since.as_ref(),
        }
    };
}

impl Backend {
    pub(super) async fn copy(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<CopyObjectOutput> {
        let input = request.input;
        owner(input.expected_bucket_owner.as_deref())?;
        refuse_unsupported!(input)?;
        let replace = match input.metadata_directive.as_ref().map(|directive| directive.as_str()) {
            None | Some("COPY") => false,
            Some("REPLACE") => true,
            Some(_) => return Err(s3_error!(InvalidArgument, "Unknown metadata directive.")),
        };
        let retag = match input.tagging_directive.as_ref().map(|directive| directive.as_str()) {
            None | Some("COPY") if input.tagging.is_some() => {
                return Err(s3_error!(
                    InvalidArgument,
                    "The x-amz-tagging header is only for the tagging directive REPLACE."
                ));
            }
            None | Some("COPY") => None,
            Some("REPLACE") => Some(tags_of(input.tagging.as_deref())?),
            Some(_) => return Err(s3_error!(InvalidArgument, "Unknown tagging directive.")),
        };
        let if_match = condition(&request.headers, header::IF_MATCH)?;
        let if_none_match = condition(&request.headers, header::IF_NONE_MATCH)?;
        let condition = write_condition(if_match.as_ref(), if_none_match.as_ref())?;
        let (bucket, key, wanted) =
            source(&input.copy_source, input.expected_source_bucket_owner.as_deref())?;
        let given = attributes_of!(input)?;
        let itself = bucket == input.bucket && key == input.key && wanted.is_none();
        let changed = replace
            || given.storage_class.is_some()
            || given.website_redirect.is_some()
            || given.encryption.is_some();
        if itself && !changed {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself \
                 without changing the object's metadata, storage class, website redirect \
                 location or encryption attributes."
            ));
        }
        self.store.bucket(&input.bucket)?;
        let reader = self.open_source(bucket, key, wanted)?;
        source_condition!(input).check_copy(&reader.record)?;
        readable(&reader.record.attributes)?;
        let copy_source_version_id = self.shown_version(bucket, &reader.record)?;
        let size = reader.record.size;
        if size > MAX_COPY_BYTES {
            return Err(s3_error!(
                InvalidRequest,
                "The specified copy source is larger than the maximum allowable size for a copy \
                 source: {MAX_COPY_BYTES}"
            ));
        }
        let asked = input.checksum_algorithm.as_ref().map(|name| name.as_str());
        let algorithm = match asked {
            Some(name) => Algorithm::from_name(name)?,
            None => Algorithm::stored(&reader.record.checksums).unwrap_or(Algorithm::Crc64Nvme),
        };
        let attributes =
            if replace { given } else { copied(reader.record.attributes.clone(), given) };
        let received = self.copy_bytes(&reader, 0..size, Some(algorithm)).await?;
        let record = ObjectRecord {
            size,
            etag: received.etag(),
            modified: self.now(),
            attributes,
            checksums: received.checksums.clone(),
            tags: retag.unwrap_or_else(|| reader.record.tags.clone()),
            ..Default::default()
        };
        let segments: Vec<Segment> = received.segments();
        let version_id =
            self.store.put_object(&input.bucket, &input.key, &condition, &record, &segments)?;
        received.writer.keep();
        let sums = record.checksums;
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(record.etag)),
            last_modified: Some(timestamp(record.modified)),
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            checksum_type: sums.kind.map(Into::into),
        };
        Ok(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id,
            server_side_encryption: record.attributes.encryption.map(Into::into),
            ssekms_key_id: record.attributes.kms_key,
            version_id,
            ..Default::default()
        })
    }

    pub(super) async fn copy_part(
        &self,
        input: UploadPartCopyInput,
    ) -> S3Result<UploadPartCopyOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        if input.sse_customer_algorithm.is_some() {
            return Err(not_implemented());
        }
        let number = part_number(input.part_number)?;
        self.end_uploads(&input.bucket)?;
        let upload = self.store.upload(&input.bucket, &input.key, &input.upload_id)?;
        let (bucket, key, wanted) =
            source(&input.copy_source, input.expected_source_bucket_owner.as_deref())?;
        let reader = self.open_source(bucket, key, wanted)?;
        source_condition!(input).check_copy(&reader.record)?;
        readable(&reader.record.attributes)?;
        let copy_source_version_id = self.shown_version(bucket, &reader.record)?;
        let range = source_range(input.copy_source_range.as_deref(), reader.record.size)?;
        let received = self.copy_bytes(&reader, range, algorithm_of(&upload)).await?;
        let place =
            Place { bucket: &input.bucket, key: &input.key, upload_id: &input.upload_id, number };
        let part = self.keep_part(&place, received)?;
        let result = CopyPartResult {
            e_tag: Some(ETag::Strong(part.etag)),
            last_modified: Some(timestamp(part.modified)),
            checksum_crc32: part.checksums.crc32,
            checksum_crc32c: part.checksums.crc32c,
            checksum_crc64nvme: part.checksums.crc64nvme,
            checksum_sha1: part.checksums.sha1,
            checksum_sha256: part.checksums.sha256,
        };
        Ok(UploadPartCopyOutput {
            copy_part_result: Some(result),
            copy_source_version_id,
            server_side_encryption: upload.attributes.encryption.map(Into::into),
            ssekms_key_id: upload.attributes.kms_key,
            ..Default::default()
        })
    }

    fn open_source(&self, bucket: &str, key: &str, wanted: Option<&str>) -> S3Result<ObjectReader> {
        match self.store.open_object(bucket, key, wanted) {
            Err(StoreError::DeleteMarker { asked: true, .. }) => Err(s3_error!(
                InvalidRequest,
                "The source of a copy request may not specifically refer to a delete marker by \
                 version id."
            )),
            opened => Ok(opened?),
        }
    }

    async fn copy_bytes(
        &self,
        reader: &ObjectReader,
        range: Range<u64>,
        algorithm: Option<Algorithm>,
    ) -> S3Result<Received> {
        let mut writer = self.store.writer()?;
        let mut sums = Sums::new(algorithm);
        read_through(reader, range, |chunk| {
            sums.update(chunk);
            writer.write(chunk)
        })
        .await?;
        writer.seal().map_err(broken)?;
        let (md5, checksums) = sums.finish();
        Ok(Received { writer, md5, checksums })
    }
}

/// Reads a range piece by piece, letting others go on in between.
pub(super) async fn read_through(
    reader: &ObjectReader,
    range: Range<u64>,
    mut piece: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> S3Result<()> {
    let mut at = range.start;
    while at < range.end {
        let left = usize::try_from(range.end - at).unwrap_or(READ_BYTES);
        let chunk = reader.read(at, left.min(READ_BYTES)).map_err(broken)?;
        if chunk.is_empty() {
            return Err(broken(std::io::ErrorKind::UnexpectedEof.into()));
        }
        piece(&chunk).map_err(broken)?;
        at += chunk.len() as u64;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// The bucket, the key and the version.
type Source<'s> = (&'s str, &'s str, Option<&'s str>);

fn source<'s>(source: &'s CopySource, bucket_owner: Option<&str>) -> S3Result<Source<'s>> {
    owner(bucket_owner)?;
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            version(version_id.as_deref())?;
            Ok((bucket, key, version_id.as_deref()))
        }
        _ => Err(not_implemented()),
    }
}

fn source_range(range: Option<&str>, size: u64) -> S3Result<Range<u64>> {
    let Some(text) = range else { return Ok(0..size) };
    match Requested::parse(text) {
        Ok(Requested::Int { first, last: Some(last) }) if last < size => Ok(first..last + 1),
        Ok(Requested::Int { last: Some(_), .. }) => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {size}"
        )),
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first \
             and last are the zero-based offsets of the first and last bytes to copy"
        )),
    }
}

/// What a copy keeps: all but the storage class, the redirect and the encryption, which belong to
/// the request.
fn copied(source: Attributes, given: Attributes) -> Attributes {
    Attributes {
        storage_class: given.storage_class,
        website_redirect: given.website_redirect,
        encryption: given.encryption,
        kms_key: given.kms_key,
        ..source
    }
}

fn condition(headers: &HeaderMap, name: HeaderName) -> S3Result<Option<ETagCondition>> {
    let Some(value) = headers.get(&name) else { return Ok(None) };
    let condition = ETagCondition::parse_http_header(value.as_bytes());
    condition.map(Some).map_err(|_| s3_error!(InvalidArgument, "invalid header: {}", name.as_str()))
}

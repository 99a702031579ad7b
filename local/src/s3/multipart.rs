//! Multipart uploads: create, upload a part, complete and abort.

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CompletedPart, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::attributes::{attributes_of, not_implemented, owner, refuse_unsupported};
use super::checksum::{Algorithm, COMPOSITE, FULL_OBJECT, composite, joined};
use super::objects::{malformed_xml, write_condition};
use super::receive::{Expected, Received, hex, receive};
use super::tags::tags_of;
use super::{Backend, timestamp};
use crate::store::{Checksums, Completion, NamedPart, ObjectRecord, PartRecord, UploadRecord};

/// The most parts of an upload, and the highest number of one.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MAX_PARTS: u32 = 10_000;

impl Backend {
    pub(super) fn create_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        refuse_unsupported!(input)?;
        let attributes = attributes_of!(input)?;
        let algorithm = input.checksum_algorithm.as_ref().map(|name| name.as_str());
        let algorithm = algorithm.map(Algorithm::from_name).transpose()?;
        let kind =
            checksum_type(algorithm, input.checksum_type.as_ref().map(|kind| kind.as_str()))?;
        let record = UploadRecord {
            initiated: self.now(),
            attributes,
            checksum_algorithm: algorithm.map(|algorithm| algorithm.name().to_owned()),
            checksum_type: kind.map(str::to_owned),
            tags: tags_of(input.tagging.as_deref())?,
        };
        let id = self.upload_id()?;
        let ends = self.upload_ends(&input.bucket, &input.key)?;
        self.store.create_upload(&input.bucket, &input.key, &id, &record)?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            abort_date: ends.as_ref().map(|(end, _)| timestamp(*end)),
            abort_rule_id: ends.map(|(_, rule)| rule),
            checksum_algorithm: record.checksum_algorithm.map(Into::into),
            checksum_type: record.checksum_type.map(Into::into),
            server_side_encryption: record.attributes.encryption.map(Into::into),
            ssekms_key_id: record.attributes.kms_key,
            ..Default::default()
        })
    }

    pub(super) async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<UploadPartOutput> {
        let input = request.input;
        owner(input.expected_bucket_owner.as_deref())?;
        if input.sse_customer_algorithm.is_some() {
            return Err(not_implemented());
        }
        let number = part_number(input.part_number)?;
        self.end_uploads(&input.bucket)?;
        let upload = self.store.upload(&input.bucket, &input.key, &input.upload_id)?;
        let expected = Expected::read(
            &request.headers,
            input.content_length,
            input.content_md5.as_deref(),
            request.trailing_headers,
            algorithm_of(&upload),
        )?;
        check_algorithm(&upload, expected.claimed())?;
        let received = receive(&self.store, input.body, expected).await?;
        let place =
            Place { bucket: &input.bucket, key: &input.key, upload_id: &input.upload_id, number };
        let part = self.keep_part(&place, received)?;
        Ok(UploadPartOutput {
            server_side_encryption: upload.attributes.encryption.map(Into::into),
            ssekms_key_id: upload.attributes.kms_key,
            e_tag: Some(ETag::Strong(part.etag)),
            checksum_crc32: part.checksums.crc32,
            checksum_crc32c: part.checksums.crc32c,
            checksum_crc64nvme: part.checksums.crc64nvme,
            checksum_sha1: part.checksums.sha1,
            checksum_sha256: part.checksums.sha256,
            ..Default::default()
        })
    }

    /// Makes bytes that arrived, or were copied, a part of an upload.
    pub(super) fn keep_part(&self, place: &Place<'_>, received: Received) -> S3Result<PartRecord> {
        let part = PartRecord {
            size: received.size(),
            etag: received.etag(),
            modified: self.now(),
            checksums: received.checksums.clone(),
            segments: received.segments(),
        };
        self.store.put_part(place.bucket, place.key, place.upload_id, place.number, &part)?;
        received.writer.keep();
        Ok(part)
    }

    pub(super) fn complete(
        &self,
        input: CompleteMultipartUploadInput,
        host: &str,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let condition = write_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        self.end_uploads(&input.bucket)?;
        let upload = self.store.upload(&input.bucket, &input.key, &input.upload_id)?;
        let parts = input.multipart_upload.as_ref().and_then(|upload| upload.parts.as_deref());
        let named = named_parts(parts.unwrap_or_default(), &upload)?;
        let completion =
            self.store.gather_parts(&input.bucket, &input.key, &input.upload_id, &named)?;
        check_size(input.mpu_object_size, completion.size)?;
        let mut record = ObjectRecord {
            size: completion.size,
            etag: joined_etag(&completion),
            modified: self.now(),
            attributes: upload.attributes.clone(),
            parts: completion.parts.iter().map(|part| part.size).collect(),
            tags: upload.tags.clone(),
            ..Default::default()
        };
        condition.check(self.store.object(&input.bucket, &input.key, None).ok().as_ref())?;
        record.checksums = joined_checksums(&completion)?;
        check_whole(&input, &record.checksums)?;
        let version_id = self.store.complete_upload(
            &input.bucket,
            &input.key,
            &input.upload_id,
            &condition,
            &record,
            &completion,
        )?;
        let sums = record.checksums;
        Ok(CompleteMultipartUploadOutput {
            location: Some(format!("http://{host}/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
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

    pub(super) fn abort(&self, input: &AbortMultipartUploadInput) -> S3Result<()> {
        owner(input.expected_bucket_owner.as_deref())?;
        if input.if_match_initiated_time.is_some() {
            return Err(not_implemented());
        }
        self.end_uploads(&input.bucket)?;
        Ok(self.store.abort_upload(&input.bucket, &input.key, &input.upload_id)?)
    }

    /// Unguessable, and in order of age.
    fn upload_id(&self) -> S3Result<String> {
        let millis = self.clock.now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let random = crate::random::hex(16).map_err(S3Error::internal_error)?;
        Ok(format!("{:012x}{random}", millis.as_millis()))
    }
}

fn joined_checksums(completion: &Completion) -> S3Result<Checksums> {
    let mut sums = Checksums::default();
    let Some(algorithm) = algorithm_of(&completion.upload) else { return Ok(sums) };
    let kind = completion.upload.checksum_type.as_deref().unwrap_or(COMPOSITE);
    let parts: Vec<(&str, u64)> = completion
        .parts
        .iter()
        .map(|part| (algorithm.of(&part.checksums).unwrap_or_default(), part.size))
        .collect();
    let value = if kind == FULL_OBJECT {
        joined(algorithm, &parts).ok_or_else(not_implemented)?
    } else {
        let values: Vec<&str> = parts.iter().map(|(value, _)| *value).collect();
        composite(algorithm, &values)
    };
    algorithm.set(&mut sums, value);
    sums.kind = Some(kind.to_owned());
    Ok(sums)
}

/// Where a part goes.
pub(super) struct Place<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) upload_id: &'a str,
    pub(super) number: u32,
}

/// A part's number, 1 to 10,000.
pub(super) fn part_number(number: i32) -> S3Result<u32> {
    let number = u32::try_from(number).ok().filter(|number| (1..=MAX_PARTS).contains(number));
    number.ok_or_else(|| {
        s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
    })
}

pub(super) fn algorithm_of(upload: &UploadRecord) -> Option<Algorithm> {
    upload.checksum_algorithm.as_deref().and_then(|name| Algorithm::from_name(name).ok())
}

/// Which way the parts' checksums are joined; not every algorithm can do both.
fn checksum_type(
    algorithm: Option<Algorithm>,
    asked: Option<&str>,
) -> S3Result<Option<&'static str>> {
    use Algorithm::{Crc64Nvme, Sha1, Sha256};
    match (algorithm, asked) {
        (None, None) => Ok(None),
        (Some(Crc64Nvme), None | Some(FULL_OBJECT)) => Ok(Some(FULL_OBJECT)),
        (Some(Crc64Nvme), Some(COMPOSITE)) | (Some(Sha1 | Sha256), Some(FULL_OBJECT)) => {
            Err(s3_error!(
                InvalidRequest,
                "The checksum type cannot be used with the specified checksum algorithm."
            ))
        }
        (Some(_), None | Some(COMPOSITE)) => Ok(Some(COMPOSITE)),
        (Some(_), Some(FULL_OBJECT)) => Ok(Some(FULL_OBJECT)),
        (None, Some(_)) => Err(s3_error!(
            InvalidRequest,
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm \
             header."
        )),
        (_, Some(_)) => {
            Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-type header is invalid."))
        }
    }
}

/// A part must come with the checksum that the upload was begun with.
fn check_algorithm(upload: &UploadRecord, claimed: Option<Algorithm>) -> S3Result<()> {
    let Some(wanted) = algorithm_of(upload) else { return Ok(()) };
    let composite = upload.checksum_type.as_deref() == Some(COMPOSITE);
    if claimed == Some(wanted) || (claimed.is_none() && !composite) {
        return Ok(());
    }
    Err(s3_error!(
        InvalidRequest,
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        wanted.name().to_ascii_lowercase(),
        claimed.map_or("null".to_owned(), |claimed| claimed.name().to_ascii_lowercase())
    ))
}

fn named_parts(parts: &[CompletedPart], upload: &UploadRecord) -> S3Result<Vec<NamedPart>> {
    if parts.is_empty() || parts.len() > MAX_PARTS as usize {
        return Err(malformed_xml());
    }
    let wanted =
        algorithm_of(upload).filter(|_| upload.checksum_type.as_deref() == Some(COMPOSITE));
    parts
        .iter()
        .map(|part| {
            let (Some(number), Some(etag)) = (part.part_number, &part.e_tag) else {
                return Err(malformed_xml());
            };
            let number = part_number(number)?;
            let checksums = Checksums {
                crc32: part.checksum_crc32.clone(),
                crc32c: part.checksum_crc32c.clone(),
                crc64nvme: part.checksum_crc64nvme.clone(),
                sha1: part.checksum_sha1.clone(),
                sha256: part.checksum_sha256.clone(),
                kind: None,
            };
            if let Some(wanted) = wanted.filter(|wanted| wanted.of(&checksums).is_none()) {
                return Err(s3_error!(
                    InvalidRequest,
                    "The upload was created using a {} checksum. The complete request must \
                     include the checksum for each part. It was missing for part {number} in the \
                     request.",
                    wanted.name().to_ascii_lowercase()
                ));
            }
            Ok(NamedPart { number, etag: etag.value().to_owned(), checksums })
        })
        .collect()
}

fn check_size(claimed: Option<i64>, size: u64) -> S3Result<()> {
    match claimed {
        Some(claimed) if u64::try_from(claimed) != Ok(size) => Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header value {claimed} does not match what was \
             computed: {size}"
        )),
        _ => Ok(()),
    }
}

/// Compares the checksum of the whole that a request to complete may carry.
fn check_whole(input: &CompleteMultipartUploadInput, sums: &Checksums) -> S3Result<()> {
    if let Some(kind) = &input.checksum_type
        && sums.kind.as_deref() != Some(kind.as_str())
    {
        return Err(s3_error!(
            InvalidRequest,
            "The upload was created using another checksum mode than the complete request names."
        ));
    }
    let claimed = Checksums {
        crc32: input.checksum_crc32.clone(),
        crc32c: input.checksum_crc32c.clone(),
        crc64nvme: input.checksum_crc64nvme.clone(),
        sha1: input.checksum_sha1.clone(),
        sha256: input.checksum_sha256.clone(),
        kind: None,
    };
    if !claimed.agree(sums) {
        return Err(s3_error!(
            BadDigest,
            "The checksum you specified did not match the calculated checksum."
        ));
    }
    Ok(())
}

/// The MD5 of the parts' MD5s, and their number.
fn joined_etag(completion: &Completion) -> String {
    let mut md5 = Md5::new();
    for part in &completion.parts {
        let digits: Vec<u8> = part.etag.bytes().collect();
        let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(byte).collect();
        md5.update(&bytes);
    }
    format!("{}-{}", hex(&md5.finalize()), completion.parts.len())
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

//! ListParts and ListMultipartUploads.

use s3s::dto::{
    CommonPrefix, ETag, Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListPartsInput, ListPartsOutput, MultipartUpload, Part,
};
use s3s::{S3Result, s3_error};

use super::attributes::owner;
use super::list::{Encoder, limit, page_size};
use super::{Backend, OWNER_ID, bucket_owner, timestamp};
use crate::store::{ListedUpload, PartRecord, UploadRecord, UploadsQuery};

impl Backend {
    pub(super) fn list_parts(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        self.end_uploads(&input.bucket)?;
        let upload = self.store.upload(&input.bucket, &input.key, &input.upload_id)?;
        let max_parts = page_size(input.max_parts, "max-parts")?;
        let marker = u32::try_from(input.part_number_marker.unwrap_or_default()).map_err(|_| {
            s3_error!(
                InvalidArgument,
                "Argument part-number-marker must be an integer between 0 and 2147483647"
            )
        })?;
        let (parts, more) = self.store.parts(
            &input.bucket,
            &input.key,
            &input.upload_id,
            marker,
            limit(max_parts),
        )?;
        let next = parts.last().map_or(marker, |(number, _)| *number);
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: i32::try_from(marker).ok(),
            next_part_number_marker: i32::try_from(next).ok(),
            max_parts: Some(max_parts),
            is_truncated: Some(more && max_parts > 0),
            parts: Some(parts.into_iter().map(part).collect()),
            checksum_algorithm: upload.checksum_algorithm.clone().map(Into::into),
            checksum_type: upload.checksum_type.clone().map(Into::into),
            storage_class: Some(storage_class(&upload).into()),
            initiator: Some(initiator()),
            owner: Some(bucket_owner()),
            ..Default::default()
        })
    }

    pub(super) fn list_uploads(
        &self,
        input: ListMultipartUploadsInput,
    ) -> S3Result<ListMultipartUploadsOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let encode = Encoder::new(input.encoding_type.as_ref())?;
        let max_uploads = page_size(input.max_uploads, "max-uploads")?;
        self.end_uploads(&input.bucket)?;
        let page = self.store.uploads(
            &input.bucket,
            &UploadsQuery {
                prefix: input.prefix.clone().unwrap_or_default(),
                delimiter: input.delimiter.clone(),
                key_marker: input.key_marker.clone().filter(|marker| !marker.is_empty()),
                id_marker: input.upload_id_marker.clone().filter(|marker| !marker.is_empty()),
                limit: limit(max_uploads),
            },
        )?;
        let (mut next_key, mut next_id) = (None, None);
        let (mut uploads, mut groups) = (Vec::new(), Vec::new());
        for item in page.items {
            match item {
                ListedUpload::Group(group) => {
                    let group = encode.text(&group);
                    (next_key, next_id) = (Some(group.clone()), None);
                    groups.push(CommonPrefix { prefix: Some(group) });
                }
                ListedUpload::Upload { key, id, record } => {
                    let key = encode.text(&key);
                    (next_key, next_id) = (Some(key.clone()), Some(id.clone()));
                    uploads.push(upload(key, id, &record));
                }
            }
        }
        let text = |text: Option<String>| text.map(|text| encode.text(&text));
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: Some(text(input.prefix).unwrap_or_default()),
            delimiter: text(input.delimiter),
            key_marker: Some(text(input.key_marker).unwrap_or_default()),
            upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
            next_key_marker: next_key.filter(|_| page.truncated),
            next_upload_id_marker: next_id.filter(|_| page.truncated),
            max_uploads: Some(max_uploads),
            is_truncated: Some(page.truncated),
            uploads: Some(uploads),
            common_prefixes: Some(groups),
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }
}

fn part((number, record): (u32, PartRecord)) -> Part {
    Part {
        part_number: i32::try_from(number).ok(),
        size: i64::try_from(record.size).ok(),
        e_tag: Some(ETag::Strong(record.etag)),
        last_modified: Some(timestamp(record.modified)),
        checksum_crc32: record.checksums.crc32,
        checksum_crc32c: record.checksums.crc32c,
        checksum_crc64nvme: record.checksums.crc64nvme,
        checksum_sha1: record.checksums.sha1,
        checksum_sha256: record.checksums.sha256,
    }
}

fn upload(key: String, id: String, record: &UploadRecord) -> MultipartUpload {
    MultipartUpload {
        key: Some(key),
        upload_id: Some(id),
        initiated: Some(timestamp(record.initiated)),
        checksum_algorithm: record.checksum_algorithm.clone().map(Into::into),
        checksum_type: record.checksum_type.clone().map(Into::into),
        storage_class: Some(storage_class(record).into()),
        initiator: Some(initiator()),
        owner: Some(bucket_owner()),
    }
}

fn storage_class(upload: &UploadRecord) -> String {
    upload.attributes.storage_class.clone().unwrap_or_else(|| "STANDARD".to_owned())
}

fn initiator() -> Initiator {
    Initiator { display_name: None, id: Some(OWNER_ID.to_owned()) }
}

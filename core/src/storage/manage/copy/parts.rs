//! A copy in parts: of what is too large for one request, and where only the completion of an upload
//! can promise not to overwrite.

use std::ops::Range;
use std::sync::Arc;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::plan::Plan;
use crate::storage::config::Encryption;
use crate::storage::content::tags;
use crate::storage::file;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::upload::abort::Unfinished;
use crate::storage::upload::plan::{MAX_PARTS, MIB};
use crate::{ErrorKind, Result};

/// How many parts are copied at a time.
const PARALLEL_PARTS: usize = 4;

/// Copies part by part and gives the copy's tag. After an error, and when it is given up, nothing is
/// left of the parts.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/CopyingObjectsMPUapi.html>
pub(super) async fn copy(s3: &Arc<S3>, plan: &Plan) -> Result<Option<String>> {
    let upload = begin(s3, plan).await?;
    let copied = async {
        let ranges: Vec<_> = ranges(plan.size, s3.config.copy_part_bytes).collect();
        let parts =
            (1..).zip(ranges).map(|(number, range)| copy_part(&upload, plan, number, range));
        let parts: Vec<_> = stream::iter(parts).buffered(PARALLEL_PARTS).try_collect().await?;
        complete(&upload, plan, parts).await
    };
    match copied.await {
        Ok(etag) => {
            upload.keep();
            Ok(etag)
        }
        Err(error) => {
            upload.abort().await;
            Err(error)
        }
    }
}

/// Begins the upload. Given up meanwhile, what was begun is aborted.
async fn begin(s3: &Arc<S3>, plan: &Plan) -> Result<Unfinished> {
    let original = &plan.original;
    // Of themselves, parts have no tags.
    let tags = match &plan.tags {
        Some(tags) => tags.clone(),
        None => match s3.tags(&plan.source).await {
            Err(error) if error.kind() == ErrorKind::StorageUnsupported => Default::default(),
            tags => tags?,
        },
    };
    let (encryption, key_id) = Encryption::headers(s3.config.encryption.as_ref());
    let call = s3
        .client()
        .await?
        .create_multipart_upload()
        .bucket(&s3.config.bucket)
        .key(plan.target.as_str())
        .set_metadata(Some(plan.metadata.clone()))
        .content_type(&plan.content_type)
        .content_disposition(&plan.content_disposition)
        .set_cache_control(original.cache_control().map(str::to_owned))
        .set_content_encoding(original.content_encoding().map(str::to_owned))
        .set_content_language(original.content_language().map(str::to_owned))
        .set_storage_class(plan.storage_class())
        .set_server_side_encryption(encryption)
        .set_ssekms_key_id(key_id)
        // No checksum is asked for: AWS keeps one unasked, and MinIO has none of copied parts.
        .set_tagging(tags::encode(&tags));
    let (begun_at, key) = (Arc::clone(s3), plan.target.as_str().to_owned());
    // The store's answer is seen even if the caller does not wait.
    s3.to_its_end(async move {
        let answer = call.send().await;
        let answer =
            answer.map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Exists))?;
        let id = answer.upload_id().filter(|id| !id.is_empty()).ok_or_else(failure::unreadable)?;
        Ok(Unfinished::new(&begun_at, &key, id.to_owned()))
    })
    .await
}

async fn copy_part(
    upload: &Unfinished,
    plan: &Plan,
    number: i32,
    range: Range<u64>,
) -> Result<CompletedPart> {
    let s3 = upload.s3();
    let answer = s3
        .client()
        .await?
        .upload_part_copy()
        .bucket(&s3.config.bucket)
        .key(upload.key())
        .upload_id(upload.id())
        .part_number(number)
        .copy_source(plan.copy_source(&s3.config.bucket))
        .set_copy_source_if_match(plan.original.e_tag().map(str::to_owned))
        .copy_source_range(format!("bytes={}-{}", range.start, range.end - 1))
        .send()
        .await
        .map_err(|error| match failure::from_sdk(&error, OnCondition::Changed) {
            error if error.kind() == ErrorKind::PreconditionFailed => super::changed(),
            error => error,
        })?;
    let copied = answer.copy_part_result().ok_or_else(failure::unreadable)?;
    let etag = copied.e_tag().ok_or_else(failure::unreadable)?;
    Ok(CompletedPart::builder().part_number(number).e_tag(etag).build())
}

async fn complete(
    upload: &Unfinished,
    plan: &Plan,
    parts: Vec<CompletedPart>,
) -> Result<Option<String>> {
    let s3 = upload.s3();
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let answer = s3
        .client()
        .await?
        .complete_multipart_upload()
        .bucket(&s3.config.bucket)
        .key(upload.key())
        .upload_id(upload.id())
        .set_if_none_match(plan.is_create_only.then(|| "*".to_owned()))
        .mpu_object_size(i64::try_from(plan.size).unwrap_or(i64::MAX))
        .multipart_upload(parts)
        .send()
        .await
        .map_err(|error| failure::from_sdk(&error, OnCondition::Exists))?;
    s3.note_bucket();
    Ok(Some(file::etag(answer.e_tag()).ok_or_else(failure::unreadable)?))
}

/// The ranges of the parts: all of one size but the last, none smaller than is asked for and no more
/// of them than S3 takes.
fn ranges(size: u64, part_bytes: u64) -> impl Iterator<Item = Range<u64>> {
    let needed = size.div_ceil(u64::from(MAX_PARTS)).next_multiple_of(MIB);
    let part_bytes = needed.max(part_bytes);
    (0..size.div_ceil(part_bytes)).map(move |number| {
        let start = number * part_bytes;
        start..start.saturating_add(part_bytes).min(size)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_file() {
        let gib = 1024 * MIB;
        for (size, part_bytes, count) in [
            (1, gib, 1),
            (gib, gib, 1),
            (gib + 1, gib, 2),
            (5 * gib + 1, gib, 6),
            (50_000 * gib, gib, 9_999),
        ] {
            let ranges: Vec<_> = ranges(size, part_bytes).collect();
            assert!(ranges.len() <= 10_000 && ranges.len() >= count.min(9_900), "{size}");
            assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, size));
            assert!(ranges.windows(2).all(|two| two[0].end == two[1].start));
            assert!(ranges.iter().all(|range| range.end - range.start <= 5 * gib));
        }
    }
}

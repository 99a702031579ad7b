//! A copy in parts: of what is too large for one request, and where only the completion of an upload
//! can promise not to overwrite.

use std::ops::Range;
use std::sync::Arc;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::plan::Plan;
use crate::storage::content::tags;
use crate::storage::file;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::upload::plan::{PARTS_IN_FLIGHT, PartPlan};
use crate::storage::upload::unfinished::Unfinished;
use crate::{ErrorKind, Result};

/// Copies part by part and gives the copy's tag. After an error, and when it is given up, nothing is
/// left of the parts.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/CopyingObjectsMPUapi.html>
pub(super) async fn copy(s3: &Arc<S3>, plan: &Plan) -> Result<Option<String>> {
    let upload = begin(s3, plan).await?;
    let copied = async {
        let cut = PartPlan::with_parts_of(s3.config.copy_part_bytes, plan.size);
        let parts = (1..=cut.count(plan.size))
            .map(|number| copy_part(&upload, plan, number, cut.range(number, plan.size)));
        let parts: Vec<_> = stream::iter(parts).buffered(PARTS_IN_FLIGHT).try_collect().await?;
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

async fn begin(s3: &Arc<S3>, plan: &Plan) -> Result<Unfinished> {
    // Of themselves, parts have no tags.
    let tags = match &plan.tags {
        Some(tags) => tags.clone(),
        None => match s3.tags(&plan.source).await {
            Err(error) if error.kind() == ErrorKind::StorageUnsupported => Default::default(),
            tags => tags?,
        },
    };
    let call = s3.client().await?.create_multipart_upload().bucket(&s3.config.bucket);
    let call = plan
        .describe_parts(call, s3.config.encryption.as_ref())
        // No checksum is asked for: AWS keeps one unasked, and MinIO has none of copied parts.
        .set_tagging(tags::encode(&tags));
    Unfinished::begin(s3, plan.target.as_str(), call.send()).await
}

async fn copy_part(
    upload: &Unfinished,
    plan: &Plan,
    number: u32,
    range: Range<u64>,
) -> Result<CompletedPart> {
    let s3 = upload.s3();
    let number = i32::try_from(number).unwrap_or(i32::MAX);
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
        .map_err(|error| match failure::from_sdk(&error, OnCondition::Exists) {
            // A 404 whose body was lost can only mean the upload.
            error if error.kind() == ErrorKind::FileNotFound => {
                failure::unavailable("the store does not say what has become of the copy")
            }
            error => error,
        })?;
    s3.note_bucket();
    Ok(Some(file::etag(answer.e_tag()).ok_or_else(failure::unreadable)?))
}

//! A copy in one request.

use std::time::SystemTime;

use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};

use super::plan::Plan;
use crate::storage::content::tags;
use crate::storage::file;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::{ErrorKind, Result};

impl S3 {
    /// Copies by CopyObject; gives the copy's tag and time.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
    pub(super) async fn copy_whole(
        &self,
        plan: &Plan,
    ) -> Result<(Option<String>, Option<SystemTime>)> {
        let tags = plan.tags.as_ref();
        let call = self.client().await?.copy_object().bucket(&self.config.bucket);
        let call = plan
            .describe_whole(call, self.config.encryption.as_ref())
            .copy_source(plan.copy_source(&self.config.bucket))
            .set_copy_source_if_match(plan.original.e_tag().map(str::to_owned))
            .set_if_none_match(plan.is_create_only.then(|| "*".to_owned()))
            .metadata_directive(MetadataDirective::Replace)
            .set_tagging_directive(tags.map(|_| TaggingDirective::Replace))
            .set_tagging(tags.and_then(tags::encode));
        let on_condition =
            if plan.is_create_only { OnCondition::Exists } else { OnCondition::Changed };
        let answer = call.send().await.map_err(|error| {
            let error = failure::from_sdk(&error, on_condition);
            if error.kind() == ErrorKind::PreconditionFailed { super::changed() } else { error }
        })?;
        self.note_bucket();
        let copied = answer.copy_object_result().ok_or_else(failure::unreadable)?;
        let etag = file::etag(copied.e_tag()).ok_or_else(failure::unreadable)?;
        Ok((Some(etag), file::time(copied.last_modified())))
    }
}

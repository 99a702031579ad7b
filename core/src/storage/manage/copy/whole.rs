//! A copy in one request.

use std::time::SystemTime;

use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};

use super::plan::Plan;
use crate::storage::config::Encryption;
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
        let original = &plan.original;
        let tags = plan.tags.as_ref();
        let (encryption, key_id) = Encryption::headers(self.config.encryption.as_ref());
        let call = self
            .client()
            .await?
            .copy_object()
            .bucket(&self.config.bucket)
            .key(plan.target.as_str())
            .copy_source(plan.copy_source(&self.config.bucket))
            .set_copy_source_if_match(original.e_tag().map(str::to_owned))
            .set_if_none_match(plan.is_create_only.then(|| "*".to_owned()))
            .metadata_directive(MetadataDirective::Replace)
            .set_metadata(Some(plan.metadata.clone()))
            .content_type(&plan.content_type)
            .content_disposition(&plan.content_disposition)
            .set_cache_control(original.cache_control().map(str::to_owned))
            .set_content_encoding(original.content_encoding().map(str::to_owned))
            .set_content_language(original.content_language().map(str::to_owned))
            .set_storage_class(plan.storage_class())
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(key_id)
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

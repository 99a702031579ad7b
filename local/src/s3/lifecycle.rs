//! Lifecycle rules, as far as they end multipart uploads that nobody finished.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html>

use std::collections::HashSet;

use s3s::dto::{
    AbortIncompleteMultipartUpload, DeleteBucketLifecycleInput, ExpirationStatus,
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput, LifecycleRule,
    LifecycleRuleFilter, PutBucketLifecycleConfigurationInput,
};
use s3s::{S3Result, s3_error};

use super::Backend;
use super::attributes::{not_implemented, owner};
use super::objects::malformed_xml;
use crate::store::AbortRule;

/// The most rules of a bucket, and the most characters of a rule's id.
const MAX_RULES: usize = 1000;
const MAX_ID: usize = 255;

const SECONDS_PER_DAY: u64 = 86_400;

impl Backend {
    pub(super) fn set_lifecycle(
        &self,
        input: PutBucketLifecycleConfigurationInput,
    ) -> S3Result<()> {
        owner(input.expected_bucket_owner.as_deref())?;
        let rules = input.lifecycle_configuration.map(|lifecycle| lifecycle.rules);
        let rules = rules.ok_or_else(malformed_xml)?;
        if rules.is_empty() || rules.len() > MAX_RULES {
            return Err(malformed_xml());
        }
        let rules = rules.into_iter().map(checked).collect::<S3Result<Vec<_>>>()?;
        let ids: HashSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        if ids.len() < rules.len() {
            return Err(s3_error!(
                InvalidArgument,
                "Rule ID must be unique. Found same ID for more than one rule"
            ));
        }
        Ok(self.store.configure_bucket(&input.bucket, |bucket| bucket.abort_rules = rules)?)
    }

    pub(super) fn lifecycle(
        &self,
        input: &GetBucketLifecycleConfigurationInput,
    ) -> S3Result<GetBucketLifecycleConfigurationOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let rules = self.store.bucket(&input.bucket)?.abort_rules;
        if rules.is_empty() {
            return Err(s3_error!(
                NoSuchLifecycleConfiguration,
                "The lifecycle configuration does not exist"
            ));
        }
        Ok(GetBucketLifecycleConfigurationOutput {
            rules: Some(rules.into_iter().map(shown).collect()),
            ..Default::default()
        })
    }

    pub(super) fn delete_lifecycle(&self, input: &DeleteBucketLifecycleInput) -> S3Result<()> {
        owner(input.expected_bucket_owner.as_deref())?;
        Ok(self.store.configure_bucket(&input.bucket, |bucket| bucket.abort_rules.clear())?)
    }

    /// Aborts the uploads of a bucket whose time is over. Called before an upload is looked at, so
    /// that nobody sees one that S3 would have ended.
    pub(super) fn end_uploads(&self, bucket: &str) -> S3Result<()> {
        let rules = self.store.bucket(bucket)?.abort_rules;
        if rules.iter().any(|rule| rule.enabled) {
            let now = self.now();
            self.store.abort_uploads(bucket, |key, upload| {
                ends(&rules, key, upload.initiated).is_some_and(|(end, _)| end <= now)
            })?;
        }
        Ok(())
    }

    /// When an upload that begins now ends by itself, in seconds since 1970, and by which rule.
    pub(super) fn upload_ends(&self, bucket: &str, key: &str) -> S3Result<Option<(u64, String)>> {
        let rules = self.store.bucket(bucket)?.abort_rules;
        Ok(ends(&rules, key, self.now()).map(|(end, rule)| (end, rule.id.clone())))
    }
}

/// The first of the rules to end an upload; S3 acts at the midnight (UTC) after the days are over.
fn ends<'r>(rules: &'r [AbortRule], key: &str, initiated: u64) -> Option<(u64, &'r AbortRule)> {
    let matching = rules.iter().filter(|rule| rule.enabled && key.starts_with(&rule.prefix));
    let rule = matching.min_by_key(|rule| rule.days)?;
    let end = initiated + u64::from(rule.days) * SECONDS_PER_DAY;
    Some((end.next_multiple_of(SECONDS_PER_DAY), rule))
}

fn checked(rule: LifecycleRule) -> S3Result<AbortRule> {
    let others = rule.expiration.is_some()
        || rule.transitions.is_some()
        || rule.noncurrent_version_expiration.is_some()
        || rule.noncurrent_version_transitions.is_some();
    if others {
        return Err(not_implemented());
    }
    let enabled = match rule.status.as_str() {
        ExpirationStatus::ENABLED => true,
        ExpirationStatus::DISABLED => false,
        _ => return Err(malformed_xml()),
    };
    let prefix = match (rule.prefix, rule.filter) {
        (Some(prefix), None) => prefix,
        (None, Some(filter)) => prefix_of(filter)?,
        _ => return Err(malformed_xml()),
    };
    let Some(abort) = rule.abort_incomplete_multipart_upload else {
        return Err(s3_error!(
            InvalidRequest,
            "At least one action needs to be specified in a rule"
        ));
    };
    let days = abort.days_after_initiation.and_then(|days| u32::try_from(days).ok());
    let days = days.filter(|days| *days > 0).ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive \
             integer"
        )
    })?;
    let id = match rule.id {
        Some(id) if id.chars().count() > MAX_ID => {
            return Err(s3_error!(
                InvalidArgument,
                "ID length should not exceed allowed limit of 255"
            ));
        }
        Some(id) => id,
        None => crate::random::hex(16).map_err(s3s::S3Error::internal_error)?,
    };
    Ok(AbortRule { id, enabled, prefix, days })
}

fn prefix_of(filter: LifecycleRuleFilter) -> S3Result<String> {
    let narrower = filter.and.is_some()
        || filter.tag.is_some()
        || filter.object_size_greater_than.is_some()
        || filter.object_size_less_than.is_some();
    if narrower {
        return Err(s3_error!(
            InvalidRequest,
            "AbortIncompleteMultipartUpload cannot be specified with Tags or object sizes"
        ));
    }
    Ok(filter.prefix.unwrap_or_default())
}

fn shown(rule: AbortRule) -> LifecycleRule {
    let status = if rule.enabled { ExpirationStatus::ENABLED } else { ExpirationStatus::DISABLED };
    LifecycleRule {
        abort_incomplete_multipart_upload: Some(AbortIncompleteMultipartUpload {
            days_after_initiation: i32::try_from(rule.days).ok(),
        }),
        expiration: None,
        filter: Some(LifecycleRuleFilter { prefix: Some(rule.prefix), ..Default::default() }),
        id: Some(rule.id),
        noncurrent_version_expiration: None,
        noncurrent_version_transitions: None,
        prefix: None,
        status: status.to_owned().into(),
        transitions: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_rule_ends_an_upload_at_midnight() {
        let rule = |id: &str, enabled, prefix: &str, days| AbortRule {
            id: id.to_owned(),
            enabled,
            prefix: prefix.to_owned(),
            days,
        };
        let rules =
            [rule("week", true, "", 7), rule("off", false, "", 1), rule("short", true, "a/", 2)];
        let noon = 10 * SECONDS_PER_DAY + SECONDS_PER_DAY / 2;
        let end = |key: &str, at| ends(&rules, key, at).map(|(end, rule)| (end, rule.id.as_str()));
        assert_eq!(end("b", noon), Some((18 * SECONDS_PER_DAY, "week")));
        assert_eq!(end("a/b", noon), Some((13 * SECONDS_PER_DAY, "short")));
        assert_eq!(end("b", 10 * SECONDS_PER_DAY), Some((17 * SECONDS_PER_DAY, "week")));
        assert_eq!(ends(&rules[1..2], "b", noon).map(|(end, _)| end), None);
    }
}

//! PutBucketCors, GetBucketCors and DeleteBucketCors.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html>

use s3s::dto::{
    CORSRule, DeleteBucketCorsInput, GetBucketCorsInput, GetBucketCorsOutput, PutBucketCorsInput,
};
use s3s::{S3Result, s3_error};

use super::Backend;
use super::attributes::owner;
use super::objects::malformed_xml;
use crate::store::CorsRule;

/// The most rules of a bucket, and the most characters of a rule's id.
const MAX_RULES: usize = 100;
const MAX_ID: usize = 255;

impl Backend {
    pub(super) fn set_cors(&self, input: PutBucketCorsInput) -> S3Result<()> {
        owner(input.expected_bucket_owner.as_deref())?;
        let rules = input.cors_configuration.cors_rules;
        if rules.is_empty() || rules.len() > MAX_RULES {
            return Err(malformed_xml());
        }
        let rules = rules.into_iter().map(checked).collect::<S3Result<Vec<_>>>()?;
        Ok(self.store.configure_bucket(&input.bucket, |bucket| bucket.cors = rules)?)
    }

    pub(super) fn cors(&self, input: &GetBucketCorsInput) -> S3Result<GetBucketCorsOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let rules = self.store.bucket(&input.bucket)?.cors;
        if rules.is_empty() {
            return Err(s3_error!(
                NoSuchCORSConfiguration,
                "The CORS configuration does not exist"
            ));
        }
        Ok(GetBucketCorsOutput { cors_rules: Some(rules.into_iter().map(shown).collect()) })
    }

    pub(super) fn delete_cors(&self, input: &DeleteBucketCorsInput) -> S3Result<()> {
        owner(input.expected_bucket_owner.as_deref())?;
        Ok(self.store.configure_bucket(&input.bucket, |bucket| bucket.cors.clear())?)
    }
}

impl CorsRule {
    /// What the pages of an application need that runs on this machine, whatever its port.
    pub(super) fn loopback() -> Self {
        let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            id: Some("loopback".to_owned()),
            origins: all(&[
                "http://127.0.0.1:*",
                "http://localhost:*",
                "https://localhost:*",
                "http://[::1]:*",
            ]),
            methods: all(&["GET", "HEAD", "PUT", "POST"]),
            headers: all(&["*"]),
            exposed: all(&["ETag"]),
            max_age_seconds: Some(3600),
        }
    }
}

fn checked(rule: CORSRule) -> S3Result<CorsRule> {
    let methods = rule.allowed_methods;
    if methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(malformed_xml());
    }
    if let Some(method) = methods.iter().find(|it| !CorsRule::METHODS.contains(&it.as_str())) {
        return Err(s3_error!(
            InvalidRequest,
            "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
        ));
    }
    let headers = rule.allowed_headers.unwrap_or_default();
    let exposed = rule.expose_headers.unwrap_or_default();
    for (name, patterns) in [("AllowedOrigin", &rule.allowed_origins), ("AllowedHeader", &headers)]
    {
        if let Some(pattern) = patterns.iter().find(|it| it.matches('*').count() > 1) {
            return Err(s3_error!(
                InvalidRequest,
                "{name} \"{pattern}\" can not have more than one wildcard."
            ));
        }
    }
    if let Some(name) = exposed.iter().find(|name| name.contains('*')) {
        return Err(s3_error!(
            InvalidRequest,
            "ExposeHeader \"{name}\" contains wildcard. We currently do not support wildcard for \
             ExposeHeader."
        ));
    }
    let max_age_seconds = rule.max_age_seconds.map(u32::try_from).transpose();
    if rule.id.as_ref().is_some_and(|id| id.chars().count() > MAX_ID) {
        return Err(s3_error!(InvalidRequest, "The rule's ID is longer than 255 characters."));
    }
    Ok(CorsRule {
        id: rule.id,
        origins: rule.allowed_origins,
        methods,
        headers,
        exposed,
        max_age_seconds: max_age_seconds.map_err(|_| malformed_xml())?,
    })
}

fn shown(rule: CorsRule) -> CORSRule {
    CORSRule {
        id: rule.id,
        allowed_origins: rule.origins,
        allowed_methods: rule.methods,
        allowed_headers: (!rule.headers.is_empty()).then_some(rule.headers),
        expose_headers: (!rule.exposed.is_empty()).then_some(rule.exposed),
        max_age_seconds: rule.max_age_seconds.and_then(|seconds| i32::try_from(seconds).ok()),
    }
}

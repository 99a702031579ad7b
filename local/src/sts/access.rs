//! What a session's policy makes of each request to S3.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>

use std::sync::Arc;

use http::{HeaderMap, Uri};
use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::CopySource;
use s3s::path::S3Path;
use s3s::{S3Error, S3Result, s3_error};
use url::form_urlencoded;

use super::keys::{Key, Keys, Session};
use super::policy::Policy;

/// Holds sessions to their policies. What it does not know, no session may.
pub(crate) struct Access {
    pub(crate) keys: Keys,
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let known = context.credentials().map(|it| self.keys.find(&it.access_key));
        let session = match known.flatten() {
            Some(Key::Root) => return Ok(()),
            Some(Key::Session(session)) => session,
            None => return Err(denied()),
        };
        let Some(policy) = &session.policy else { return Ok(()) };
        let request = Asked {
            operation: context.s3_op().name(),
            path: context.s3_path(),
            query: Query::of(context.uri()),
            headers: context.headers(),
        };
        if !request.is_allowed(policy) {
            return Err(denied());
        }
        context.extensions_mut().insert(Confinement(session));
        Ok(())
    }
}

/// The session of a request that names more keys in its body.
#[derive(Clone)]
pub(crate) struct Confinement(Arc<Session>);

impl Confinement {
    /// Refuses to delete what the session's policy does not allow it to.
    pub(crate) fn may_delete(&self, bucket: &str, key: &str, version: bool) -> S3Result<()> {
        let action = if version { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
        let allows = |policy: &Policy| policy.allows(action, &object(bucket, key), None);
        match self.0.policy.as_ref().is_none_or(allows) {
            true => Ok(()),
            false => Err(denied()),
        }
    }
}

struct Asked<'a> {
    operation: &'a str,
    path: &'a S3Path,
    query: Query,
    headers: &'a HeaderMap,
}

impl Asked<'_> {
    fn is_allowed(&self, policy: &Policy) -> bool {
        match self.path {
            S3Path::Root => false,
            S3Path::Bucket { bucket } => self.is_allowed_on_bucket(policy, bucket),
            S3Path::Object { bucket, key } => {
                self.is_allowed_on_object(policy, &object(bucket, key))
            }
        }
    }

    fn is_allowed_on_bucket(&self, policy: &Policy, bucket: &str) -> bool {
        let action = match self.operation {
            // Of each key in its body.
            "DeleteObjects" => return true,
            "ListObjects" | "ListObjectsV2" | "HeadBucket" => "s3:ListBucket",
            "ListMultipartUploads" => "s3:ListBucketMultipartUploads",
            "ListObjectVersions" => "s3:ListBucketVersions",
            "GetBucketLocation" => "s3:GetBucketLocation",
            _ => return false,
        };
        let Ok(prefix) = self.query.only("prefix") else { return false };
        policy.allows(action, &format!("arn:aws:s3:::{bucket}"), prefix)
    }

    fn is_allowed_on_object(&self, policy: &Policy, object: &str) -> bool {
        let Ok(version) = self.query.only("versionId") else { return false };
        let of =
            |action: &'static str, of_version| if version.is_some() { of_version } else { action };
        let action = match self.operation {
            "GetObject" | "HeadObject" => of("s3:GetObject", "s3:GetObjectVersion"),
            "DeleteObject" => of("s3:DeleteObject", "s3:DeleteObjectVersion"),
            "GetObjectTagging" => of("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
            "PutObjectTagging" => of("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
            "DeleteObjectTagging" => of("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
            "PutObject"
            | "CreateMultipartUpload"
            | "UploadPart"
            | "CompleteMultipartUpload"
            | "CopyObject"
            | "UploadPartCopy" => "s3:PutObject",
            "ListParts" => "s3:ListMultipartUploadParts",
            "AbortMultipartUpload" => "s3:AbortMultipartUpload",
            _ => return false,
        };
        let allows = |action| policy.allows(action, object, None);
        let grants = |name: &str| name == "x-amz-acl" || name.starts_with("x-amz-grant-");
        allows(action)
            && (!self.headers.contains_key("x-amz-tagging") || allows("s3:PutObjectTagging"))
            && (!self.headers.keys().any(|name| grants(name.as_str())) || allows("s3:PutObjectAcl"))
            && self
                .headers
                .get_all("x-amz-copy-source")
                .iter()
                .all(|source| source.to_str().is_ok_and(|source| may_read(policy, source)))
    }
}

/// Whether the original of a copy may be read.
fn may_read(policy: &Policy, source: &str) -> bool {
    match CopySource::parse(source) {
        Ok(CopySource::Bucket { bucket, key, version_id }) => {
            let of_version = version_id.is_some();
            let action = if of_version { "s3:GetObjectVersion" } else { "s3:GetObject" };
            policy.allows(action, &object(&bucket, &key), None)
        }
        _ => false,
    }
}

/// A query string, decoded.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The value of a name; an error where it has several, since nobody says which one counts.
    fn only(&self, name: &str) -> Result<Option<&str>, Several> {
        let mut values = self.0.iter().filter(|(found, _)| found == name);
        match (values.next(), values.next()) {
            (first, None) => Ok(first.map(|(_, value)| value.as_str())),
            _ => Err(Several),
        }
    }
}

struct Several;

fn object(bucket: &str, key: &str) -> String {
    format!("arn:aws:s3:::{bucket}/{key}")
}

fn denied() -> S3Error {
    s3_error!(AccessDenied, "Access Denied")
}

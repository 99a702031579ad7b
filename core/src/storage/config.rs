//! Where the files are kept.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use aws_sdk_s3::types::ServerSideEncryption;

use super::cdn::CloudFront;
use super::upload::SealingSecret;
use crate::web_url::web_url;
use crate::{Error, ErrorKind, Result};

/// The longest that a link can live: seven days, the most that S3 signs for.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>
pub const MAX_LINK_SECONDS: u64 = 604_800;

/// How long a link lives when nobody says otherwise.
const DEFAULT_LINK_SECONDS: u64 = 3600;

/// How long a call without a body may take.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// How long an upload can be gone on with when nobody says otherwise.
const DEFAULT_UPLOAD_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Longer than any upload takes.
const MAX_UPLOAD_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

/// How much is copied in one request when nobody says otherwise.
const DEFAULT_COPY_PART_BYTES: u64 = 1 << 30;

/// What S3 takes as a part of a copy, and as a copy in one request.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const COPY_PART_BYTES: RangeInclusive<u64> = 5 << 20..=5 << 30;

/// What the hosts of AWS's endpoints end in, in China as elsewhere.
const AWS: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];

/// The bucket, and how to reach it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StorageConfig {
    /// The bucket's name.
    pub bucket: String,
    /// The region. Defaults to `us-east-1` with an endpoint, and to AWS's standard chain without.
    pub region: Option<String>,
    /// The address of another S3 than AWS's, with its scheme. Defaults to AWS.
    pub endpoint: Option<String>,
    /// The address that links are signed for. Defaults to `endpoint`.
    pub public_endpoint: Option<String>,
    /// Whether the bucket stands in the path (`host/bucket/key`) and not in the host. Defaults to
    /// true with an endpoint, and to false on AWS.
    pub path_style: bool,
    /// The keys to sign with. Defaults to AWS's standard credential chain.
    pub credentials: Option<StaticCredentials>,
    /// How long a link lives when the call does not say, in seconds, 1 to 604800. Defaults to 3600.
    pub link_seconds: u64,
    /// How long a call may take, retries included. A transfer gets one second more for each 128 KiB.
    /// Defaults to 30 seconds.
    pub deadline: Duration,
    /// How long an upload in parts can be gone on with after it was begun, by the store's clock;
    /// what is older may be swept. Longer than the longest upload takes, a year at most. Defaults to
    /// 24 hours.
    pub upload_life: Duration,
    /// What the handles of uploads are sealed with. Defaults to a secret of this process, which no
    /// other process can open.
    pub secret: Option<SealingSecret>,
    /// How the store encrypts what is uploaded. Defaults to the bucket's own rule.
    pub encryption: Option<Encryption>,
    /// The most bytes that the store is asked to copy in one request, 5 MiB to 5 GiB; a larger file
    /// is copied in parts of this size, four at a time. Defaults to 1 GiB.
    pub copy_part_bytes: u64,
    /// The storage class of uploads that name none, as S3 names it. Defaults to the store's.
    pub storage_class: Option<String>,
    /// The ARN of the role that temporary credentials are given for. Defaults to none, and then
    /// there are no temporary credentials.
    pub grant_role_arn: Option<String>,
    /// The address of STS, which gives temporary credentials, with its scheme. Defaults to
    /// `endpoint`, where MinIO, Ceph and SeaweedFS have theirs, and on AWS to that of the region.
    pub sts_endpoint: Option<String>,
    /// The CloudFront distribution that reads the bucket, for links and cookies of its own. Defaults
    /// to none.
    pub cloudfront: Option<CloudFront>,
}

/// How the store encrypts a file.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html>
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encryption {
    /// With keys of the store's (`AES256`).
    S3,
    /// With a key of AWS KMS (`aws:kms`).
    Kms {
        /// The key's id, ARN or alias. Defaults to AWS's own key for S3.
        key_id: Option<String>,
    },
}

impl Encryption {
    /// The headers that ask for it: the algorithm, and the key of KMS.
    pub(super) fn headers(asked: Option<&Self>) -> (Option<ServerSideEncryption>, Option<String>) {
        match asked {
            None => (None, None),
            Some(Self::S3) => (Some(ServerSideEncryption::Aes256), None),
            Some(Self::Kms { key_id }) => (Some(ServerSideEncryption::AwsKms), key_id.clone()),
        }
    }
}

impl StorageConfig {
    /// A bucket on AWS, or on another S3 when `endpoint` is given; all else by default.
    pub fn new(bucket: impl Into<String>, endpoint: Option<String>) -> Self {
        Self {
            bucket: bucket.into(),
            region: None,
            path_style: endpoint.is_some(),
            endpoint,
            public_endpoint: None,
            credentials: None,
            link_seconds: DEFAULT_LINK_SECONDS,
            deadline: DEFAULT_DEADLINE,
            upload_life: DEFAULT_UPLOAD_LIFE,
            secret: None,
            encryption: None,
            copy_part_bytes: DEFAULT_COPY_PART_BYTES,
            storage_class: None,
            grant_role_arn: None,
            sts_endpoint: None,
            cloudfront: None,
        }
    }

    /// Whether the bucket is AWS's own: no endpoint, or one of AWS's.
    pub(super) fn is_on_aws(&self) -> bool {
        let host = |endpoint: &str| Some(web_url(endpoint).ok()?.host_str()?.to_ascii_lowercase());
        self.endpoint.as_deref().is_none_or(|endpoint| {
            host(endpoint).is_some_and(|host| AWS.iter().any(|aws| host.ends_with(aws)))
        })
    }

    /// Says which setting is wrong, by the environment variable that sets it.
    pub(super) fn check(&self) -> Result<()> {
        if !is_bucket_name(&self.bucket) {
            return Err(invalid("S3_BUCKET_NAME", "is not a bucket name"));
        }
        for (variable, endpoint) in [
            ("S3_ENDPOINT_URL", &self.endpoint),
            ("S3_PUBLIC_ENDPOINT_URL", &self.public_endpoint),
            ("STS_ENDPOINT_URL", &self.sts_endpoint),
        ] {
            let url = endpoint.as_deref().map(web_url).transpose();
            url.map_err(|problem| invalid(variable, problem))?;
        }
        if self.grant_role_arn.as_deref().is_some_and(|arn| !is_role_arn(arn)) {
            return Err(invalid("S3_GRANT_ROLE_ARN", "is not the ARN of a role"));
        }
        if !(1..=MAX_LINK_SECONDS).contains(&self.link_seconds) {
            return Err(invalid("PRESIGNED_URL_EXPIRATION", "is not between 1 and 604800"));
        }
        if self.deadline.is_zero() {
            return Err(Error::new(ErrorKind::ConfigInvalid, "the deadline is zero"));
        }
        if !COPY_PART_BYTES.contains(&self.copy_part_bytes) {
            let why = "the part of a copy is not between 5 MiB and 5 GiB";
            return Err(Error::new(ErrorKind::ConfigInvalid, why));
        }
        if self.upload_life.is_zero() || self.upload_life > MAX_UPLOAD_LIFE {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                "the life of an upload is zero, or longer than a year",
            ));
        }
        Ok(())
    }
}

/// Keys of AWS or of another S3. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaticCredentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`, with temporary keys.
    pub session_token: Option<String>,
}

impl StaticCredentials {
    /// A pair of keys that do not expire.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: None,
        }
    }
}

impl fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticCredentials").finish_non_exhaustive()
    }
}

/// Whether this can name a bucket: the letters that S3 has ever allowed, 3 to 63 of them.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
pub(crate) fn is_bucket_name(name: &str) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && is_edge(name.as_bytes().first())
        && is_edge(name.as_bytes().last())
}

/// Whether this can be the ARN of a role: `arn:aws:iam::123456789012:role/path/name` on AWS, less
/// regular elsewhere (`arn:aws:iam:::role/name` on Ceph).
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub(crate) fn is_role_arn(arn: &str) -> bool {
    (20..=2048).contains(&arn.len())
        && arn.starts_with("arn:")
        && arn.contains(":role/")
        && arn.bytes().all(|byte| byte.is_ascii_graphic())
}

fn invalid(variable: &str, why: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("{variable} {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_setting_is_named() {
        let good = StorageConfig::new("bucket", Some("http://127.0.0.1:9000".into()));
        assert!(good.check().is_ok());
        type Change = fn(&mut StorageConfig);
        let wrong: [(Change, &str); 10] = [
            (|c| c.bucket = String::new(), "S3_BUCKET_NAME"),
            (|c| c.bucket = "a/b".into(), "S3_BUCKET_NAME"),
            (|c| c.endpoint = Some("127.0.0.1:9000".into()), "S3_ENDPOINT_URL"),
            (|c| c.endpoint = Some("http://key:hush@host".into()), "S3_ENDPOINT_URL"),
            (|c| c.public_endpoint = Some("ftp://host".into()), "S3_PUBLIC_ENDPOINT_URL"),
            (|c| c.sts_endpoint = Some("sts.example.com".into()), "STS_ENDPOINT_URL"),
            (|c| c.grant_role_arn = Some("role/files".into()), "S3_GRANT_ROLE_ARN"),
            (
                |c| c.grant_role_arn = Some("arn:aws:iam::123456789012:user/hush".into()),
                "S3_GRANT_ROLE_ARN",
            ),
            (|c| c.link_seconds = 0, "PRESIGNED_URL_EXPIRATION"),
            (|c| c.link_seconds = 604_801, "PRESIGNED_URL_EXPIRATION"),
        ];
        for (change, variable) in wrong {
            let mut config = good.clone();
            change(&mut config);
            let error = config.check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
            assert!(error.message().contains(variable) && !error.message().contains("hush"));
        }
    }

    #[test]
    fn aws_is_told_from_others() {
        let is_on_aws =
            |endpoint: Option<&str>| StorageConfig::new("b", endpoint.map(Into::into)).is_on_aws();
        assert!(is_on_aws(None));
        assert!(is_on_aws(Some("https://bucket.vpce-1a2b.s3.eu-west-3.vpce.amazonaws.com")));
        assert!(is_on_aws(Some("https://s3.cn-north-1.amazonaws.com.cn")));
        assert!(!is_on_aws(Some("https://s3.amazonaws.com.example.com")));
        assert!(!is_on_aws(Some("https://notamazonaws.com")));
        assert!(!is_on_aws(Some("http://127.0.0.1:9000")));
    }

    #[test]
    fn debug_shows_no_key() {
        let mut config = StorageConfig::new("bucket", None);
        config.credentials = Some(StaticCredentials::new("AKIAHUSH", "hush"));
        assert!(!format!("{config:?}").to_lowercase().contains("hush"));
    }
}

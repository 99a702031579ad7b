//! The settings of the bucket.

use std::time::Duration;

use super::layers::{Layers, missing};
use super::{Setting, check};
use crate::Result;
use crate::storage::{CloudFront, Encryption, MAX_LINK_SECONDS, StaticCredentials, StorageConfig};

/// The storage configuration, or nothing when no bucket is set. Values are checked either way.
pub(super) fn resolve(layers: &Layers) -> Result<Option<StorageConfig>> {
    let number = |setting, least, most| -> Result<Option<u64>> {
        layers.given(setting)?.map(|value| check::number(value, least, most)).transpose()
    };
    let use_ssl = layers.given(Setting::UseSsl)?.map_or(Ok(true), check::flag)?;
    let url = |setting| -> Result<Option<String>> {
        layers.given(setting)?.map(|value| check::endpoint(value, use_ssl)).transpose()
    };

    let endpoint = url(Setting::EndpointUrl)?;
    let public_endpoint = url(Setting::PublicEndpointUrl)?;
    let sts_endpoint = url(Setting::StsEndpointUrl)?;
    let grant_role_arn = layers.given(Setting::GrantRoleArn)?.map(check::role_arn).transpose()?;
    let path_style = path_style(layers, endpoint.is_some())?;
    let region = layers.given(Setting::Region)?.map(check::region).transpose()?;
    let credentials = credentials(layers)?;
    let link_seconds = number(Setting::LinkSeconds, 1, MAX_LINK_SECONDS)?;
    let deadline = number(Setting::DeadlineSeconds, 1, 3600)?;
    let encryption = encryption(layers)?;
    let storage_class =
        layers.given(Setting::StorageClass)?.map(check::storage_class).transpose()?;
    let cloudfront = cloudfront(layers)?;
    let secret = layers.given(Setting::Secret)?.map(check::sealing_secret).transpose()?;
    let Some(bucket) = layers.given(Setting::Bucket)?.map(check::bucket).transpose()? else {
        return Ok(None);
    };

    let mut config = StorageConfig::new(bucket, endpoint);
    config.region = region;
    config.public_endpoint = public_endpoint;
    config.path_style = path_style;
    config.credentials = credentials;
    config.link_seconds = link_seconds.unwrap_or(config.link_seconds);
    config.deadline = deadline.map_or(config.deadline, Duration::from_secs);
    config.secret = secret;
    config.encryption = encryption;
    config.storage_class = storage_class;
    config.grant_role_arn = grant_role_arn;
    config.sts_endpoint = sts_endpoint;
    config.cloudfront = cloudfront;
    Ok(Some(config))
}

fn path_style(layers: &Layers, has_endpoint: bool) -> Result<bool> {
    let Some(value) = layers.given(Setting::AddressingStyle)? else { return Ok(has_endpoint) };
    match value.text.trim() {
        "path" => Ok(true),
        "virtual" => Ok(false),
        "auto" => Ok(has_endpoint),
        _ => Err(value.invalid("must be `path`, `virtual` or `auto`")),
    }
}

fn encryption(layers: &Layers) -> Result<Option<Encryption>> {
    let key_id = layers.given(Setting::KmsKeyId)?.map(check::kms_key_id).transpose()?;
    let Some(value) = layers.given(Setting::ServerSideEncryption)? else {
        let needs_kms = "S3_KMS_KEY_ID is, and needs `aws:kms`";
        return key_id.map_or(Ok(None), |_| Err(missing(Setting::ServerSideEncryption, needs_kms)));
    };
    match (value.text.trim(), key_id) {
        ("AES256", None) => Ok(Some(Encryption::S3)),
        ("aws:kms", key_id) => Ok(Some(Encryption::Kms { key_id })),
        ("AES256", Some(_)) => Err(value.invalid("must be `aws:kms` with S3_KMS_KEY_ID")),
        _ => Err(value.invalid("must be `AES256` or `aws:kms`")),
    }
}

/// The distribution, when it is set: all three settings or none.
fn cloudfront(layers: &Layers) -> Result<Option<CloudFront>> {
    use Setting::{CloudfrontDomain, CloudfrontKeyPairId, CloudfrontPrivateKey};
    let domain = layers.given(CloudfrontDomain)?.map(check::cloudfront_domain).transpose()?;
    let key_pair_id =
        layers.given(CloudfrontKeyPairId)?.map(check::cloudfront_key_pair_id).transpose()?;
    let private_key =
        layers.given(CloudfrontPrivateKey)?.map(check::cloudfront_private_key).transpose()?;
    let lacks = |setting| Err(missing(setting, "another setting of CloudFront is, and needs it"));
    match (domain, key_pair_id, private_key) {
        (Some(domain), Some(key_pair_id), Some(private_key)) => {
            Ok(Some(CloudFront::of_checked(domain, key_pair_id, private_key)))
        }
        (None, None, None) => Ok(None),
        (None, ..) => lacks(CloudfrontDomain),
        (_, None, _) => lacks(CloudfrontKeyPairId),
        (.., None) => lacks(CloudfrontPrivateKey),
    }
}

/// The keys, when they are set: both or neither.
fn credentials(layers: &Layers) -> Result<Option<StaticCredentials>> {
    let access_key_id = layers.given(Setting::AccessKeyId)?;
    let secret_access_key = layers.given(Setting::SecretAccessKey)?;
    let session_token = layers.given(Setting::SessionToken)?;
    match (access_key_id, secret_access_key) {
        (Some(id), Some(secret)) => {
            let mut credentials = StaticCredentials::new(&id.text, &secret.text);
            credentials.session_token = session_token.map(|token| token.text.clone());
            Ok(Some(credentials))
        }
        (None, None) => match session_token {
            Some(_) => Err(missing(Setting::AccessKeyId, "AWS_SESSION_TOKEN is, and needs it")),
            None => Ok(None),
        },
        (Some(_), None) => {
            Err(missing(Setting::SecretAccessKey, "AWS_ACCESS_KEY_ID is, and needs it"))
        }
        (None, Some(_)) => {
            Err(missing(Setting::AccessKeyId, "AWS_SECRET_ACCESS_KEY is, and needs it"))
        }
    }
}

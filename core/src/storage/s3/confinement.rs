//! Whether a store holds temporary credentials to their session policy: asked with the first ones.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, IdentityCache};

use super::S3;
use super::failure::{self, OnCondition};
use super::probe::Probe;
use super::sts::SessionKeys;
use crate::{Error, ErrorKind, Result};

impl S3 {
    /// Refuses to hand out keys of a store whose STS takes a session policy and overlooks it, or
    /// whose listings do: these would reach the whole bucket. AWS is known to keep it.
    ///
    /// # Errors
    /// `storage-unsupported`; what the calls to the store may answer.
    pub(in crate::storage) async fn require_confinement(&self, keys: &SessionKeys) -> Result<()> {
        if self.config.is_on_aws() {
            return Ok(());
        }
        let settings = self.client().await?.config().to_builder();
        let credentials = Credentials::new(
            &keys.access_key_id,
            &keys.secret_access_key,
            Some(keys.session_token.clone()),
            Some(keys.expires_at),
            "casier",
        );
        let settings = settings.credentials_provider(credentials);
        let client = Client::from_conf(settings.identity_cache(IdentityCache::no_cache()).build());
        let question = |probe| is_confined(probe, client);
        if self.ask_once(&self.abilities.confines, question).await? {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::StorageUnsupported,
            "the store does not hold temporary credentials to their session policy",
        ))
    }
}

/// Whether the keys are refused what is in no scope: a look at an object, and at the whole bucket.
async fn is_confined(probe: Probe, keys: Client) -> Result<bool> {
    let put = probe.put().send().await.map(drop);
    let found = match put.map_err(|error| failure::from_sdk(&error, OnCondition::Changed)) {
        Ok(()) => is_refused_both(&probe, &keys).await,
        Err(error) => Err(error),
    };
    probe.remove().await;
    found
}

async fn is_refused_both(probe: &Probe, keys: &Client) -> Result<bool> {
    let head = keys.head_object().bucket(&probe.bucket).key(&probe.key).send().await;
    let head = head.map_err(|error| failure::from_sdk(&error, OnCondition::Changed));
    let list = keys.list_objects_v2().bucket(&probe.bucket).max_keys(1).send().await;
    let list = list.map_err(|error| failure::from_sdk(&error, OnCondition::Changed));
    Ok(is_refused(head)? && is_refused(list)?)
}

fn is_refused<T>(answer: Result<T>) -> Result<bool> {
    match answer {
        Ok(_) => Ok(false),
        Err(error) => match error.kind() {
            ErrorKind::StorageDenied => Ok(true),
            ErrorKind::FileNotFound => Ok(false),
            _ => Err(error),
        },
    }
}

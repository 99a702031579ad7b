//! Whether a store holds temporary credentials to their session policy: asked with the first ones.

use std::error::Error as StdError;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::{Credentials, IdentityCache};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::S3;
use super::failure::{self, OnCondition};
use super::probe::Probe;
use super::sts::SessionKeys;
use crate::{Error, ErrorKind, Result};

impl S3 {
    /// Refuses to hand out keys of a store whose STS takes a session policy and overlooks it, or
    /// whose listings do: these would reach the whole bucket. AWS is known to keep it. `prefix` is
    /// that of the scope which the keys are for.
    ///
    /// # Errors
    /// `storage-unsupported`; `storage-denied` when the keys are not even good for their scope; what
    /// the calls to the store may answer.
    pub(in crate::storage) async fn require_confinement(
        &self,
        keys: &SessionKeys,
        prefix: &str,
    ) -> Result<()> {
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
        let question = |probe| is_confined(probe, client, prefix.to_owned());
        if self.ask_once(&self.abilities.confines, question).await? {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::StorageUnsupported,
            "the store does not hold temporary credentials to their session policy",
        ))
    }
}

/// Whether the keys list their scope and are refused what is in none: an object, and the whole
/// bucket.
async fn is_confined(probe: Probe, keys: Client, prefix: String) -> Result<bool> {
    let found = match probe.put().send().await {
        Ok(_) => ask(&probe, &keys, prefix).await,
        Err(error) => Err(read(&error)),
    };
    probe.remove().await;
    found
}

async fn ask(probe: &Probe, keys: &Client, prefix: String) -> Result<bool> {
    let list = || keys.list_objects_v2().bucket(&probe.bucket).max_keys(1);
    list().prefix(prefix).send().await.map_err(|error| read(&error))?;
    // The answer to HEAD would not say why.
    let object = keys.get_object().bucket(&probe.bucket).key(&probe.key).send().await;
    let bucket = list().send().await;
    Ok(is_refused(object)? && is_refused(bucket)?)
}

/// Whether the policy stands in the way, and nothing else does.
fn is_refused<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<bool>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let Err(error) = answer else { return Ok(false) };
    match error.raw_response().map(|raw| raw.status().as_u16()) {
        Some(403) => Ok(true),
        Some(404) => Ok(false),
        _ => Err(read(&error)),
    }
}

fn read<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    failure::from_sdk(error, OnCondition::Changed)
}

//! Temporary credentials: keys that reach one scope, for a while, for a client that speaks S3 to the
//! store itself.

mod life;
mod policy;
mod session;

use std::fmt;
use std::time::SystemTime;

use self::policy::Place;
use super::s3::sts::Assumption;
use super::user_storage::UserStorage;
use crate::config::{Setting, missing};
use crate::observe::What;
use crate::{Error, ErrorKind, Result};

/// The shortest that temporary credentials can live: 15 minutes, the least that STS gives.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub const MIN_GRANT_SECONDS: u64 = 900;

/// The longest that temporary credentials can live: 12 hours, the most that STS gives.
pub const MAX_GRANT_SECONDS: u64 = 43_200;

/// How long they live when nobody says otherwise: what a role allows unless it is set otherwise.
const DEFAULT_GRANT_SECONDS: u64 = 3600;

/// What ends the names of buckets whose objects have no ARN under the bucket's own: directory
/// buckets, and the aliases of access points.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
const WITHOUT_ARN: [&str; 5] = ["--x-s3", "-s3alias", "--ol-s3", ".mrap", "--table-s3"];

/// What temporary credentials may do in their scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// List the scope, and read its files.
    #[default]
    Read,
    /// That, and store and delete files, whole or in parts. The store then checks the place alone:
    /// not sizes, types, names or the quota.
    ReadWrite,
}

impl Access {
    /// `read` or `read-write`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadWrite => "read-write",
        }
    }

    /// The access of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Read, Self::ReadWrite].into_iter().find(|access| access.name() == name)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What temporary credentials may be asked for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct GrantOptions {
    /// What they may do. Defaults to reading.
    pub access: Access,
    /// How long they should live, in seconds, 900 to 43200. Defaults to 3600.
    pub expires_in: Option<u64>,
}

/// Keys that reach one scope until they end, and what a client of S3 needs beside them. Whoever has
/// them can do there what they allow, so `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemporaryCredentials {
    /// The access key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// What every request has to bring beside its signature.
    pub session_token: String,
    /// When they end, as the store says.
    pub expires_at: SystemTime,
    /// The bucket.
    pub bucket: String,
    /// What every key begins with that they reach; a listing has to ask for it, or for more of it.
    pub prefix: String,
    /// The region to sign for.
    pub region: String,
    /// The address of the store for clients; none is AWS's.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path and not in the host.
    pub path_style: bool,
}

impl fmt::Debug for TemporaryCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemporaryCredentials")
            .field("expires_at", &self.expires_at)
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("path_style", &self.path_style)
            .finish_non_exhaustive()
    }
}

impl UserStorage {
    /// Keys for a client that is to speak S3 to the store itself, confined to this scope: STS gives
    /// them for the role of [`grant_role_arn`](super::StorageConfig::grant_role_arn) under a session
    /// policy that is made of the scope, so that they never reach further, whatever the role may.
    ///
    /// They live as long as asked, but no longer than a link of the caller's tier, and an hour where
    /// STS gives the role no more; `expires_at` says how long. They cannot be taken back before. With
    /// [`Access::ReadWrite`] the store checks the place alone: the policy's sizes and types, the
    /// quota and the rules of names are not kept by who has them.
    ///
    /// A store other than AWS is asked once whether it keeps a session policy.
    ///
    /// # Errors
    /// `invalid-request` when the asked life is not 900 to 43200 seconds; `subscription-required`
    /// when links of the tier live less than 900; `config-invalid` without a role, or when STS does
    /// not know it; `storage-unsupported` when the store has no STS or does not keep the policy, or
    /// the bucket's objects have no ARN of their own (directory buckets, access points);
    /// `storage-denied` when our own credentials may not assume the role; what [`UserStorage`] says.
    pub async fn temporary_credentials(
        &self,
        options: GrantOptions,
    ) -> Result<TemporaryCredentials> {
        let asked = options.expires_in.unwrap_or(DEFAULT_GRANT_SECONDS);
        if !(MIN_GRANT_SECONDS..=MAX_GRANT_SECONDS).contains(&asked) {
            let why = "temporary credentials live 900 to 43200 seconds";
            return Err(
                Error::new(ErrorKind::InvalidRequest, why).with_limit(MAX_GRANT_SECONDS, asked)
            );
        }
        let config = &self.s3.config;
        let Some(role) = &config.grant_role_arn else {
            return Err(missing(Setting::GrantRoleArn, "temporary credentials need a role"));
        };
        if WITHOUT_ARN.iter().any(|end| config.bucket.ends_with(end)) {
            let why = "a directory bucket or an access point cannot be confined to a prefix";
            return Err(Error::new(ErrorKind::StorageUnsupported, why));
        }
        let seconds = self.decider.told(
            What {
                action: "grant",
                target: Some(self.scope.prefix()),
                required: Some(&options.access),
                is_privileged: false,
            },
            life::allowed(&self.decider, asked),
        )?;
        let place = Place { bucket: &config.bucket, role, is_on_aws: config.is_on_aws() };
        let assumption = Assumption {
            role,
            session: &session::name(&self.scope),
            policy: &policy::of_session(&self.scope, &place, options.access),
            seconds,
        };
        let keys = self.s3.in_time(self.s3.assume_role(&assumption)).await?;
        self.s3.require_confinement(&keys, self.scope.prefix()).await?;
        Ok(TemporaryCredentials {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            session_token: keys.session_token,
            expires_at: keys.expires_at,
            bucket: config.bucket.clone(),
            prefix: self.scope.prefix().to_owned(),
            region: self.s3.region().await?,
            endpoint: config.public_endpoint.clone().or_else(|| config.endpoint.clone()),
            path_style: config.path_style,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_key() {
        let hush = || "hush".to_owned();
        let credentials = TemporaryCredentials {
            access_key_id: hush(),
            secret_access_key: hush(),
            session_token: hush(),
            expires_at: SystemTime::UNIX_EPOCH,
            bucket: "bucket".to_owned(),
            prefix: "user_1/".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            path_style: false,
        };
        let shown = format!("{credentials:?}");
        assert!(shown.contains("user_1/") && !shown.contains("hush"));
    }

    #[test]
    fn accesses_have_names() {
        for access in [Access::Read, Access::ReadWrite] {
            assert_eq!(Access::from_name(access.name()), Some(access));
        }
        assert_eq!(Access::from_name("ReadWrite"), None);
        assert_eq!(Access::default(), Access::Read);
    }
}

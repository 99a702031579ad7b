//! STS: the session of a role, with keys of its own.

use std::time::{Duration, SystemTime};

use aws_sdk_sts::Client;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{BehaviorVersion, Config};
use aws_sdk_sts::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sts::operation::assume_role::{AssumeRoleError, AssumeRoleOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::answers::Bounds;
use super::client::{CONNECT_TIMEOUT, Clients};
use super::clock::ClockSkew;
use super::failure::{self, OnCondition, shown};
use super::retry::{self, PassingFaults, Patience};
use super::{S3, StoreClock};
use crate::storage::config::StorageConfig;
use crate::{Error, ErrorKind, Result};

/// What STS gives a session of a role that was assumed by another role's session, and of a role
/// that allows no more, as roles do unless they are set otherwise: an hour.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html>
const USUAL_SECONDS: u64 = 3600;

/// By how much a session may outlive what was asked for: what two clocks may differ by.
const TOLERANCE: Duration = Duration::from_secs(300);

/// What is asked of STS.
pub(in crate::storage) struct Assumption<'a> {
    pub(in crate::storage) role: &'a str,
    /// The session's name.
    pub(in crate::storage) session: &'a str,
    /// The session's policy, in JSON.
    pub(in crate::storage) policy: &'a str,
    /// How long it is to live.
    pub(in crate::storage) seconds: u64,
}

/// The keys of a session.
pub(in crate::storage) struct SessionKeys {
    pub(in crate::storage) access_key_id: String,
    pub(in crate::storage) secret_access_key: String,
    pub(in crate::storage) session_token: String,
    pub(in crate::storage) expires_at: SystemTime,
}

impl S3 {
    /// The keys of a new session of the role; of an hour where STS refuses a longer one.
    ///
    /// # Errors
    /// `config-invalid` when STS does not take the role; `storage-denied` when our credentials may
    /// not assume it; `storage-unsupported` where no STS answers, or it does not take the policy or
    /// keep to the life; `storage-unavailable`, `timeout`.
    pub(in crate::storage) async fn assume_role(
        &self,
        assumption: &Assumption<'_>,
    ) -> Result<SessionKeys> {
        match self.ask(assumption, assumption.seconds).await {
            Err(Refused::Terms(_)) if assumption.seconds > USUAL_SECONDS => {
                self.ask(assumption, USUAL_SECONDS).await.map_err(Refused::into_error)
            }
            answer => answer.map_err(Refused::into_error),
        }
    }

    async fn ask(&self, assumption: &Assumption<'_>, seconds: u64) -> Result<SessionKeys, Refused> {
        let clock = StoreClock::default();
        let answer = self
            .sts()
            .await?
            .assume_role()
            .role_arn(assumption.role)
            .role_session_name(assumption.session)
            .policy(assumption.policy)
            .duration_seconds(i32::try_from(seconds).unwrap_or(i32::MAX))
            .customize()
            .interceptor(clock.clone())
            .send()
            .await
            .map_err(|error| refused(&error))?;
        Ok(keys_of(answer, clock.time(), Duration::from_secs(seconds))?)
    }

    async fn sts(&self) -> Result<&Client> {
        let connect = || async { Ok(connect(&self.config, self.clients().await?)) };
        self.sts.get_or_try_init(connect).await
    }
}

/// Set as the client for the store is (`client.rs`), but for what only a store has.
fn connect(config: &StorageConfig, clients: &Clients) -> Client {
    let mut settings = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(clients.region.clone())
        .credentials_provider(clients.credentials.clone())
        .retry_config(retry::retries())
        .retry_partition(retry::budget())
        .retry_classifier(PassingFaults)
        .retry_classifier(ClockSkew)
        .interceptor(ClockSkew)
        .interceptor(Patience { deadline: config.deadline })
        .interceptor(Bounds)
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
    if let Some(chain) = &clients.chain {
        settings = settings
            .identity_cache(chain.clone())
            .interceptor(chain.clone())
            .retry_classifier(chain.clone());
    }
    // Our keys are for the store: another store's are nothing to AWS.
    let endpoint = config.sts_endpoint.as_ref().or(config.endpoint.as_ref());
    settings.set_endpoint_url(endpoint.cloned());
    Client::from_conf(settings.build())
}

/// The keys, if they are whole, live, and live no longer than they are to.
fn keys_of(answer: AssumeRoleOutput, now: SystemTime, life: Duration) -> Result<SessionKeys> {
    let keys = answer.credentials.ok_or_else(failure::unreadable)?;
    let expires_at = SystemTime::try_from(keys.expiration).map_err(|_| failure::unreadable())?;
    let texts = [&keys.access_key_id, &keys.secret_access_key, &keys.session_token];
    if texts.iter().any(|text| text.is_empty()) || expires_at <= now {
        return Err(failure::unreadable());
    }
    if expires_at > now + life + TOLERANCE {
        let why = "STS gives temporary credentials a longer life than was asked for";
        return Err(Error::new(ErrorKind::StorageUnsupported, why));
    }
    Ok(SessionKeys {
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key,
        session_token: keys.session_token,
        expires_at,
    })
}

/// Why there are no keys.
enum Refused {
    /// STS does not take the role, or not for so long.
    Terms(Error),
    Other(Error),
}

impl Refused {
    fn into_error(self) -> Error {
        match self {
            Self::Terms(error) | Self::Other(error) => error,
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// Reads STS's errors. An answer that names no code as STS does is another server's.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
fn refused(error: &SdkError<AssumeRoleError, HttpResponse>) -> Refused {
    let (code, status) = match error {
        SdkError::ServiceError(service) => (service.err().code(), service.raw().status().as_u16()),
        SdkError::ResponseError(response) => (None, response.raw().status().as_u16()),
        SdkError::DispatchFailure(failure) if failure.is_io() => {
            let why = "STS cannot be reached: is STS_ENDPOINT_URL right, and the network up?";
            return Refused::Other(failure::unavailable(why));
        }
        other => return Refused::Other(failure::from_sdk(other, OnCondition::Changed)),
    };
    let (kind, why) = match code {
        _ if matches!(status, 200..=299 | 408 | 429 | 500 | 502..=599) => {
            return Refused::Other(failure::from_sdk(error, OnCondition::Changed));
        }
        None => (ErrorKind::StorageUnsupported, "what answers at STS_ENDPOINT_URL is no STS"),
        Some("Throttling" | "ThrottlingException" | "RequestLimitExceeded") => {
            (ErrorKind::StorageUnavailable, "STS is overloaded")
        }
        Some("ValidationError") => {
            let why = "STS knows no such role as S3_GRANT_ROLE_ARN names, or gives it no session \
                       of that length";
            return Refused::Terms(told(ErrorKind::ConfigInvalid, why, code, status));
        }
        Some("RegionDisabledException") => {
            (ErrorKind::ConfigInvalid, "STS is not active in the region that AWS_REGION names")
        }
        Some("MalformedPolicyDocument" | "InvalidParameterValue" | "PackedPolicyTooLarge") => {
            (ErrorKind::StorageUnsupported, "STS does not take the session policy")
        }
        Some("InvalidAction" | "NotImplemented" | "MethodNotAllowed") => {
            (ErrorKind::StorageUnsupported, "STS gives no sessions of roles")
        }
        Some(_) => match status {
            401 | 403 => (
                ErrorKind::StorageDenied,
                "STS refuses our credentials the role that S3_GRANT_ROLE_ARN names",
            ),
            _ => (ErrorKind::Internal, "STS refuses the request"),
        },
    };
    Refused::Other(told(kind, why, code, status))
}

fn told(kind: ErrorKind, why: &str, code: Option<&str>, status: u16) -> Error {
    let code = code.map(shown).filter(|code| !code.is_empty());
    let answer = code.map_or_else(|| status.to_string(), |code| format!("{code} ({status})"));
    Error::new(kind, format!("{why}: {answer}"))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use aws_sdk_sts::primitives::DateTime;
    use aws_sdk_sts::types::Credentials;

    use super::*;

    fn answer([id, secret, token]: [&str; 3], ends: i64) -> AssumeRoleOutput {
        let credentials = Credentials::builder()
            .access_key_id(id)
            .secret_access_key(secret)
            .session_token(token)
            .expiration(DateTime::from_secs(ends));
        AssumeRoleOutput::builder().credentials(credentials.build().unwrap()).build()
    }

    fn kind(answer: AssumeRoleOutput) -> Option<ErrorKind> {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        keys_of(answer, now, Duration::from_secs(900)).err().map(|error| error.kind())
    }

    #[test]
    fn keys_are_whole_and_live_as_long_as_asked() {
        use ErrorKind as K;
        let keys = ["id", "secret", "token"];
        assert_eq!(kind(answer(keys, 1_000_900)), None);
        assert_eq!(kind(answer(keys, 1_000_001)), None);
        assert_eq!(kind(answer(keys, 1_001_200)), None);
        assert_eq!(kind(answer(keys, 1_001_201)), Some(K::StorageUnsupported));
        for ends in [1_000_000, 0, -1, i64::MIN] {
            assert_eq!(kind(answer(keys, ends)), Some(K::StorageUnavailable), "{ends}");
        }
        for keys in [["", "secret", "token"], ["id", "", "token"], ["id", "secret", ""]] {
            assert_eq!(kind(answer(keys, 1_000_900)), Some(K::StorageUnavailable), "{keys:?}");
        }
        let none = AssumeRoleOutput::builder().build();
        assert_eq!(kind(none), Some(K::StorageUnavailable));
    }
}

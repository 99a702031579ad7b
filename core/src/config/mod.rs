//! Configuration: one table of settings, three layers, one validated result.
//!
//! Code beats the environment, the environment beats the file that `CASIER_CONFIG` names. Nothing
//! else is read: no dotenv file, nothing from the current folder.

mod check;
mod file;
mod issuers;
mod layers;
mod setting;
mod storage;

use std::ffi::OsString;
use std::sync::Arc;

use layers::Layers;
pub(crate) use layers::missing;
pub use setting::Setting;

use crate::access::Policy;
use crate::observe::AuditHook;
use crate::state::StateStore;
use crate::storage::StorageConfig;
use crate::token::{IssuerConfig, RequestRules};
use crate::{Error, ErrorKind, Result};

/// A complete and valid configuration. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The primary issuer first, then the further ones.
    pub issuers: Vec<IssuerConfig>,
    /// How a token is taken from a request.
    pub request: RequestRules,
    /// The bucket, when one is configured.
    pub storage: Option<StorageConfig>,
    /// Tiers, roles and kinds.
    pub policy: Arc<Policy>,
    /// Whether issuers on http or loopback are allowed.
    pub local: bool,
    /// What several processes share, such as revocations. Defaults to `None`: the memory of this
    /// process.
    pub state: Option<Arc<dyn StateStore>>,
    /// What is called with every decision. Defaults to `None`.
    pub audit: Option<AuditHook>,
}

impl Config {
    /// Collects settings in code, over an empty environment.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }
}

/// Collects settings and turns them into a [`Config`].
#[derive(Clone, Debug, Default)]
pub struct ConfigBuilder {
    layers: Layers,
    policy: Option<Arc<Policy>>,
    state: Option<Arc<dyn StateStore>>,
    audit: Option<AuditHook>,
}

impl ConfigBuilder {
    /// Reads the environment of this process beneath what is set in code.
    ///
    /// # Errors
    /// `config-invalid` when a variable of the table is not UTF-8.
    pub fn environment(self) -> Result<Self> {
        self.variables(std::env::vars_os())
    }

    /// Reads these variables, as if they were the environment, beneath what is set in code.
    ///
    /// # Errors
    /// `config-invalid` when a variable of the table is not UTF-8.
    pub fn variables(
        mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        self.layers.read_environment(variables)?;
        Ok(self)
    }

    /// Sets one setting, in the form that the environment would give it.
    #[must_use]
    pub fn set(mut self, setting: Setting, value: impl Into<String>) -> Self {
        self.layers.set(setting, value.into());
        self
    }

    /// Sets the setting of this name (see [`Setting::name`]); for bindings.
    ///
    /// # Errors
    /// `config-invalid` when there is no such setting.
    pub fn set_named(self, name: &str, value: impl Into<String>) -> Result<Self> {
        let setting = Setting::from_name(name).ok_or_else(|| {
            Error::new(ErrorKind::ConfigInvalid, format!("there is no setting `{name}`"))
        })?;
        Ok(self.set(setting, value))
    }

    /// Uses this policy instead of the file that `CASIER_POLICY` names.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(Arc::new(policy));
        self
    }

    /// Keeps what several processes share in this store instead of the memory of this process.
    #[must_use]
    pub fn state(mut self, state: Arc<dyn StateStore>) -> Self {
        self.state = Some(state);
        self
    }

    /// Calls this with every decision.
    #[must_use]
    pub fn audit(mut self, hook: AuditHook) -> Self {
        self.audit = Some(hook);
        self
    }

    /// Reads the files that are named, checks everything, and gives the configuration. No network.
    ///
    /// # Errors
    /// `config-invalid`: the first thing that is missing or wrong, by name, without its value.
    pub fn build(mut self) -> Result<Config> {
        self.layers.read_file()?;
        let layers = &self.layers;
        let local = layers.given(Setting::Local)?.map_or(Ok(false), check::flag)?;
        let policy = match (self.policy, layers.given(Setting::Policy)?) {
            (Some(policy), _) => policy,
            (None, Some(path)) => {
                let refused =
                    |error: Error| path.invalid(format_args!("is refused: {}", error.message()));
                Arc::new(Policy::load(&path.text).map_err(refused)?)
            }
            (None, None) => Arc::new(Policy::builtin()),
        };
        check_later_settings(layers, local)?;
        let issuers = issuers::resolve(layers, local)?;
        let config = Config {
            request: issuers::request_rules(layers, &issuers[0].issuer)?,
            issuers,
            storage: storage::resolve(layers)?,
            policy,
            local,
            state: self.state,
            audit: self.audit,
        };
        if local {
            tracing::warn!("CASIER_LOCAL is on: issuers on http and loopback are trusted");
        }
        Ok(config)
    }
}

/// Settings of the contract that nothing uses yet are held to their form all the same, so that a
/// deployment which sets them finds its mistake now and not at an upgrade.
fn check_later_settings(layers: &Layers, local: bool) -> Result<()> {
    for setting in [Setting::ClerkWebhookSecret, Setting::WebhookSecret] {
        if let Some(value) = layers.given(setting)? {
            check::list(value)?.iter().try_for_each(|entry| check::webhook_secret(value, entry))?;
        }
    }
    if let Some(value) = layers.given(Setting::WebhookUrl)? {
        check::trusted_url(value, local)?;
        if layers.given(Setting::WebhookSecret)?.is_none() {
            return Err(layers::missing(Setting::WebhookSecret, "CASIER_WEBHOOK_URL needs it"));
        }
    }
    if let Some(value) = layers.given(Setting::RedisUrl)? {
        return Err(value
            .invalid("is not supported yet: state is kept in this process's memory; remove it"));
    }
    Ok(())
}

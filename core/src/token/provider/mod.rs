//! The providers whose tokens are known: where their keys are, what their issuers look like, which
//! of their tokens sign a user in, and which claims make the user.

mod field;
mod mapping;
mod paths;
mod preset;

use std::fmt;
use std::str::FromStr;

use url::Url;

pub use field::MappedField;
pub use mapping::ClaimsMapping;
pub(crate) use mapping::is_written_by_users;
pub(crate) use paths::ClaimPaths;
pub(crate) use preset::{Mark, Preset};

use super::algorithm::Algorithm;
use super::issuer::invalid;
use crate::{Error, Result};

/// Who makes an issuer's tokens. It decides the defaults of an
/// [`IssuerConfig`](super::IssuerConfig), which tokens sign a user in, and which claims are read:
/// only what the provider documents, and for rights only what users cannot write themselves.
/// `docs/providers.md` says for each what becomes of which claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// Clerk's session tokens, versions 1 and 2. The default.
    #[default]
    Clerk,
    /// Any OpenID Connect provider: the standard claims, and no rights without a mapping.
    OpenId,
    /// Auth0's access and ID tokens.
    Auth0,
    /// The access and ID tokens of Amazon Cognito's user pools.
    Cognito,
    /// Supabase Auth's access tokens, signed with an asymmetric key.
    Supabase,
    /// Firebase Authentication's ID tokens.
    Firebase,
    /// Keycloak's access tokens.
    Keycloak,
}

impl Provider {
    /// All providers.
    pub const ALL: &'static [Provider] = &[
        Self::Clerk,
        Self::OpenId,
        Self::Auth0,
        Self::Cognito,
        Self::Supabase,
        Self::Firebase,
        Self::Keycloak,
    ];

    /// The name in settings, for example `auth0`.
    pub const fn as_str(self) -> &'static str {
        self.preset().name
    }

    /// Where the provider publishes the keys of this issuer. OpenID Connect fixes no address: for
    /// [`Provider::OpenId`] it is the usual one, and another has to be given.
    pub fn jwks_url(self, issuer: &str) -> String {
        let keys = self.preset().keys;
        match keys.strip_prefix('/') {
            Some(_) => format!("{}{keys}", issuer.trim_end_matches('/')),
            None => keys.to_owned(),
        }
    }

    /// The algorithms that are allowed when nothing else is configured.
    pub(crate) fn algorithms(self) -> Vec<Algorithm> {
        self.preset().algorithms.to_vec()
    }

    /// The `typ` headers that are accepted when nothing else is configured.
    pub(crate) fn token_types(self) -> Vec<String> {
        self.preset().token_types.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The audience, where the provider fixes it.
    pub(crate) fn audience(self, issuer: &str) -> Vec<String> {
        (self.preset().audience)(issuer).map(str::to_owned).into_iter().collect()
    }

    /// `config-invalid` when none of the provider's issuers can look like this.
    pub(crate) fn check_issuer(self, issuer: &str) -> Result<()> {
        let Preset { issuer_form, is_issuer, .. } = self.preset();
        if Url::parse(issuer).is_ok_and(|url| is_issuer(issuer, &url)) {
            return Ok(());
        }
        match issuer_form {
            None => Ok(()),
            Some(form) => Err(invalid(format!("an issuer of `{self}` looks like {form}"))),
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = Error;

    /// Reads the name in settings; anything else is `config-invalid`.
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|provider| provider.as_str() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|provider| provider.as_str()).collect();
            invalid(format!("{name:?} is no provider; use {}", known.join(", ")))
        })
    }
}

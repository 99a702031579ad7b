//! An issuer's rules as plain values, the form in which other languages give them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::issuer::{IssuerConfig, KeySource, TokenSource, invalid};
use super::provider::Provider;
use crate::{Error, ErrorKind, Result};

/// What a [`TokenVerifier`](super::TokenVerifier) without network is made of, as plain values: the
/// form in which other languages give it. [`IssuerConfig`] is the same with Rust's types.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct VerifierOptions {
    /// What `iss` must be, byte for byte.
    pub issuer: String,
    /// The provider's name, such as `auth0`. Defaults to `clerk`.
    pub provider: Option<String>,
    /// The keys as the JSON text of a key set. Exactly one of `jwks`, `pem` and `jwk` is given.
    pub jwks: Option<String>,
    /// The key as PEM.
    pub pem: Option<String>,
    /// The key as the JSON text of a JSON Web Key.
    pub jwk: Option<String>,
    /// As [`IssuerConfig::audience`]; empty for the default.
    pub audience: Vec<String>,
    /// As [`IssuerConfig::authorized_parties`].
    pub authorized_parties: Vec<String>,
    /// As [`IssuerConfig::allow_missing_azp`].
    pub allow_missing_azp: bool,
    /// JOSE names of the allowed algorithms. Defaults to those of the provider.
    pub algorithms: Option<Vec<String>>,
    /// Seconds by which the issuer's clock may be off, 0 to 300. Defaults to 5.
    pub clock_skew: Option<f64>,
    /// As [`IssuerConfig::namespace`].
    pub namespace: Option<String>,
    /// As [`IssuerConfig::public_metadata_claim`].
    pub public_metadata_claim: Option<String>,
    /// Accepted `typ` headers. Defaults to those of the provider.
    pub token_types: Option<Vec<String>>,
    /// As [`IssuerConfig::token_cache`]. Defaults to `true`.
    pub token_cache: Option<bool>,
    /// As [`IssuerConfig::mapping`]: paths by the name of a
    /// [`MappedField`](super::MappedField).
    pub mapping: BTreeMap<String, Vec<String>>,
}

impl TryFrom<VerifierOptions> for IssuerConfig {
    type Error = Error;

    fn try_from(options: VerifierOptions) -> Result<Self> {
        let keys = match (options.jwks, options.pem, options.jwk) {
            (Some(jwks), None, None) => KeySource::Jwks(jwks),
            (None, Some(pem), None) => KeySource::Pem(pem),
            (None, None, Some(jwk)) => KeySource::Jwk(jwk),
            _ => return Err(invalid("a verifier takes exactly one of jwks, pem and jwk")),
        };
        let provider = options.provider.map_or(Ok(Provider::default()), |name| name.parse())?;
        let mut config = Self { keys, ..Self::of(provider, options.issuer) };
        if let Some(names) = options.algorithms {
            config.algorithms = names.iter().map(|name| name.parse()).collect::<Result<_>>()?;
        }
        if let Some(seconds) = options.clock_skew {
            config.clock_skew = Duration::try_from_secs_f64(seconds)
                .map_err(|_| invalid("an issuer's clock skew must be 0 to 300 seconds"))?;
        }
        if !options.audience.is_empty() {
            config.audience = options.audience;
        }
        config.mapping = options.mapping.try_into()?;
        config.authorized_parties = options.authorized_parties;
        config.allow_missing_azp = options.allow_missing_azp;
        config.namespace = options.namespace;
        config.public_metadata_claim = options.public_metadata_claim;
        config.token_types = options.token_types.unwrap_or(config.token_types);
        config.token_cache = options.token_cache.unwrap_or(config.token_cache);
        Ok(config)
    }
}

impl fmt::Debug for VerifierOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierOptions").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl std::str::FromStr for TokenSource {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "header" => Ok(Self::Header),
            "cookie" => Ok(Self::Cookie),
            _ => Err(Error::new(
                ErrorKind::InvalidRequest,
                "a token's source is `header` or `cookie`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::provider::MappedField;

    fn options() -> VerifierOptions {
        VerifierOptions {
            issuer: "https://issuer.test".to_owned(),
            pem: Some("pem".to_owned()),
            ..VerifierOptions::default()
        }
    }

    #[test]
    fn defaults_are_those_of_the_config() {
        let config = IssuerConfig::try_from(options()).unwrap();
        let plain = IssuerConfig::new("https://issuer.test", KeySource::Pem("pem".to_owned()));
        assert_eq!(format!("{config:?}"), format!("{plain:?}"));
    }

    #[test]
    fn a_provider_brings_its_own_defaults() {
        let config = IssuerConfig::try_from(VerifierOptions {
            issuer: "https://securetoken.google.com/my-app".to_owned(),
            provider: Some("firebase".to_owned()),
            mapping: BTreeMap::from([("role".to_owned(), vec!["rank".to_owned()])]),
            ..options()
        })
        .unwrap();
        assert_eq!((config.provider, config.audience), (Provider::Firebase, vec!["my-app".into()]));
        assert_eq!(config.mapping.path(MappedField::Role), Some(&["rank".to_owned()][..]));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let broken: [fn(&mut VerifierOptions); 8] = [
            |o| o.pem = None,
            |o| o.jwks = Some("{}".to_owned()),
            |o| o.algorithms = Some(vec!["HS256".to_owned()]),
            |o| o.clock_skew = Some(-1.0),
            |o| o.clock_skew = Some(f64::NAN),
            |o| o.clock_skew = Some(f64::INFINITY),
            |o| o.provider = Some("google".to_owned()),
            |o| o.mapping = BTreeMap::from([("user_id".to_owned(), vec!["sub".to_owned()])]),
        ];
        for (index, change) in broken.iter().enumerate() {
            let mut options = options();
            change(&mut options);
            let error = IssuerConfig::try_from(options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{index}");
        }
        assert!("query".parse::<TokenSource>().is_err());
    }
}

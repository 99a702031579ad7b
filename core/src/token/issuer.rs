//! What is configured about one issuer.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::algorithm::Algorithm;
use super::keys::KeySet;
use super::provider::{ClaimsMapping, MappedField, Provider, is_written_by_users};
use super::user_lookup::UserLookup;
use crate::{Error, ErrorKind, Result};

/// How far an issuer's clock may be off at the most, in seconds.
pub(crate) const MAX_CLOCK_SKEW_SECONDS: u64 = 300;

/// Where a token came in, which decides how much its origin must prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenSource {
    /// A header, which only code that means to can send.
    Header,
    /// A cookie, which browsers send along by themselves.
    Cookie,
}

/// Everything about one issuer of tokens. Nothing of it is ever shared with another issuer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuerConfig {
    /// What `iss` must be, byte for byte.
    pub issuer: String,
    /// Who makes the issuer's tokens: decides which of them sign a user in, and which claims are
    /// read. Defaults to Clerk.
    pub provider: Provider,
    /// The prefix of this issuer's user ids, `[a-z0-9]{1,32}`. Defaults to `None`, which makes it
    /// the primary issuer, whose user ids are `sub` as it stands.
    pub namespace: Option<String>,
    /// Where the issuer's public keys are.
    pub keys: KeySource,
    /// The algorithms that are allowed. Defaults to those of the provider: RS256 alone, and ES256
    /// before it for Supabase.
    pub algorithms: Vec<Algorithm>,
    /// Accepted `aud`: the token must name one of them; for Cognito's access tokens, which have
    /// none, it is their `client_id`. Defaults to empty, which only Clerk's tokens may leave
    /// unchecked, but to the project for Firebase and to `authenticated` for Supabase.
    pub audience: Vec<String>,
    /// Accepted `azp`: the token's must be one of them. Defaults to empty: not checked.
    pub authorized_parties: Vec<String>,
    /// Whether `azp` may be absent though authorized parties are set, as in tokens of native apps,
    /// which have no Origin. Never for a token from a cookie. Defaults to `false`.
    pub allow_missing_azp: bool,
    /// Accepted `typ` headers. Defaults to those of the provider: `JWT`, and the `at+jwt` of RFC 9068
    /// beside it for OpenID Connect, Auth0 and Keycloak. Where `JWT` is accepted, `typ` may be
    /// absent.
    pub token_types: Vec<String>,
    /// How far the issuer's clock may be off, at most 5 minutes. Defaults to 5 seconds.
    pub clock_skew: Duration,
    /// A claim that only the issuer's server side can write, looked at before `public_metadata` for
    /// `subscription` and `role`. Defaults to `None`.
    pub public_metadata_claim: Option<String>,
    /// Whether tokens that passed are remembered, so that one which comes again costs no
    /// cryptography. It changes no verdict. Defaults to `true`.
    pub token_cache: bool,
    /// Which claims fill the user, where not those of the provider. Defaults to empty.
    pub mapping: ClaimsMapping,
    /// Completes users whose tokens say too little through Clerk's backend API. Defaults to `None`:
    /// off. For Clerk alone.
    pub user_lookup: Option<UserLookup>,
}

/// Where an issuer's public keys are.
#[derive(Clone)]
#[non_exhaustive]
pub enum KeySource {
    /// A key set fetched over HTTP, directly and never through a proxy, with a bearer token where
    /// the endpoint wants one.
    JwksUrl {
        /// An https URL, or http on loopback.
        url: String,
        /// The bearer token, a secret.
        bearer: Option<String>,
    },
    /// One public key as PEM. No network.
    Pem(String),
    /// One public key as a JSON Web Key. No network.
    Jwk(String),
    /// A JSON Web Key set. No network.
    Jwks(String),
}

impl IssuerConfig {
    /// The primary issuer, Clerk's, with the defaults of each field.
    pub fn new(issuer: impl Into<String>, keys: KeySource) -> Self {
        Self { keys, ..Self::of(Provider::Clerk, issuer) }
    }

    /// The primary issuer, with what is known of its provider: its keys are at the provider's own
    /// address, and each field has its default.
    pub fn of(provider: Provider, issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        Self {
            provider,
            namespace: None,
            keys: KeySource::JwksUrl { url: provider.jwks_url(&issuer), bearer: None },
            algorithms: provider.algorithms(),
            audience: provider.audience(&issuer),
            authorized_parties: Vec::new(),
            allow_missing_azp: false,
            token_types: provider.token_types(),
            clock_skew: Duration::from_secs(5),
            public_metadata_claim: None,
            token_cache: true,
            mapping: ClaimsMapping::new(),
            user_lookup: None,
            issuer,
        }
    }

    /// Refuses what would weaken the checks without anybody noticing.
    pub(crate) fn validate(&self) -> Result<()> {
        if self.issuer.is_empty() {
            return Err(invalid("an issuer is empty"));
        }
        self.provider.check_issuer(&self.issuer)?;
        if self.namespace.as_deref().is_some_and(|namespace| !is_namespace(namespace)) {
            return Err(invalid("an issuer's namespace must be 1 to 32 of a-z and 0-9"));
        }
        if self.algorithms.is_empty() {
            return Err(invalid("an issuer allows no algorithm"));
        }
        if self.token_types.is_empty() {
            return Err(invalid("an issuer accepts no token type"));
        }
        if self.clock_skew > Duration::from_secs(MAX_CLOCK_SKEW_SECONDS) {
            return Err(invalid("an issuer's clock skew is longer than 5 minutes"));
        }
        self.check_audience()?;
        let is_open = |claim: &String| {
            is_written_by_users(self.provider, MappedField::Metadata, std::slice::from_ref(claim))
        };
        if self.public_metadata_claim.as_ref().is_some_and(is_open) {
            return Err(invalid("the public metadata claim must be one that users cannot write"));
        }
        if self.user_lookup.is_some() && self.provider != Provider::Clerk {
            return Err(invalid("users can be looked up at Clerk alone"));
        }
        self.mapping.check(self.provider).map_err(|error| {
            invalid(format!("the mapping of {:?}: {}", self.issuer, error.message()))
        })
    }

    /// RFC 8725 §3.9: without an audience, a token that the issuer made for another application of
    /// the same provider would sign its user in here. Clerk's tokens have none by default; their
    /// `azp` serves where they come from a second instance.
    fn check_audience(&self) -> Result<()> {
        let is_checked = match (self.provider, &self.namespace) {
            (Provider::Clerk, None) => true,
            (Provider::Clerk, Some(_)) => {
                !self.audience.is_empty() || !self.authorized_parties.is_empty()
            }
            _ => !self.audience.is_empty(),
        };
        if is_checked && !self.audience.iter().any(String::is_empty) {
            return Ok(());
        }
        let wanted = match self.provider {
            Provider::Clerk => "authorized parties, or an audience",
            _ => "an audience",
        };
        Err(invalid(format!("the issuer {:?} needs {wanted}", self.issuer)))
    }
}

impl KeySource {
    /// The keys that are given; `config-invalid` where they are to be fetched or cannot be used.
    pub(crate) fn given_keys(&self, allowed: &[Algorithm]) -> Result<KeySet> {
        let (name, keys) = match self {
            Self::JwksUrl { .. } => {
                return Err(invalid("a verifier without network needs its keys given"));
            }
            Self::Pem(text) => ("PEM key", KeySet::from_pem(text, allowed)),
            Self::Jwk(text) => ("JWK", KeySet::from_jwk(text, allowed)),
            Self::Jwks(text) => ("key set", KeySet::from_jwks(text.as_bytes(), allowed)),
        };
        keys.map_err(|fault| invalid(format!("the issuer's {name} cannot be used: {fault}")))
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JwksUrl { url, bearer } => f
                .debug_struct("JwksUrl")
                .field("host", &Url::parse(url).ok().as_ref().and_then(Url::host_str))
                .field("bearer", &bearer.as_ref().map(|_| "[redacted]"))
                .finish(),
            Self::Pem(_) => f.write_str("Pem"),
            Self::Jwk(_) => f.write_str("Jwk"),
            Self::Jwks(_) => f.write_str("Jwks"),
        }
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message)
}

/// Whether a text can be an issuer's namespace.
pub(crate) fn is_namespace(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::provider::MappedField;

    fn config() -> IssuerConfig {
        IssuerConfig::new("https://issuer.test", KeySource::Pem("secret-looking".to_owned()))
    }

    #[test]
    fn weakening_settings_are_refused() {
        assert!(config().validate().is_ok());
        let broken: [fn(&mut IssuerConfig); 16] = [
            |c| c.issuer.clear(),
            |c| c.namespace = Some(String::new()),
            |c| c.namespace = Some("Acme".to_owned()),
            |c| c.namespace = Some("a".repeat(33)),
            |c| c.namespace = Some("acme".to_owned()),
            |c| c.algorithms.clear(),
            |c| c.token_types.clear(),
            |c| c.clock_skew = Duration::from_secs(301),
            |c| c.public_metadata_claim = Some("unsafe_metadata".to_owned()),
            |c| c.public_metadata_claim = Some("unsafeMetadata".to_owned()),
            |c| c.public_metadata_claim = Some("user_metadata".to_owned()),
            |c| c.public_metadata_claim = Some("https://app.test/user_metadata".to_owned()),
            |c| c.provider = Provider::OpenId,
            |c| c.audience = vec![String::new()],
            |c| c.mapping = ClaimsMapping::new().with(MappedField::Role, ["user_metadata", "role"]),
            |c| {
                (c.provider, c.audience) = (Provider::OpenId, vec!["app".to_owned()]);
                c.user_lookup = Some(UserLookup::new("sk_test_x"));
            },
        ];
        for (index, change) in broken.iter().enumerate() {
            let mut config = config();
            change(&mut config);
            let error = config.validate().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{index}");
        }
        let mut second = config();
        second.namespace = Some("acme".to_owned());
        second.audience = vec!["app".to_owned()];
        assert!(second.validate().is_ok());
    }

    #[test]
    fn a_refusal_names_the_issuer() {
        let told = |change: fn(&mut IssuerConfig)| {
            let mut config = config();
            config.namespace = Some("acme".to_owned());
            change(&mut config);
            config.validate().unwrap_err().message().replace(&config.issuer, "issuer")
        };
        assert_eq!(told(|_| ()), r#"the issuer "issuer" needs authorized parties, or an audience"#);
        let other = told(|config| config.provider = Provider::OpenId);
        assert_eq!(other, r#"the issuer "issuer" needs an audience"#);
        let mapping = told(|config| {
            config.audience = vec!["app".to_owned()];
            config.mapping = ClaimsMapping::new().with(MappedField::Role, ["user_metadata"]);
        });
        assert!(mapping.starts_with(r#"the mapping of "issuer": `role` is "#), "{mapping}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let mut config = config();
        assert!(!format!("{config:?}").contains("secret-looking"));
        config.keys = KeySource::JwksUrl {
            url: "https://user:hush@issuer.test/jwks?key=hush".to_owned(),
            bearer: Some("sk_live_x".to_owned()),
        };
        config.user_lookup = Some(UserLookup::new("sk_live_x"));
        let shown = format!("{config:?}");
        assert!(shown.contains("issuer.test"));
        assert!(!shown.contains("sk_live_x") && !shown.contains("hush"), "{shown}");
    }
}

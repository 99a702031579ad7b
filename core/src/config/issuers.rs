//! The settings of the issuers, and of how a token is taken from a request.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::file::{IssuerTable, Mapping};
use super::layers::{Given, Layers, missing};
use super::{Setting, check};
use crate::token::{
    Algorithm, ClaimsMapping, IssuerConfig, KeySource, MAX_CLOCK_SKEW_SECONDS, Provider,
    PublishableKey, RequestRules, UserLookup,
};
use crate::{Error, Result};

/// Clerk's backend API: the one host that sees the secret key when keys are fetched.
const CLERK_API_HOST: &str = "api.clerk.com";

/// The primary issuer, then the `[[issuer]]` tables.
pub(super) fn resolve(layers: &Layers, local: bool) -> Result<Vec<IssuerConfig>> {
    let mut issuers = vec![primary(layers, local)?];
    for table in layers.issuers() {
        issuers.push(secondary(table, local)?);
    }
    if let Some(value) = layers.given(Setting::TokenCache)? {
        let token_cache = check::flag(value)?;
        issuers.iter_mut().for_each(|issuer| issuer.token_cache = token_cache);
    }
    Ok(issuers)
}

/// How a request may carry a token of the primary issuer.
pub(super) fn request_rules(layers: &Layers, issuer: &str) -> Result<RequestRules> {
    let allowed_origins = match layers.given(Setting::AllowedOrigins)? {
        Some(value) => {
            let origins = check::list(value)?;
            origins.iter().try_for_each(|entry| check::origin(value, entry))?;
            origins
        }
        None => {
            let parties = authorized_parties(layers)?;
            parties.into_iter().filter(|party| check::web_scheme(party)).collect()
        }
    };
    let mut rules = RequestRules {
        allowed_origins,
        issuer: Some(issuer.to_owned()),
        ..RequestRules::default()
    };
    if let Some(key) = publishable_key(layers)? {
        rules.is_development = !key.is_live;
        rules.cookie_suffix = Some(key.cookie_suffix);
    }
    Ok(rules)
}

fn primary(layers: &Layers, local: bool) -> Result<IssuerConfig> {
    let secret_key = layers.given(Setting::SecretKey)?;
    for (key, prefix) in [(layers.given(Setting::PublishableKey)?, "pk"), (secret_key, "sk")] {
        check_key_mode(key, prefix, local)?;
    }

    let provider = match layers.given(Setting::Provider)? {
        Some(value) => provider_of(value)?,
        None => Provider::Clerk,
    };
    let issuer = primary_issuer(layers, provider)?;
    check_issuer(&issuer, provider, local)?;

    let jwks_url = match layers.given(Setting::JwksUrl)? {
        Some(value) => check::trusted_url(value, local).map(|_| value.text.clone())?,
        None => provider.jwks_url(&issuer.text),
    };
    let pem = layers.given(Setting::JwtKey)?;
    let keys = match pem {
        Some(pem) => KeySource::Pem(pem.text.clone()),
        None => KeySource::JwksUrl { bearer: bearer_for(&jwks_url, secret_key)?, url: jwks_url },
    };

    let mut config = IssuerConfig::of(provider, issuer.text);
    config.keys = keys;
    config.authorized_parties = authorized_parties(layers)?;
    if let Some(value) = layers.given(Setting::AllowMissingAzp)? {
        config.allow_missing_azp = check::flag(value)?;
    }
    if let Some(value) = layers.given(Setting::Audience)? {
        config.audience = check::list(value)?;
    }
    if let Some(value) = layers.given(Setting::Algorithms)? {
        config.algorithms = algorithms(value, &check::list(value)?)?;
    }
    if let Some(value) = layers.given(Setting::ClockSkew)? {
        config.clock_skew = Duration::from_secs(check::number(value, 0, MAX_CLOCK_SKEW_SECONDS)?);
    }
    config.public_metadata_claim =
        layers.given(Setting::PublicMetadataClaim)?.map(|value| value.text.clone());
    config.mapping = mapping_of(layers.mapping())?;
    config.user_lookup = user_lookup(layers, provider, local)?;
    if config.audience.is_empty() && provider != Provider::Clerk {
        return Err(missing(Setting::Audience, "tokens of every provider but Clerk need it"));
    }
    pem.map_or(Ok(()), |pem| check_key(pem, &config))?;
    config.validate()?;
    Ok(config)
}

fn primary_issuer(layers: &Layers, provider: Provider) -> Result<Given> {
    let publishable_key = publishable_key(layers)?.filter(|_| provider == Provider::Clerk);
    match (layers.given(Setting::Issuer)?, publishable_key) {
        (Some(value), _) => Ok(value.clone()),
        (None, Some(key)) => {
            Ok(Given { text: key.issuer, origin: Setting::PublishableKey.label().to_owned() })
        }
        (None, None) if provider == Provider::Clerk => Err(missing(
            Setting::Issuer,
            "set it to your Clerk Frontend API URL, or set CLERK_PUBLISHABLE_KEY",
        )),
        (None, None) => Err(missing(Setting::Issuer, "set it to the `iss` of your tokens")),
    }
}

/// Whether and how users are looked up. Its settings are checked either way.
fn user_lookup(layers: &Layers, provider: Provider, local: bool) -> Result<Option<UserLookup>> {
    let api_url = layers.given(Setting::ClerkApiUrl)?;
    api_url.map(|value| check::trusted_url(value, local)).transpose()?;
    let Some(switch) = layers.given(Setting::UserLookup)? else { return Ok(None) };
    if !check::flag(switch)? {
        return Ok(None);
    }
    if provider != Provider::Clerk {
        return Err(switch.invalid("is for Clerk alone"));
    }
    let Some(secret_key) = layers.given(Setting::SecretKey)? else {
        return Err(missing(Setting::SecretKey, "CLERK_USER_LOOKUP needs it"));
    };
    let mut lookup = UserLookup::new(&secret_key.text);
    if let Some(value) = api_url {
        lookup.api_url.clone_from(&value.text);
    }
    Ok(Some(lookup))
}

fn secondary(table: &IssuerTable, local: bool) -> Result<IssuerConfig> {
    let named = |key: &str, text: &str| Given {
        text: text.to_owned(),
        origin: format!("`{key}` of [[issuer]] `{}`", table.namespace),
    };
    let provider = match &table.provider {
        Some(name) => provider_of(&named("provider", name))?,
        None => Provider::OpenId,
    };
    check_issuer(&named("issuer", &table.issuer), provider, local)?;
    let keys = match (&table.jwt_key, &table.jwks_url) {
        (Some(pem), _) => KeySource::Pem(pem.clone()),
        (None, url) => {
            let url = url.clone().unwrap_or_else(|| provider.jwks_url(&table.issuer));
            check::trusted_url(&named("jwks_url", &url), local)?;
            KeySource::JwksUrl { url, bearer: None }
        }
    };

    let mut config = IssuerConfig::of(provider, table.issuer.clone());
    config.keys = keys;
    config.namespace = Some(table.namespace.clone());
    if !table.audience.is_empty() {
        config.audience = table.audience.clone();
    }
    config.authorized_parties = table.authorized_parties.clone();
    config.allow_missing_azp = table.allow_missing_azp;
    config.public_metadata_claim = table.public_metadata_claim.clone();
    config.mapping = mapping_of(&table.mapping)?;
    if !table.algorithms.is_empty() {
        config.algorithms = algorithms(&named("algorithms", ""), &table.algorithms)?;
    }
    if let Some(seconds) = table.clock_skew {
        let value = named("clock_skew", &seconds.to_string());
        config.clock_skew = Duration::from_secs(check::number(&value, 0, MAX_CLOCK_SKEW_SECONDS)?);
    }
    if let Some(pem) = &table.jwt_key {
        check_key(&named("jwt_key", pem), &config)?;
    }
    config.validate()?;
    Ok(config)
}

fn provider_of(value: &Given) -> Result<Provider> {
    value.text.parse().map_err(|_| {
        let known: Vec<_> = Provider::ALL.iter().map(|provider| provider.as_str()).collect();
        value.invalid(format_args!("must be one of {}", known.join(", ")))
    })
}

/// Whether we may trust the address, and whether the provider has such issuers.
fn check_issuer(value: &Given, provider: Provider, local: bool) -> Result<()> {
    check::trusted_url(value, local)?;
    let refused = |error: Error| value.invalid(format_args!("is refused: {}", error.message()));
    provider.check_issuer(&value.text).map_err(refused)
}

fn mapping_of(paths: &Mapping) -> Result<ClaimsMapping> {
    let paths = paths.iter().map(|(name, path)| (name.clone(), path.clone().into()));
    paths.collect::<BTreeMap<String, Vec<String>>>().try_into()
}

fn publishable_key(layers: &Layers) -> Result<Option<PublishableKey>> {
    let Some(value) = layers.given(Setting::PublishableKey)? else { return Ok(None) };
    let key = PublishableKey::parse(&value.text);
    key.map(Some)
        .map_err(|_| value.invalid("is not a Clerk publishable key (pk_test_… or pk_live_…)"))
}

fn authorized_parties(layers: &Layers) -> Result<Vec<String>> {
    let Some(value) = layers.given(Setting::AuthorizedParties)? else { return Ok(Vec::new()) };
    let parties = check::list(value)?;
    for party in parties.iter().filter(|party| check::web_scheme(party)) {
        check::origin(value, party)?;
    }
    Ok(parties)
}

fn algorithms(value: &Given, names: &[String]) -> Result<Vec<Algorithm>> {
    let parse = |name: &String| {
        name.parse().map_err(|_| {
            let known = Algorithm::names();
            value.invalid(format_args!("names an algorithm that is not one of {known}"))
        })
    };
    names.iter().map(parse).collect()
}

/// Whether the issuer's PEM key can be used at all.
fn check_key(value: &Given, config: &IssuerConfig) -> Result<()> {
    let keys = config.keys.given_keys(&config.algorithms);
    keys.map(drop).map_err(|error| value.invalid(format_args!("is refused: {}", error.message())))
}

/// The secret key goes along only when the key set is read from Clerk's own backend API.
fn bearer_for(jwks_url: &str, secret_key: Option<&Given>) -> Result<Option<String>> {
    let at_clerk = Url::parse(jwks_url)
        .is_ok_and(|url| url.scheme() == "https" && url.host_str() == Some(CLERK_API_HOST));
    match (at_clerk, secret_key) {
        (false, _) => Ok(None),
        (true, Some(key)) => Ok(Some(key.text.clone())),
        (true, None) => Err(missing(Setting::SecretKey, "CLERK_JWKS_URL at Clerk's API needs it")),
    }
}

/// A Clerk key is for testing or live; beside a live one, development settings are a mistake.
fn check_key_mode(key: Option<&Given>, prefix: &str, local: bool) -> Result<()> {
    let Some(key) = key else { return Ok(()) };
    let mode = key.text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    match mode {
        Some(rest) if rest.starts_with("live_") && local => {
            Err(key.invalid("is a live key: CASIER_LOCAL is for development only"))
        }
        Some(rest) if rest.starts_with("live_") || rest.starts_with("test_") => Ok(()),
        _ => Err(key.invalid(format_args!("must begin with {prefix}_test_ or {prefix}_live_"))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::file;

    #[test]
    fn the_secret_key_is_for_clerks_api_alone() {
        let key = Given { text: "sk_test_x".into(), origin: "CLERK_SECRET_KEY".into() };
        let bearer = |url| bearer_for(url, Some(&key)).unwrap();
        assert_eq!(bearer("https://api.clerk.com/v1/jwks").as_deref(), Some("sk_test_x"));
        for url in [
            "http://api.clerk.com/v1/jwks",
            "https://api.clerk.com.evil.example/v1/jwks",
            "https://evil.example/?api.clerk.com",
        ] {
            assert_eq!(bearer(url), None, "{url}");
        }
        assert!(bearer_for("https://api.clerk.com/v1/jwks", None).is_err());
    }

    #[test]
    fn a_further_issuer_has_rules_of_its_own() {
        let read = |rules: &str| {
            let text = format!(
                "[[issuer]]\nissuer = \"https://idp.example\"\nnamespace = \"idp\"\n{rules}"
            );
            secondary(&file::parse(&text, Path::new("casier.toml")).unwrap().issuers[0], false)
        };
        let plain = read(r#"audience = ["app"]"#).unwrap();
        assert_eq!(plain.namespace.as_deref(), Some("idp"));
        assert_eq!((plain.algorithms, plain.clock_skew.as_secs()), (vec![Algorithm::Rs256], 5));
        assert!(plain.authorized_parties.is_empty() && !plain.allow_missing_azp);
        let strict = read(
            "audience = [\"app\"]\nauthorized_parties = [\"web\"]\nalgorithms = [\"ES256\"]\n\
             clock_skew = 1\nallow_missing_azp = true",
        )
        .unwrap();
        assert_eq!(
            (strict.audience, strict.authorized_parties),
            (vec!["app".into()], vec!["web".into()])
        );
        assert_eq!((strict.algorithms, strict.clock_skew.as_secs()), (vec![Algorithm::Es256], 1));
        assert!(strict.allow_missing_azp);
        for rules in [
            "audience = []",
            r#"audience = [""]"#,
            "audience = [\"app\"]\nalgorithms = [\"HS256\"]",
            "audience = [\"app\"]\nclock_skew = 301",
            "audience = [\"app\"]\njwks_url = \"http://idp.example/jwks\"",
            "audience = [\"app\"]\njwt_key = \"not a key\"",
        ] {
            assert!(read(rules).is_err(), "{rules}");
        }
    }

    #[test]
    fn a_further_issuer_has_what_its_provider_fixes() {
        let read = |table: &str| {
            let text = format!("[[issuer]]\nnamespace = \"idp\"\n{table}");
            secondary(&file::parse(&text, Path::new("casier.toml")).unwrap().issuers[0], false)
        };
        let firebase =
            read("provider = \"firebase\"\nissuer = \"https://securetoken.google.com/my-app\"");
        assert_eq!(firebase.unwrap().audience, ["my-app"]);
        let supabase =
            read("provider = \"supabase\"\nissuer = \"https://a.supabase.co/auth/v1\"").unwrap();
        assert_eq!(supabase.algorithms, [Algorithm::Es256, Algorithm::Rs256]);
        let keycloak = read(
            "provider = \"keycloak\"\nissuer = \"https://id.example/realms/app\"\n\
             audience = [\"api\"]\n[issuer.mapping]\nrole = [\"resource_access\", \"api\", \"roles\"]",
        )
        .unwrap();
        assert_eq!(keycloak.token_types, ["JWT", "at+jwt"]);
        let KeySource::JwksUrl { url, bearer: None } = keycloak.keys else { panic!("other keys") };
        assert_eq!(url, "https://id.example/realms/app/protocol/openid-connect/certs");
        let clerk = "provider = \"clerk\"\nissuer = \"https://clerk.example\"\n";
        assert!(read(&format!("{clerk}authorized_parties = [\"https://app.example\"]")).is_ok());
        for table in [
            clerk,
            "issuer = \"https://idp.example\"",
            "provider = \"auth0\"\nissuer = \"https://t.eu.auth0.com\"\naudience = [\"api\"]",
            "provider = \"google\"\nissuer = \"https://idp.example\"\naudience = [\"api\"]",
            "issuer = \"https://idp.example\"\naudience = [\"api\"]\nmapping = { sub = \"x\" }",
            "issuer = \"https://idp.example\"\naudience = [\"api\"]\nmapping = { role = \"name\" }",
        ] {
            assert_eq!(read(table).unwrap_err().code(), "config-invalid", "{table}");
        }
    }
}

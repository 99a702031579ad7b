//! The settings of the issuers, and of how a token is taken from a request.

use std::time::Duration;

use url::Url;

use super::file::IssuerTable;
use super::layers::{Given, Layers, missing};
use super::{Setting, check};
use crate::Result;
use crate::token::{
    Algorithm, IssuerConfig, KeySource, MAX_CLOCK_SKEW_SECONDS, PublishableKey, RequestRules,
};

/// Clerk's backend API: the one host that ever sees the secret key.
const CLERK_API_HOST: &str = "api.clerk.com";

/// The primary issuer, then the `[[issuer]]` tables.
pub(super) fn resolve(layers: &Layers, local: bool) -> Result<Vec<IssuerConfig>> {
    let mut issuers = vec![primary(layers, local)?];
    for table in layers.issuers() {
        issuers.push(secondary(table, local)?);
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

    let issuer = match (layers.given(Setting::Issuer)?, publishable_key(layers)?) {
        (Some(value), _) => value.clone(),
        (None, Some(key)) => {
            Given { text: key.issuer, origin: Setting::PublishableKey.label().to_owned() }
        }
        (None, None) => {
            return Err(missing(
                Setting::Issuer,
                "set it to your Clerk Frontend API URL, or set CLERK_PUBLISHABLE_KEY",
            ));
        }
    };
    check::trusted_url(&issuer, local)?;

    let jwks_url = match layers.given(Setting::JwksUrl)? {
        Some(value) => check::trusted_url(value, local).map(|_| value.text.clone())?,
        None => default_jwks_url(&issuer.text),
    };
    let pem = layers.given(Setting::JwtKey)?;
    let keys = match pem {
        Some(pem) => KeySource::Pem(pem.text.clone()),
        None => KeySource::JwksUrl { bearer: bearer_for(&jwks_url, secret_key)?, url: jwks_url },
    };

    let mut config = IssuerConfig::new(issuer.text, keys);
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
    pem.map_or(Ok(()), |pem| check_key(pem, &config))?;
    Ok(config)
}

fn secondary(table: &IssuerTable, local: bool) -> Result<IssuerConfig> {
    let named = |key: &str, text: &str| Given {
        text: text.to_owned(),
        origin: format!("`{key}` of [[issuer]] `{}`", table.namespace),
    };
    let issuer = named("issuer", &table.issuer);
    check::trusted_url(&issuer, local)?;
    if table.audience.iter().all(String::is_empty) {
        return Err(named("audience", "").invalid("must name at least one audience"));
    }
    let keys = match (&table.jwt_key, &table.jwks_url) {
        (Some(pem), _) => KeySource::Pem(pem.clone()),
        (None, url) => {
            let url = url.clone().unwrap_or_else(|| default_jwks_url(&table.issuer));
            check::trusted_url(&named("jwks_url", &url), local)?;
            KeySource::JwksUrl { url, bearer: None }
        }
    };

    let mut config = IssuerConfig::new(table.issuer.clone(), keys);
    config.namespace = Some(table.namespace.clone());
    config.audience = table.audience.clone();
    config.authorized_parties = table.authorized_parties.clone();
    config.allow_missing_azp = table.allow_missing_azp;
    config.public_metadata_claim = table.public_metadata_claim.clone();
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
    Ok(config)
}

/// OpenID Connect Discovery writes no fixed key path; this is Clerk's and many others'.
fn default_jwks_url(issuer: &str) -> String {
    format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'))
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
    fn an_issuer_with_a_trailing_slash_has_one_slash_in_its_key_url() {
        assert_eq!(
            default_jwks_url("https://example.auth0.com/"),
            "https://example.auth0.com/.well-known/jwks.json"
        );
    }
}

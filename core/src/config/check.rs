//! The form of single values: URLs, origins, lists, keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::{Host, Url};

use super::layers::Given;
use crate::Result;
use crate::storage::{
    CdnPrivateKey, SealingSecret, check_domain, check_key_pair_id, is_bucket_name, is_role_arn,
};
use crate::web_url::web_url;

/// Splits a list at its commas; an empty entry is an error.
pub(super) fn list(value: &Given) -> Result<Vec<String>> {
    let entries: Vec<String> = value.text.split(',').map(|entry| entry.trim().to_owned()).collect();
    if entries.iter().any(String::is_empty) {
        return Err(value.invalid("has an empty entry"));
    }
    Ok(entries)
}

/// `true`, `false`, `1` or `0`.
pub(super) fn flag(value: &Given) -> Result<bool> {
    match value.text.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(value.invalid("must be `true` or `false`")),
    }
}

/// A whole number within bounds, both included.
pub(super) fn number(value: &Given, least: u64, most: u64) -> Result<u64> {
    match value.text.trim().parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(value.invalid(format_args!("must be a whole number from {least} to {most}"))),
    }
}

/// A URL that decides whom we trust: https, and not on loopback, unless `local` allows both.
pub(super) fn trusted_url(value: &Given, local: bool) -> Result<Url> {
    let url = web_url(&value.text).map_err(|problem| value.invalid(problem))?;
    if !local && (url.scheme() != "https" || is_loopback(&url)) {
        return Err(value.invalid(
            "must be https and not on loopback (CASIER_LOCAL=1 allows both, for development)",
        ));
    }
    Ok(url)
}

/// An origin as browsers send it (RFC 6454 section 6.1): scheme, host, port if not the default.
/// Apps have schemes of their own, such as `capacitor://localhost`.
pub(super) fn origin(value: &Given, entry: &str) -> Result<()> {
    let written = Url::parse(entry).ok().and_then(|url| match web_scheme(entry) {
        true => Some(url.origin().ascii_serialization()),
        false => Some(format!("{}://{}", url.scheme(), url.host_str()?)),
    });
    if written.as_deref() == Some(entry) {
        return Ok(());
    }
    Err(value.invalid(
        "has an entry that is not an origin: scheme, host and port, in lower case, no path",
    ))
}

/// Whether an entry means to be a web origin at all.
pub(super) fn web_scheme(entry: &str) -> bool {
    entry.starts_with("http://") || entry.starts_with("https://")
}

/// A webhook secret as Standard Webhooks writes it: `whsec_` and base64 of 24 to 64 bytes.
pub(super) fn webhook_secret(value: &Given, entry: &str) -> Result<()> {
    let key = entry.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    if key.is_some_and(|key| (24..=64).contains(&key.len())) {
        return Ok(());
    }
    Err(value.invalid("must be `whsec_` followed by 24 to 64 bytes in base64"))
}

/// Sealing secrets: each at least 32 bytes in base64.
pub(super) fn sealing_secret(value: &Given) -> Result<SealingSecret> {
    let secrets: Option<Vec<_>> =
        list(value)?.iter().map(|entry| STANDARD.decode(entry).ok()).collect();
    secrets
        .and_then(|secrets| SealingSecret::new(secrets).ok())
        .ok_or_else(|| value.invalid("must be 32 or more random bytes in base64"))
}

/// A bucket's name.
pub(super) fn bucket(value: &Given) -> Result<String> {
    if !is_bucket_name(&value.text) {
        return Err(value.invalid("is not a bucket name"));
    }
    Ok(value.text.clone())
}

/// A region's name: it becomes part of host names.
pub(super) fn region(value: &Given) -> Result<String> {
    let name = &value.text;
    if name.len() > 64 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(value.invalid("is not a region, such as `eu-west-3`"));
    }
    Ok(name.clone())
}

/// The ARN of an IAM role, or what another STS takes for one.
pub(super) fn role_arn(value: &Given) -> Result<String> {
    if !is_role_arn(&value.text) {
        return Err(value.invalid("is not the ARN of a role, `arn:aws:iam::<account>:role/<name>`"));
    }
    Ok(value.text.clone())
}

/// A storage class, by the letters of those that S3 has.
pub(super) fn storage_class(value: &Given) -> Result<String> {
    let name = &value.text;
    let is_letter = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    if name.len() > 64 || !name.bytes().all(is_letter) {
        return Err(value.invalid("is not a storage class, such as `STANDARD_IA`"));
    }
    Ok(name.clone())
}

/// The id, the ARN or the alias of a KMS key: it goes into a header.
pub(super) fn kms_key_id(value: &Given) -> Result<String> {
    let id = &value.text;
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"-_/:".contains(&b);
    if id.len() > 2048 || !id.bytes().all(is_letter) {
        return Err(value.invalid("is not the id, the ARN or the alias of a KMS key"));
    }
    Ok(id.clone())
}

/// The host name of a CloudFront distribution.
pub(super) fn cloudfront_domain(value: &Given) -> Result<String> {
    check_domain(&value.text).map_err(|problem| value.invalid(problem))?;
    Ok(value.text.clone())
}

/// The id of a public key at CloudFront.
pub(super) fn cloudfront_key_pair_id(value: &Given) -> Result<String> {
    check_key_pair_id(&value.text).map_err(|problem| value.invalid(problem))?;
    Ok(value.text.clone())
}

/// The private key that belongs to it.
pub(super) fn cloudfront_private_key(value: &Given) -> Result<CdnPrivateKey> {
    CdnPrivateKey::from_pem(&value.text).map_err(|problem| value.invalid(problem))
}

/// An S3 endpoint: scheme, host and port. Without a scheme, `use_ssl` chooses it.
pub(super) fn endpoint(value: &Given, use_ssl: bool) -> Result<String> {
    let text = match (value.text.contains("://"), use_ssl) {
        (true, _) => value.text.clone(),
        (false, true) => format!("https://{}", value.text),
        (false, false) => format!("http://{}", value.text),
    };
    let url = web_url(&text).map_err(|problem| value.invalid(problem))?;
    if url.path() != "/" {
        return Err(value.invalid("must have no path: scheme, host and port only"));
    }
    Ok(url.origin().ascii_serialization())
}

/// Whether the URL's host may be this machine. Wider than where keys may be fetched from without TLS
/// (`token`): what is in doubt is loopback here, where that is refused, and is not there.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Given {
        Given { text: text.to_owned(), origin: "X".to_owned() }
    }

    #[test]
    fn loopback_in_every_spelling_needs_the_local_switch() {
        let names = ["localhost", "localhost.", "app.localhost"];
        let v4 = ["127.0.0.1", "127.9.9.9", "0x7f.1", "0.0.0.0"];
        let v6 = ["[::1]", "[::]", "[::ffff:127.0.0.1]"];
        for host in names.into_iter().chain(v4).chain(v6) {
            let value = given(&format!("https://{host}:3000"));
            assert!(trusted_url(&value, false).is_err(), "{host}");
            assert!(trusted_url(&value, true).is_ok(), "{host}");
        }
        assert!(trusted_url(&given("http://clerk.example.com"), false).is_err());
        assert!(trusted_url(&given("https://clerk.example.com"), false).is_ok());
    }

    #[test]
    fn an_origin_is_exact() {
        let value = given("list");
        for good in ["https://app.example.com", "http://localhost:3000", "capacitor://localhost"] {
            assert!(origin(&value, good).is_ok(), "{good}");
        }
        let bad = ["https://app.example.com/", "https://App.example.com", "https://a.example:443"];
        for bad in bad.into_iter().chain(["app.example.com", "app://", "app://a/b", "null", "*"]) {
            assert!(origin(&value, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_takes_its_scheme_from_use_ssl_and_has_no_path() {
        assert_eq!(endpoint(&given("minio:9000"), false).unwrap(), "http://minio:9000");
        assert_eq!(endpoint(&given("minio:9000"), true).unwrap(), "https://minio:9000");
        assert_eq!(endpoint(&given("https://[::1]:9000/"), false).unwrap(), "https://[::1]:9000");
        assert!(endpoint(&given("https://s3.example.com/bucket"), true).is_err());
        assert!(endpoint(&given("https://key:secret@s3.example.com"), true).is_err());
        assert!(endpoint(&given("https://key@s3.example.com"), true).is_err());
    }
}

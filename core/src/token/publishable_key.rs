//! What Clerk's publishable key says of its instance.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use base64::{alphabet, engine::DecodePaddingMode};

use super::issuer::invalid;
use crate::Result;

/// How many characters of the key's hash make the suffix of its cookies.
const SUFFIX_LENGTH: usize = 8;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A Clerk instance, read from its publishable key (`pk_live_…`, `pk_test_…`), which is no secret.
/// The key holds the name of the instance's front-end API, in base64 and with a `$` after it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishableKey {
    /// The issuer of the instance's tokens, for example `https://clerk.example.com`.
    pub issuer: String,
    /// The suffix of the instance's cookies: `__session_<suffix>`.
    pub cookie_suffix: String,
    /// Whether the instance is a production one (`pk_live_`).
    pub is_live: bool,
}

impl PublishableKey {
    /// Reads a publishable key.
    ///
    /// # Errors
    /// `config-invalid` when it is not one.
    pub fn parse(key: &str) -> Result<Self> {
        let not_a_key =
            || invalid("the publishable key is not one of Clerk's (pk_test_ or pk_live_)");
        let (is_live, encoded) = match (key.strip_prefix("pk_live_"), key.strip_prefix("pk_test_"))
        {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(not_a_key()),
        };
        let name = BASE64.decode(encoded).ok().and_then(|name| String::from_utf8(name).ok());
        let name = name.as_deref().and_then(|name| name.strip_suffix('$'));
        let name = name.filter(|name| is_host_name(name)).ok_or_else(not_a_key)?;
        Ok(Self { issuer: format!("https://{name}"), cookie_suffix: cookie_suffix(key), is_live })
    }
}

fn cookie_suffix(key: &str) -> String {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let mut suffix = URL_SAFE_NO_PAD.encode(hash);
    suffix.truncate(SUFFIX_LENGTH);
    suffix
}

fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.contains('.') && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn key(prefix: &str, name: &str) -> String {
        format!("{prefix}{}", BASE64.encode(name))
    }

    #[test]
    fn the_issuer_and_the_suffix_follow_from_the_key() {
        let text = key("pk_test_", "clerk.inspired.puma-74.lcl.dev$");
        assert_eq!(text, "pk_test_Y2xlcmsuaW5zcGlyZWQucHVtYS03NC5sY2wuZGV2JA==");
        let parsed = PublishableKey::parse(&text).unwrap();
        assert_eq!(parsed.issuer, "https://clerk.inspired.puma-74.lcl.dev");
        assert!(!parsed.is_live);
        assert_eq!(parsed.cookie_suffix, "HMgB1SPc");
        let unpadded = PublishableKey::parse(text.trim_end_matches('=')).unwrap();
        assert_eq!(unpadded.issuer, parsed.issuer);
        assert!(PublishableKey::parse(&key("pk_live_", "clerk.example.com$")).unwrap().is_live);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            String::new(),
            "sk_test_quiet".to_owned(),
            "pk_test_".to_owned(),
            "pk_test_!!!".to_owned(),
            key("pk_test_", "clerk.example.com"),
            key("pk_test_", "$"),
            key("pk_test_", "localhost$"),
            key("pk_test_", "evil.test/path?$"),
            key("pk_test_", "user@evil.test$"),
            key("pk_test_", "a..b$"),
        ] {
            let error = PublishableKey::parse(&text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{text}");
            assert!(!error.to_string().contains("quiet"));
        }
    }
}

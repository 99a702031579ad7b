//! The distribution, and how it is signed for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::policy::Policy;
use super::private_key::PrivateKey;
use crate::{Error, ErrorKind, Result};

/// What tells CloudFront by which hash a policy was signed: SHA-1 when it is not told.
const HASH_ALGORITHM: &str = "SHA256";

/// A CloudFront distribution with the bucket as its origin, and the key that its links and cookies
/// are signed with. The key is parsed once, and never shown by `Debug`. Cheap to clone.
#[derive(Clone)]
pub struct CloudFront {
    domain: String,
    key_pair_id: String,
    private_key: Arc<PrivateKey>,
}

impl CloudFront {
    /// A distribution by its host name alone, in lower case (`d111111abcdef8.cloudfront.net`, or an
    /// alternate name of it); the id of a public key of one of its trusted key groups; and the
    /// private key that belongs to it: RSA with 2,048 bits or ECDSA on P-256, in PEM (PKCS#1, SEC1
    /// or PKCS#8, not encrypted), whose line breaks may be written as `\n`.
    ///
    /// # Errors
    /// `config-invalid`, naming `CLOUDFRONT_DOMAIN`, `CLOUDFRONT_KEY_PAIR_ID` or
    /// `CLOUDFRONT_PRIVATE_KEY`.
    pub fn new(
        domain: impl Into<String>,
        key_pair_id: impl Into<String>,
        private_key: &str,
    ) -> Result<Self> {
        let (domain, key_pair_id) = (domain.into(), key_pair_id.into());
        let invalid =
            |variable| move |why| Error::new(ErrorKind::ConfigInvalid, format!("{variable} {why}"));
        check_domain(&domain).map_err(invalid("CLOUDFRONT_DOMAIN"))?;
        check_key_pair_id(&key_pair_id).map_err(invalid("CLOUDFRONT_KEY_PAIR_ID"))?;
        let private_key =
            PrivateKey::from_pem(private_key).map_err(invalid("CLOUDFRONT_PRIVATE_KEY"))?;
        Ok(Self::of_checked(domain, key_pair_id, private_key))
    }

    /// What [`new`](Self::new) makes, of parts that have passed its checks.
    pub(crate) fn of_checked(domain: String, key_pair_id: String, private_key: PrivateKey) -> Self {
        Self { domain, key_pair_id, private_key: Arc::new(private_key) }
    }

    /// The host name.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The address of the policy's file, signed.
    pub(super) fn signed_url(&self, policy: &Policy) -> Result<String> {
        let json = policy.to_json();
        let allowed = match policy.is_canned() {
            true => format!("Expires={}", policy.ends),
            false => format!("Policy={}", encode(json.as_bytes())),
        };
        let signature = encode(&self.private_key.sign(json.as_bytes())?);
        Ok(format!(
            "{}?{allowed}&Signature={signature}&Key-Pair-Id={}&Hash-Algorithm={HASH_ALGORITHM}",
            policy.resource.as_str(),
            self.key_pair_id
        ))
    }

    /// The cookies that tell the policy, by name.
    pub(super) fn signed_cookies(&self, policy: &Policy) -> Result<BTreeMap<String, String>> {
        let json = policy.to_json();
        let signature = self.private_key.sign(json.as_bytes())?;
        Ok(BTreeMap::from([
            ("CloudFront-Policy".to_owned(), encode(json.as_bytes())),
            ("CloudFront-Signature".to_owned(), encode(&signature)),
            ("CloudFront-Key-Pair-Id".to_owned(), self.key_pair_id.clone()),
            ("CloudFront-Hash-Algorithm".to_owned(), HASH_ALGORITHM.to_owned()),
        ]))
    }
}

impl fmt::Debug for CloudFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudFront")
            .field("domain", &self.domain)
            .field("key_pair_id", &self.key_pair_id)
            .finish_non_exhaustive()
    }
}

/// Says what is wrong with a host name: labels as DNS has them (RFC 1123 §2.1), two or more, the
/// last of which is no number.
pub(crate) fn check_domain(domain: &str) -> Result<(), &'static str> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let (_, last) = domain.rsplit_once('.').unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    if domain.len() > 253 || is_number || !domain.split('.').all(is_label) {
        return Err("must be a host name alone, in lower case: no scheme, no port, no path");
    }
    Ok(())
}

/// Says what is wrong with the id of a public key: CloudFront's have capitals and digits.
pub(crate) fn check_key_pair_id(id: &str) -> Result<(), &'static str> {
    let is_letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if !(1..=64).contains(&id.len()) || !id.bytes().all(is_letter) {
        return Err("must be the id of a public key at CloudFront, such as `K2JCJMDEHXQW5F`");
    }
    Ok(())
}

/// Base64 (RFC 4648 §4) with other letters for the three that mean something in an address.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>
fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
}

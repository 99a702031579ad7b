//! An RSA key that signs tokens, and its public half as JWK and PEM.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaSignatureEncoding,
};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{Error, Result};

/// How a token is signed with an RSA key (RFC 7518 section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signing {
    /// RSASSA-PKCS1-v1_5 with SHA-256, what Clerk signs with.
    #[default]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
}

impl Signing {
    /// The name in a token's header, for example `RS256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
        }
    }

    fn encoding(self) -> &'static RsaSignatureEncoding {
        match self {
            Self::Rs256 => &RSA_PKCS1_SHA256,
            Self::Rs384 => &RSA_PKCS1_SHA384,
            Self::Rs512 => &RSA_PKCS1_SHA512,
            Self::Ps256 => &RSA_PSS_SHA256,
            Self::Ps384 => &RSA_PSS_SHA384,
            Self::Ps512 => &RSA_PSS_SHA512,
        }
    }
}

/// An RSA key pair with its key id. `Debug` shows the id alone.
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    pair: KeyPair,
}

impl SigningKey {
    /// A fresh 2048-bit key.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the system has no randomness to give.
    pub fn generate(id: impl Into<String>) -> Result<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048)
            .map_err(|_| Error::Crypto("no RSA key could be generated".into()))?;
        Ok(Self { id: id.into(), pair })
    }

    /// The key of an unencrypted PKCS#8 private key in PEM.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the text holds no such RSA key.
    pub fn from_pem(id: impl Into<String>, pem: &str) -> Result<Self> {
        let body: String = pem
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("-----"))
            .collect();
        let rejected = || Error::Crypto("the text is no RSA private key in PKCS#8".into());
        let der = BASE64_STANDARD.decode(body).map_err(|_| rejected())?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| rejected())?;
        Ok(Self { id: id.into(), pair })
    }

    /// The key id, `kid` in headers and in the key set.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The raw signature over `message`.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library fails.
    pub fn sign(&self, how: Signing, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(how.encoding(), &SystemRandom::new(), message, &mut signature)
            .map_err(|_| Error::Crypto("the RSA signature failed".into()))?;
        Ok(signature)
    }

    /// A token in compact serialisation (RFC 7515 section 7.1) of exactly these bytes, which need
    /// not be JSON, signed with this key.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library fails.
    pub fn token(&self, how: Signing, header: &[u8], payload: &[u8]) -> Result<String> {
        let input = signing_input(header, payload);
        let signature = self.sign(how, input.as_bytes())?;
        Ok(format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The public half as a JWK for RS256 signatures (RFC 7517, RFC 7518 section 6.3.1).
    pub fn jwk(&self) -> Value {
        let (modulus, exponent) = modulus_and_exponent(self.pair.public_key().as_ref());
        json!({
            "use": "sig",
            "kty": "RSA",
            "kid": self.id,
            "alg": "RS256",
            "n": BASE64_URL_SAFE_NO_PAD.encode(modulus),
            "e": BASE64_URL_SAFE_NO_PAD.encode(exponent),
        })
    }

    /// The public half as a PEM `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 5280), what
    /// `CLERK_JWT_KEY` takes.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library fails.
    pub fn public_pem(&self) -> Result<String> {
        let der: PublicKeyX509Der<'_> = self
            .pair
            .public_key()
            .as_der()
            .map_err(|_| Error::Crypto("the public key cannot be written".into()))?;
        Ok(pem("PUBLIC KEY", der.as_ref()))
    }

    /// The whole key as an unencrypted PEM `PRIVATE KEY` (PKCS#8), for test data that is kept.
    ///
    /// # Errors
    /// [`Error::Crypto`] when the library fails.
    pub fn private_pem(&self) -> Result<String> {
        let der: Pkcs8V1Der<'_> = self
            .pair
            .as_der()
            .map_err(|_| Error::Crypto("the private key cannot be written".into()))?;
        Ok(pem("PRIVATE KEY", der.as_ref()))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Header and payload as a signature covers them (RFC 7515 section 5.1).
pub(super) fn signing_input(header: &[u8], payload: &[u8]) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.encode(header);
    let payload = BASE64_URL_SAFE_NO_PAD.encode(payload);
    format!("{header}.{payload}")
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().map(|&byte| char::from(byte)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Reads the two integers of an `RSAPublicKey` (RFC 8017 appendix A.1.1) that the library wrote.
fn modulus_and_exponent(der: &[u8]) -> (&[u8], &[u8]) {
    let (sequence, _) = der_value(der);
    let (modulus, rest) = der_value(sequence);
    let (exponent, _) = der_value(rest);
    (without_sign_byte(modulus), without_sign_byte(exponent))
}

/// The content of the first DER element, and what follows it.
fn der_value(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, start) = match der.get(1) {
        Some(&short) if short < 0x80 => (usize::from(short), 2),
        Some(&long) => {
            let count = usize::from(long & 0x7f);
            let bytes = der.get(2..2 + count).unwrap_or_default();
            (bytes.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), 2 + count)
        }
        None => (0, 0),
    };
    der.get(start..).unwrap_or_default().split_at_checked(length).unwrap_or_default()
}

fn without_sign_byte(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_pem() {
        let key = SigningKey::generate("k1").unwrap();
        let again = SigningKey::from_pem("k1", &key.private_pem().unwrap()).unwrap();
        assert_eq!(key.jwk(), again.jwk());
        assert_eq!(
            key.token(Signing::Rs256, b"{}", b"{}").unwrap(),
            again.token(Signing::Rs256, b"{}", b"{}").unwrap()
        );
        assert!(SigningKey::from_pem("k1", "-----BEGIN PRIVATE KEY-----\nAAAA\n").is_err());
    }

    #[test]
    fn the_jwk_holds_the_whole_modulus() {
        let jwk = SigningKey::generate("k1").unwrap().jwk();
        let modulus = BASE64_URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
        assert_eq!(modulus.len(), 256);
        assert!(modulus[0] >= 0x80);
        assert_eq!(jwk["e"], "AQAB");
    }

    #[test]
    fn signatures_verify_under_the_published_key() {
        use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents};
        let key = SigningKey::generate("k1").unwrap();
        let (n, e) = modulus_and_exponent(key.pair.public_key().as_ref());
        let signature = key.sign(Signing::Rs512, b"message").unwrap();
        RsaPublicKeyComponents { n, e }
            .verify(&RSA_PKCS1_2048_8192_SHA512, b"message", &signature)
            .unwrap();
    }

    #[test]
    fn debug_shows_the_id_alone() {
        let key = SigningKey::generate("k1").unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey { id: \"k1\", .. }");
    }
}

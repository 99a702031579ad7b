//! The key that CloudFront's links are signed with.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

use crate::{Error, ErrorKind, Result};

/// The size of the only RSA keys that CloudFront takes, in bytes.
const RSA_BYTES: usize = 256;

/// A private key, checked and parsed once. Never shown by `Debug`.
pub(crate) enum PrivateKey {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl PrivateKey {
    /// Reads a key in PEM: PKCS#1 (`RSA PRIVATE KEY`, RFC 8017 §A.1.2), SEC1 (`EC PRIVATE KEY`, RFC
    /// 5915) or PKCS#8 (`PRIVATE KEY`, RFC 5958). Line breaks may also be written as `\n`, as
    /// environment files do. Else says what is wrong, without the key.
    ///
    /// CloudFront takes RSA with 2,048 bits and ECDSA on P-256:
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html>
    pub(crate) fn from_pem(text: &str) -> Result<Self, &'static str> {
        let text = text.replace("\\r", "").replace("\\n", "\n");
        if text.contains("ENCRYPTED") {
            return Err("must not be encrypted");
        }
        if text.contains("-----BEGIN PUBLIC KEY") {
            return Err("must be the private key, not the public one");
        }
        let der = PrivateKeyDer::from_pem_slice(text.trim().as_bytes())
            .map_err(|_| "must be a private key in PEM")?;
        let (rsa, ecdsa) = match &der {
            PrivateKeyDer::Pkcs1(der) => (RsaKeyPair::from_der(der.secret_pkcs1_der()).ok(), None),
            PrivateKeyDer::Sec1(der) => (None, p256(der.secret_sec1_der())),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                (RsaKeyPair::from_pkcs8(der).ok(), p256(der))
            }
            _ => (None, None),
        };
        match (rsa, ecdsa) {
            (Some(key), _) if key.public_modulus_len() == RSA_BYTES => Ok(Self::Rsa(key)),
            (None, Some(key)) => Ok(Self::Ecdsa(key)),
            _ => Err("must be a key of RSA with 2048 bits, or of ECDSA on the curve P-256"),
        }
    }

    /// Signs with SHA-256: RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), or ECDSA in the form of ASN.1 (RFC
    /// 3279 §2.2.3).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
            Self::Ecdsa(key) => key.sign(&random, message).map(|it| it.as_ref().to_vec()),
        };
        signature.map_err(|_| Error::new(ErrorKind::Internal, "the link could not be signed"))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").finish_non_exhaustive()
    }
}

fn p256(der: &[u8]) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der).ok()
}

//! The conformance vectors' key pairs, which nobody trusts, and tokens signed with them.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// The issuer's keys.
pub static KEYS: LazyLock<Keys> = LazyLock::new(Keys::load);

/// One key pair of each sort.
pub struct Keys {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

/// The sorts of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Rsa,
    P256,
    Ed25519,
}

impl Sort {
    pub const ALL: [Self; 3] = [Self::Rsa, Self::P256, Self::Ed25519];

    /// The key that checks this algorithm; Ed25519, the quickest, for those that none checks.
    pub fn of_algorithm(alg: Option<&str>) -> Self {
        match alg {
            Some("RS256") => Self::Rsa,
            Some("ES256") => Self::P256,
            _ => Self::Ed25519,
        }
    }

    /// The algorithm that [`Keys::sign`] uses.
    pub fn algorithm(self) -> &'static str {
        match self {
            Self::Rsa => "RS256",
            Self::P256 => "ES256",
            Self::Ed25519 => "EdDSA",
        }
    }

    /// The key id in [`Keys::jwks`].
    pub fn id(self) -> &'static str {
        match self {
            Self::Rsa => "ins_test_rsa",
            Self::P256 => "ins_test_p256",
            Self::Ed25519 => "ins_test_ed25519",
        }
    }
}

impl Keys {
    fn load() -> Self {
        macro_rules! der {
            ($name:literal) => {
                der(include_str!(concat!("../../conformance/vectors/test-keys/", $name)))
            };
        }
        let p256 = der!("primary-p256.private.pem");
        Self {
            rsa: RsaKeyPair::from_pkcs8(&der!("primary-rsa.private.pem")).expect("an RSA key"),
            p256: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &p256)
                .expect("a P-256 key"),
            ed25519: Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der!(
                "primary-ed25519.private.pem"
            ))
            .expect("an Ed25519 key"),
        }
    }

    /// The public half as a JSON Web Key.
    pub fn jwk(&self, sort: Sort) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match sort {
            Sort::Rsa => {
                // PKCS #1 ends in the modulus, the exponent's tag and length, and the exponent.
                let der = self.rsa.public_key().as_ref();
                let (der, exponent) = der.split_at(der.len() - 3);
                let (der, _) = der.split_at(der.len() - 2);
                let (_, modulus) = der.split_at(der.len() - self.rsa.public_modulus_len());
                json!({"kty": "RSA", "kid": sort.id(), "n": text(modulus), "e": text(exponent)})
            }
            Sort::P256 => {
                let point = self.p256.public_key().as_ref();
                json!({
                    "kty": "EC", "crv": "P-256", "kid": sort.id(),
                    "x": text(&point[1..33]), "y": text(&point[33..]),
                })
            }
            Sort::Ed25519 => json!({
                "kty": "OKP", "crv": "Ed25519", "kid": sort.id(),
                "x": text(self.ed25519.public_key().as_ref()),
            }),
        }
    }

    /// The set of all three.
    pub fn jwks(&self) -> String {
        json!({"keys": Sort::ALL.map(|sort| self.jwk(sort))}).to_string()
    }

    /// The members of the key's JWK that say which key it is.
    pub fn numbers(&self, sort: Sort) -> Vec<(&'static str, String)> {
        let jwk = self.jwk(sort);
        let names: &[&'static str] = match sort {
            Sort::Rsa => &["n", "e"],
            Sort::P256 => &["x", "y"],
            Sort::Ed25519 => &["x"],
        };
        names.iter().map(|name| (*name, jwk[name].as_str().unwrap_or_default().into())).collect()
    }

    pub fn sign(&self, sort: Sort, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match sort {
            Sort::Rsa => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("a signature");
                signature
            }
            Sort::P256 => self.p256.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Sort::Ed25519 => self.ed25519.sign(message).as_ref().to_vec(),
        }
    }

    /// A token over exactly these bytes, whatever they are.
    pub fn token(&self, sort: Sort, header: &[u8], payload: &[u8]) -> String {
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.sign(sort, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).expect("base64")
}

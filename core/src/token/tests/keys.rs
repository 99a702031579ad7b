//! Keys and tokens for the tests of this room.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::token::algorithm::{Algorithm, KeyType};
use crate::token::keys::{KeyMaterial, read_pem};

/// A key pair that signs test tokens.
pub(crate) enum TestKey {
    Rsa(Box<RsaKeyPair>),
    Ec(KeyType, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// The RSA key that most tests sign with, made once.
pub(crate) fn rsa() -> &'static TestKey {
    static KEY: LazyLock<TestKey> = LazyLock::new(new_rsa);
    &KEY
}

/// An RSA key of somebody else.
pub(crate) fn other_rsa() -> &'static TestKey {
    static KEY: LazyLock<TestKey> = LazyLock::new(new_rsa);
    &KEY
}

pub(crate) fn p256() -> &'static TestKey {
    static KEY: LazyLock<TestKey> =
        LazyLock::new(|| new_ec(KeyType::P256, &ECDSA_P256_SHA256_FIXED_SIGNING));
    &KEY
}

pub(crate) fn p384() -> &'static TestKey {
    static KEY: LazyLock<TestKey> =
        LazyLock::new(|| new_ec(KeyType::P384, &ECDSA_P384_SHA384_FIXED_SIGNING));
    &KEY
}

pub(crate) fn p521() -> &'static TestKey {
    static KEY: LazyLock<TestKey> =
        LazyLock::new(|| new_ec(KeyType::P521, &ECDSA_P521_SHA512_FIXED_SIGNING));
    &KEY
}

pub(crate) fn ed25519() -> &'static TestKey {
    static KEY: LazyLock<TestKey> =
        LazyLock::new(|| TestKey::Ed25519(Ed25519KeyPair::generate().unwrap()));
    &KEY
}

fn new_rsa() -> TestKey {
    TestKey::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
}

fn new_ec(curve: KeyType, signing: &'static EcdsaSigningAlgorithm) -> TestKey {
    TestKey::Ec(curve, EcdsaKeyPair::generate(signing).unwrap())
}

/// Wraps DER as PEM.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl TestKey {
    pub(crate) fn material(&self) -> KeyMaterial {
        match self {
            Self::Rsa(_) => read_pem(&pem("RSA PUBLIC KEY", &self.pkcs1())).unwrap(),
            Self::Ec(curve, pair) => {
                KeyMaterial::Ec { curve: *curve, point: pair.public_key().as_ref().to_vec() }
            }
            Self::Ed25519(pair) => {
                KeyMaterial::Ed25519 { public: pair.public_key().as_ref().to_vec() }
            }
        }
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self.material() {
            KeyMaterial::Rsa { modulus, exponent } => {
                json!({"kty": "RSA", "kid": kid, "n": text(&modulus), "e": text(&exponent)})
            }
            KeyMaterial::Ec { curve, point } => {
                let name = match curve {
                    KeyType::P256 => "P-256",
                    KeyType::P384 => "P-384",
                    _ => "P-521",
                };
                let (x, y) = point[1..].split_at(point.len() / 2);
                json!({"kty": "EC", "crv": name, "kid": kid, "x": text(x), "y": text(y)})
            }
            KeyMaterial::Ed25519 { public } => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": text(&public)})
            }
        }
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::Ec(_, pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
        }
    }

    pub(crate) fn pkcs1(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            _ => panic!("not RSA"),
        }
    }

    pub(crate) fn pem(&self) -> String {
        pem("PUBLIC KEY", &self.spki())
    }

    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match algorithm {
                    Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
                    Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
                    Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
                    other => panic!("{other} is not RSA"),
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
            Self::Ec(_, pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token over exactly these texts, whatever they are.
    pub(crate) fn token_of(&self, algorithm: Algorithm, header: &str, payload: &str) -> String {
        let input =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(algorithm, input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// An RS256 token of the key `key-1`.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"});
        self.token_of(Algorithm::Rs256, &header.to_string(), &claims.to_string())
    }
}

//! Keys and tokens for the tests of this room.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaEncoding,
    RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::token::algorithm::{Algorithm, KeyType};
use crate::token::keys::{KeyMaterial, read_pem};

/// A key pair that signs test tokens.
pub(crate) enum TestKey {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
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
    static KEY: LazyLock<TestKey> = LazyLock::new(|| {
        TestKey::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    });
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
            Self::P256(pair) => {
                KeyMaterial::Ec { curve: KeyType::P256, point: pair.public_key().as_ref().to_vec() }
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
            KeyMaterial::Ec { point, .. } => json!({
                "kty": "EC", "crv": "P-256", "kid": kid,
                "x": text(&point[1..33]), "y": text(&point[33..]),
            }),
            KeyMaterial::Ed25519 { public } => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": text(&public)})
            }
        }
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::P256(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
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
                    Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
                    other => panic!("no test needs {other}"),
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
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

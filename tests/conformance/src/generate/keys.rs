//! The keys of the test vectors, and the signatures that were made once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use casier_local::issuer::{Signing, SigningKey};
use serde_json::{Value, json};

/// The key id of the issuer's RSA key.
pub(super) const RSA_KID: &str = "ins_test_rsa";
/// The key id of its P-256 key.
pub(super) const P256_KID: &str = "ins_test_p256";
/// The key id of its Ed25519 key.
pub(super) const ED25519_KID: &str = "ins_test_ed25519";

pub(super) struct TestKeys {
    /// The issuer's.
    pub(super) rsa: SigningKey,
    /// Somebody else's.
    pub(super) stranger: SigningKey,
    p256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
    once: BTreeMap<String, String>,
    once_path: PathBuf,
}

impl TestKeys {
    pub(super) fn load(folder: &Path) -> Result<Self, String> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
        };
        let rsa = |id: &str, name: &str| {
            SigningKey::from_pem(id, &read(name)?).map_err(|e| format!("{name}: {e}"))
        };
        let p256 = der(&read("primary-p256.private.pem")?)?;
        let ed25519 = der(&read("primary-ed25519.private.pem")?)?;
        let once_path = folder.join("signed-once.json");
        let once = match std::fs::read_to_string(&once_path) {
            Ok(text) => serde_json::from_str(&text).map_err(|e| e.to_string())?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(format!("{}: {error}", once_path.display())),
        };
        Ok(Self {
            rsa: rsa(RSA_KID, "primary-rsa.private.pem")?,
            stranger: rsa("ins_stranger", "stranger-rsa.private.pem")?,
            p256: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &p256)
                .map_err(|e| e.to_string())?,
            ed25519: Ed25519KeyPair::from_pkcs8_maybe_unchecked(&ed25519)
                .map_err(|e| e.to_string())?,
            once,
            once_path,
        })
    }

    /// The file that keeps the signatures that were made once.
    pub(super) fn signed_once_file(&self) -> Result<(PathBuf, String), String> {
        let text = serde_json::to_string_pretty(&self.once).map_err(|e| e.to_string())? + "\n";
        Ok((self.once_path.clone(), text))
    }

    pub(super) fn ed25519(&self, message: &[u8]) -> Vec<u8> {
        self.ed25519.sign(message).as_ref().to_vec()
    }

    pub(super) fn es256(&mut self, message: &[u8]) -> Result<Vec<u8>, String> {
        let fresh = |keys: &Self| {
            let signature = keys.p256.sign(&SystemRandom::new(), message);
            signature.map(|signature| signature.as_ref().to_vec()).map_err(|e| e.to_string())
        };
        self.signed_once(message, fresh)
    }

    pub(super) fn ps256(&mut self, message: &[u8]) -> Result<Vec<u8>, String> {
        let fresh = |keys: &Self| keys.rsa.sign(Signing::Ps256, message).map_err(|e| e.to_string());
        self.signed_once(message, fresh)
    }

    fn signed_once(
        &mut self,
        message: &[u8],
        fresh: impl Fn(&Self) -> Result<Vec<u8>, String>,
    ) -> Result<Vec<u8>, String> {
        let message = String::from_utf8_lossy(message).into_owned();
        if let Some(known) = self.once.get(&message) {
            return BASE64_URL_SAFE_NO_PAD.decode(known).map_err(|e| e.to_string());
        }
        let signature = fresh(self)?;
        self.once.insert(message, BASE64_URL_SAFE_NO_PAD.encode(&signature));
        Ok(signature)
    }

    pub(super) fn p256_jwk(&self) -> Value {
        // The point is 0x04, x, y (SEC 1 section 2.3.3).
        let (x, y) = self.p256.public_key().as_ref()[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": P256_KID,
            "x": BASE64_URL_SAFE_NO_PAD.encode(x), "y": BASE64_URL_SAFE_NO_PAD.encode(y),
        })
    }

    pub(super) fn ed25519_jwk(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": ED25519_KID,
            "x": BASE64_URL_SAFE_NO_PAD.encode(self.ed25519.public_key().as_ref()),
        })
    }

    /// The issuer's key set: one key of each type.
    pub(super) fn jwks(&self) -> Value {
        json!({ "keys": [self.rsa.jwk(), self.p256_jwk(), self.ed25519_jwk()] })
    }
}

pub(super) fn der(pem: &str) -> Result<Vec<u8>, String> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    BASE64_STANDARD.decode(body).map_err(|e| e.to_string())
}

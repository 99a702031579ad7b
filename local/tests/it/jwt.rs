//! Tokens taken apart, and checked against a published key set.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

pub(crate) struct Token {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) payload: String,
    input: String,
    pub(crate) signature: Vec<u8>,
}

pub(crate) fn parse(token: &str) -> Token {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
    let payload = String::from_utf8(decode(parts[1])).unwrap();
    Token {
        header: serde_json::from_slice(&decode(parts[0])).unwrap(),
        claims: serde_json::from_str(&payload).unwrap(),
        payload,
        input: format!("{}.{}", parts[0], parts[1]),
        signature: decode(parts[2]),
    }
}

impl Token {
    /// Whether the key that the header names is published and signed this with RS256.
    pub(crate) fn is_genuine(&self, jwks: &Value) -> bool {
        let keys = jwks["keys"].as_array().unwrap();
        keys.iter().filter(|key| key["kid"] == self.header["kid"]).any(|key| self.fits(key))
    }

    /// Whether this key signed it with RS256.
    pub(crate) fn fits(&self, key: &Value) -> bool {
        let number = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap());
        RsaPublicKeyComponents { n: number("n").unwrap(), e: number("e").unwrap() }
            .verify(&RSA_PKCS1_2048_8192_SHA256, self.input.as_bytes(), &self.signature)
            .is_ok()
    }
}

//! A public key written as a JSON Web Key.

use serde_json::{Map, Value};

use super::key::{KeyFault, KeyMaterial, VerificationKey};
use crate::token::algorithm::{Algorithm, KeyType};
use crate::token::jws::{MAX_KEY_ID_BYTES, decode_base64url};

/// Reads a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2) that may check signatures. Symmetric and
/// private keys, keys for another use, unknown algorithms and weak numbers are refused.
pub(crate) fn read_jwk(
    jwk: &Map<String, Value>,
    allowed: &[Algorithm],
) -> Result<VerificationKey, KeyFault> {
    if jwk.contains_key("d") || jwk.contains_key("k") {
        return Err("it is secret; a public key is needed");
    }
    check_use(jwk)?;
    let pinned = match jwk.get("alg") {
        None => None,
        Some(alg) => {
            Some(alg.as_str().and_then(Algorithm::named).ok_or("its alg is not supported")?)
        }
    };
    let id = match jwk.get("kid") {
        None => None,
        Some(Value::String(kid)) if kid.len() <= MAX_KEY_ID_BYTES => Some(kid.clone()),
        Some(_) => return Err("its kid is not a string of at most 256 bytes"),
    };
    VerificationKey::new(material(jwk)?, id, pinned, allowed)
}

/// `use` and `key_ops` may be absent; present, they must say that signatures are checked.
fn check_use(jwk: &Map<String, Value>) -> Result<(), KeyFault> {
    if jwk.get("use").is_some_and(|purpose| purpose != "sig") {
        return Err("its use is not sig");
    }
    let verifies = match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    };
    if verifies { Ok(()) } else { Err("its key_ops lack verify") }
}

fn material(jwk: &Map<String, Value>) -> Result<KeyMaterial, KeyFault> {
    match text(jwk, "kty")? {
        "RSA" => Ok(KeyMaterial::Rsa { modulus: bytes(jwk, "n")?, exponent: bytes(jwk, "e")? }),
        "EC" => {
            let (curve, size) = match text(jwk, "crv")? {
                "P-256" => (KeyType::P256, 32),
                "P-384" => (KeyType::P384, 48),
                "P-521" => (KeyType::P521, 66),
                _ => return Err("its curve is not supported"),
            };
            let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
            if x.len() != size || y.len() != size {
                return Err("its coordinates are not of its curve's length");
            }
            Ok(KeyMaterial::Ec { curve, point: [vec![4], x, y].concat() })
        }
        "OKP" if text(jwk, "crv")? == "Ed25519" => {
            Ok(KeyMaterial::Ed25519 { public: bytes(jwk, "x")? })
        }
        _ => Err("its kty is not supported"),
    }
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<&'a str, KeyFault> {
    jwk.get(name).and_then(Value::as_str).ok_or("a member is missing or not a string")
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, KeyFault> {
    decode_base64url(text(jwk, name)?).ok_or("a member is not base64url")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::tests::keys::{ed25519, p256, rsa};

    fn read(jwk: &Value) -> Result<VerificationKey, KeyFault> {
        read_jwk(jwk.as_object().unwrap(), Algorithm::ALL)
    }

    #[test]
    fn keys_of_every_type_are_read() {
        for key in [rsa(), p256(), ed25519()] {
            let mut jwk = key.jwk("key-1");
            assert_eq!(read(&jwk).unwrap().id(), Some("key-1"));
            jwk["key_ops"] = json!(["sign", "verify"]);
            jwk["use"] = json!("sig");
            jwk["x5c"] = json!(["ignored"]);
            jwk.as_object_mut().unwrap().remove("kid");
            assert_eq!(read(&jwk).unwrap().id(), None);
        }
    }

    /// Attack 40.
    #[test]
    fn keys_for_something_else_are_refused() {
        for (name, value) in [
            ("use", json!("enc")),
            ("use", json!(null)),
            ("use", json!(["sig"])),
            ("key_ops", json!(["encrypt"])),
            ("key_ops", json!([])),
            ("key_ops", json!("verify")),
            ("alg", json!("HS256")),
            ("alg", json!("RSA-OAEP")),
            ("alg", json!("ES256")),
            ("alg", json!(null)),
            ("kid", json!(1)),
            ("kid", json!("k".repeat(257))),
            ("kty", json!("oct")),
            ("kty", json!("EC")),
            ("kty", json!(null)),
            ("d", json!("AQAB")),
            ("k", json!("AQAB")),
            ("n", json!(5)),
            ("n", json!("")),
            ("n", json!("!!")),
            ("e", json!("AQ")),
            ("e", json!("AAAA")),
            ("e", json!(65537)),
        ] {
            let mut jwk = rsa().jwk("key-1");
            jwk[name] = value.clone();
            assert!(read(&jwk).is_err(), "{name} {value}");
        }
        let mut padded = rsa().jwk("key-1");
        padded["n"] = json!(format!("{}==", padded["n"].as_str().unwrap()));
        assert!(read(&padded).is_err());
    }

    #[test]
    fn curves_and_coordinates_must_agree() {
        let mut jwk = p256().jwk("key-1");
        jwk["crv"] = json!("P-384");
        assert!(read(&jwk).is_err());
        jwk["crv"] = json!("secp256k1");
        assert!(read(&jwk).is_err());
        let mut jwk = ed25519().jwk("key-1");
        jwk["crv"] = json!("X25519");
        assert!(read(&jwk).is_err());
        jwk["crv"] = json!("Ed25519");
        jwk["x"] = json!("AAAA");
        assert!(read(&jwk).is_err());
    }
}

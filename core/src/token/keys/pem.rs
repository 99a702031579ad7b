//! A public key written as PEM.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::key::{KeyFault, KeyMaterial};
use crate::token::algorithm::KeyType;

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const OID_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const OID_P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Reads one PEM public key: `PUBLIC KEY` (RFC 5280 §4.1.2.7) or `RSA PUBLIC KEY` (RFC 8017
/// §A.1.1). Line breaks may also be written as `\n`, as environment files do.
pub(crate) fn read_pem(text: &str) -> Result<KeyMaterial, KeyFault> {
    let text = text.replace("\\r", "").replace("\\n", "\n");
    let begin = text.trim().strip_prefix("-----BEGIN ").ok_or("it is not PEM")?;
    let (label, rest) = begin.split_once("-----").ok_or("it is not PEM")?;
    if label.contains("PRIVATE KEY") {
        return Err("it is a private key; give the public key, and replace this one if it leaked");
    }
    let body = rest.strip_suffix(&format!("-----END {label}-----")).ok_or("it is not one PEM")?;
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(body).map_err(|_| "its PEM is not base64")?;
    match label {
        "PUBLIC KEY" => Der(&der).whole(subject_public_key),
        "RSA PUBLIC KEY" => Der(&der).whole(rsa_public_key),
        "CERTIFICATE" => Err("it is a certificate; give the public key alone"),
        _ => Err("its PEM label is not PUBLIC KEY"),
    }
}

const NOT_A_KEY: KeyFault = "its DER is not a public key";

fn subject_public_key(outer: &mut Der<'_>) -> Result<KeyMaterial, KeyFault> {
    let mut info = Der(outer.take(SEQUENCE)?);
    let mut algorithm = Der(info.take(SEQUENCE)?);
    let bits = info.take(BIT_STRING)?;
    info.end()?;
    let key = bits.strip_prefix(&[0]).ok_or(NOT_A_KEY)?;
    match algorithm.take(OBJECT_IDENTIFIER)? {
        OID_RSA => {
            algorithm.take(NULL)?;
            algorithm.end()?;
            Der(key).whole(rsa_public_key)
        }
        OID_EC => {
            let curve = match algorithm.take(OBJECT_IDENTIFIER)? {
                OID_P256 => KeyType::P256,
                OID_P384 => KeyType::P384,
                OID_P521 => KeyType::P521,
                _ => return Err("its curve is not supported"),
            };
            algorithm.end()?;
            if key.first() != Some(&4) {
                return Err("its point is compressed");
            }
            Ok(KeyMaterial::Ec { curve, point: key.to_vec() })
        }
        OID_ED25519 => {
            algorithm.end()?;
            Ok(KeyMaterial::Ed25519 { public: key.to_vec() })
        }
        _ => Err("its type is not supported"),
    }
}

fn rsa_public_key(outer: &mut Der<'_>) -> Result<KeyMaterial, KeyFault> {
    let mut numbers = Der(outer.take(SEQUENCE)?);
    let modulus = numbers.take(INTEGER)?.to_vec();
    let exponent = numbers.take(INTEGER)?.to_vec();
    numbers.end()?;
    if [&modulus, &exponent].iter().any(|number| number.first().is_none_or(|top| *top >= 0x80)) {
        return Err("its numbers are negative");
    }
    Ok(KeyMaterial::Rsa { modulus, exponent })
}

/// Just enough of DER (X.690 §10) for the two structures above.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Reads everything with `read`; anything left over is a fault.
    fn whole<T>(
        mut self,
        read: impl FnOnce(&mut Self) -> Result<T, KeyFault>,
    ) -> Result<T, KeyFault> {
        let value = read(&mut self)?;
        self.end()?;
        Ok(value)
    }

    fn end(&self) -> Result<(), KeyFault> {
        if self.0.is_empty() { Ok(()) } else { Err(NOT_A_KEY) }
    }

    /// The content of the next element, which must have this tag and the shortest length form.
    fn take(&mut self, tag: u8) -> Result<&'a [u8], KeyFault> {
        let [found, first, rest @ ..] = self.0 else { return Err(NOT_A_KEY) };
        if *found != tag {
            return Err(NOT_A_KEY);
        }
        let (length, rest) = match (first, rest) {
            (0..=0x7f, rest) => (usize::from(*first), rest),
            (0x81, [length, rest @ ..]) if *length >= 0x80 => (usize::from(*length), rest),
            (0x82, [high, low, rest @ ..]) if *high > 0 => {
                (usize::from(*high) << 8 | usize::from(*low), rest)
            }
            _ => return Err(NOT_A_KEY),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(NOT_A_KEY)?;
        self.0 = rest;
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::token::algorithm::Algorithm;
    use crate::token::keys::VerificationKey;
    use crate::token::tests::keys::{ed25519, p256, pem, rsa};

    fn reads(text: &str) -> Result<VerificationKey, KeyFault> {
        VerificationKey::new(read_pem(text)?, None, None, Algorithm::ALL)
    }

    #[test]
    fn keys_of_every_type_are_read() {
        for (key, algorithm) in
            [(rsa(), Algorithm::Ps384), (p256(), Algorithm::Es256), (ed25519(), Algorithm::EdDsa)]
        {
            let signature = key.sign(algorithm, b"message");
            let text = key.pem();
            for text in [
                text.clone(),
                text.replace('\n', "\r\n"),
                text.replace('\n', "\\n"),
                format!("\n  {text}\n"),
            ] {
                reads(&text).unwrap().verify(algorithm, b"message", &signature).unwrap();
            }
        }
        let pkcs1 = pem("RSA PUBLIC KEY", &rsa().pkcs1());
        let signature = rsa().sign(Algorithm::Rs256, b"message");
        reads(&pkcs1).unwrap().verify(Algorithm::Rs256, b"message", &signature).unwrap();
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        let spki = rsa().spki();
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            assert!(reads(&pem(label, &spki)).unwrap_err().contains("private"), "{label}");
        }
        assert!(reads(&pem("CERTIFICATE", &spki)).unwrap_err().contains("certificate"));
        let good = rsa().pem();
        for bad in [
            String::new(),
            "sk_test_x".to_owned(),
            good.replace("END PUBLIC", "END RSA PUBLIC"),
            format!("{good}{good}"),
            good.replace("MIIB", "MI!B"),
            pem("PUBLIC KEY", &[spki.clone(), vec![0]].concat()),
            pem("PUBLIC KEY", &spki[..spki.len() - 1]),
            pem("PUBLIC KEY", &rsa().pkcs1()),
            pem("PUBLIC KEY", &[]),
            pem("SSH PUBLIC KEY", &spki),
        ] {
            assert!(reads(&bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn damaged_keys_never_panic(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
            for mut der in [rsa().spki(), p256().spki(), ed25519().spki()] {
                let at = at % der.len();
                der[at] = byte;
                let _ = reads(&pem("PUBLIC KEY", &der));
                der.truncate(cut);
                let _ = reads(&pem("PUBLIC KEY", &der));
            }
        }
    }
}

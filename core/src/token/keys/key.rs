//! A public key that has been checked and parsed once.

use std::fmt;

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents};

use super::roca;
use crate::token::algorithm::{Algorithm, KeyType, Scheme};
use crate::{Error, ErrorKind, Result};

/// Why a key is refused; says nothing of the key itself.
pub(crate) type KeyFault = &'static str;

/// A public key as its numbers, from whatever form it came in.
pub(crate) enum KeyMaterial {
    /// Modulus and exponent, big-endian.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// A point of `curve`, uncompressed (`04 || x || y`).
    Ec { curve: KeyType, point: Vec<u8> },
    /// The 32 bytes of RFC 8032.
    Ed25519 { public: Vec<u8> },
}

/// A key with the algorithms that it may check: those that are allowed, fit its type and, where the
/// key names its own algorithm, equal it. No other algorithm can ever be tried with it.
pub(crate) struct VerificationKey {
    id: Option<String>,
    checks: Vec<(Algorithm, ParsedPublicKey)>,
}

impl VerificationKey {
    /// Checks and parses a key. `pinned` is the algorithm that the key itself names.
    pub(crate) fn new(
        material: KeyMaterial,
        id: Option<String>,
        pinned: Option<Algorithm>,
        allowed: &[Algorithm],
    ) -> Result<Self, KeyFault> {
        let material = material.checked()?;
        let key_type = material.key_type();
        if pinned.is_some_and(|algorithm| algorithm.key_type() != key_type) {
            return Err("its alg does not fit its type");
        }
        let mut checks = Vec::new();
        for algorithm in Algorithm::ALL.iter().copied() {
            if algorithm.key_type() != key_type {
                continue;
            }
            // Parsed even where it is not allowed: a point off its curve is a fault of the key.
            let parsed = material.parse(algorithm)?;
            if allowed.contains(&algorithm) && pinned.is_none_or(|pinned| pinned == algorithm) {
                checks.push((algorithm, parsed));
            }
        }
        Ok(Self { id, checks })
    }

    /// The key id that the key names.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether the key may check `algorithm`.
    #[cfg(test)]
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        self.checks.iter().any(|(own, _)| *own == algorithm)
    }

    /// Checks a signature.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let (_, key) = self.checks.iter().find(|(own, _)| *own == algorithm).ok_or_else(|| {
            Error::new(
                ErrorKind::TokenInvalidAlgorithm,
                "the token's algorithm is not the one of its key",
            )
        })?;
        key.verify_sig(message, signature).map_err(|_| {
            Error::new(ErrorKind::TokenInvalidSignature, "the token's signature does not match")
        })
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<_> = self.checks.iter().map(|(algorithm, _)| algorithm).collect();
        f.debug_struct("VerificationKey")
            .field("id", &self.id)
            .field("algorithms", &algorithms)
            .finish()
    }
}

impl KeyMaterial {
    fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::Ec { curve, .. } => *curve,
            Self::Ed25519 { .. } => KeyType::Ed25519,
        }
    }

    /// Refuses weak numbers, and drops leading zeros, which RFC 7518 §6.3.1 forbids but some
    /// servers write.
    fn checked(self) -> Result<Self, KeyFault> {
        match self {
            Self::Rsa { modulus, exponent } => {
                let modulus = without_leading_zeros(modulus);
                let exponent = without_leading_zeros(exponent);
                check_rsa(&modulus, &exponent)?;
                Ok(Self::Rsa { modulus, exponent })
            }
            other => Ok(other),
        }
    }

    fn parse(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyFault> {
        let parsed = match (algorithm.scheme(), self) {
            (Scheme::Rsa(parameters), Self::Rsa { modulus, exponent }) => {
                RsaPublicKeyComponents { n: modulus, e: exponent }.to_parsed_public_key(parameters)
            }
            (Scheme::Ecdsa(curve), Self::Ec { point, .. }) => ParsedPublicKey::new(curve, point),
            (Scheme::Ed25519, Self::Ed25519 { public }) => ParsedPublicKey::new(&ED25519, public),
            _ => return Err("its numbers do not fit its type"),
        };
        parsed.map_err(|_| "its numbers are not a public key")
    }
}

/// 2,048 bits at least (RFC 7518 §3.3), 8,192 at most, since a check of more costs too much; an odd
/// exponent above one and below 2^32; not from a generator whose moduli can be factored.
fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyFault> {
    let bits =
        modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    if bits < 2048 {
        return Err("its modulus has fewer than 2048 bits");
    }
    if bits > 8192 {
        return Err("its modulus has more than 8192 bits");
    }
    if is_even(modulus) {
        return Err("its modulus is even");
    }
    if exponent.len() > 4 || exponent == [1] || is_even(exponent) {
        return Err("its exponent is not an odd number above one");
    }
    if roca::has_fingerprint(modulus) {
        return Err("its modulus comes from a broken generator (CVE-2017-15361)");
    }
    Ok(())
}

fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|last| last % 2 == 0)
}

fn without_leading_zeros(number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    if zeros == 0 { number } else { number[zeros..].to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tests::keys::{TestKey, ed25519, p256, rsa};

    fn material(key: &TestKey) -> (Vec<u8>, Vec<u8>) {
        match key.material() {
            KeyMaterial::Rsa { modulus, exponent } => (modulus, exponent),
            _ => panic!("not RSA"),
        }
    }

    fn fault(modulus: Vec<u8>, exponent: Vec<u8>) -> Option<KeyFault> {
        let material = KeyMaterial::Rsa { modulus, exponent };
        VerificationKey::new(material, None, None, Algorithm::ALL).err()
    }

    #[test]
    fn each_key_checks_its_own_algorithms_only() {
        for (key, own) in
            [(rsa(), Algorithm::Rs256), (p256(), Algorithm::Es256), (ed25519(), Algorithm::EdDsa)]
        {
            let signature = key.sign(own, b"message");
            let verifier =
                VerificationKey::new(key.material(), None, None, Algorithm::ALL).unwrap();
            verifier.verify(own, b"message", &signature).unwrap();
            let error = verifier.verify(own, b"massage", &signature).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TokenInvalidSignature);
            for other in Algorithm::ALL.iter().filter(|other| **other != own) {
                assert!(verifier.verify(*other, b"message", &signature).is_err(), "{other}");
                assert_eq!(verifier.fits(*other), other.key_type() == own.key_type());
            }
        }
    }

    #[test]
    fn pinned_and_allowed_algorithms_both_bind() {
        let key = |pinned, allowed: &[Algorithm]| {
            VerificationKey::new(rsa().material(), None, pinned, allowed).unwrap()
        };
        let both = key(None, &[Algorithm::Rs256, Algorithm::Ps256]);
        assert!(both.fits(Algorithm::Rs256) && both.fits(Algorithm::Ps256));
        let pinned = key(Some(Algorithm::Rs512), &[Algorithm::Rs256, Algorithm::Rs512]);
        assert!(pinned.fits(Algorithm::Rs512) && !pinned.fits(Algorithm::Rs256));
        assert!(!key(Some(Algorithm::Rs512), &[Algorithm::Rs256]).fits(Algorithm::Rs512));
        let misfit =
            VerificationKey::new(rsa().material(), None, Some(Algorithm::Es256), Algorithm::ALL);
        assert!(misfit.is_err());
    }

    /// Attack 40.
    #[test]
    fn weak_rsa_numbers_are_refused() {
        let (modulus, exponent) = material(rsa());
        assert_eq!(fault(modulus.clone(), exponent.clone()), None);
        let with_zero = [vec![0], modulus.clone()].concat();
        assert_eq!(fault(with_zero, exponent.clone()), None);
        for bad in [vec![], vec![0], vec![1], vec![2], vec![1, 0, 0], vec![1, 0, 0, 0, 1]] {
            assert!(fault(modulus.clone(), bad.clone()).is_some(), "{bad:?}");
        }
        let even = [&modulus[..255], &[modulus[255] & 0xfe]].concat();
        for bad in [vec![], vec![0; 256], modulus[..255].to_vec(), vec![0xff; 4096], even] {
            assert!(fault(bad, exponent.clone()).is_some());
        }
    }

    /// Attack 40.
    #[test]
    fn points_off_their_curve_are_refused() {
        let KeyMaterial::Ec { curve, point } = p256().material() else { panic!("not EC") };
        let check = |curve, point| {
            VerificationKey::new(KeyMaterial::Ec { curve, point }, None, None, &[]).is_ok()
        };
        assert!(check(curve, point.clone()));
        let mut off = point.clone();
        off[64] ^= 1;
        assert!(!check(curve, off));
        assert!(!check(KeyType::P384, point.clone()));
        assert!(!check(curve, vec![0]));
        assert!(!check(curve, vec![4; 65]));
    }
}

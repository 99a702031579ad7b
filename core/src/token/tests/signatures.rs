//! Real signatures of every algorithm, and forged ones that some verifiers have accepted.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::ErrorKind;
use crate::access::Policy;
use crate::token::tests::keys::{TestKey, ed25519, p256, p384, p521, rsa};
use crate::token::{Algorithm, IssuerConfig, KeySource, TokenSource, TokenVerifier};

const NOW: u64 = 1_700_000_000;

/// What becomes of a signature over a sound token, whose header names `named`, where all algorithms
/// are allowed and the issuer has this key alone.
fn verdict(
    key: &TestKey,
    named: Algorithm,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Option<ErrorKind> {
    let header = json!({"alg": named.as_str(), "kid": "key-1"}).to_string();
    let claims = json!({"iss": "i", "sub": "user_1", "exp": NOW + 60}).to_string();
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(input.as_bytes()));
    let keys = KeySource::Jwk(key.jwk("key-1").to_string());
    let mut config = IssuerConfig::new("i", keys);
    config.algorithms = Algorithm::ALL.to_vec();
    let verifier = TokenVerifier::new(config, Arc::new(Policy::builtin())).unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let verified = verifier.verify(&format!("{input}.{signature}"), now, TokenSource::Header);
    verified.err().map(|error| error.kind())
}

const FORGED: Option<ErrorKind> = Some(ErrorKind::TokenInvalidSignature);

fn key_of(algorithm: Algorithm) -> &'static TestKey {
    match algorithm {
        Algorithm::Es256 => p256(),
        Algorithm::Es384 => p384(),
        Algorithm::Es512 => p521(),
        Algorithm::EdDsa => ed25519(),
        _ => rsa(),
    }
}

/// Attack 5.
#[test]
fn each_algorithm_accepts_its_own_signatures_alone() {
    for own in Algorithm::ALL.iter().copied() {
        let key = key_of(own);
        assert_eq!(verdict(key, own, |input| key.sign(own, input)), None, "{own}");
        for place in [0, 20, 63] {
            let changed = verdict(key, own, |input| {
                let mut signature = key.sign(own, input);
                signature[place] ^= 1;
                signature
            });
            assert_eq!(changed, FORGED, "{own} {place}");
        }
        let other_message = verdict(key, own, |_| key.sign(own, b"another message"));
        assert_eq!(other_message, FORGED, "{own}");
        for named in Algorithm::ALL.iter().copied().filter(|named| *named != own) {
            let expected = if named.key_type() == own.key_type() {
                FORGED
            } else {
                Some(ErrorKind::TokenInvalidAlgorithm)
            };
            let renamed = verdict(key, named, |input| key.sign(own, input));
            assert_eq!(renamed, expected, "{own} named {named}");
        }
    }
}

/// Attack 6. Numbers that solve the equation for every message (CVE-2022-21449), and the form that
/// other protocols write a signature in.
#[test]
fn elliptic_signatures_are_two_numbers_within_the_group() {
    let curves: [(_, &str, &'static EcdsaSigningAlgorithm); 3] = [
        (
            Algorithm::Es256,
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
            &ECDSA_P256_SHA256_ASN1_SIGNING,
        ),
        (
            Algorithm::Es384,
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196a\
             ccc52973",
            &ECDSA_P384_SHA384_ASN1_SIGNING,
        ),
        (
            Algorithm::Es512,
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7f\
             cc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
            &ECDSA_P521_SHA512_ASN1_SIGNING,
        ),
    ];
    for (algorithm, order, asn1) in curves {
        let key = key_of(algorithm);
        let TestKey::Ec(_, pair) = key else { panic!("{algorithm} is elliptic") };
        let order = hex(order);
        let zero = vec![0; order.len()];
        let one = [&zero[1..], &[1]].concat();
        let all_ones = vec![0xff; order.len()];
        let numbers = [&zero, &one, &order, &all_ones];
        for (r, s) in numbers.iter().flat_map(|r| numbers.iter().map(move |s| (r, s))) {
            let forged = verdict(key, algorithm, |_| [r.as_slice(), s.as_slice()].concat());
            assert_eq!(forged, FORGED, "{algorithm} {r:?} {s:?}");
        }
        let der = verdict(key, algorithm, |input| {
            let pkcs8 = pair.to_pkcs8v1().unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(asn1, pkcs8.as_ref()).unwrap();
            pair.sign(&SystemRandom::new(), input).unwrap().as_ref().to_vec()
        });
        assert_eq!(der, FORGED, "{algorithm}");
        for wrong_length in [0, 1, order.len(), 2 * order.len() - 1, 2 * order.len() + 1] {
            let cut = verdict(key, algorithm, |input| {
                let mut signature = key.sign(algorithm, input);
                signature.resize(wrong_length, 0);
                signature
            });
            assert_eq!(cut, FORGED, "{algorithm} {wrong_length}");
        }
    }
}

/// Attack 7. S and S + L check out alike where S is not bounded (RFC 8032 section 5.1.7).
#[test]
fn an_edwards_signature_has_one_form() {
    // L, the order of the group, with its lowest byte first.
    let mut order = hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    order.reverse();
    let plus_order = verdict(ed25519(), Algorithm::EdDsa, |input| {
        let mut signature = ed25519().sign(Algorithm::EdDsa, input);
        let mut carry = 0;
        for (byte, add) in signature[32..].iter_mut().zip(&order) {
            let sum = u16::from(*byte) + u16::from(*add) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        signature
    });
    assert_eq!(plus_order, FORGED);
    for bytes in [vec![0; 64], vec![], vec![0; 63], vec![0; 65]] {
        assert_eq!(verdict(ed25519(), Algorithm::EdDsa, |_| bytes), FORGED);
    }
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

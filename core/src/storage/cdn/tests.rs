//! The published vectors, where `CASIER_VECTORS` says where they are. They are signed with SHA-1 and
//! RSASSA-PKCS1-v1_5, under which a text has one signature: a text that theirs fits is theirs, byte
//! for byte.

use std::path::Path;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::policy::{Policy, Resource};
use super::{CloudFront, PrivateKey};
use crate::storage::Scope;

fn vectors(file: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("CASIER_VECTORS") else {
        println!("CASIER_VECTORS is not set: {file} is left out");
        return None;
    };
    let text = std::fs::read_to_string(Path::new(&folder).join(file)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn published_links_are_signed_for_these_bytes() {
    let Some(vectors) = vectors("presign/cloudfront.json") else { return };
    let keys = self::vectors("tokens/clerk_fixtures.json").unwrap();
    let public_key = keys["keys"]["public_pem"].as_str().unwrap();
    let body: String = public_key.lines().filter(|line| !line.starts_with('-')).collect();
    let public_key = STANDARD.decode(body).unwrap();
    // The private key that they are signed with is not published.
    let private_key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let private_key = pem("PRIVATE KEY", private_key.to_pkcs8v1().unwrap().as_ref());
    let mut count = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let (input, expected) = (&case["input"], &case["expected"]);
        let Some(published) = expected["url"].as_str() else { continue };
        count += 1;
        let resource = input["url"].as_str().unwrap();
        let policy = Policy {
            resource: Resource::verbatim(resource),
            ends: input["expires"].as_u64().unwrap(),
            begins: None,
            ip_range: None,
        };
        assert_eq!(policy.to_json(), expected["canned_policy"].as_str().unwrap());

        let id = input["key_pair_id"].as_str().unwrap();
        let cloudfront = CloudFront::new("cdn.example.com", id, &private_key).unwrap();
        let url = cloudfront.signed_url(&policy).unwrap();
        let published = format!("{published}&Hash-Algorithm=SHA256");
        let [ours, theirs] = [&url, &published].map(|url| {
            let (before, rest) = url[resource.len() + 1..].split_once("&Signature=").unwrap();
            let (signature, after) = rest.split_once('&').unwrap();
            let signature = signature.replace('-', "+").replace('_', "=").replace('~', "/");
            ((before, after), STANDARD.decode(signature).unwrap())
        });
        assert_eq!(ours.0, theirs.0, "{}", case["name"]);
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, &public_key)
            .verify(policy.to_json().as_bytes(), &theirs.1)
            .unwrap();
    }
    assert!(count >= 4, "only {count} cases were run");
}

/// Attack 85.
#[test]
fn a_scope_ends_with_a_slash_before_its_wildcard() {
    for id in ["1", "auth0|*?", "a/b", "\"}],\"x\":[", "é"] {
        let scope = Scope::new(id).unwrap();
        let resource = Resource::scope("cdn.example.com", &scope);
        let prefix = resource.as_str().strip_suffix("/*").unwrap();
        assert!(!prefix.contains(['*', '?', '"', '\\']), "{prefix}");
    }
}

#[test]
fn only_keys_that_cloudfront_takes_are_taken() {
    let problem = |pem: &str| PrivateKey::from_pem(pem).unwrap_err();
    let rsa = RsaKeyPair::generate(KeySize::Rsa3072).unwrap();
    let large = rsa.as_der().unwrap();
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    let p384 = p384.to_pkcs8v1().unwrap();
    let kinds = "must be a key of RSA with 2048 bits, or of ECDSA on the curve P-256";
    assert_eq!(problem(&pem("PRIVATE KEY", large.as_ref())), kinds);
    assert_eq!(problem(&pem("PRIVATE KEY", p384.as_ref())), kinds);
    assert_eq!(problem(&pem("RSA PRIVATE KEY", b"no key")), kinds);
    assert_eq!(problem(&pem("EC PRIVATE KEY", b"no key")), kinds);
    let public: PublicKeyX509Der = rsa.public_key().as_der().unwrap();
    assert!(problem(&pem("PUBLIC KEY", public.as_ref())).contains("not the public one"));
    assert!(problem(&pem("ENCRYPTED PRIVATE KEY", b"x")).contains("encrypted"));
    assert_eq!(problem(""), "must be a private key in PEM");
    assert_eq!(problem("-----BEGIN PRIVATE KEY-----\n!\n"), "must be a private key in PEM");
}

//! The tokens that every language verifies: signed anew for each run, none like another.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::Result;
use crate::rounds::BATCH;

/// Who signs the tokens.
pub(crate) const ISSUER: &str = "https://clerk.example.com";
/// Tokens of one kind, signed with one key.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Names its files: `rs256.tokens` (one a line), `rs256.jwk`, `rs256.pem`.
    pub(crate) name: &'static str,
    /// What its table is called.
    pub(crate) title: &'static str,
    /// The algorithm's JOSE name.
    pub(crate) algorithm: &'static str,
    /// The share of the signature's own speed that is wanted without the cache of verified tokens
    /// and with it, where one is.
    pub(crate) wanted: Option<[f64; 2]>,
    /// Whether an organization is active in the session.
    has_organization: bool,
    /// How many rounds they are for.
    rounds: usize,
}

/// What is measured, that which counts most closely.
pub(crate) const KINDS: [Kind; 4] = [
    Kind {
        name: "rs256",
        title: "RS256, a personal session",
        algorithm: "RS256",
        wanted: Some([0.90, 0.87]),
        has_organization: false,
        rounds: 160,
    },
    Kind {
        name: "rs256-organization",
        title: "RS256, with an active organization",
        algorithm: "RS256",
        wanted: Some([0.90, 0.87]),
        has_organization: true,
        rounds: 80,
    },
    Kind {
        name: "es256",
        title: "ES256, a personal session",
        algorithm: "ES256",
        wanted: None,
        has_organization: false,
        rounds: 40,
    },
    Kind {
        name: "eddsa",
        title: "EdDSA, a personal session",
        algorithm: "EdDSA",
        wanted: None,
        has_organization: false,
        rounds: 40,
    },
];

/// How long the tokens live, in seconds: longer than a run takes.
const LIFETIME: u64 = 3600;

/// Writes the tokens and the public keys of every kind into a folder.
pub(crate) fn mint(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    for kind in &KINDS {
        let key = Key::generate(kind.algorithm)?;
        let tokens = mint_all(kind, &key, now)?;
        let write = |end, text| fs::write(folder.join(format!("{}.{end}", kind.name)), text);
        write("tokens", tokens.join("\n"))?;
        write("jwk", key.jwk()?.to_string())?;
        write("pem", key.pem()?)?;
        let length = tokens.iter().map(String::len).sum::<usize>() / tokens.len();
        println!("{}: {} tokens of {length} bytes", kind.name, tokens.len());
    }
    Ok(())
}

/// What was written of one kind: the public key and the tokens.
pub(crate) fn read(folder: &Path, kind: &Kind) -> Result<(Value, Vec<String>)> {
    let text = |end| fs::read_to_string(folder.join(format!("{}.{end}", kind.name)));
    let tokens = text("tokens")?.lines().map(str::to_owned).collect();
    Ok((serde_json::from_str(&text("jwk")?)?, tokens))
}

/// With all cores, since a signature of RSA takes long.
fn mint_all(kind: &Kind, key: &Key, now: u64) -> Result<Vec<String>> {
    let count = kind.rounds * BATCH;
    let workers = thread::available_parallelism()?.get();
    let share = count.div_ceil(workers);
    let shares: Vec<Result<Vec<String>>> = thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|worker| (worker * share)..count.min((worker + 1) * share))
            .map(|numbers| {
                let token = move |number| key.token(&claims(kind, number, now));
                scope.spawn(move || numbers.map(token).collect())
            })
            .collect();
        running.into_iter().map(|one| one.join().map_err(|_| "a signer panicked")?).collect()
    });
    Ok(shares.into_iter().collect::<Result<Vec<_>>>()?.concat())
}

/// The claims of a session token of Clerk, version 2, with the session-token template that adds
/// e-mail and public metadata.
fn claims(kind: &Kind, number: usize, now: u64) -> Value {
    // Some seconds back, so that no clock finds one from the future.
    let issued_at = now - 30 - (number % 30) as u64;
    let mut claims = json!({
        "azp": "https://app.example.com",
        "email": format!("ada.{number}@example.com"),
        "exp": issued_at + LIFETIME,
        "fea": "u:books,u:images",
        "fva": [number % 60, -1],
        "iat": issued_at,
        "iss": ISSUER,
        "jti": identifier("jti", number, 20),
        "nbf": issued_at - 10,
        "pla": "u:pro",
        "public_metadata": {"role": "user", "subscription": "pro"},
        "sid": format!("sess_{}", identifier("sid", number, 27)),
        "sts": "active",
        "sub": format!("user_{}", identifier("sub", number, 27)),
        "v": 2,
    });
    if kind.has_organization {
        claims["fea"] = "o:dashboard,o:teams,u:books".into();
        claims["o"] = json!({
            "fpm": "3,2",
            "id": format!("org_{}", identifier("org", number, 27)),
            "per": "manage,read",
            "rol": "admin",
            "slg": format!("acme-{number}"),
        });
    }
    claims
}

/// What looks as random as Clerk's identifiers, and is the same in every run.
fn identifier(kind: &str, number: usize, length: usize) -> String {
    let hash = digest(&SHA256, format!("{kind} {number}").as_bytes());
    let text = BASE64_STANDARD.encode(hash.as_ref());
    text.chars().filter(char::is_ascii_alphanumeric).take(length).collect()
}

enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    fn generate(algorithm: &str) -> Result<Self> {
        Ok(match algorithm {
            "RS256" => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
            "ES256" => Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
            "EdDSA" => Self::Ed25519(Ed25519KeyPair::generate()?),
            other => return Err(format!("there is no key for {other}").into()),
        })
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    fn id(&self) -> String {
        format!("ins_{}", identifier(self.algorithm(), 0, 27))
    }

    fn token(&self, claims: &Value) -> Result<String> {
        let header = json!({
            "alg": self.algorithm(), "cat": "cl_B7d4PD111AAA", "kid": self.id(), "typ": "JWT",
        });
        let mut token = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let signature = self.sign(token.as_bytes())?;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        Ok(match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                signature
            }
            Self::P256(key) => key.sign(&random, message)?.as_ref().to_vec(),
            Self::Ed25519(key) => key.sign(message).as_ref().to_vec(),
        })
    }

    fn jwk(&self) -> Result<Value> {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self {
            Self::Rsa(key) => {
                let public = key.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                json!({
                    "kty": "RSA",
                    "n": text(n.big_endian_without_leading_zero()),
                    "e": text(e.big_endian_without_leading_zero()),
                })
            }
            Self::P256(key) => {
                // The point is 0x04, x, y (SEC 1 section 2.3.3).
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Self::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(key.public_key().as_ref())})
            }
        };
        let members = jwk.as_object_mut().ok_or("a JWK is an object")?;
        members.insert("alg".to_owned(), self.algorithm().into());
        members.insert("kid".to_owned(), self.id().into());
        members.insert("use".to_owned(), "sig".into());
        Ok(jwk)
    }

    fn pem(&self) -> Result<String> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Rsa(key) => key.public_key().as_der()?,
            Self::P256(key) => key.public_key().as_der()?,
            Self::Ed25519(key) => key.public_key().as_der()?,
        };
        let body = BASE64_STANDARD.encode(der.as_ref());
        let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        Ok(format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n")))
    }
}

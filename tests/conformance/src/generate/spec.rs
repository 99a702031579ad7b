//! One token under construction, and the verifier that will judge it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use casier_local::issuer::Signing;
use serde_json::{Map, Value, json};

use super::keys::{ED25519_KID, P256_KID, RSA_KID, TestKeys};

/// The issuer of the vectors.
pub(super) const ISSUER: &str = "https://clerk.example.com";
/// The user of the vectors.
pub(super) const USER: &str = "user_2abcDEF";
/// When the tokens were issued, in seconds since 1970.
pub(super) const NOW: i64 = 1_760_000_000;
/// The front end that the tokens were made for.
pub(super) const ORIGIN: &str = "https://app.example.com";

pub(super) struct Spec {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    raw_header: Option<Vec<u8>>,
    raw_payload: Option<Vec<u8>>,
    sign: Sign,
    stranger_jwk: bool,
    finish: Option<Finish>,
    whole: Option<Value>,
    keys: Keys,
    issuer: Map<String, Value>,
    policy: Option<&'static str>,
    requirement: Option<Value>,
    now: Value,
    source: &'static str,
}

/// What is done to the finished token.
type Finish = Box<dyn FnOnce(String) -> String>;

/// Who signs.
pub(super) enum Sign {
    Rsa(Signing),
    Ps256,
    Es256,
    Ed25519,
    Stranger,
    Hmac(Secret),
    Raw(Vec<u8>),
    /// ES256 in the ASN.1 form that other protocols use.
    Es256Der,
    /// A signature whose second half is larger by the group's order.
    Ed25519PlusOrder,
}

/// What an attacker would try as an HMAC secret.
#[derive(Clone, Copy)]
pub(super) enum Secret {
    Pem,
    PemWithoutLastNewline,
    PemWithCarriageReturns,
    PemWithByteOrderMark,
    Der,
    Jwk,
    Empty,
}

/// The keys that the verifier is given.
pub(super) enum Keys {
    Jwks,
    RsaJwks,
    RsaJwk,
    RsaPem,
    Given(&'static str, Value),
}

impl Spec {
    /// A sound token of Clerk's version 2, judged at the second of its issue.
    pub(super) fn new() -> Self {
        Self {
            header: object(json!({
                "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": RSA_KID, "typ": "JWT",
            })),
            claims: object(json!({
                "azp": ORIGIN, "exp": NOW + 60, "fva": [0, -1], "iat": NOW, "iss": ISSUER,
                "jti": "0123456789abcdef0123", "nbf": NOW - 10, "sid": "sess_2xyz",
                "sts": "active", "sub": USER, "v": 2,
            })),
            raw_header: None,
            raw_payload: None,
            sign: Sign::Rsa(Signing::Rs256),
            stranger_jwk: false,
            finish: None,
            whole: None,
            keys: Keys::RsaJwks,
            issuer: Map::new(),
            policy: None,
            requirement: None,
            now: NOW.into(),
            source: "header",
        }
    }

    /// A sound token of Clerk's version 1.
    pub(super) fn version_1() -> Self {
        Self::new().no_header("cat").no_claim("v").no_claim("jti").no_claim("sts")
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    pub(super) fn no_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    pub(super) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// These claims and no others.
    pub(super) fn claims(mut self, claims: Value) -> Self {
        self.claims = object(claims);
        self
    }

    pub(super) fn no_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// The header's exact bytes.
    pub(super) fn raw_header(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_header = Some(bytes.into());
        self
    }

    /// The payload's exact bytes.
    pub(super) fn raw_payload(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_payload = Some(bytes.into());
        self
    }

    /// The payload's text, in which `from` becomes `to`.
    pub(super) fn payload_with(self, from: &str, to: &str) -> Self {
        let text = Value::from(self.claims.clone()).to_string();
        assert!(text.contains(from), "{text} has no {from}");
        self.raw_payload(text.replacen(from, to, 1))
    }

    /// The header's text, in which `from` becomes `to`.
    pub(super) fn header_with(self, from: &str, to: &str) -> Self {
        let text = Value::from(self.header.clone()).to_string();
        assert!(text.contains(from), "{text} has no {from}");
        self.raw_header(text.replacen(from, to, 1))
    }

    /// Signs in another way, under the name and the key id that belong to it.
    pub(super) fn signed(self, sign: Sign) -> Self {
        let spec = match &sign {
            Sign::Rsa(how) => self.header("alg", how.name()),
            Sign::Ps256 => self.header("alg", "PS256"),
            Sign::Es256 => self.header("alg", "ES256").header("kid", P256_KID),
            Sign::Ed25519 => self.header("alg", "EdDSA").header("kid", ED25519_KID),
            Sign::Hmac(_) => self.header("alg", "HS256"),
            _ => self,
        };
        Self { sign, ..spec }
    }

    /// Signs in another way, and leaves the header as it is.
    pub(super) fn forged(mut self, sign: Sign) -> Self {
        self.sign = sign;
        self
    }

    /// Puts the stranger's public key into the header.
    pub(super) fn stranger_jwk(mut self) -> Self {
        self.stranger_jwk = true;
        self
    }

    /// Changes the finished token.
    pub(super) fn then(mut self, finish: impl FnOnce(String) -> String + 'static) -> Self {
        self.finish = Some(Box::new(finish));
        self
    }

    /// Takes this text for the token.
    pub(super) fn text(mut self, token: &str) -> Self {
        self.whole = Some(json!({ "token": token }));
        self
    }

    /// Takes a text too long to write down for the token.
    pub(super) fn repeated(mut self, prefix: &str, text: &str, times: u64, suffix: &str) -> Self {
        self.whole = Some(json!({
            "token_repeated": {"prefix": prefix, "text": text, "times": times, "suffix": suffix},
        }));
        self
    }

    pub(super) fn keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Sets a field of the issuer's configuration.
    pub(super) fn issuer(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.issuer.insert(name.into(), value.into());
        self
    }

    pub(super) fn policy(mut self, toml: &'static str) -> Self {
        self.policy = Some(toml);
        self
    }

    /// Asks for what the token grants.
    pub(super) fn requirement(mut self, requirement: Value) -> Self {
        self.requirement = Some(requirement);
        self
    }

    /// Judges the token so many seconds after its issue.
    pub(super) fn after(mut self, seconds: i64) -> Self {
        self.now = (NOW + seconds).into();
        self
    }

    pub(super) fn in_cookie(mut self) -> Self {
        self.source = "cookie";
        self
    }

    pub(super) fn input(self, keys: &mut TestKeys) -> Result<Value, String> {
        let mut issuer = self.issuer.clone();
        issuer.entry("issuer").or_insert(ISSUER.into());
        let (name, value) = match &self.keys {
            Keys::Jwks => ("jwks", keys.jwks()),
            Keys::RsaJwks => ("jwks", json!({ "keys": [keys.rsa.jwk()] })),
            Keys::RsaJwk => ("jwk", keys.rsa.jwk()),
            Keys::RsaPem => ("pem", keys.rsa.public_pem().map_err(|e| e.to_string())?.into()),
            Keys::Given(name, value) => (*name, value.clone()),
        };
        issuer.insert(name.into(), value);
        let (policy, requirement) = (self.policy, self.requirement.clone());
        let mut input = object(json!({
            "now": self.now, "source": self.source, "issuer": issuer,
        }));
        if let Some(policy) = policy {
            input.insert("policy".into(), policy.into());
        }
        if let Some(requirement) = requirement {
            input.insert("requirement".into(), requirement);
        }
        let token = match self.whole.clone() {
            Some(whole) => object(whole),
            None => object(json!({ "token": self.token(keys)? })),
        };
        input.extend(token);
        Ok(input.into())
    }

    fn token(mut self, keys: &mut TestKeys) -> Result<String, String> {
        if self.stranger_jwk {
            self.header.insert("jwk".into(), keys.stranger.jwk());
        }
        let text = |map: Map<String, Value>| Value::from(map).to_string().into_bytes();
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let header = self.raw_header.unwrap_or_else(|| text(self.header));
        let payload = self.raw_payload.unwrap_or_else(|| text(self.claims));
        let signed = format!("{}.{}", encode(&header), encode(&payload));
        let message = signed.as_bytes();
        let signature = match self.sign {
            Sign::Rsa(how) => keys.rsa.sign(how, message).map_err(|e| e.to_string())?,
            Sign::Stranger => {
                keys.stranger.sign(Signing::Rs256, message).map_err(|e| e.to_string())?
            }
            Sign::Ps256 => keys.ps256(message)?,
            Sign::Es256 => keys.es256(message)?,
            Sign::Ed25519 => keys.ed25519(message),
            Sign::Hmac(secret) => {
                let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret.bytes(keys)?);
                hmac::sign(&secret, message).as_ref().to_vec()
            }
            Sign::Raw(bytes) => bytes,
            Sign::Es256Der => der_form(&keys.es256(message)?),
            Sign::Ed25519PlusOrder => plus_order(keys.ed25519(message)),
        };
        let token = format!("{signed}.{}", encode(&signature));
        Ok(match self.finish {
            Some(finish) => finish(token),
            None => token,
        })
    }
}

impl Secret {
    fn bytes(&self, keys: &TestKeys) -> Result<Vec<u8>, String> {
        let pem = keys.rsa.public_pem().map_err(|e| e.to_string())?;
        Ok(match self {
            Self::Pem => pem.into_bytes(),
            Self::PemWithoutLastNewline => pem.trim_end().as_bytes().to_vec(),
            Self::PemWithCarriageReturns => pem.replace('\n', "\r\n").into_bytes(),
            Self::PemWithByteOrderMark => format!("\u{FEFF}{pem}").into_bytes(),
            Self::Der => super::keys::der(&pem)?,
            Self::Jwk => keys.rsa.jwk().to_string().into_bytes(),
            Self::Empty => Vec::new(),
        })
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// `ECDSA-Sig-Value` (RFC 3279 section 2.2.3) of a signature that is r and s side by side.
fn der_form(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let body = [der_integer(r), der_integer(s)].concat();
    [vec![0x30, short_length(&body)], body].concat()
}

fn der_integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut bytes = bytes[zeros..].to_vec();
    if bytes.first().is_none_or(|byte| *byte >= 0x80) {
        bytes.insert(0, 0);
    }
    [vec![0x02, short_length(&bytes)], bytes].concat()
}

fn short_length(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).unwrap_or(u8::MAX)
}

/// Adds the order L of Ed25519's group to S, the little-endian second half (RFC 8032 section 5.1).
fn plus_order(mut signature: Vec<u8>) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        carry = sum >> 8;
        *byte = sum.to_le_bytes()[0];
    }
    signature
}

//! Those whom Casier is compared with: the bare cryptography, and jsonwebtoken.

use std::hint::black_box;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Result;
use crate::mint::ISSUER;
use crate::rounds::{Turn, timed};

/// aws-lc-rs on a key that is parsed once and on signatures that are decoded beforehand.
pub(crate) struct Raw(ParsedPublicKey);

/// What is signed, and its signature.
pub(crate) type Signed<'a> = (&'a [u8], Vec<u8>);

impl Raw {
    pub(crate) fn new(algorithm: &str, jwk: &Value) -> Result<Self> {
        parsed_key(algorithm, jwk).map(Self)
    }

    pub(crate) fn prepare<'a>(&self, tokens: &'a [String]) -> Vec<Signed<'a>> {
        let signed: Vec<_> = tokens.iter().filter_map(|token| split(token)).collect();
        assert_eq!(signed.len(), tokens.len(), "every token has three parts");
        signed
    }

    pub(crate) fn check(&self, signed: &[Signed<'_>]) {
        for (message, signature) in signed {
            assert!(self.0.verify_sig(message, signature).is_ok(), "the signature is right");
        }
    }

    pub(crate) fn turn<'a>(self) -> Turn<'a> {
        Box::new(move |tokens| {
            let signed = self.prepare(tokens);
            timed(|| self.check(&signed))
        })
    }
}

/// jsonwebtoken with a key that is made once and a type for every claim.
pub(crate) fn jsonwebtoken<'a>(algorithm: &str, jwk: &Value) -> Result<Turn<'a>> {
    let jwk: Jwk = serde_json::from_value(jwk.clone())?;
    let key = DecodingKey::from_jwk(&jwk)?;
    let mut validation = Validation::new(algorithm.parse()?);
    validation.leeway = 5;
    validation.validate_nbf = true;
    validation.set_issuer(&[ISSUER]);
    Ok(Box::new(move |tokens| {
        timed(|| {
            for token in tokens {
                let data = jsonwebtoken::decode::<Claims>(token, &key, &validation);
                assert!(black_box(data).is_ok(), "jsonwebtoken accepts the token");
            }
        })
    }))
}

fn parsed_key(algorithm: &str, jwk: &Value) -> Result<ParsedPublicKey> {
    let number = |name: &str| -> Result<Vec<u8>> {
        Ok(BASE64_URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap_or_default())?)
    };
    Ok(match algorithm {
        "RS256" => RsaPublicKeyComponents { n: number("n")?, e: number("e")? }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)?,
        "ES256" => {
            let point = [vec![4], number("x")?, number("y")?].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)?
        }
        _ => ParsedPublicKey::new(&ED25519, number("x")?)?,
    })
}

fn split(token: &str) -> Option<Signed<'_>> {
    let (message, signature) = token.rsplit_once('.')?;
    Some((message.as_bytes(), BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?))
}

/// The claims as an application that knows Clerk's would declare them.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read from the token, which is what is measured")]
struct Claims {
    azp: Option<String>,
    email: Option<String>,
    exp: u64,
    fea: Option<String>,
    fva: Option<[i64; 2]>,
    iat: u64,
    iss: String,
    jti: Option<String>,
    nbf: Option<u64>,
    o: Option<Organization>,
    pla: Option<String>,
    #[serde(default)]
    public_metadata: Map<String, Value>,
    sid: Option<String>,
    sts: Option<String>,
    sub: String,
    v: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "as in Claims")]
struct Organization {
    fpm: Option<String>,
    id: String,
    per: Option<String>,
    rol: Option<String>,
    slg: Option<String>,
}

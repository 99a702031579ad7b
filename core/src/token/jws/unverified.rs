//! A token that has been read and not yet believed.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::compact::{CompactJws, malformed};
use super::header::Header;
use crate::json::parse_object;
use crate::token::claims::Claims;
use crate::token::issuer::{IssuerConfig, TokenSource};
use crate::token::keys::VerificationKey;
use crate::{Error, ErrorKind, Result};

/// A well-formed token. What it says counts for nothing before [`UnverifiedToken::verify`].
pub(crate) struct UnverifiedToken<'a> {
    signing_input: &'a [u8],
    signature: Vec<u8>,
    parameters: Map<String, Value>,
    claims: Map<String, Value>,
}

impl<'a> UnverifiedToken<'a> {
    /// Reads the compact form: bounds, base64url, strict JSON.
    pub(crate) fn read(token: &'a str) -> Result<Self> {
        let jws = CompactJws::split(token)?;
        let object = |bytes: &[u8], what: &str| {
            parse_object(bytes)
                .ok_or_else(|| malformed(&format!("the token's {what} is not strict JSON")))
        };
        Ok(Self {
            parameters: object(&jws.header, "header")?,
            claims: object(&jws.payload, "payload")?,
            signing_input: jws.signing_input,
            signature: jws.signature,
        })
    }

    /// Who the token says made it. Good for nothing but to choose among configured issuers.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claim("iss").and_then(Value::as_str)
    }

    /// What the token says under this name. Good for nothing but to choose among tokens.
    pub(crate) fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// The issuer's rules for the header, all that can be said before a key is known.
    pub(crate) fn header(&self, issuer: &IssuerConfig) -> Result<Header> {
        Header::read(&self.parameters, &issuer.algorithms, &issuer.token_types)
    }

    /// Checks the signature and only then the claims, so that nobody without a key learns from the
    /// answer what a claim was checked against. Gives all claims beside the checked ones.
    pub(crate) fn verify(
        self,
        header: &Header,
        key: &VerificationKey,
        issuer: &IssuerConfig,
        now: SystemTime,
        source: TokenSource,
    ) -> Result<(Map<String, Value>, Claims)> {
        key.verify(header.algorithm, self.signing_input, &self.signature)?;
        let claims = Claims::check(&self.claims, header, issuer, now, source)?;
        Ok((self.claims, claims))
    }
}

/// The answer to a token whose `iss` is nobody's.
pub(crate) fn unknown_issuer() -> Error {
    Error::new(ErrorKind::TokenInvalidIssuer, "the token's issuer is not configured")
}

/// The answer to a token whose key its issuer does not have.
pub(crate) fn unknown_key() -> Error {
    Error::new(ErrorKind::JwkKidMismatch, "the issuer has no usable key of the token's key id")
}

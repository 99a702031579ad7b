//! A token that has been read and not yet believed.

use std::time::SystemTime;

use super::compact::{CompactJws, decode, malformed};
use super::header::Header;
use crate::json::{Json, Members, read_object};
use crate::token::claims::CheckedClaims;
use crate::token::issuer::{IssuerConfig, TokenSource};
use crate::token::keys::VerificationKey;
use crate::{Error, ErrorKind, Result};

/// A well-formed token. What it says counts for nothing before [`UnverifiedToken::verify`].
pub(crate) struct UnverifiedToken<'a> {
    jws: &'a CompactJws<'a>,
    text: &'a str,
    claims: Members<'a>,
}

impl<'a> UnverifiedToken<'a> {
    /// Reads the payload as strict JSON.
    pub(crate) fn read(jws: &'a CompactJws<'a>) -> Result<Self> {
        let (text, claims) = object(&jws.payload, "payload")?;
        Ok(Self { jws, text, claims })
    }

    /// Who the token says made it. Good for nothing but to choose among configured issuers.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claim("iss").and_then(Json::as_str)
    }

    /// What the token says under this name. Good for nothing but to choose among tokens.
    pub(crate) fn claim(&self, name: &str) -> Option<&Json<'a>> {
        self.claims.get(name)
    }

    /// The text of the claims.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The header as it came.
    pub(crate) fn encoded_header(&self) -> &'a str {
        self.jws.header
    }

    /// The issuer's rules for the header, all that can be said before a key is known.
    pub(crate) fn header(&self, issuer: &IssuerConfig) -> Result<Header> {
        let header = decode(self.jws.header)?;
        let (_, parameters) = object(&header, "header")?;
        Header::read(&parameters, &issuer.algorithms, &issuer.token_types)
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
    ) -> Result<(Members<'a>, CheckedClaims)> {
        key.verify(header.algorithm, self.jws.signing_input, &self.jws.signature)?;
        let claims = CheckedClaims::check(&self.claims, header, issuer, now, source)?;
        Ok((self.claims, claims))
    }
}

fn object<'a>(bytes: &'a [u8], what: &str) -> Result<(&'a str, Members<'a>)> {
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(|text| Some((text, read_object(text)?)))
        .ok_or_else(|| malformed(&format!("the token's {what} is not strict JSON")))
}

/// The answer to a token whose `iss` is nobody's.
pub(crate) fn unknown_issuer() -> Error {
    Error::new(ErrorKind::TokenInvalidIssuer, "the token's issuer is not configured")
}

/// The answer to a token whose key its issuer does not have.
pub(crate) fn unknown_key() -> Error {
    Error::new(ErrorKind::JwkKidMismatch, "the issuer has no usable key of the token's key id")
}

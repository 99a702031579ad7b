//! The compact form of a signed token.

use memchr::{memchr, memrchr};

use super::encoding::decode_base64url;
use crate::{Error, ErrorKind, Result};

/// The longest token that is looked at, in bytes. Clerk's cookie holds at most 4 KB.
pub(crate) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A token in its compact form (RFC 7515 §3.1), taken apart and decoded. Nothing is verified yet.
pub(crate) struct CompactJws<'a> {
    /// What the signature covers: the first two parts as they came.
    pub(crate) signing_input: &'a [u8],
    /// The protected header, still encoded: that of one key's tokens is always the same.
    pub(crate) header: &'a str,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl<'a> CompactJws<'a> {
    /// Splits a token of at most 16 KiB into exactly three parts, the last two of which are strict
    /// base64url.
    pub(crate) fn split(token: &'a str) -> Result<Self> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(malformed("the token is longer than 16 KiB"));
        }
        if token.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
            return Err(malformed("the token still begins with `Bearer `: give what follows it"));
        }
        // Further dots would lie in the payload, and no dot is base64url.
        let (first, last) = (memchr(b'.', token.as_bytes()), memrchr(b'.', token.as_bytes()));
        let (Some(first), Some(last)) = (first, last.filter(|last| Some(*last) != first)) else {
            return Err(malformed("the token does not consist of three parts"));
        };
        let (header, payload, signature) =
            (&token[..first], &token[first + 1..last], &token[last + 1..]);
        Ok(Self {
            signing_input: &token.as_bytes()[..last],
            header,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }
}

/// Decodes a part of a token.
pub(crate) fn decode(part: &str) -> Result<Vec<u8>> {
    decode_base64url(part).ok_or_else(|| malformed("a part of the token is not base64url"))
}

/// `token-invalid` with a reason that tells nothing of the token's content.
pub(crate) fn malformed(reason: &str) -> Error {
    Error::new(ErrorKind::TokenInvalid, reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_parts_and_nothing_else() {
        let jws = CompactJws::split("e30.e30.AA").unwrap();
        assert_eq!(jws.signing_input, b"e30.e30");
        assert_eq!((jws.header, jws.payload.as_slice()), ("e30", &b"{}"[..]));
        for token in ["", "e30", "e30.e30", "e30.e30.AA.", "e30.e30.AA.BB.CC", "e30.e30 .AA", "42"]
        {
            let error = CompactJws::split(token).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::TokenInvalid, "{token}");
        }
    }

    #[test]
    fn a_whole_header_is_told_from_a_token() {
        for token in ["Bearer e30.e30.AA", "bearer e30.e30.AA"] {
            let error = CompactJws::split(token).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::TokenInvalid);
            assert!(error.message().contains("`Bearer `"), "{error}");
        }
    }

    #[test]
    fn a_huge_token_is_refused_by_its_length() {
        for token in [".".repeat(1_000_000), "A".repeat(16 << 20)] {
            assert!(CompactJws::split(&token).is_err());
        }
        let longest = format!("e30A.{}.AA", "A".repeat(MAX_TOKEN_BYTES - 8));
        assert_eq!(longest.len(), MAX_TOKEN_BYTES);
        assert!(CompactJws::split(&longest).is_ok());
        assert!(CompactJws::split(&format!("{longest}A")).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_without_a_panic(text in "\\PC{0,60}") {
            let _ = CompactJws::split(&text);
        }
    }
}

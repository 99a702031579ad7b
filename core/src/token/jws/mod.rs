//! A token as JSON Web Signature (RFC 7515): taken apart and decoded strictly, its header judged,
//! nothing believed.

mod compact;
mod encoding;
mod header;
mod unverified;

pub(crate) use compact::{CompactJws, MAX_TOKEN_BYTES, malformed};
pub(crate) use encoding::decode_base64url;
pub(crate) use header::{Header, MAX_KEY_ID_BYTES};
pub(crate) use unverified::{UnverifiedToken, unknown_issuer, unknown_key};

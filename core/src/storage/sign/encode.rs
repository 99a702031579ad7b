//! Bytes as signatures write them.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in a query: RFC 3986's unreserved characters.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same for a key in a path, whose slashes stay as well.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// A name or a value of a query.
pub(super) fn in_query(text: &str) -> Cow<'_, str> {
    encoded(text, QUERY)
}

/// A key in a path. Nothing is normalised: S3 takes every key for another.
pub(in crate::storage) fn in_path(key: &str) -> Cow<'_, str> {
    encoded(key, PATH)
}

/// As the library would, but with room for all from the start: a string that grows escape by escape
/// takes longer than the hashing of a link.
fn encoded<'a>(text: &'a str, kept: &'static AsciiSet) -> Cow<'a, str> {
    let mut pieces = utf8_percent_encode(text, kept);
    match (pieces.next(), pieces.next()) {
        (first, None) => Cow::Borrowed(first.unwrap_or_default()),
        (first, second) => {
            let mut encoded = String::with_capacity(3 * text.len());
            encoded.extend(first.into_iter().chain(second).chain(pieces));
            Cow::Owned(encoded)
        }
    }
}

/// Adds bytes in lower-case hexadecimal.
pub(super) fn push_hexadecimal(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
}

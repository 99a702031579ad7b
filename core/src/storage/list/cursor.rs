//! Where a listing goes on: the last key of a page, relative to the scope.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::storage::keys::MAX_KEY_BYTES;
use crate::{Error, ErrorKind, Result};

/// The first byte of what a cursor holds: its version.
const VERSION: u8 = 1;

/// The cursor after `key`, which begins with the scope's prefix.
pub(in crate::storage) fn encode(scope_prefix: &str, key: &str) -> Option<String> {
    let relative = key.strip_prefix(scope_prefix)?;
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(relative.as_bytes());
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// The full key that a cursor stands for, in this scope whatever the cursor holds.
///
/// # Errors
/// `invalid-cursor` when it is not one that a listing of `list_prefix` gives.
pub(in crate::storage) fn decode(
    scope_prefix: &str,
    list_prefix: &str,
    cursor: &str,
) -> Result<String> {
    let refused = || Error::new(ErrorKind::InvalidCursor, "the cursor is not of this listing");
    if cursor.len() > MAX_KEY_BYTES * 2 {
        return Err(refused());
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let relative = match bytes.split_first() {
        Some((&VERSION, relative)) => std::str::from_utf8(relative).map_err(|_| refused())?,
        _ => return Err(refused()),
    };
    let key = format!("{scope_prefix}{relative}");
    if !key.starts_with(list_prefix) || key.len() > MAX_KEY_BYTES {
        return Err(refused());
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leads_back_to_its_key() {
        let cursor = encode("user_1/", "user_1/books/é.pdf").unwrap();
        assert_eq!(decode("user_1/", "user_1/books/", &cursor).unwrap(), "user_1/books/é.pdf");
        assert_eq!(decode("user_2/", "user_2/", &cursor).unwrap(), "user_2/books/é.pdf");
        assert!(encode("user_1/", "user_10/a").is_none());
    }

    #[test]
    fn another_listing_refuses_it() {
        let cursor = encode("user_1/", "user_1/books/a").unwrap();
        assert!(decode("user_1/", "user_1/images/", &cursor).is_err());
    }

    #[test]
    fn garbage_is_refused() {
        let long = URL_SAFE_NO_PAD.encode([&[VERSION][..], &[b'a'; 1020]].concat());
        let other_version = URL_SAFE_NO_PAD.encode(b"\x02books/a");
        let no_text = URL_SAFE_NO_PAD.encode(b"\x01\xff");
        for cursor in ["", "user_2/a", "../..", "AQ==", &long, &other_version, &no_text] {
            let error = decode("user_1/", "user_1/", cursor).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidCursor, "{cursor}");
        }
        assert!(decode("user_1/", "user_1/", &"A".repeat(16 << 20)).is_err());
    }

    proptest! {
        #[test]
        fn no_cursor_leads_outside(cursor in any::<String>()) {
            if let Ok(key) = decode("user_1/", "user_1/books/", &cursor) {
                prop_assert!(key.starts_with("user_1/books/"));
            }
        }
    }
}

//! base64url as JOSE writes it.

use base64_simd::URL_SAFE_NO_PAD;

/// Decodes base64url strictly: no padding, no line breaks, no trailing bits (RFC 7515 §2). One text
/// only stands for each byte string, so that a token cannot be respelled and still verify.
pub(crate) fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose;
    use proptest::prelude::*;

    use super::*;

    /// Attack 15. Attack 16.
    #[test]
    fn other_spellings_are_refused() {
        assert_eq!(decode_base64url("_-8"), Some(vec![0xff, 0xef]));
        for text in ["_-8=", "/+8", "_-9", "_- 8", "_-8\n", "\n_-8", "_-8\r\n", "_", "é", "_-8."] {
            assert_eq!(decode_base64url(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_back(text in "[A-Za-z0-9_=/+-]{0,40}") {
            let strict = general_purpose::URL_SAFE_NO_PAD.decode(&text).ok();
            prop_assert_eq!(decode_base64url(&text), strict.clone());
            if let Some(bytes) = strict {
                prop_assert_eq!(general_purpose::URL_SAFE_NO_PAD.encode(bytes), text);
            }
        }

        #[test]
        fn long_texts_are_read_as_another_reader_does(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            at in 0usize..540,
            other in any::<u8>(),
        ) {
            let mut text = general_purpose::URL_SAFE_NO_PAD.encode(&bytes).into_bytes();
            prop_assert_eq!(decode_base64url(std::str::from_utf8(&text).unwrap()), Some(bytes));
            if let Some(place) = text.get_mut(at) {
                *place = other;
            }
            if let Ok(text) = std::str::from_utf8(&text) {
                let strict = general_purpose::URL_SAFE_NO_PAD.decode(text).ok();
                prop_assert_eq!(decode_base64url(text), strict);
            }
        }
    }
}

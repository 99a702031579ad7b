//! What a name may turn into on its way: its percent-decodings and their compatibility forms.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfkc};

/// The most decodings that a name may take before it stands still.
const MAX_DECODINGS: usize = 4;

/// The name itself, each of its percent-decodings until nothing changes any more, and the NFKC
/// form of each; `None` when a decoding is not UTF-8 or a fifth one would change it still.
pub(super) fn forms(name: &str) -> Option<Vec<String>> {
    let mut forms = vec![name.to_owned()];
    let mut last = name.to_owned();
    for round in 0.. {
        let next = match percent_decode_str(&last).decode_utf8().ok()? {
            next if next == last => break,
            next => next.into_owned(),
        };
        if round == MAX_DECODINGS {
            return None;
        }
        forms.push(next.clone());
        last = next;
    }
    let compatible: Vec<String> =
        forms.iter().filter(|form| !is_nfkc(form)).map(|form| form.nfkc().collect()).collect();
    forms.extend(compatible);
    Some(forms)
}

/// Whether the text holds what no name may hold: a control character, one that changes the
/// direction of writing (Unicode's `Bidi_Control`), or a backslash.
pub(super) fn is_unsafe(text: &str) -> bool {
    text.chars().any(|c| c == '\\' || c.is_control() || is_bidi_control(c))
}

/// Whether a segment is empty or means a folder (`.`, `..`).
pub(super) fn is_dot_or_empty(segment: &str) -> bool {
    matches!(segment, "" | "." | "..")
}

/// The NFC form of the text.
pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

fn is_bidi_control(c: char) -> bool {
    matches!(
        c,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_until_stable() {
        assert_eq!(forms("a%252e").unwrap(), ["a%252e", "a%2e", "a."]);
        assert_eq!(forms("100%").unwrap(), ["100%"]);
        assert_eq!(forms("%zz").unwrap(), ["%zz"]);
    }

    #[test]
    fn four_decodings_are_the_most() {
        assert_eq!(forms("%25252541").unwrap().len(), 5);
        assert!(forms("%2525252541").is_none());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert!(forms("%ff").is_none());
        assert!(forms("%c0%ae").is_none());
    }

    #[test]
    fn compatibility_forms_are_seen() {
        assert!(forms("\u{FF0E}\u{2025}").unwrap().contains(&"...".to_owned()));
    }
}

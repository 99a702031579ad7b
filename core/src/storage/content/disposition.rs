//! The Content-Disposition of a file: whether a browser shows it or saves it, and under which name.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `filename*` leaves as it is (RFC 5987, section 3.2.1: `attr-char`), less the quotes.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A header value (RFC 6266): `attachment` or `inline`, an ASCII name for old clients, and the real
/// one where the two differ. The value is printable ASCII, whatever the name, without a run of
/// spaces: a signature counts one as a single space, and not every store does.
pub(crate) fn content_disposition(inline: bool, filename: &str) -> String {
    let disposition = if inline { "inline" } else { "attachment" };
    let mut fallback = String::with_capacity(filename.len());
    for c in filename.chars() {
        fallback.push(match c {
            '"' | '\\' | '%' => '_',
            ' ' if fallback.ends_with(' ') => '_',
            ' '..='~' => c,
            _ => '_',
        });
    }
    if fallback == filename {
        return format!("{disposition}; filename=\"{fallback}\"");
    }
    let encoded = utf8_percent_encode(filename, ATTR_CHAR);
    format!("{disposition}; filename=\"{fallback}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_need_no_second_form() {
        assert_eq!(content_disposition(false, "a b.pdf"), "attachment; filename=\"a b.pdf\"");
        assert_eq!(content_disposition(true, "a.png"), "inline; filename=\"a.png\"");
    }

    #[test]
    fn a_run_of_spaces_comes_encoded() {
        assert_eq!(
            content_disposition(false, "a   b.pdf"),
            "attachment; filename=\"a _ b.pdf\"; filename*=UTF-8''a%20%20%20b.pdf"
        );
    }

    #[test]
    fn other_scripts_come_in_both_forms() {
        assert_eq!(
            content_disposition(false, "été'.pdf"),
            "attachment; filename=\"_t_'.pdf\"; filename*=UTF-8''%C3%A9t%C3%A9%27.pdf"
        );
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_quotes(name in any::<String>()) {
            let value = content_disposition(true, &name);
            prop_assert!(value.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(value.matches('"').count(), 2);
            prop_assert!(!value.contains('\\') && !value.contains("  "));
        }
    }
}

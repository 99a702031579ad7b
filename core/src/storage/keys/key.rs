//! Reading a key: the one rule that every operation applies to a key that comes from outside.

use super::forms::{forms, is_dot_or_empty, is_unsafe};
use super::kind;
use crate::{Error, ErrorKind, Result};

/// The longest key that S3 takes, in bytes of UTF-8.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
pub const MAX_KEY_BYTES: usize = 1024;

/// A key that lies inside a scope, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParsedKey {
    /// The kind, when the folder under the scope has the form of one; else none.
    pub kind: Option<String>,
    /// The last segment of the key.
    pub filename: String,
}

/// Takes apart the key of a scope whose prefix (with its slash) is `prefix`.
///
/// # Errors
/// `invalid-key` when the key cannot be read by anybody, else `not-owner` when its first segment is
/// not this scope's. Only the string decides, never what is stored.
pub(super) fn parse(prefix: &str, key: &str) -> Result<ParsedKey> {
    check(key).map_err(|why| Error::new(ErrorKind::InvalidKey, why))?;
    let own = prefix.strip_suffix('/').unwrap_or(prefix);
    let mut segments = key.split('/');
    let first = segments.next().unwrap_or_default();
    if first != own {
        let why = match first.starts_with("user_") {
            true => "the key belongs to somebody else",
            false => "the key is in no user's scope: give it whole, as the upload or list gave it",
        };
        return Err(Error::new(ErrorKind::NotOwner, why));
    }
    let rest: Vec<&str> = segments.collect();
    let Some((filename, folders)) = rest.split_last() else {
        return Err(Error::new(ErrorKind::InvalidKey, "the key names no file"));
    };
    Ok(ParsedKey {
        kind: folders.first().and_then(|folder| kind::of_folder(folder)).map(str::to_owned),
        filename: (*filename).to_owned(),
    })
}

/// Whether a key could be read by the user of some scope.
pub(crate) fn is_in_a_scope(key: &str) -> bool {
    let scope = key.split_inclusive('/').next().unwrap_or_default();
    scope.starts_with("user_") && parse(scope, key).is_ok()
}

/// Says what is wrong with a key, or a part of one, whoever it belongs to.
pub(super) fn check(key: &str) -> Result<(), &'static str> {
    if key.len() > MAX_KEY_BYTES {
        return Err("a key has 1,024 bytes at most");
    }
    let forms = forms(key).ok_or("the key is percent-encoded too often, or not as UTF-8")?;
    for form in &forms {
        if is_unsafe(form) {
            return Err("the key holds a control character, a bidirectional one or a backslash");
        }
        if form.split('/').any(is_dot_or_empty) {
            return Err("the key has an empty segment or a dot segment");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(key: &str) -> ErrorKind {
        parse("user_1/", key).unwrap_err().kind()
    }

    #[test]
    fn own_keys_are_taken_apart() {
        let parsed = parse("user_1/", "user_1/books/mon livre.pdf").unwrap();
        assert_eq!(parsed.kind.as_deref(), Some("book"));
        assert_eq!(parsed.filename, "mon livre.pdf");
    }

    #[test]
    fn old_layouts_stay_reachable() {
        let nested = parse("user_1/", "user_1/books/2024/e\u{301}.pdf").unwrap();
        assert_eq!(nested.kind.as_deref(), Some("book"));
        assert_eq!(nested.filename, "e\u{301}.pdf");
        assert_eq!(parse("user_1/", "user_1/Misc/a b+c?.txt").unwrap().kind, None);
        assert_eq!(parse("user_1/", "user_1/a.txt").unwrap().kind, None);
    }

    /// Attack 58.
    #[test]
    fn the_first_segment_decides() {
        for key in [
            "user_10/books/a",
            "user_2/books/a",
            "user_/a",
            "USER_1/a",
            "us\u{435}r_1/a",
            "\u{FF55}ser_1/a",
            "user_1%2Fbooks%2Fa",
            ".casier/incoming/a",
            "org_1/books/a",
            "a.txt",
            " user_1/a",
        ] {
            assert_eq!(kind_of(key), ErrorKind::NotOwner, "{key}");
        }
    }

    #[test]
    fn what_is_no_whole_key_is_told_from_a_foreign_one() {
        let message = |key| parse("user_1/", key).unwrap_err().message().to_owned();
        assert_eq!(message("user_2/books/a"), "the key belongs to somebody else");
        assert!(message("books/a").contains("give it whole"));
    }

    #[test]
    fn keys_of_any_scope_are_told_from_others() {
        for key in ["user_1/a", "user_/a", "user_a.7Cb/books/a.pdf"] {
            assert!(is_in_a_scope(key), "{key}");
        }
        for key in
            ["user_guide.pdf", "user_1/", "user_1//a", "user_1/../b", "org_1/a", "a/user_1/b"]
        {
            assert!(!is_in_a_scope(key), "{key}");
        }
    }

    /// Attack 59. Attack 60. Attack 61.
    #[test]
    fn unreadable_keys_are_refused_before_ownership() {
        for key in [
            "",
            "/",
            "user_1",
            "user_1/",
            "/user_1/a",
            "user_1//a",
            "user_1/../user_2/a",
            "user_2/../user_1/a",
            "user_1/./a",
            "user_1/%2e%2e/user_2/a",
            "user_1/%252e%252e/a",
            "user_1/a%2f",
            "user_1/a%2f%2fb",
            "user_1/a%5cb",
            "user_1/a\\b",
            "user_1/\u{FF0E}\u{FF0E}/a",
            "user_1/\u{2025}/a",
            "user_1/a\u{FF3C}b",
            "user_1/a\0",
            "user_1/a%00",
            "user_1/a\r\nb",
            "user_1/a\u{202E}b",
            "user_1/a%E2%80%AEb",
            "user_1/%ff",
            "user_1/%2525252561",
        ] {
            assert_eq!(kind_of(key), ErrorKind::InvalidKey, "{key:?}");
        }
    }

    /// Attack 62.
    #[test]
    fn length_counts_bytes() {
        let longest = format!("user_1/{}", "é".repeat(508));
        assert_eq!(longest.len(), 1023);
        assert!(parse("user_1/", &longest).is_ok());
        assert!(parse("user_1/", &format!("{longest}a")).is_ok());
        assert_eq!(kind_of(&format!("{longest}é")), ErrorKind::InvalidKey);
    }
}

//! Cleaning a filename: what a stored file may be called.

use super::forms::{forms, is_dot_or_empty, is_unsafe, nfc};
use super::{extension, key};
use crate::{Error, ErrorKind, Result};

/// The longest filename, in bytes of UTF-8 after cleaning.
pub const MAX_FILENAME_BYTES: usize = 255;

/// The longest last segment that is looked at.
const MAX_INPUT_BYTES: usize = 4096;

/// Makes a filename of what a person or a program calls its file.
///
/// Folders before the last `/` are dropped; each run of characters that S3 advises against
/// (`{ } ^ % [ ] " < > ~ # |`, the backtick, what cannot be seen) becomes one `_`; the rest is kept
/// in its NFC form: letters of any script, spaces, the extension. Cleaning a clean name leaves it.
///
/// The list is that of
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
///
/// # Errors
/// `invalid-filename` when the name is empty or made of dots and spaces, holds a backslash, a
/// control or a bidirectional character, has an extension that runs somewhere, is percent-encoded
/// to hide one of these, or takes more than 255 bytes.
pub fn clean_filename(name: &str) -> Result<String> {
    clean(name).map_err(|why| Error::new(ErrorKind::InvalidFilename, why))
}

/// Adds something random to a clean name, before its extension: `a.tar.gz` gives `a-….tar.gz`.
///
/// # Errors
/// `invalid-filename` when the result takes more than 255 bytes.
pub(super) fn with_random(clean: &str, random: &str) -> Result<String> {
    let cut = extension::start(clean);
    let (stem, extension) = clean.split_at(cut);
    let name = format!("{stem}-{random}{extension}");
    if name.len() > MAX_FILENAME_BYTES {
        return Err(Error::new(ErrorKind::InvalidFilename, TOO_LONG));
    }
    Ok(name)
}

const TOO_LONG: &str = "a filename has 255 bytes at most";

fn clean(name: &str) -> Result<String, &'static str> {
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.len() > MAX_INPUT_BYTES {
        return Err(TOO_LONG);
    }
    if is_unsafe(name) {
        return Err(UNSAFE);
    }
    judge(last)?;
    let mut clean = String::with_capacity(last.len());
    let mut in_run = false;
    for c in nfc(last).chars() {
        let advised_against = is_advised_against(c);
        if !advised_against {
            clean.push(c);
        } else if !in_run {
            clean.push('_');
        }
        in_run = advised_against;
    }
    if clean.len() > MAX_FILENAME_BYTES {
        return Err(TOO_LONG);
    }
    judge(&clean)?;
    key::check(&clean).map_err(|_| "the filename would not be readable as part of a key")?;
    Ok(clean)
}

const UNSAFE: &str = "a filename holds no control character, no bidirectional one and no backslash";

/// Refuses a name for what it is or what it decodes to.
fn judge(name: &str) -> Result<(), &'static str> {
    let forms = forms(name).ok_or("the filename is percent-encoded too often, or not as UTF-8")?;
    for form in &forms {
        if is_unsafe(form) {
            return Err(UNSAFE);
        }
        let last = form.rsplit('/').next().unwrap_or_default();
        if is_dot_or_empty(last) || last.chars().all(|c| c == '.' || c.is_whitespace()) {
            return Err("a filename is more than dots and spaces");
        }
        if extension::is_forbidden(last) {
            return Err("files with this extension may not be stored");
        }
    }
    Ok(())
}

/// What S3 advises against, and what cannot be seen: separators of lines and paragraphs, invisible
/// operators, annotation marks and noncharacters. The joiners stay, since scripts and emoji need
/// them.
fn is_advised_against(c: char) -> bool {
    matches!(
        c,
        '{' | '}' | '^' | '%' | '[' | ']' | '"' | '<' | '>' | '~' | '#' | '|' | '`'
            | '\u{AD}' | '\u{200B}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{FDD0}'..='\u{FDEF}'
    ) || (u32::from(c) & 0xFFFE) == 0xFFFE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_what_people_write() {
        for name in [
            "mon livre été 2025.pdf",
            "a.tar.gz",
            "報告書.docx",
            "отчёт (1).xlsx",
            "👩\u{200D}💻.png",
            "a+b&c=d@e,f;g:h?i$.txt",
            "no extension",
            ".env",
            "-rf",
            "it's!*.md",
        ] {
            assert_eq!(clean_filename(name).unwrap(), name);
        }
    }

    #[test]
    fn loses_folders_and_what_s3_advises_against() {
        for (name, clean) in [
            ("/home/me/a.txt", "a.txt"),
            ("../../user_2/a.txt", "a.txt"),
            ("a{}b<>c.txt", "a_b_c.txt"),
            ("50% off.txt", "50_ off.txt"),
            ("a%2Fb.txt", "a_2Fb.txt"),
            ("~#|`^[]\".txt", "_.txt"),
            ("e\u{301}.txt", "é.txt"),
            ("a\u{1FEF}b.txt", "a_b.txt"),
            ("a\u{200B}\u{FEFF}b.txt", "a_b.txt"),
        ] {
            assert_eq!(clean_filename(name).unwrap(), clean);
        }
    }

    #[test]
    fn refuses_what_is_no_name() {
        for name in [
            "",
            ".",
            "..",
            "...",
            " ",
            ". .",
            "a/",
            "a/..",
            "%2e%2e",
            "%252e",
            "a%2f",
            "\u{2025}",
            "a\\b.txt",
            "C:\\a.txt",
            "a%5cb",
            "\u{FF3C}",
            "a\0.txt",
            "a\0/b.txt",
            "a%00.txt",
            "a\r\n.txt",
            "a\u{202E}gpj.txt",
            "a%E2%80%AE.txt",
            "a\u{200F}.txt",
            "%ff",
            "a\u{FF0F}..",
            "\u{7F}",
            "a\u{FF0F}\u{FF0F}b",
            "%2525252541",
        ] {
            let error = clean_filename(name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidFilename, "{name:?}");
        }
    }

    #[test]
    fn refuses_what_is_too_long_rather_than_cut_it() {
        assert!(clean_filename(&"é".repeat(127)).is_ok());
        assert!(clean_filename(&"é".repeat(128)).is_err());
        assert!(clean_filename(&"a".repeat(16 << 20)).is_err());
        let long = "a".repeat(240);
        assert!(with_random(&long, &"0".repeat(32)).is_err());
    }

    #[test]
    fn random_goes_before_the_extension() {
        let random = "ff".repeat(16);
        for (name, expected) in [
            ("a.pdf", format!("a-{random}.pdf")),
            ("a.tar.gz", format!("a-{random}.tar.gz")),
            ("v1.2 final.pdf", format!("v1.2 final-{random}.pdf")),
            ("a", format!("a-{random}")),
            (".env", format!(".env-{random}")),
        ] {
            assert_eq!(with_random(name, &random).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn cleaning_is_idempotent(name in any::<String>()) {
            if let Ok(clean) = clean_filename(&name) {
                prop_assert_eq!(clean_filename(&clean).unwrap(), clean);
            }
        }

        #[test]
        fn cleaning_near_the_edges_is_idempotent(
            name in "[a./%25eE\\\\<~\u{301}\u{1FEF}\u{338}\u{37E}\u{FF0E}\u{FF0F}\u{2025}: ]{0,24}"
        ) {
            if let Ok(clean) = clean_filename(&name) {
                prop_assert!(!clean.contains(['/', '\\', '%', '<', '~', '`']));
                prop_assert!(clean.len() <= MAX_FILENAME_BYTES);
                prop_assert_eq!(clean_filename(&clean).unwrap(), clean);
            }
        }
    }
}

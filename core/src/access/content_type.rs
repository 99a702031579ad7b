//! Whether a content type and a filename are what they should be.

use unicode_normalization::UnicodeNormalization as _;

use super::kind::Kind;
use super::media::{self, DANGEROUS_EXTENSIONS, DANGEROUS_TYPES, OCTET_STREAM};
use crate::{Error, ErrorKind, Result};

/// RFC 6838, section 4.2: at most 127 characters on either side of the slash.
const LONGEST_NAME: usize = 127;
/// A message shows no more of what the caller sent.
const SHOWN_CHARACTERS: usize = 80;

/// The usual content type of a file of this name, by its last extension; `None` where Casier does
/// not know the extension.
pub fn content_type_for(filename: &str) -> Option<String> {
    let (_, extension) = filename.rsplit_once('.')?;
    let media = media::by_extension(&extension.to_ascii_lowercase()).next()?;
    Some(media.name.to_owned())
}

/// Whether files of this extension (without the dot, any case) can run code in a browser, on a web
/// server or on somebody's computer. No kind takes them unless the policy file names them.
pub fn is_dangerous_extension(extension: &str) -> bool {
    let folded: String = extension.nfkc().collect::<String>().to_lowercase();
    DANGEROUS_EXTENSIONS.contains(&folded.as_str()) || is_php(&folded)
}

/// Whether a browser runs content of this type, or the type is a program's. No kind takes them
/// unless the policy file names them.
pub fn is_dangerous_type(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    DANGEROUS_TYPES.contains(&essence.as_str())
        || essence.ends_with("+xml")
        || essence.starts_with("multipart/")
        || essence.starts_with("message/")
}

/// Checks a file that is to be stored as `kind`; gives the content type to store.
pub(super) fn check(kind: &Kind, filename: &str, content_type: &str) -> Result<String> {
    let essence = normalize(content_type).ok_or_else(|| malformed(content_type))?;
    let extension = extension(filename)?;
    if !kind.takes_type(&essence) {
        return Err(Error::new(
            ErrorKind::TypeNotAllowed,
            format!("files of kind `{}` cannot have the content type `{essence}`", kind.name()),
        )
        .with_required(kind.types().join(", "))
        .with_actual(essence));
    }
    if !kind.takes_extension(extension.as_deref()) {
        let message = match &extension {
            Some(extension) => {
                format!("files of kind `{}` cannot end in `.{}`", kind.name(), shown(extension))
            }
            None => format!("the name of a file of kind `{}` needs an extension", kind.name()),
        };
        let error = Error::new(ErrorKind::TypeNotAllowed, message)
            .with_required(kind.extensions().join(", "));
        return Err(match extension {
            Some(extension) => error.with_actual(shown(&extension)),
            None => error,
        });
    }
    if let Some(extension) = &extension {
        check_agreement(&essence, extension)?;
    }
    Ok(essence)
}

/// The type without parameters, in lower case, under its usual name; `None` when it is no type.
pub(super) fn normalize(content_type: &str) -> Option<String> {
    if content_type.bytes().any(|byte| byte.is_ascii_control() || !byte.is_ascii() || byte == b',')
    {
        return None;
    }
    let essence = content_type.split(';').next()?.trim_matches(' ').to_ascii_lowercase();
    let (top, sub) = essence.split_once('/')?;
    let is_name = |name: &str| {
        (1..=LONGEST_NAME).contains(&name.len())
            && name.as_bytes()[0].is_ascii_alphanumeric()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    if !is_name(top) || !is_name(sub) {
        return None;
    }
    Some(media::by_name(&essence).map_or(essence, |media| media.name.to_owned()))
}

/// The last extension in lower case; `None` when the name has none.
fn extension(filename: &str) -> Result<Option<String>> {
    let decoded = decode(filename)?;
    let extension = last_extension(filename);
    if last_extension(&decoded) != extension {
        return Err(bad_name("its extension hides behind a percent-encoding"));
    }
    Ok(extension)
}

/// The name with its percent-encodings undone, which is only looked at, never stored.
fn decode(filename: &str) -> Result<String> {
    let mut name = filename.to_owned();
    for _ in 0..=4 {
        if name.chars().any(|c| c.is_control() || is_bidirectional(c) || c == '/' || c == '\\') {
            return Err(bad_name("it holds a separator, a control or a bidirectional character"));
        }
        if name.ends_with(['.', ' ']) || name.is_empty() {
            return Err(bad_name("it is empty or ends in a dot or a space"));
        }
        let next = percent_encoding::percent_decode_str(&name).decode_utf8_lossy().into_owned();
        if next == name {
            return Ok(name);
        }
        name = next;
    }
    Err(bad_name("it is percent-encoded more than four times"))
}

fn last_extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.chars().all(|c| c == '.')).then(|| extension.to_lowercase())
}

/// A type and an extension that are both known must fit each other: a `.png` that is served as
/// something else is a mistake or an attack.
fn check_agreement(essence: &str, extension: &str) -> Result<()> {
    let mut fitting = media::by_extension(extension).peekable();
    let Some(usual) = fitting.peek().map(|media| media.name) else { return Ok(()) };
    if essence == OCTET_STREAM
        || media::by_name(essence).is_none()
        || fitting.any(|media| media.name == essence)
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::TypeNotAllowed,
        format!("a file that ends in `.{extension}` is not of the content type `{essence}`"),
    )
    .with_required(usual)
    .with_actual(essence))
}

fn is_php(extension: &str) -> bool {
    extension.strip_prefix("php").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}

/// The Unicode characters that change the direction of the text around them (UAX 9).
fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn malformed(content_type: &str) -> Error {
    Error::new(
        ErrorKind::TypeNotAllowed,
        format!("`{}` is not a content type such as `image/png`", shown(content_type)),
    )
}

fn bad_name(why: &str) -> Error {
    Error::new(ErrorKind::InvalidFilename, format!("the filename cannot be stored: {why}"))
}

/// What the caller sent, short and on one line.
fn shown(text: &str) -> String {
    text.escape_debug().take(SHOWN_CHARACTERS).collect()
}

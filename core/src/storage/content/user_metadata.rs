//! User metadata: names and values that travel in S3's headers.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Error, ErrorKind, Result};

/// The most that S3 takes for names and values together, in bytes as they are sent.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
pub const MAX_METADATA_BYTES: usize = 2048;

const MAX_NAME_BYTES: usize = 64;
const RESERVED_PREFIX: &str = "casier-";

/// What a store may take for an order: to unpack the file, a tar archive, to keys that the archive
/// names, in any scope. MinIO does so, and AWS's Snowball.
///
/// <https://docs.aws.amazon.com/snowball/latest/developer-guide/batching-small-files.html>
const ORDERS: [&str; 2] = ["snowball-", "minio-"];

/// Names one upload, so that it is known again.
const UPLOAD_MARK: &str = "casier-upload";

/// The bytes that fit one encoded word: 75 characters less `=?UTF-8?B?` and `?=` (RFC 2047,
/// section 2), in base64.
const WORD_BYTES: usize = 45;

/// Stands before an ASCII value that headers cannot carry as it is. AWS decodes encoded words, keeps
/// the value and sends it back bare if it is ASCII: blanks at its ends would be lost, and what only
/// looks like an encoded word would be decoded once more. With a character outside ASCII in it, the
/// value comes back encoded.
const ASCII_SIGN: char = '\u{2060}';

/// The metadata as it is sent, with the upload's mark if it has one. A value that headers cannot
/// carry as it stands is written in the encoded words of RFC 2047, as S3 itself writes them when it
/// returns such a value.
///
/// # Errors
/// `invalid-request` when a name is not 1 to 64 lower-case letters, digits and hyphens, or begins
/// with `casier-`, `snowball-` or `minio-`; `metadata-too-large` when names and values together
/// take more than 2,048 bytes.
pub(crate) fn encode(
    metadata: &BTreeMap<String, String>,
    mark: Option<&str>,
) -> Result<BTreeMap<String, String>> {
    let mut encoded = BTreeMap::new();
    for (name, value) in metadata {
        check_name(name)?;
        encoded.insert(name.clone(), encode_value(value));
    }
    if let Some(mark) = mark {
        encoded.insert(UPLOAD_MARK.to_owned(), mark.to_owned());
    }
    let total: usize = encoded.iter().map(|(name, value)| name.len() + value.len()).sum();
    if total > MAX_METADATA_BYTES {
        return Err(Error::new(
            ErrorKind::MetadataTooLarge,
            "metadata has 2,048 bytes at most, names and values together",
        )
        .with_count(MAX_METADATA_BYTES, total));
    }
    Ok(encoded)
}

/// The mark of the upload that stored metadata came with.
pub(crate) fn mark(stored: Option<&HashMap<String, String>>) -> Option<&String> {
    stored.and_then(|stored| stored.get(UPLOAD_MARK))
}

/// Stored metadata as a copy of their file is sent them: as they are, since the store would not take
/// other tools' names from [`encode`], with the copy's mark in place of the upload's if it fits.
pub(crate) fn kept(
    stored: Option<&HashMap<String, String>>,
    mark: &str,
) -> HashMap<String, String> {
    let mut kept = stored.cloned().unwrap_or_default();
    kept.retain(|name, _| !name.starts_with(RESERVED_PREFIX));
    let total: usize = kept.iter().map(|(name, value)| name.len() + value.len()).sum();
    if total + UPLOAD_MARK.len() + mark.len() <= MAX_METADATA_BYTES {
        kept.insert(UPLOAD_MARK.to_owned(), mark.to_owned());
    }
    kept
}

/// The metadata that stored ones stand for, less what is Casier's own.
pub(crate) fn decode(stored: &HashMap<String, String>) -> BTreeMap<String, String> {
    stored
        .iter()
        .filter(|(name, _)| !name.starts_with(RESERVED_PREFIX))
        .map(|(name, value)| (name.clone(), decode_value(value)))
        .collect()
}

/// The value that a stored one stands for. What is not a well-formed encoded word stays as it is.
fn decode_value(stored: &str) -> String {
    let mut decoded: Vec<u8> = Vec::new();
    let mut rest = stored;
    let mut after_word = false;
    while !rest.is_empty() {
        // Blanks between two encoded words belong to neither (RFC 2047, section 6.2).
        let trimmed = rest.trim_start_matches([' ', '\t']);
        let candidate = if after_word { trimmed } else { rest };
        if let Some((word, length)) = decode_word(candidate) {
            decoded.extend(word);
            rest = &candidate[length..];
            after_word = true;
            continue;
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let next = rest[first..].find("=?").map_or(rest.len(), |at| first + at);
        decoded.extend(rest[..next].bytes());
        rest = &rest[next..];
        after_word = false;
    }
    let decoded = String::from_utf8(decoded).unwrap_or_else(|_| stored.to_owned());
    decoded.strip_prefix(ASCII_SIGN).map(str::to_owned).unwrap_or(decoded)
}

fn check_name(name: &str) -> Result<()> {
    let well_formed = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !well_formed {
        return Err(Error::new(
            ErrorKind::InvalidRequest,
            "a metadata name is 1 to 64 lower-case letters, digits and hyphens",
        ));
    }
    let mut reserved = ORDERS.into_iter().chain([RESERVED_PREFIX]);
    let Some(prefix) = reserved.find(|prefix| name.starts_with(prefix)) else { return Ok(()) };
    let why = format!("metadata names that begin with {prefix} are reserved");
    Err(Error::new(ErrorKind::InvalidRequest, why))
}

fn encode_value(value: &str) -> String {
    let plain = !value.is_empty()
        && value.trim() == value
        && !value.contains("=?")
        && value.bytes().all(|b| (b' '..=b'~').contains(&b));
    if plain {
        return value.to_owned();
    }
    let text = if value.is_ascii() || value.starts_with(ASCII_SIGN) {
        format!("{ASCII_SIGN}{value}")
    } else {
        value.to_owned()
    };
    let mut words = Vec::new();
    let mut rest = text.as_str();
    loop {
        let mut cut = rest.len().min(WORD_BYTES);
        while !rest.is_char_boundary(cut) {
            cut -= 1;
        }
        let (word, after) = rest.split_at(cut);
        words.push(format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
        rest = after;
        if rest.is_empty() {
            return words.join(" ");
        }
    }
}

/// Decodes the encoded word at the start of `text`, and says how many bytes it takes.
fn decode_word(text: &str) -> Option<(Vec<u8>, usize)> {
    let inner = text.strip_prefix("=?")?;
    let (charset, inner) = inner.split_once('?')?;
    let (encoding, inner) = inner.split_once('?')?;
    let (content, _) = inner.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(content).ok()?,
        "Q" | "q" => decode_q(content)?,
        _ => return None,
    };
    let text_bytes = match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "us-ascii" => bytes,
        "iso-8859-1" => bytes.into_iter().map(char::from).collect::<String>().into_bytes(),
        _ => return None,
    };
    let length = "=?".len() + charset.len() + 1 + encoding.len() + 1 + content.len() + "?=".len();
    Some((text_bytes, length))
}

fn decode_q(content: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(content.len());
    let mut rest = content.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn plain_values_stay_readable() {
        assert_eq!(encode_value("Chapter 1: a+b"), "Chapter 1: a+b");
        assert_eq!(encode_value("été"), "=?UTF-8?B?w6l0w6k=?=");
    }

    #[test]
    fn what_s3_returns_is_read() {
        assert_eq!(decode_value("=?UTF-8?Q?caf=C3=A9_cr=C3=A8me?="), "café crème");
        assert_eq!(decode_value("=?utf-8?b?w6k=?= =?UTF-8?B?w6k=?="), "éé");
        assert_eq!(decode_value("=?ISO-8859-1?Q?=E9?="), "é");
        assert_eq!(decode_value("a =?UTF-8?B?w6k=?= b"), "a é b");
    }

    #[test]
    fn what_is_no_encoded_word_stays() {
        for value in
            ["=?", "=?UTF-8?B?***?=", "=?UTF-8?X?a?=", "a=b?c=?d", "=?UTF-8?B?/w==?=", "é=?"]
        {
            assert_eq!(decode_value(value), value);
        }
    }

    #[test]
    fn names_are_checked() {
        let orders = ["snowball-auto-extract", "minio-snowball-prefix"];
        let wrong = ["", "Title", "a_b", "a b", "é", "a\r\n", "casier-sha256", &"n".repeat(65)];
        for name in wrong.into_iter().chain(orders) {
            let error = encode(&map(name, "x"), None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{name}");
        }
        assert!(encode(&map(&"n".repeat(64), "x"), None).is_ok());
    }

    #[test]
    fn two_kilobytes_are_the_most() {
        assert!(encode(&map("name", &"x".repeat(2044)), None).is_ok());
        let error = encode(&map("name", &"x".repeat(2045)), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MetadataTooLarge);
        assert_eq!((error.details().limit, error.details().used), (Some(2048), Some(2049)));
    }

    #[test]
    fn the_mark_is_sent_and_counted_but_not_shown() {
        let sent = encode(&map("name", "é"), Some("m")).unwrap();
        assert_eq!(sent[UPLOAD_MARK], "m");
        assert_eq!(decode(&sent.into_iter().collect()), map("name", "é"));
        assert!(encode(&map("name", &"x".repeat(2044)), Some("m")).is_err());
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in any::<String>()) {
            let sent = encode_value(&value);
            prop_assert!(sent.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(decode_value(&sent), value);
        }

        #[test]
        fn values_like_encoded_words_come_back(
            value in "[=?UTF8BQ_ \\-éa\u{2060}]{0,40}|=\\?UTF-8\\?B\\?YQ==\\?="
        ) {
            prop_assert_eq!(decode_value(&encode_value(&value)), &*value);
            // A store that decodes the words sends ASCII back bare, without blanks at its ends.
            let sent = encode_value(&value);
            if sent != value {
                prop_assert!(!value.is_ascii() || sent.starts_with("=?UTF-8?B?4oGg"), "{}", sent);
            }
        }

        #[test]
        fn no_stored_value_breaks_the_reader(stored in "[=?UTF8BQbq_ \\-é\u{10FFFF}a]{0,60}") {
            decode_value(&stored);
        }
    }
}

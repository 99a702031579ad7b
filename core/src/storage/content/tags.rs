//! Tags of an object: names and values that S3 keeps beside it and that lifecycle rules can ask for.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Error, ErrorKind, Result};

/// The most tags of a file.
pub const MAX_TAGS: usize = 10;
const MAX_NAME_CHARACTERS: usize = 128;
const MAX_VALUE_CHARACTERS: usize = 256;

/// Names that begin so are AWS's own.
const RESERVED_PREFIX: &str = "aws:";

/// Checks tags that are to be stored.
///
/// # Errors
/// `invalid-request` when there are more than 10, a name is not 1 to 128 characters or begins with
/// `aws:`, a value has more than 256, or either has a character that is no letter, digit, space or
/// one of `+ - = . _ : / @`.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(invalid("a file has 10 tags at most").with_count(MAX_TAGS, tags.len()));
    }
    for (name, value) in tags {
        if !(1..=MAX_NAME_CHARACTERS).contains(&utf16_length(name)) || !is_plain(name) {
            return Err(invalid(
                "the name of a tag is 1 to 128 letters, digits, spaces and + - = . _ : / @",
            ));
        }
        if name.to_ascii_lowercase().starts_with(RESERVED_PREFIX) {
            return Err(invalid("tags whose names begin with aws: are reserved"));
        }
        if utf16_length(value) > MAX_VALUE_CHARACTERS || !is_plain(value) {
            return Err(invalid(
                "the value of a tag is up to 256 letters, digits, spaces and + - = . _ : / @",
            ));
        }
    }
    Ok(())
}

/// Tags as the header `x-amz-tagging` has them: the query of a URL. None when there are none.
pub(crate) fn encode(tags: &BTreeMap<String, String>) -> Option<String> {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = tags.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    Some(pairs.collect::<Vec<_>>().join("&")).filter(|query| !query.is_empty())
}

/// S3 counts tags in UTF-16.
fn utf16_length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || " +-=._:/@".contains(c))
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_limits_of_s3() {
        let many = |count: usize| (0..count).map(|i| (i.to_string(), String::new())).collect();
        assert!(check(&many(10)).is_ok());
        assert!(check(&many(11)).is_err());
        assert!(check(&one(&"é".repeat(128), &"é".repeat(256))).is_ok());
        for (name, value) in [
            ("", "x"),
            ("aws:cost", "x"),
            ("AWS:cost", "x"),
            ("a\n", "x"),
            ("a", "x&y=z"),
            ("a", "<"),
            (&"n".repeat(129), "x"),
            ("a", &"v".repeat(257)),
        ] {
            let error = check(&one(name, value)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{name:?} {value:?}");
        }
    }

    #[test]
    fn the_header_is_a_query() {
        assert_eq!(encode(&BTreeMap::new()), None);
        let two = BTreeMap::from([
            ("a b".to_owned(), "c+d".to_owned()),
            ("projet".to_owned(), "été".to_owned()),
        ]);
        assert_eq!(encode(&two).as_deref(), Some("a%20b=c%2Bd&projet=%C3%A9t%C3%A9"));
    }
}

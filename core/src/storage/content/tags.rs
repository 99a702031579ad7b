//! Object tags: what S3 takes as such.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Error, ErrorKind, Result};

/// The most tags of a file.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
pub const MAX_TAGS: usize = 10;

/// The longest name and the longest value of a tag, in UTF-16 units, as the same page says.
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 256;

/// Checks tags by S3's rules.
///
/// # Errors
/// `invalid-request` for more than 10 tags; a name that is not of 1 to 128 characters, or begins
/// with `aws:`, which is AWS's own; a value of more than 256 characters; characters other than
/// letters, digits and spaces of any script and `+ - = . _ : / @`.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<()> {
    let refused = |why: &str| Err(Error::new(ErrorKind::InvalidRequest, why));
    if tags.len() > MAX_TAGS {
        return Err(Error::new(ErrorKind::InvalidRequest, "a file has 10 tags at most")
            .with_count(MAX_TAGS, tags.len()));
    }
    for (name, value) in tags {
        if !(1..=MAX_NAME).contains(&name.encode_utf16().count()) {
            return refused("the name of a tag has 1 to 128 characters");
        }
        if value.encode_utf16().count() > MAX_VALUE {
            return refused("the value of a tag has 256 characters at most");
        }
        if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return refused("names of tags that begin with aws: are AWS's own");
        }
        if !name.chars().chain(value.chars()).all(is_allowed) {
            return refused("a tag is letters, digits, spaces and + - = . _ : / @");
        }
    }
    Ok(())
}

/// Tags as the header of an upload or a copy has them: a query string.
pub(crate) fn header(tags: &BTreeMap<String, String>) -> String {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let pairs = tags.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ' ' | '+' | '-' | '=' | '.' | '_' | ':' | '/' | '@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_s3_takes_passes() {
        check(&tags(&[])).unwrap();
        check(&tags(&[("project", ""), ("État 2025", "a+b-c=d.e_f:g/h@i"), ("作者", "い")]))
            .unwrap();
        check(&tags(&[(&"n".repeat(128), &"é".repeat(256))])).unwrap();
    }

    #[test]
    fn all_else_is_refused() {
        let eleven: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        let eleven: Vec<(&str, &str)> = eleven.iter().map(|n| (n.as_str(), "")).collect();
        for wrong in [
            &eleven[..],
            &[("", "a")],
            &[(&"n".repeat(129), "a")],
            &[("a", &"é".repeat(257))],
            &[("a", &"\u{1F600}".repeat(129))],
            &[("aws:a", "a")],
            &[("AWS:a", "a")],
            &[("a", "<b>")],
            &[("a&b", "c")],
            &[("a", "b\nc")],
            &[("a", "\u{202E}")],
            &[("a\0", "")],
        ] {
            let error = check(&tags(wrong)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{wrong:?}");
        }
    }

    #[test]
    fn the_header_is_a_query_string() {
        let header = header(&tags(&[("a b", "c+d=e"), ("é", "")]));
        assert_eq!(header, "a%20b=c%2Bd%3De&%C3%A9=");
    }
}

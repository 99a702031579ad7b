//! The parameters of a query.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::members::invalid;
use crate::Result;

/// The parameters that a route knows. Others are passed over, since proxies and browsers' extensions
/// add their own; nothing in a query can widen what a call may do.
#[derive(Debug, Default)]
pub(super) struct Query(BTreeMap<&'static str, String>);

impl Query {
    /// Reads a query as forms write it: percent-encoded UTF-8, `+` for a space.
    ///
    /// # Errors
    /// `invalid-request` for a known parameter that stands twice or is not UTF-8.
    pub(super) fn parse(query: &str, known: &[&'static str]) -> Result<Self> {
        let mut values = BTreeMap::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = decode(name) else { continue };
            let Some(name) = known.iter().copied().find(|known| *known == name) else { continue };
            let value = decode(value)
                .ok_or_else(|| invalid(format!("the parameter `{name}` is not UTF-8")))?;
            if values.insert(name, value).is_some() {
                return Err(invalid(format!("the parameter `{name}` stands twice")));
            }
        }
        Ok(Self(values))
    }

    /// The value of a parameter; an empty one counts as absent, as forms send it.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// A whole number of digits alone.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u32>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        number.map(Some).ok_or_else(|| invalid(format!("`{name}` is not a whole number")))
    }

    /// `true` or `1`, `false` or `0`; false when absent.
    pub(super) fn switch(&mut self, name: &str) -> Result<bool> {
        self.text(name).map_or(Ok(false), |text| switch(name, &text))
    }
}

/// Reads `true` or `1`, `false` or `0`.
pub(super) fn switch(name: &str, text: &str) -> Result<bool> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(invalid(format!("`{name}` is `true` or `false`"))),
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|text| text.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    fn parse(query: &str) -> Result<Query> {
        Query::parse(query, &["limit", "cursor", "on"])
    }

    #[test]
    fn values_are_decoded_once() {
        let mut query = parse("cursor=a+b%2Bc%2525&&limit=10&%6Fn=1").unwrap();
        assert_eq!(query.text("cursor").as_deref(), Some("a b+c%25"));
        assert_eq!(query.number("limit").unwrap(), Some(10));
        assert!(query.switch("on").unwrap());
        let mut query = parse("").unwrap();
        assert_eq!((query.text("cursor"), query.number("limit").unwrap()), (None, None));
        assert!(!query.switch("on").unwrap());
    }

    #[test]
    fn empty_values_and_unknown_names_are_passed_over() {
        let mut query = parse("limit=&cursor&on=&utm=1&utm=2&%ff=1&=&Limit=3").unwrap();
        assert_eq!((query.text("cursor"), query.number("limit").unwrap()), (None, None));
        assert!(!query.switch("on").unwrap());
    }

    #[test]
    fn what_is_ambiguous_or_malformed_is_refused() {
        for query in ["limit=1&limit=1", "limit=1&l%69mit=2", "cursor=&cursor=a", "cursor=%ff"] {
            assert_eq!(parse(query).unwrap_err().kind(), ErrorKind::InvalidRequest, "{query}");
        }
        for value in ["-1", "%2B1", "1.0", "1e3", "0x1", "%201", "4294967296", "ten", "٣"] {
            let error = parse(&format!("limit={value}")).unwrap().number("limit").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{value}");
        }
        for value in ["yes", "TRUE", "2", "true%20"] {
            let error = parse(&format!("on={value}")).unwrap().switch("on").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{value}");
            assert!(!error.message().contains("yes"));
        }
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "[limtcurson=&%+0-9a-fé]{0,60}") {
            if let Ok(mut query) = parse(&query) {
                let _ = (query.text("cursor"), query.number("limit"), query.switch("on"));
            }
        }

        #[test]
        fn what_is_written_is_read(value in any::<String>()) {
            let written = url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
            let read = parse(&format!("cursor={written}")).unwrap().text("cursor");
            prop_assert_eq!(read.unwrap_or_default(), value);
        }
    }
}

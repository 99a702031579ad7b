//! JSON read strictly: tokens, key sets, the bodies of requests.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Map, Value};

/// How deep arrays and objects may nest.
const MAX_DEPTH: u8 = 32;

/// Reads one JSON object: UTF-8 without a byte order mark, nothing after it, no name twice in any
/// object, at most 32 levels deep. Numbers that fit neither 64 bits nor a double are refused.
///
/// RFC 8259 leaves equal names undefined and most readers take the last one; two readers that
/// differ would see two different tokens.
pub(crate) fn parse_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    // The shape is checked apart from the values, so that serde_json alone says what a number is,
    // whichever of its features the rest of the program has switched on.
    let mut reader = Deserializer::from_slice(bytes);
    Shape { depth: 0 }.deserialize(&mut reader).ok()?;
    serde_json::from_slice(bytes).ok()
}

/// Passes over a value that lies below `depth` containers.
#[derive(Clone, Copy)]
struct Shape {
    depth: u8,
}

impl Shape {
    fn one_deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Shape {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.one_deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.one_deeper()?;
        let mut names = Vec::new();
        while let Some(name) = members.next_key_seed(Name)? {
            members.next_value_seed(inner)?;
            names.push(name);
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(A::Error::custom("a name stands twice in one object"));
        }
        Ok(())
    }
}

/// Reads the name of a member, copied only where it is written with escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_read_as_serde_json_reads_it() {
        let text = r#" {"a": [1, -2, 3.5, "é\u00e9", null, true], "b": {"c": {}}} "#;
        let expected = json!({"a": [1, -2, 3.5, "éé", null, true], "b": {"c": {}}});
        assert_eq!(Value::Object(parse_object(text.as_bytes()).unwrap()), expected);
    }

    #[test]
    fn loose_json_is_refused() {
        let bad: &[&[u8]] = &[
            b"",
            b"[]",
            b"null",
            br#"{"a":1,"a":1}"#,
            br#"{"x":{"a":1,"b":2,"\u0061":3}}"#,
            br#"{"x":[{"a":1,"a":2}]}"#,
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\0}\0",
            b"{\"a\":\"\xff\"}",
            br#"{"a":"\ud800"}"#,
            b"{}{}",
            b"{} x",
            b"{}\0",
            br#"{"a":NaN}"#,
            br#"{"a":Infinity}"#,
            br#"{"a":1e400}"#,
            br#"{"a":01}"#,
            br#"{'a':1}"#,
            br#"{"a":1,}"#,
            b"{/**/}",
        ];
        for text in bad {
            assert!(parse_object(text).is_none(), "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn numbers_never_wrap() {
        let object = parse_object(
            br#"{"a":9223372036854775808,"b":18446744073709551616,"c":-9223372036854775809}"#,
        )
        .unwrap();
        assert_eq!(object["a"].as_u64(), Some(1 << 63));
        assert_eq!(object["b"].as_f64(), Some(18_446_744_073_709_551_616.0));
        assert_eq!(object["c"].as_f64(), Some(-9_223_372_036_854_775_809.0));
        assert!(object["b"].as_u64().is_none() && object["c"].as_i64().is_none());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| {
            let (open, close) = ("[".repeat(levels), "]".repeat(levels));
            format!(r#"{{"a":{open}{close}}}"#)
        };
        assert!(parse_object(nested(31).as_bytes()).is_some());
        assert!(parse_object(nested(32).as_bytes()).is_none());
        assert!(parse_object(nested(100_000).as_bytes()).is_none());
        assert!(parse_object("{\"a\":".repeat(100_000).as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_object(&bytes);
        }

        #[test]
        fn what_is_accepted_is_what_serde_json_reads(text in r#"[{}\[\]",:a-c0-9.eE+\\u-]{0,40}"#) {
            if let Some(object) = parse_object(text.as_bytes()) {
                let loose: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(Value::Object(object), loose);
            }
        }
    }
}

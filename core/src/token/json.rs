//! JSON read strictly, for headers, claims and key sets.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep arrays and objects may nest.
const MAX_DEPTH: u8 = 32;

/// Reads one JSON object: UTF-8 without a byte order mark, nothing after it, no name twice in any
/// object, at most 32 levels deep. Numbers that fit neither 64 bits nor a double are refused.
///
/// RFC 8259 leaves equal names undefined and most readers take the last one; two readers that
/// differ would see two different tokens.
pub(crate) fn parse_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = StrictValue { depth: 0 }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Reads a value that lies below `depth` containers.
#[derive(Clone, Copy)]
struct StrictValue {
    depth: u8,
}

impl StrictValue {
    fn one_deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.one_deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.one_deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice in one object"));
            }
        }
        Ok(Value::Object(object))
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

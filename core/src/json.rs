//! JSON read strictly: tokens, key sets, the bodies of requests.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Map, Number, Value};

/// How deep arrays and objects may nest.
const MAX_DEPTH: u8 = 32;
/// Up to how many members each name is compared with those before it; more are sorted.
const FEW_MEMBERS: usize = 32;
/// Room for the members of most tokens, taken at once: below a kilobyte, which allocators give
/// quickest. Not for those of inner objects: thousands of small ones would take a hundred times the
/// room of their text.
const USUAL_MEMBERS: usize = 18;
/// The name under which serde_json hands numbers over as text, once its `arbitrary_precision` is on.
const NUMBER_AS_TEXT: &str = "$serde_json::private::Number";

/// Whether some other crate of the program has switched that on.
static HAS_NUMBERS_AS_TEXT: LazyLock<bool> =
    LazyLock::new(|| serde_json::from_str::<Number>("1e400").is_ok());

/// Reads one JSON object: UTF-8 without a byte order mark, nothing after it, no name twice in any
/// object, at most 32 levels deep. Numbers that fit neither 64 bits nor a double are refused.
///
/// RFC 8259 leaves equal names undefined and most readers take the last one; two readers that
/// differ would see two different tokens.
pub(crate) fn read_object(text: &str) -> Option<Members<'_>> {
    let mut reader = Deserializer::from_str(text);
    let value = Reader { depth: 0 }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    match value {
        Json::Object(members) => Some(members),
        _ => None,
    }
}

/// The same, as values of their own.
pub(crate) fn parse_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    Some(read_object(std::str::from_utf8(bytes).ok()?)?.to_map())
}

/// A JSON value that borrows its texts, where they are written without escapes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Members<'a>),
}

/// The members of an object, in their order; no two have one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Members<'a> {
    members: Vec<(Cow<'a, str>, Json<'a>)>,
    /// One bit for each name, so that most names which are not there need not be looked for.
    filter: u64,
}

impl<'a> Json<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        self.as_number()?.as_f64()
    }

    pub(crate) fn as_array(&self) -> Option<&[Json<'a>]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Members<'a>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::List(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(members) => Value::Object(members.to_map()),
        }
    }

    fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}

impl<'a> Members<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        if self.filter & filter_bit(name) == 0 {
            return None;
        }
        self.members.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    pub(crate) fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn to_map(&self) -> Map<String, Value> {
        self.members
            .iter()
            .map(|(name, value)| (name.clone().into_owned(), value.to_value()))
            .collect()
    }

    /// Adds a member; gives nothing when its name is there already and members are few.
    fn push(&mut self, name: Cow<'a, str>, value: Json<'a>) -> Option<()> {
        if self.members.len() < FEW_MEMBERS && self.contains_key(&name) {
            return None;
        }
        self.filter |= filter_bit(&name);
        self.members.push((name, value));
        Some(())
    }

    /// Whether all names differ, which [`push`](Self::push) has seen to where members are few.
    fn are_distinct(&self) -> bool {
        if self.members.len() <= FEW_MEMBERS {
            return true;
        }
        let mut names: Vec<&str> = self.members.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        names.windows(2).all(|pair| pair[0] != pair[1])
    }
}

/// The bit that stands for a name, which others may share.
fn filter_bit(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let byte = |place: usize| u64::from(bytes.get(place).copied().unwrap_or_default());
    let mixed = bytes.len() as u64 * 11 + byte(0) + byte(1) * 3 + byte(bytes.len() / 2) * 5;
    1 << (mixed % 64)
}

/// Reads a value that lies below `depth` containers.
#[derive(Clone, Copy)]
struct Reader {
    depth: u8,
}

impl Reader {
    fn one_deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Json<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Json<'de>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let inner = self.one_deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let inner = self.one_deeper()?;
        let twice = || A::Error::custom("a name stands twice in one object");
        let mut members = Members::default();
        if self.depth == 0 {
            members.members.reserve(USUAL_MEMBERS);
        }
        while let Some(name) = entries.next_key_seed(Name)? {
            if name == NUMBER_AS_TEXT && members.members.is_empty() && *HAS_NUMBERS_AS_TEXT {
                return number(&entries.next_value::<String>()?).map_err(A::Error::custom);
            }
            members.push(name, entries.next_value_seed(inner)?).ok_or_else(twice)?;
        }
        if members.are_distinct() { Ok(Json::Object(members)) } else { Err(twice()) }
    }
}

/// What the text of a number means without `arbitrary_precision`.
fn number(text: &str) -> Result<Json<'static>, &'static str> {
    let exact = text.parse::<u64>().map(Number::from);
    let exact = exact.or_else(|_| text.parse::<i64>().map(Number::from)).ok();
    let number = exact.or_else(|| text.parse().ok().and_then(Number::from_f64));
    number.map(Json::Number).ok_or("a number out of range")
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
    fn numbers_that_come_as_text_mean_the_same() {
        for text in ["0", "1700000000", "18446744073709551615", "-9223372036854775808", "1.5"] {
            let json = format!(r#"{{"a":{text}}}"#);
            assert_eq!(read_object(&json).unwrap().get("a"), number(text).ok().as_ref(), "{text}");
        }
        for text in ["1e400", "-1e400", "NaN", "inf", ""] {
            assert!(number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_stands_once_among_few_and_among_many() {
        for count in [1, 2, FEW_MEMBERS, FEW_MEMBERS + 1, 1_000] {
            let members: Vec<_> = (0..count).map(|i| format!(r#""n{i}":{i}"#)).collect();
            let members = members.join(",");
            assert!(read_object(&format!("{{{members}}}")).is_some(), "{count}");
            for twice in [0, count / 2, count - 1] {
                let text = format!(r#"{{{members},"n{twice}":0}}"#);
                assert!(read_object(&text).is_none(), "{count} {twice}");
            }
        }
    }

    /// Attack 28.
    #[test]
    fn small_objects_take_little_room() {
        let text = format!(r#"{{"a":[{}]}}"#, vec![r#"{"b":0}"#; 1_000].join(","));
        let all = read_object(&text).unwrap();
        let inner = all.get("a").and_then(Json::as_array).unwrap();
        let room: usize =
            inner.iter().filter_map(Json::as_object).map(|o| o.members.capacity()).sum();
        assert!(room <= 4 * inner.len(), "{room}");
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

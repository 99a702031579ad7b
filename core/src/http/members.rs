//! The members of a JSON body, read strictly.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::body::{Body, MAX_JSON_BYTES};
use crate::access::shown;
use crate::json::parse_object;
use crate::storage::{MAX_PART_URLS, UserStorage};
use crate::{Details, Error, ErrorKind, Result};

/// The most keys that one request names.
const MAX_KEYS: usize = 1000;

/// 2^53: beyond it not every whole number is one in JavaScript.
const MAX_WHOLE: u64 = 1 << 53;

/// The members of a body that is one JSON object. Messages name members and never repeat values.
#[derive(Debug)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Reads a body that may have these members and no others.
    ///
    /// # Errors
    /// `invalid-request` when it is anything else than one JSON object, names a member twice, nests
    /// deeper than 32 levels, or has a member that is not known.
    pub(super) fn read(body: Body, known: &[&str]) -> Result<Self> {
        let text = match body {
            Body::Json(text) => text,
            Body::TooLarge => return Err(too_large()),
            _ => return Err(invalid("the body is not a JSON object")),
        };
        // What a caller hands over unasked is measured too.
        if u64::try_from(text.len()).is_ok_and(|length| length > MAX_JSON_BYTES) {
            return Err(too_large());
        }
        let members =
            parse_object(&text).ok_or_else(|| invalid("the body is not one plain JSON object"))?;
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(invalid(format!("the body has an unknown member `{}`", shown(name)))),
            None => Ok(Self(members)),
        }
    }

    /// A text that has to be there.
    pub(super) fn text(&mut self, name: &str) -> Result<String> {
        match self.0.remove(name) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(invalid(format!("`{name}` is not a string"))),
            None => Err(invalid(format!("`{name}` is missing"))),
        }
    }

    /// A whole number that may be left out, or null.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u64>> {
        self.optional(name, "a whole number", |value| value.as_u64())
    }

    /// A text that may be left out, or null.
    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>> {
        self.optional(name, "a string", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    /// `true` or `false`; it may be left out, or null.
    pub(super) fn switch(&mut self, name: &str) -> Result<Option<bool>> {
        self.optional(name, "true or false", |value| value.as_bool())
    }

    /// An object of texts that may be left out, or null.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<BTreeMap<String, String>>> {
        self.optional(name, "an object of strings", |value| match value {
            Value::Object(members) => texts_of(members),
            _ => None,
        })
    }

    /// A number of bytes that has to be there: whole, and no larger than all languages can count.
    pub(super) fn size(&mut self, name: &str) -> Result<u64> {
        let size = self.number(name)?.ok_or_else(|| invalid(format!("`{name}` is missing")))?;
        match size <= MAX_WHOLE {
            true => Ok(size),
            false => Err(invalid(format!("`{name}` is above 2^53")).with_limit(MAX_WHOLE, size)),
        }
    }

    /// `part_numbers`: 1 to 1,000 whole numbers.
    pub(super) fn part_numbers(&mut self) -> Result<Vec<u32>> {
        let values = match self.0.remove("part_numbers") {
            Some(Value::Array(values)) => values,
            Some(_) => return Err(invalid("`part_numbers` is not an array of whole numbers")),
            None => return Err(invalid("`part_numbers` is missing")),
        };
        if !(1..=MAX_PART_URLS).contains(&values.len()) {
            let why = format!("`part_numbers` has 1 to {MAX_PART_URLS} numbers");
            return Err(invalid(why).with_count(MAX_PART_URLS, values.len()));
        }
        let numbers = values.iter().enumerate().map(|(place, value)| {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| invalid(format!("`part_numbers[{place}]` is no number of a part")))
        });
        numbers.collect()
    }

    /// A member that may be left out, or null, and is `what` as `read` takes it.
    fn optional<T>(
        &mut self,
        name: &str,
        what: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(invalid(format!("`{name}` is not {what}"))),
            },
        }
    }

    /// `s3_keys`: 1 to 1,000 keys that all lie in the scope of `files`.
    pub(super) fn keys(&mut self, files: &UserStorage) -> Result<Vec<String>> {
        let values = match self.0.remove("s3_keys") {
            Some(Value::Array(values)) => values,
            Some(_) => return Err(invalid("`s3_keys` is not an array of strings")),
            None => return Err(invalid("`s3_keys` is missing")),
        };
        if !(1..=MAX_KEYS).contains(&values.len()) {
            return Err(invalid("`s3_keys` has 1 to 1000 keys").with_count(MAX_KEYS, values.len()));
        }
        let mut keys = Vec::with_capacity(values.len());
        for (place, value) in values.into_iter().enumerate() {
            let Value::String(key) = value else {
                return Err(invalid(format!("`s3_keys[{place}]` is not a string")));
            };
            files.parse(&key).map_err(|error| {
                Error::new(error.kind(), format!("`s3_keys[{place}]`: {}", error.message()))
            })?;
            keys.push(key);
        }
        Ok(keys)
    }
}

/// The members of an object that has nothing but texts.
pub(super) fn texts_of(members: Map<String, Value>) -> Option<BTreeMap<String, String>> {
    let texts = members.into_iter().map(|(name, value)| match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    });
    texts.collect()
}

/// A mistake in what a request says.
pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidRequest, message)
}

fn too_large() -> Error {
    let details = Details { limit: Some(MAX_JSON_BYTES), ..Details::default() };
    invalid("the body is longer than 1 MiB").with_details(details)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::access::Policy;
    use crate::storage::{Scope, Storage, StorageConfig};

    fn read(text: &str) -> Result<Members> {
        Members::read(Body::Json(text.to_owned().into()), &["s3_key", "s3_keys", "expires_in"])
    }

    fn keys(value: Value) -> Result<Vec<String>> {
        let storage = Storage::new(StorageConfig::new("bucket", None)).unwrap();
        let policy = Arc::new(Policy::builtin());
        let files = storage.scoped(Scope::new("1").unwrap(), None, policy);
        read(&json!({"s3_keys": value}).to_string()).unwrap().keys(&files)
    }

    #[test]
    fn anything_but_one_known_object_is_refused() {
        for text in [
            "",
            " ",
            "null",
            "[]",
            "\"a\"",
            "1",
            "{",
            "{}x",
            "{}{}",
            "{'s3_key':1}",
            "\u{feff}{}",
            r#"{"s3_key":"a","s3_key":"b"}"#,
            r#"{"s3_key":"a","s3_\u006bey":"b"}"#,
            r#"{"s3_key":1e999}"#,
            &format!("{{\"s3_key\":{}1{}}}", "[".repeat(99), "]".repeat(99)),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.message(), "the body is not one plain JSON object", "{text}");
        }
        let long = format!("{{\"s3_key\":\"{}\"}}", "a".repeat(1 << 20));
        for body in [Body::TooLarge, Body::Json(long.into())] {
            let error = Members::read(body, &["s3_key"]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert_eq!((error.details().limit, error.details().used), (Some(1 << 20), None));
        }
        for body in [Body::None, Body::Unreadable, Body::Form(Default::default())] {
            let error = Members::read(body, &[]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        }
    }

    #[test]
    fn an_unknown_member_is_named_without_its_value() {
        let error = read(r#"{"s3_key":"a","user\n_id":"hush"}"#).unwrap_err();
        assert_eq!(error.message(), "the body has an unknown member `user\\n_id`");
        let long = format!("{{\"{}\":1}}", "x".repeat(100_000));
        assert!(read(&long).unwrap_err().message().len() < 200);
    }

    #[test]
    fn values_have_their_types() {
        let mut members = read(r#"{"s3_key":"a","expires_in":60}"#).unwrap();
        assert_eq!(members.text("s3_key").unwrap(), "a");
        assert_eq!(members.number("expires_in").unwrap(), Some(60));
        assert_eq!(members.text("s3_key").unwrap_err().message(), "`s3_key` is missing");
        assert_eq!(members.number("expires_in").unwrap(), None);
        assert_eq!(read(r#"{"expires_in":null}"#).unwrap().number("expires_in").unwrap(), None);
        for value in ["1.5", "-1", "\"60\"", "true", "[]", "60.0", "18446744073709551616"] {
            let mut members = read(&format!("{{\"expires_in\":{value}}}")).unwrap();
            assert_eq!(
                members.number("expires_in").unwrap_err().code(),
                "invalid-request",
                "{value}"
            );
        }
        for value in ["1", "null", "[\"a\"]", "{}"] {
            let mut members = read(&format!("{{\"s3_key\":{value}}}")).unwrap();
            assert_eq!(members.text("s3_key").unwrap_err().message(), "`s3_key` is not a string");
        }
    }

    #[test]
    fn what_may_be_left_out_has_its_type_too() {
        let read = |text: &str| Members::read(Body::Json(text.to_owned().into()), &["it"]).unwrap();
        for absent in ["{}", r#"{"it":null}"#] {
            assert_eq!(read(absent).optional_text("it").unwrap(), None);
            assert_eq!(read(absent).switch("it").unwrap(), None);
            assert_eq!(read(absent).texts("it").unwrap(), None);
            assert!(read(absent).size("it").is_err());
        }
        assert_eq!(read(r#"{"it":"a"}"#).optional_text("it").unwrap().as_deref(), Some("a"));
        assert_eq!(read(r#"{"it":false}"#).switch("it").unwrap(), Some(false));
        let texts = read(r#"{"it":{"a":"é","b":""}}"#).texts("it").unwrap().unwrap();
        assert_eq!(texts.into_iter().collect::<Vec<_>>().len(), 2);
        for value in ["0", "[]", "{\"a\":1}", "{\"a\":null}", "1.0"] {
            let body = format!("{{\"it\":{value}}}");
            assert!(read(&body).optional_text("it").is_err(), "{value}");
            assert!(read(&body).switch("it").is_err(), "{value}");
            assert!(read(&body).texts("it").is_err(), "{value}");
        }
        assert!(read(r#"{"it":"true"}"#).switch("it").is_err());
    }

    #[test]
    fn sizes_and_numbers_of_parts_are_whole() {
        let size = |value: &str| {
            let body = format!("{{\"size\":{value}}}");
            Members::read(Body::Json(body.into()), &["size"]).unwrap().size("size")
        };
        assert_eq!(size("0").unwrap(), 0);
        assert_eq!(size("9007199254740992").unwrap(), 1 << 53);
        for value in ["9007199254740993", "-1", "1.0", "1e3", "\"1\"", "null", "1e400"] {
            let body = format!("{{\"size\":{value}}}");
            let read = Members::read(Body::Json(body.into()), &["size"]);
            let refused = read.and_then(|mut members| members.size("size")).unwrap_err();
            assert_eq!(refused.code(), "invalid-request", "{value}");
        }
        let numbers = |value: Value| {
            let body = json!({"part_numbers": value}).to_string();
            Members::read(Body::Json(body.into()), &["part_numbers"]).unwrap().part_numbers()
        };
        assert_eq!(numbers(json!([3, 1])).unwrap(), [3, 1]);
        assert_eq!(numbers(json!(vec![1; 1000])).unwrap().len(), 1000);
        for value in [
            json!([]),
            json!(vec![1; 1001]),
            json!(1),
            json!(null),
            json!(["1"]),
            json!([1.0]),
            json!([-1]),
            json!([4_294_967_296_u64]),
        ] {
            assert_eq!(numbers(value.clone()).unwrap_err().code(), "invalid-request", "{value}");
        }
    }

    #[test]
    fn keys_are_all_ones_own() {
        let own = "user_1/files/a.txt";
        assert_eq!(keys(json!([own, own])).unwrap(), [own, own]);
        assert_eq!(keys(json!(vec![own; 1000])).unwrap().len(), 1000);
        for value in [json!([]), json!(vec![own; 1001]), json!(own), json!(null), json!([own, 1])] {
            assert_eq!(keys(value).unwrap_err().code(), "invalid-request");
        }
        let error = keys(json!([own, "user_2/files/a.txt"])).unwrap_err();
        assert_eq!(error.code(), "not-owner");
        assert_eq!(error.message(), "`s3_keys[1]`: the key belongs to somebody else");
        assert_eq!(keys(json!([own, "user_1/../a"])).unwrap_err().code(), "invalid-key");
    }
}

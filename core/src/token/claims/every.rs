//! Every claim of a token.

use std::ops::Deref;
use std::sync::OnceLock;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Every claim of a token, as a map of JSON values.
///
/// The map is made when it is first looked at; until then the claims are kept as the text that was
/// signed.
#[derive(Clone, Default)]
pub struct Claims {
    text: Box<str>,
    map: OnceLock<Map<String, Value>>,
}

impl Claims {
    /// The claims of a text that has been read as strict JSON.
    pub(crate) fn of_text(text: &str) -> Self {
        Self { text: text.into(), map: OnceLock::new() }
    }
}

impl Deref for Claims {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Map<String, Value> {
        self.map.get_or_init(|| serde_json::from_str(&self.text).unwrap_or_default())
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(map: Map<String, Value>) -> Self {
        Self { text: Box::default(), map: OnceLock::from(map) }
    }
}

impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// Shows the names alone: the values are personal.
impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_map_is_that_of_the_text() {
        let claims = Claims::of_text(r#"{"sub":"user_1","n":[1,2.5,null]}"#);
        let Value::Object(map) = json!({"sub": "user_1", "n": [1, 2.5, null]}) else { panic!() };
        assert_eq!(*claims, map);
        assert_eq!(claims, Claims::from(map));
        assert_eq!(
            serde_json::to_value(&claims).unwrap(),
            json!({"sub": "user_1", "n": [1, 2.5, null]})
        );
        assert!(Claims::default().is_empty());
    }

    #[test]
    fn debug_shows_no_value() {
        let claims = Claims::of_text(r#"{"email":"ada@example.com"}"#);
        assert_eq!(format!("{claims:?}"), r#"["email"]"#);
    }
}

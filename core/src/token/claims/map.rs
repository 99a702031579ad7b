//! Claims as a map of JSON values.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The claims of a token, or those inside one of them, as a map of JSON values.
///
/// The map is made when it is first looked at; until then the claims are kept as the text that was
/// signed.
#[derive(Clone, Default)]
pub struct Claims {
    text: Arc<str>,
    path: Option<ClaimPath>,
    map: OnceLock<Map<String, Value>>,
}

/// The names on the way to a claim, from the outside in.
pub(crate) type ClaimPath = Arc<[Cow<'static, str>]>;

impl Claims {
    /// The claims of a text that has been read as strict JSON.
    pub(crate) fn of_text(text: &str) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// The claims inside the one at this path, which is an object.
    pub(crate) fn inside(&self, path: &ClaimPath) -> Self {
        Self { text: self.text.clone(), path: Some(path.clone()), map: OnceLock::new() }
    }

    fn read(&self) -> Option<Map<String, Value>> {
        let mut claims: Map<String, Value> = serde_json::from_str(&self.text).ok()?;
        for name in self.path.iter().flat_map(|path| path.iter()) {
            match claims.remove(name.as_ref()) {
                Some(Value::Object(inner)) => claims = inner,
                _ => return None,
            }
        }
        Some(claims)
    }
}

impl Deref for Claims {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Map<String, Value> {
        self.map.get_or_init(|| self.read().unwrap_or_default())
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(map: Map<String, Value>) -> Self {
        Self { map: OnceLock::from(map), ..Self::default() }
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
    fn claims_inside_another_are_those_at_the_path() {
        let claims = Claims::of_text(r#"{"app":{"meta":{"tier":"pro"}},"tier":"free"}"#);
        let at = |path: &[&'static str]| {
            claims.inside(&path.iter().map(|name| Cow::Borrowed(*name)).collect())
        };
        assert_eq!(at(&["app", "meta"])["tier"], "pro");
        assert!(at(&["app", "tier"]).is_empty() && at(&["tier"]).is_empty());
    }

    #[test]
    fn debug_shows_no_value() {
        let claims = Claims::of_text(r#"{"email":"ada@example.com"}"#);
        assert_eq!(format!("{claims:?}"), r#"["email"]"#);
    }
}

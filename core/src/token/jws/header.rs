//! The rules for a token's protected header.

use super::compact::malformed;
use crate::json::{Json, Members};
use crate::token::algorithm::Algorithm;
use crate::{Error, ErrorKind, Result};

/// The longest key id that is looked up, in bytes.
pub(crate) const MAX_KEY_ID_BYTES: usize = 256;

/// The `cat` that Clerk gives its session tokens; templates and machine tokens have others.
const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";

/// Parameters that change how the rest of the token is to be read. None is supported, and one that
/// is not understood must not be passed over (RFC 7515 §4.1.11, RFC 7797, RFC 7516).
const REFUSED_PARAMETERS: [&str; 5] = ["crit", "b64", "zip", "cty", "enc"];

/// What counts in a header. `jwk`, `jku`, `x5u` and `x5c` are never read: a token does not get to
/// bring its own key.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    /// Whether `cat` is absent or says session. To be judged only after the signature.
    pub(crate) is_session_category: bool,
}

impl Header {
    /// Applies the rules that need no key. `typ` may be absent where `JWT` itself is accepted.
    pub(crate) fn read(
        parameters: &Members<'_>,
        algorithms: &[Algorithm],
        token_types: &[String],
    ) -> Result<Self> {
        let algorithm = allowed_algorithm(parameters.get("alg"), algorithms)?;
        if REFUSED_PARAMETERS.iter().any(|name| parameters.contains_key(name)) {
            return Err(malformed("the token's header has a parameter that is not supported"));
        }
        let token_type = match parameters.get("typ") {
            None => "JWT",
            Some(Json::Text(token_type)) => token_type,
            Some(_) => return Err(malformed("the token's typ is not a string")),
        };
        if !token_types.iter().any(|accepted| accepted == token_type) {
            return Err(malformed("the token's typ is not accepted"));
        }
        Ok(Self {
            algorithm,
            key_id: key_id(parameters.get("kid"))?,
            is_session_category: match parameters.get("cat") {
                None => true,
                Some(category) => category.as_str() == Some(SESSION_CATEGORY),
            },
        })
    }
}

fn allowed_algorithm(alg: Option<&Json<'_>>, algorithms: &[Algorithm]) -> Result<Algorithm> {
    alg.and_then(Json::as_str)
        .and_then(Algorithm::named)
        .filter(|algorithm| algorithms.contains(algorithm))
        .ok_or_else(|| {
            Error::new(ErrorKind::TokenInvalidAlgorithm, "the token's algorithm is not allowed")
        })
}

fn key_id(kid: Option<&Json<'_>>) -> Result<Option<String>> {
    match kid {
        None => Ok(None),
        Some(Json::Text(kid)) if kid.len() <= MAX_KEY_ID_BYTES => Ok(Some(kid.as_ref().to_owned())),
        Some(_) => Err(malformed("the token's kid is not a string of at most 256 bytes")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::read_object;

    fn read(header: Value) -> Result<Header> {
        let header = header.to_string();
        let parameters = read_object(&header).unwrap();
        Header::read(&parameters, &[Algorithm::Rs256], &["JWT".to_owned()])
    }

    #[test]
    fn a_plain_header_passes() {
        let header =
            read(json!({"alg": "RS256", "typ": "JWT", "kid": "ins_1", "jku": "https://evil.test"}))
                .unwrap();
        assert_eq!(header.algorithm, Algorithm::Rs256);
        assert_eq!(header.key_id.as_deref(), Some("ins_1"));
        assert!(header.is_session_category);
        assert!(read(json!({"alg": "RS256"})).unwrap().key_id.is_none());
    }

    #[test]
    fn only_allowed_algorithms_pass() {
        for alg in [
            json!("none"),
            json!("None"),
            json!("nOnE"),
            json!("HS256"),
            json!("RS512"),
            json!("rs256"),
            json!(""),
            json!(null),
            json!(["RS256"]),
            json!(1),
        ] {
            let error = read(json!({"alg": alg})).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TokenInvalidAlgorithm, "{alg}");
        }
        assert_eq!(read(json!({})).unwrap_err().kind(), ErrorKind::TokenInvalidAlgorithm);
    }

    /// Attack 10. Attack 11. Attack 12. Attack 13.
    #[test]
    fn parameters_that_change_the_reading_are_refused() {
        for (name, value) in [
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("crit", json!("b64")),
            ("crit", json!(null)),
            ("b64", json!(false)),
            ("b64", json!(true)),
            ("zip", json!("DEF")),
            ("cty", json!("JWT")),
            ("enc", json!("A256GCM")),
            ("typ", json!("jwt")),
            ("typ", json!("at+jwt")),
            ("typ", json!("application/at+jwt")),
            ("typ", json!("logout+jwt")),
            ("typ", json!("")),
            ("typ", json!(null)),
            ("typ", json!(["JWT"])),
            ("kid", json!(7)),
            ("kid", json!(null)),
            ("kid", json!("k".repeat(257))),
        ] {
            let mut header = json!({"alg": "RS256"});
            header[name] = value.clone();
            let error = read(header).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TokenInvalid, "{name} {value}");
        }
        assert!(read(json!({"alg": "RS256", "kid": "k".repeat(256)})).is_ok());
    }

    #[test]
    fn the_category_is_noted_and_left_for_later() {
        let category =
            |cat: Value| read(json!({"alg": "RS256", "cat": cat})).unwrap().is_session_category;
        assert!(category(json!("cl_B7d4PD111AAA")));
        for cat in
            [json!("cl_B7d4PD222AAA"), json!("cl_B7d4PD333AAA"), json!(""), json!(null), json!(1)]
        {
            assert!(!category(cat.clone()), "{cat}");
        }
    }

    #[test]
    fn other_types_pass_only_where_they_are_configured() {
        let types = ["at+jwt".to_owned()];
        let read = |header: Value| {
            let header = header.to_string();
            Header::read(&read_object(&header).unwrap(), &[Algorithm::Rs256], &types)
        };
        assert!(read(json!({"alg": "RS256", "typ": "at+jwt"})).is_ok());
        assert!(read(json!({"alg": "RS256", "typ": "JWT"})).is_err());
        assert!(read(json!({"alg": "RS256"})).is_err());
    }
}

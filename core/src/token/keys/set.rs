//! The keys of one issuer.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::jwk::read_jwk;
use super::key::{KeyFault, VerificationKey};
use super::pem::read_pem;
use crate::json::parse_object;
use crate::token::algorithm::Algorithm;

/// The most keys that a key set may list.
const MAX_KEYS: usize = 100;

/// Keys of one issuer, ready to use; no two have the same id.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<Arc<VerificationKey>>,
    /// One configured key without an id serves whatever `kid` a token names.
    is_any_id: bool,
}

impl KeySet {
    /// The one key of a PEM text.
    pub(crate) fn from_pem(text: &str, allowed: &[Algorithm]) -> Result<Self, KeyFault> {
        let key = VerificationKey::new(read_pem(text)?, None, None, allowed)?;
        Ok(Self { keys: vec![Arc::new(key)], is_any_id: true })
    }

    /// The one key of a JWK document.
    pub(crate) fn from_jwk(text: &str, allowed: &[Algorithm]) -> Result<Self, KeyFault> {
        let jwk = parse_object(text.as_bytes()).ok_or("it is not a JSON object")?;
        let key = read_jwk(&jwk, allowed)?;
        Ok(Self { is_any_id: key.id().is_none(), keys: vec![Arc::new(key)] })
    }

    /// The usable keys of a JWK set (RFC 7517 §5). Keys that cannot be used are skipped; a set with
    /// none left, or with more than 100 members, is refused. Keys that share a `kid` are all left
    /// out, since which of them was meant would depend on their order.
    pub(crate) fn from_jwks(document: &[u8], allowed: &[Algorithm]) -> Result<Self, KeyFault> {
        let document = parse_object(document).ok_or("it is not a JSON object")?;
        let Some(Value::Array(members)) = document.get("keys") else {
            return Err("it has no array of keys");
        };
        if members.len() > MAX_KEYS {
            return Err("it has more than 100 keys");
        }
        let keys: Vec<_> = members
            .iter()
            .filter_map(|member| read_jwk(member.as_object()?, allowed).ok())
            .map(Arc::new)
            .collect();
        let mut uses = HashMap::new();
        for id in keys.iter().filter_map(|key| key.id()) {
            *uses.entry(id.to_owned()).or_insert(0) += 1;
        }
        let keys: Vec<_> = keys
            .into_iter()
            .filter(|key| key.id().is_none_or(|id| uses.get(id) == Some(&1)))
            .collect();
        if keys.is_empty() {
            return Err("none of its keys can be used");
        }
        Ok(Self { keys, is_any_id: false })
    }

    /// The one key for a token: that of its `kid`. A token that names none has no key in a set, so
    /// that a set which grows by a key does not change what its tokens are checked with.
    pub(crate) fn find(&self, key_id: Option<&str>) -> Option<Arc<VerificationKey>> {
        if self.is_any_id {
            return self.keys.first().cloned();
        }
        let id = key_id?;
        self.keys.iter().find(|key| key.id() == Some(id)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::tests::keys::{other_rsa, p256, rsa};

    const ALLOWED: &[Algorithm] = &[Algorithm::Rs256, Algorithm::Es256];

    fn set(keys: Value) -> Result<KeySet, KeyFault> {
        KeySet::from_jwks(json!({"keys": keys}).to_string().as_bytes(), ALLOWED)
    }

    #[test]
    fn the_kid_decides() {
        let set = set(json!([rsa().jwk("a"), other_rsa().jwk("b"), p256().jwk("c")])).unwrap();
        assert_eq!(set.find(Some("b")).unwrap().id(), Some("b"));
        assert!(set.find(Some("B")).is_none());
        assert!(set.find(Some("../a")).is_none());
        assert!(set.find(None).is_none());
    }

    /// Attack 39.
    #[test]
    fn keys_that_share_a_kid_are_left_out() {
        let (a, b) = (rsa().jwk("a"), other_rsa().jwk("a"));
        for keys in [json!([a, b, p256().jwk("c")]), json!([b, p256().jwk("c"), a])] {
            assert!(set(keys).unwrap().find(Some("a")).is_none());
        }
        assert!(set(json!([a, a])).is_err());
        let mut encryption = other_rsa().jwk("a");
        encryption["use"] = json!("enc");
        assert!(set(json!([encryption, a])).unwrap().find(Some("a")).is_some());
    }

    /// Attack 38.
    #[test]
    fn bad_keys_are_skipped_and_bad_documents_refused() {
        let good = rsa().jwk("a");
        let mixed = json!([1, null, "x", [], {"kty": "AKP"}, {"kty": "RSA", "kid": "z"}, good]);
        assert!(set(mixed).unwrap().find(Some("a")).is_some());
        assert!(set(json!([])).is_err());
        assert!(set(json!(null)).is_err());
        assert!(set(json!({"a": good})).is_err());
        assert!(set(json!([{"kty": "oct", "k": "AQAB", "kid": "a"}])).is_err());
        let many: Vec<_> = (0..101).map(|i| rsa().jwk(&format!("k{i}"))).collect();
        assert!(set(json!(many[..100])).is_ok());
        assert!(set(json!(many)).is_err());
        for document in ["", "null", "[]", "1", "\"x\"", "{}", "<html>", "{\"keys\":[]}{}"] {
            assert!(KeySet::from_jwks(document.as_bytes(), ALLOWED).is_err(), "{document}");
        }
    }

    #[test]
    fn a_single_configured_key_serves_its_own_id_or_any() {
        let pem = KeySet::from_pem(&rsa().pem(), ALLOWED).unwrap();
        assert!(pem.find(Some("whatever")).is_some());
        assert!(pem.find(None).is_some());
        let jwk = KeySet::from_jwk(&rsa().jwk("a").to_string(), ALLOWED).unwrap();
        assert!(jwk.find(Some("a")).is_some());
        assert!(jwk.find(Some("b")).is_none());
        assert!(jwk.find(None).is_none());
    }
}

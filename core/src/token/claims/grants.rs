//! What Clerk's version 2 tokens say about features, plans and permissions.

use crate::json::{Json, Members};

/// One element of `fea` or `pla`: `u:dash`, `o:team`, `uo:both`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grant<'a> {
    pub(crate) for_user: bool,
    pub(crate) for_organization: bool,
    pub(crate) name: &'a str,
}

/// The elements of a `fea` or `pla` claim, in order. A claim of another type, or with an element
/// that has no scope, grants nothing at all.
pub(crate) fn grants<'a>(claim: Option<&'a Json<'_>>) -> Vec<Grant<'a>> {
    let text = match claim.and_then(Json::as_str) {
        Some(text) if !text.trim().is_empty() => text,
        _ => return Vec::new(),
    };
    let elements = text.split(',').map(|element| {
        let (scope, name) = element.trim().split_once(':')?;
        Some(Grant {
            for_user: matches!(scope, "u" | "uo" | "ou"),
            for_organization: matches!(scope, "o" | "uo" | "ou"),
            name,
        })
    });
    elements.collect::<Option<_>>().unwrap_or_default()
}

/// The grants as `u:name` and `o:name`, one for each side that has it; other scopes grant nothing.
pub(crate) fn scoped_names(grants: &[Grant<'_>]) -> Vec<String> {
    let mut names = Vec::new();
    for grant in grants.iter().filter(|grant| !grant.name.is_empty()) {
        if grant.for_user {
            names.push(["u:", grant.name].concat());
        }
        if grant.for_organization {
            names.push(["o:", grant.name].concat());
        }
    }
    names
}

/// The permissions in the organization claim `o`, as `org:feature:permission`.
///
/// `fpm` holds one decimal number for each feature of `fea`, users' features included; its bit *i*
/// (lowest first) grants permission *i* of `per`. A number that is not one grants nothing, bits past
/// the list mean nothing. Source: <https://clerk.com/docs/backend-requests/resources/session-tokens>;
/// Clerk's JavaScript counts organization features only, and so grants wrongly where a user's
/// feature stands before one.
pub(crate) fn permissions(features: &[Grant<'_>], organization: &Members<'_>) -> Vec<String> {
    let list = |name| organization.get(name).and_then(Json::as_str).unwrap_or_default();
    let names: Vec<&str> = match list("per") {
        "" => return Vec::new(),
        per => per.split(',').map(str::trim).collect(),
    };
    let mut granted = Vec::new();
    for (feature, mask) in features.iter().zip(list("fpm").split(',')) {
        if !feature.for_organization {
            continue;
        }
        let bits = lowest_bits(mask.trim(), names.len()).unwrap_or_default();
        for (index, name) in names.iter().enumerate() {
            if bits.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1) {
                granted.push(["org:", feature.name, ":", name].concat());
            }
        }
    }
    granted
}

/// The lowest `count` bits of a decimal number of any length, lowest word first, exactly.
fn lowest_bits(decimal: &str, count: usize) -> Option<Vec<u64>> {
    if decimal.is_empty() || !decimal.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut words = vec![0u64; count.div_ceil(64)];
    for digit in decimal.bytes() {
        let mut carry = u128::from(digit - b'0');
        for word in &mut words {
            let value = u128::from(*word) * 10 + carry;
            *word = value as u64;
            carry = value >> 64;
        }
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::json::read_object;

    fn permitted(fea: &str, per: &str, fpm: &str) -> Vec<String> {
        let fea = Json::Text(fea.into());
        let claim = json!({"per": per, "fpm": fpm}).to_string();
        permissions(&grants(Some(&fea)), &read_object(&claim).unwrap())
    }

    #[test]
    fn the_example_of_the_documentation() {
        assert_eq!(
            permitted("o:dashboard,o:teams", "manage,read", "3,2"),
            ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"]
        );
    }

    /// Attack 48.
    #[test]
    fn a_users_feature_does_not_shift_the_index() {
        assert_eq!(
            permitted("u:x,o:y,o:z", "read,manage", "0,3,1"),
            ["org:y:read", "org:y:manage", "org:z:read"]
        );
    }

    /// Attack 46.
    #[test]
    fn long_masks_are_exact() {
        let per: Vec<_> = (0..130).map(|i| format!("p{i}")).collect();
        let per = per.join(",");
        assert_eq!(permitted("o:f", &per, "9007199254740993"), ["org:f:p0", "org:f:p53"]);
        assert_eq!(
            permitted("o:f", &per, "340282366920938463463374607431768211459"),
            ["org:f:p0", "org:f:p1", "org:f:p128"]
        );
        assert_eq!(permitted("o:f", "r", &"9".repeat(10_000)), ["org:f:r"]);
        assert!(permitted("o:f", "r", "18446744073709551616").is_empty());
    }

    /// Attack 47.
    #[test]
    fn malformed_masks_grant_nothing() {
        for mask in ["", " ", "-1", "+3", "0x3", "1e1", "1.5", "٣", "３", "NaN", "1_0", "3 1"] {
            assert!(permitted("o:f", "read", mask).is_empty(), "{mask}");
        }
        assert_eq!(permitted("o:a,o:b", "r,w", ",3"), ["org:b:r", "org:b:w"]);
        assert!(permitted("a,o:b", "r,w", "1,2").is_empty());
        assert!(permitted("o:a", "", "1").is_empty());
        assert!(permissions(&[], &read_object(r#"{"per":1,"fpm":[3]}"#).unwrap()).is_empty());
    }

    /// Attack 45.
    #[test]
    fn grants_are_split_by_scope() {
        let fea = Json::Text("o:a, u:b ,uo:c,ou:d,x:e,o:f:g".into());
        assert_eq!(
            scoped_names(&grants(Some(&fea))),
            ["o:a", "u:b", "u:c", "o:c", "u:d", "o:d", "o:f:g"]
        );
        for malformed in [json!("a"), json!("u:a,b"), json!(["u:a"]), json!({}), json!("")] {
            let all = json!({"fea": malformed}).to_string();
            assert!(grants(read_object(&all).unwrap().get("fea")).is_empty(), "{malformed}");
        }
    }

    proptest! {
        #[test]
        fn bits_are_those_of_the_number(number: u128, count in 1usize..128) {
            let words = lowest_bits(&number.to_string(), count).unwrap();
            for bit in 0..count {
                prop_assert_eq!(words[bit / 64] >> (bit % 64) & 1, (number >> bit) as u64 & 1);
            }
        }

        #[test]
        fn any_text_is_taken(fea in "[uo:,a ]{0,20}", per in "[a, ]{0,20}", fpm in "[0-9,x ]{0,20}") {
            let _ = permitted(&fea, &per, &fpm);
        }
    }
}

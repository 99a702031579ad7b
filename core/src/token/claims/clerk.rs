//! The claims of a session token that are Clerk's own, by the version of the token.

use super::grants::{grants, permissions, scoped_names};
use crate::json::{Json, Members};
use crate::token::user::Organization;

/// What Clerk says in claims of its own making: `o`, `fea`, `pla` and `fva` in version 2, `org_…` and
/// `fva` in version 1. Of a version that is not understood nothing is taken, so none of them grants
/// anything.
#[derive(Default)]
pub(super) struct ClerkClaims {
    pub(super) organization: Option<Organization>,
    pub(super) features: Vec<String>,
    pub(super) plans: Vec<String>,
    pub(super) factor_verification_age: Option<[i64; 2]>,
}

impl ClerkClaims {
    pub(super) fn read(all: &Members<'_>) -> Self {
        match all.get("v").map(Json::as_u64) {
            None | Some(Some(1)) => Self::version_1(all),
            Some(Some(2)) => Self::version_2(all),
            Some(_) => Self::default(),
        }
    }

    fn version_1(all: &Members<'_>) -> Self {
        let organization = text(all, "org_id").map(|id| Organization {
            id,
            slug: text(all, "org_slug"),
            role: text(all, "org_role"),
            permissions: all.get("org_permissions").and_then(texts).unwrap_or_default(),
        });
        Self { organization, factor_verification_age: factor_ages(all), ..Self::default() }
    }

    fn version_2(all: &Members<'_>) -> Self {
        let features = grants(all.get("fea"));
        let organization = all.get("o").and_then(Json::as_object).and_then(|claim| {
            Some(Organization {
                id: text(claim, "id")?,
                slug: text(claim, "slg"),
                // Version 2 writes the role without its `org:`.
                role: text(claim, "rol").map(|role| ["org:", &role].concat()),
                permissions: permissions(&features, claim),
            })
        });
        Self {
            organization,
            features: scoped_names(&features),
            plans: scoped_names(&grants(all.get("pla"))),
            factor_verification_age: factor_ages(all),
        }
    }
}

/// Two whole numbers of minutes, -1 for never; anything else tells nothing.
fn factor_ages(all: &Members<'_>) -> Option<[i64; 2]> {
    let [first, second] = all.get("fva")?.as_array()? else { return None };
    let age = |value: &Json<'_>| value.as_i64().filter(|minutes| *minutes >= -1);
    Some([age(first)?, age(second)?])
}

fn text(all: &Members<'_>, name: &str) -> Option<String> {
    all.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A list of texts; a list with anything else in it is none.
pub(super) fn texts(claim: &Json<'_>) -> Option<Vec<String>> {
    claim.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::read_object;

    fn read(all: Value) -> ClerkClaims {
        ClerkClaims::read(&read_object(&all.to_string()).unwrap())
    }

    #[test]
    fn both_versions_give_the_same_organization() {
        let v1 = read(json!({
            "org_id": "org_1", "org_role": "org:admin", "org_slug": "acme",
            "org_permissions": ["org:teams:read"],
        }));
        let v2 = read(json!({
            "v": 2, "fea": "u:x,o:teams",
            "o": {"id": "org_1", "rol": "admin", "slg": "acme", "per": "read", "fpm": "0,1"},
        }));
        assert_eq!(v1.organization, v2.organization);
        assert_eq!(v2.features, ["u:x", "o:teams"]);
        assert!(read(json!({"v": 2, "org_id": "org_1", "o": {}})).organization.is_none());
        assert!(read(json!({"v": 2, "o": null})).organization.is_none());
        let odd = read(json!({"org_id": "org_1", "org_permissions": ["org:a:b", 1]}));
        assert!(odd.organization.unwrap().permissions.is_empty());
    }

    /// Attack 50.
    #[test]
    fn a_version_that_is_not_understood_grants_nothing() {
        for v in [json!(3), json!("2"), json!(null), json!(2.0), json!(0)] {
            let own = read(json!({
                "v": v, "org_id": "org_1", "org_permissions": ["org:a:b"], "fea": "u:x",
                "pla": "u:pro", "o": {"id": "org_1", "per": "read", "fpm": "1"}, "fva": [0, 0],
            }));
            assert_eq!((own.organization, own.factor_verification_age), (None, None));
            assert!(own.features.is_empty() && own.plans.is_empty());
        }
    }

    #[test]
    fn factor_ages_are_two_numbers() {
        let ages = |fva: Value| read(json!({"v": 2, "fva": fva})).factor_verification_age;
        assert_eq!(ages(json!([7, -1])), Some([7, -1]));
        for odd in
            [json!([7]), json!([7, -2]), json!([7, 1.5]), json!(["7", 1]), json!(7), json!(null)]
        {
            assert_eq!(ages(odd.clone()), None, "{odd}");
        }
    }
}

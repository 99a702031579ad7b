//! How the claims of Clerk's tokens (versions 1 and 2) and of any OpenID Connect provider become
//! one [`User`].

use super::grants::{grants, permissions, scoped_names};
use super::rules::CheckedClaims;
use crate::access::Policy;
use crate::json::{Json, Members};
use crate::token::issuer::{IssuerConfig, is_namespace};
use crate::token::user::{Organization, User};
use crate::{Error, ErrorKind, Result};

/// The layout of a Clerk session token. Tokens of other providers read as version 1 without
/// organization.
#[derive(PartialEq, Eq)]
enum Version {
    One,
    Two,
    /// A later one: its features, plans and permissions are not understood, so none is granted.
    Unknown,
}

/// The user of a verified token. Personal claims of the wrong type are left out; `subscription` and
/// `role` are the lowest where the token does not name ones that the policy has.
pub(crate) fn user_from(
    all: &Members<'_>,
    claims: &CheckedClaims,
    issuer: &IssuerConfig,
    policy: &Policy,
) -> Result<User> {
    let version = version(all);
    let granted = |name| if version == Version::Two { grants(all.get(name)) } else { Vec::new() };
    let features = granted("fea");
    let plans = scoped_names(&granted("pla"));
    let metadata = public_metadata(all, issuer).map(Members::to_map).unwrap_or_default();
    let mut user = User::new(user_id(&claims.subject, issuer.namespace.as_deref())?);
    user.email = text(all, &["email"]);
    user.email_verified = is_true(all, &["email_verified"]);
    user.first_name = text(all, &["first_name", "given_name"]);
    user.last_name = text(all, &["last_name", "family_name"]);
    user.full_name = text(all, &["full_name", "name"]);
    user.username = text(all, &["username", "preferred_username"]);
    user.image_url = text(all, &["image_url", "picture"]);
    user.phone_number = text(all, &["phone_number"]);
    user.phone_verified = is_true(all, &["phone_verified", "phone_number_verified"]);
    user.subscription = match metadata.get("subscription") {
        Some(named) => policy.resolve_tier(Some(named)),
        None => tier_of_plans(&plans, policy),
    };
    user.role = policy.resolve_role(metadata.get("role"));
    user.session_id = claims.session_id.clone();
    user.organization = match version {
        Version::One => organization_v1(all),
        Version::Two => all.get("o").and_then(Json::as_object).and_then(|claim| {
            let mut organization = organization_v2(claim)?;
            organization.permissions = permissions(&features, claim);
            Some(organization)
        }),
        Version::Unknown => None,
    };
    user.features = scoped_names(&features);
    user.plans = plans;
    user.metadata = metadata;
    user.factor_verification_age = match version {
        Version::One | Version::Two => factor_ages(all.get("fva")),
        Version::Unknown => None,
    };
    user.actor = all.get("act").filter(|actor| **actor != Json::Null).map(Json::to_value);
    Ok(user)
}

/// Whether a token brings the server's metadata at all; Clerk's does only with a session-token
/// template.
pub(crate) fn has_public_metadata(all: &Members<'_>, issuer: &IssuerConfig) -> bool {
    public_metadata(all, issuer).is_some()
}

/// The id of one person: an injective form of (issuer, `sub`).
fn user_id(subject: &str, namespace: Option<&str>) -> Result<String> {
    match namespace {
        Some(namespace) => Ok(format!("{namespace}::{subject}")),
        None if subject.split_once("::").is_some_and(|(prefix, _)| is_namespace(prefix)) => {
            Err(Error::new(
                ErrorKind::InvalidUserId,
                "the primary issuer's sub looks like the id of another issuer's user",
            ))
        }
        None => Ok(subject.to_owned()),
    }
}

fn version(all: &Members<'_>) -> Version {
    match all.get("v").map(Json::as_u64) {
        None | Some(Some(1)) => Version::One,
        Some(Some(2)) => Version::Two,
        Some(_) => Version::Unknown,
    }
}

/// The claim that only the issuer's server side can write. `unsafe_metadata`, `user_metadata` and
/// the like, which users write themselves, are never looked at.
fn public_metadata<'a>(all: &'a Members<'a>, issuer: &IssuerConfig) -> Option<&'a Members<'a>> {
    let configured = issuer.public_metadata_claim.as_deref();
    let names = configured.into_iter().chain(["public_metadata", "publicMetadata"]);
    names.filter_map(|name| all.get(name)).find_map(Json::as_object)
}

/// The highest tier that a user's plan names; an organization's plans count where the policy says
/// so.
fn tier_of_plans(plans: &[String], policy: &Policy) -> String {
    let counted = plans.iter().filter_map(|plan| match plan.split_once(':')? {
        ("u", name) => Some(name),
        ("o", name) if policy.organization_plans() => Some(name),
        _ => None,
    });
    let highest = counted.filter_map(|name| policy.tier_rank(name)).max().unwrap_or(0);
    policy.tiers()[highest].name().to_owned()
}

/// Two whole numbers of minutes, -1 for never; anything else tells nothing.
fn factor_ages(claim: Option<&Json<'_>>) -> Option<[i64; 2]> {
    let [first, second] = claim?.as_array()? else { return None };
    let age = |value: &Json<'_>| value.as_i64().filter(|minutes| *minutes >= -1);
    Some([age(first)?, age(second)?])
}

fn organization_v1(all: &Members<'_>) -> Option<Organization> {
    let permissions = match all.get("org_permissions") {
        Some(Json::List(list)) => {
            list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        }
        _ => None,
    };
    Some(Organization {
        id: text(all, &["org_id"])?,
        slug: text(all, &["org_slug"]),
        role: text(all, &["org_role"]),
        permissions: permissions.unwrap_or_default(),
    })
}

/// Version 2 writes the role without its `org:`.
fn organization_v2(claim: &Members<'_>) -> Option<Organization> {
    Some(Organization {
        id: text(claim, &["id"])?,
        slug: text(claim, &["slg"]),
        role: text(claim, &["rol"]).map(|role| format!("org:{role}")),
        permissions: Vec::new(),
    })
}

/// The first of these claims that is a text with something in it.
fn text(all: &Members<'_>, names: &[&str]) -> Option<String> {
    let mut texts = names.iter().filter_map(|name| all.get(name)?.as_str());
    texts.find(|text| !text.is_empty()).map(str::to_owned)
}

fn is_true(all: &Members<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| all.get(name) == Some(&Json::Bool(true)))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use serde_json::{Value, json};

    use super::super::rules::Dates;
    use super::*;
    use crate::json::read_object;
    use crate::token::issuer::KeySource;

    fn issuer() -> IssuerConfig {
        IssuerConfig::new("https://issuer.test", KeySource::Pem(String::new()))
    }

    fn claims(subject: &str) -> CheckedClaims {
        CheckedClaims {
            subject: subject.to_owned(),
            session_id: None,
            dates: Dates { issued_at: None, not_before: None, expires_at: UNIX_EPOCH },
        }
    }

    fn user_of(issuer: &IssuerConfig, policy: &Policy, all: Value) -> User {
        let all = all.to_string();
        user_from(&read_object(&all).unwrap(), &claims("user_1"), issuer, policy).unwrap()
    }

    fn user(all: Value) -> User {
        user_of(&issuer(), &Policy::builtin(), all)
    }

    #[test]
    fn user_ids_of_two_issuers_never_meet() {
        assert_eq!(user_id("user_1", None).unwrap(), "user_1");
        assert_eq!(user_id("user_1", Some("acme")).unwrap(), "acme::user_1");
        assert_eq!(user_id("acme::user_1", Some("acme")).unwrap(), "acme::acme::user_1");
        for sub in ["acme::user_1", "0::", "a::b::c", &format!("{}::x", "a".repeat(32))] {
            assert_eq!(user_id(sub, None).unwrap_err().kind(), ErrorKind::InvalidUserId, "{sub}");
        }
        for sub in ["::x", "Acme::x", "a-b::x", " a::x", "a:x", &format!("{}::x", "a".repeat(33))] {
            assert_eq!(user_id(sub, None).unwrap(), sub);
        }
    }

    #[test]
    fn names_of_clerk_and_of_openid_connect_fill_the_same_user() {
        let clerk = user(json!({
            "email": "a@b.test", "email_verified": true, "first_name": "Ada", "last_name": "L",
            "full_name": "Ada L", "username": "ada", "image_url": "https://i.test/a",
            "phone_number": "+33", "phone_verified": true,
        }));
        let openid = user(json!({
            "email": "a@b.test", "email_verified": true, "given_name": "Ada", "family_name": "L",
            "name": "Ada L", "preferred_username": "ada", "picture": "https://i.test/a",
            "phone_number": "+33", "phone_number_verified": true,
        }));
        assert_eq!(clerk, openid);
        assert_eq!(clerk.full_name.as_deref(), Some("Ada L"));
        assert!(clerk.email_verified && clerk.phone_verified);
        let odd =
            user(json!({"email": 5, "email_verified": "true", "name": ["x"], "username": ""}));
        assert_eq!((odd.email, odd.full_name, odd.username), (None, None, None));
        assert!(!odd.email_verified);
    }

    #[test]
    fn tier_and_role_come_from_what_the_server_writes() {
        let standing = |all| {
            let user = user(all);
            (user.subscription, user.role)
        };
        let is = |tier: &str, role: &str| (tier.to_owned(), role.to_owned());
        let metadata = json!({"subscription": "pro", "role": "admin"});
        assert_eq!(standing(json!({"public_metadata": metadata})), is("pro", "admin"));
        assert_eq!(standing(json!({"publicMetadata": metadata})), is("pro", "admin"));
        for name in ["unsafe_metadata", "unsafeMetadata", "user_metadata", "metadata", "private"] {
            assert_eq!(standing(json!({name: metadata})), is("free", "user"), "{name}");
        }
        assert_eq!(standing(metadata), is("free", "user"), "top-level claims do not count");
        assert_eq!(standing(json!({"org_id": "o", "org_role": "org:admin"})), is("free", "user"));
        for tier in [json!("gold"), json!("Pro"), json!(["pro"]), json!({}), json!(null), json!(3)]
        {
            let all = json!({"v": 2, "pla": "u:pro", "public_metadata": {"subscription": tier}});
            assert_eq!(standing(all), is("free", "user"));
        }
        assert_eq!(standing(json!({"public_metadata": "pro"})), is("free", "user"));
    }

    #[test]
    fn the_configured_metadata_claim_comes_first() {
        let issuer =
            IssuerConfig { public_metadata_claim: Some("app_metadata".into()), ..issuer() };
        let user = user_of(
            &issuer,
            &Policy::builtin(),
            json!({
                "app_metadata": {"subscription": "pro"},
                "public_metadata": {"subscription": "enterprise"},
            }),
        );
        assert_eq!(user.subscription, "pro");
        assert_eq!(user.metadata["subscription"], "pro");
    }

    #[test]
    fn plans_give_a_tier_where_metadata_names_none() {
        let tier = |v: u64, pla: Value| user(json!({"v": v, "pla": pla})).subscription;
        assert_eq!(tier(2, json!("u:pro")), "pro");
        assert_eq!(tier(2, json!("u:free_user,u:basic,u:premium")), "premium");
        assert_eq!(tier(2, json!("uo:pro")), "pro");
        for pla in ["o:pro", "pro", "u:prox", "u:pro,basic", "x:pro", "U:pro", "u:free_user,o:pro"]
        {
            assert_eq!(tier(2, json!(pla)), "free", "{pla}");
        }
        assert_eq!(tier(2, json!(["u:pro"])), "free");
        assert_eq!(tier(3, json!("u:pro")), "free");
        let policy = Policy::from_toml("version = 1\norganization_plans = true\n", "test").unwrap();
        let all = json!({"v": 2, "pla": "o:pro,u:basic"});
        assert_eq!(user_of(&issuer(), &policy, all).subscription, "pro");
    }

    #[test]
    fn both_versions_give_the_same_organization() {
        let v1 = user(json!({
            "org_id": "org_1", "org_role": "org:admin", "org_slug": "acme",
            "org_permissions": ["org:teams:read"],
        }));
        let v2 = user(json!({
            "v": 2, "fea": "u:x,o:teams",
            "o": {"id": "org_1", "rol": "admin", "slg": "acme", "per": "read", "fpm": "0,1"},
        }));
        assert_eq!(v1.organization, v2.organization);
        assert_eq!(v2.features, ["u:x", "o:teams"]);
        assert!(user(json!({"v": 2, "org_id": "org_1", "o": {}})).organization.is_none());
        assert!(user(json!({"v": 2, "o": null})).organization.is_none());
        for v in [json!(3), json!("2"), json!(null), json!(2.0), json!(0)] {
            let user = user(json!({
                "v": v, "org_id": "org_1", "org_permissions": ["org:a:b"], "fea": "u:x",
                "pla": "u:pro", "o": {"id": "org_1", "per": "read", "fpm": "1"},
            }));
            assert_eq!(user.organization, None);
            assert!(user.features.is_empty() && user.plans.is_empty());
        }
        let odd = user(json!({"org_id": "org_1", "org_permissions": ["org:a:b", 1]}));
        assert!(odd.organization.unwrap().permissions.is_empty());
    }

    #[test]
    fn an_impersonation_is_shown() {
        let user = user(json!({"act": {"sub": "user_admin"}}));
        assert_eq!(user.actor, Some(json!({"sub": "user_admin"})));
    }
}

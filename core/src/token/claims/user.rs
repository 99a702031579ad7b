//! How the claims of any provider become one [`User`].

use super::clerk::{ClerkClaims, texts};
use super::map::{ClaimPath, Claims};
use crate::access::Policy;
use crate::json::{Json, Members};
use crate::token::issuer::{IssuerConfig, is_namespace};
use crate::token::jws::malformed;
use crate::token::provider::{ClaimPaths, MappedField, Provider};
use crate::token::user::{Organization, User};
use crate::{Error, ErrorKind, Result};

/// How one issuer's claims become a user.
#[derive(Debug)]
pub(crate) struct UserMapping {
    provider: Provider,
    namespace: Option<String>,
    paths: ClaimPaths,
}

impl UserMapping {
    pub(crate) fn new(issuer: &IssuerConfig) -> Self {
        let metadata = issuer.public_metadata_claim.as_deref();
        Self {
            provider: issuer.provider,
            namespace: issuer.namespace.clone(),
            paths: ClaimPaths::new(issuer.provider, &issuer.mapping, metadata),
        }
    }

    /// The user of a verified token. Personal claims of the wrong type are left out; `subscription`
    /// and `role` are the lowest where the token does not name ones that the policy has.
    pub(crate) fn user(
        &self,
        all: &Members<'_>,
        claims: Claims,
        subject: String,
        policy: &Policy,
    ) -> Result<User> {
        use MappedField::*;
        let own = match self.provider {
            Provider::Clerk => ClerkClaims::read(all),
            _ => ClerkClaims::default(),
        };
        let mut user = User::new(user_id(subject, self.namespace.as_deref())?);
        user.email = self.text(Email, all);
        user.email_verified = self.is_true(EmailVerified, all);
        user.first_name = self.text(FirstName, all);
        user.last_name = self.text(LastName, all);
        user.full_name = self.text(FullName, all);
        user.username = self.text(Username, all);
        user.image_url = self.text(ImageUrl, all);
        user.phone_number = self.text(PhoneNumber, all);
        user.phone_verified = self.is_true(PhoneVerified, all);
        let metadata = self.metadata(all);
        let written = |name| metadata.and_then(|(_, metadata)| metadata.get(name));
        user.session_id = self.session_id(all)?;
        user.organization = if self.paths.fills(OrganizationId) {
            self.organization(all)
        } else {
            own.organization
        };
        user.features = self.for_user(Features, all).unwrap_or(own.features);
        user.plans = self.for_user(Plans, all).unwrap_or(own.plans);
        user.subscription = match self.named(Subscription, all) {
            Some(names) => highest_tier(names.iter().map(String::as_str), policy),
            None => match written("subscription") {
                Some(named) => policy.resolve_tier(named.as_str()),
                None => tier_of_plans(&user.plans, policy),
            },
        };
        user.role = match self.named(Role, all) {
            Some(names) => highest_role(names.iter().map(String::as_str), policy),
            None => policy.resolve_role(written("role").and_then(Json::as_str)),
        };
        user.factor_verification_age = own.factor_verification_age;
        user.actor = all.get("act").filter(|actor| **actor != Json::Null).map(Json::to_value);
        user.metadata = metadata.map(|(path, _)| claims.inside(path)).unwrap_or_default();
        user.claims = claims;
        Ok(user)
    }

    /// Whether a token of Clerk's says so little that everybody has the lowest tier and role: it
    /// does without a session-token template.
    pub(crate) fn is_bare(&self, all: &Members<'_>) -> bool {
        self.provider == Provider::Clerk
            && self.paths.values(MappedField::Email, all).next().is_none()
            && self.metadata(all).is_none()
    }

    /// What only the issuer's server side can write. `unsafe_metadata`, `user_metadata` and the like,
    /// which users write themselves, are never looked at.
    fn metadata<'a>(&'a self, all: &'a Members<'a>) -> Option<(&'a ClaimPath, &'a Members<'a>)> {
        let mut found = self.paths.found(MappedField::Metadata, all);
        found.find_map(|(path, value)| Some((path, value.as_object()?)))
    }

    fn session_id(&self, all: &Members<'_>) -> Result<Option<String>> {
        match self.paths.values(MappedField::SessionId, all).next() {
            None => Ok(None),
            Some(Json::Text(id)) => Ok(Some(id.to_string())),
            Some(_) => Err(malformed("the token's session id is not a string")),
        }
    }

    fn organization(&self, all: &Members<'_>) -> Option<Organization> {
        let permissions = self.paths.values(MappedField::Permissions, all).next();
        Some(Organization {
            id: self.text(MappedField::OrganizationId, all)?,
            slug: self.text(MappedField::OrganizationSlug, all),
            role: self.text(MappedField::OrganizationRole, all).map(in_organization),
            permissions: permissions
                .and_then(texts)
                .unwrap_or_default()
                .into_iter()
                .filter(|name| !name.is_empty())
                .map(in_organization)
                .collect(),
        })
    }

    /// What a claim names, in a text or in a list of texts: nothing if it is anything else. `None`
    /// where no claim fills the field at all.
    fn named(&self, field: MappedField, all: &Members<'_>) -> Option<Vec<String>> {
        let value = self.paths.fills(field).then(|| self.paths.values(field, all).next())?;
        Some(match value {
            Some(Json::Text(name)) => vec![name.to_string()],
            Some(list) => texts(list).unwrap_or_default(),
            None => Vec::new(),
        })
    }

    /// The names of a claim as the user's own features or plans, with their scope.
    fn for_user(&self, field: MappedField, all: &Members<'_>) -> Option<Vec<String>> {
        let names = self.named(field, all)?.into_iter().filter(|name| !name.is_empty());
        Some(names.map(|name| format!("u:{name}")).collect())
    }

    /// The first of the field's claims that is a text with something in it.
    fn text(&self, field: MappedField, all: &Members<'_>) -> Option<String> {
        let mut texts = self.paths.values(field, all).filter_map(Json::as_str);
        texts.find(|text| !text.is_empty()).map(str::to_owned)
    }

    fn is_true(&self, field: MappedField, all: &Members<'_>) -> bool {
        self.paths.values(field, all).any(|value| *value == Json::Bool(true))
    }
}

/// The name of a role or a permission in the organization as Clerk writes it, and as `has` asks.
fn in_organization(name: String) -> String {
    if name.starts_with("org:") { name } else { format!("org:{name}") }
}

/// The id of one person: an injective form of (issuer, `sub`).
fn user_id(subject: String, namespace: Option<&str>) -> Result<String> {
    match namespace {
        Some(namespace) => Ok(format!("{namespace}::{subject}")),
        None if subject.split_once("::").is_some_and(|(prefix, _)| is_namespace(prefix)) => {
            Err(Error::new(
                ErrorKind::InvalidUserId,
                "the primary issuer's sub looks like the id of another issuer's user",
            ))
        }
        None => Ok(subject),
    }
}

/// The highest tier that a user's plan names; an organization's plans count where the policy says
/// so.
fn tier_of_plans(plans: &[String], policy: &Policy) -> String {
    let counted = plans.iter().filter_map(|plan| match plan.split_once(':')? {
        ("u", name) => Some(name),
        ("o", name) if policy.organization_plans() => Some(name),
        _ => None,
    });
    highest_tier(counted, policy)
}

fn highest_tier<'a>(names: impl Iterator<Item = &'a str>, policy: &Policy) -> String {
    let rank = names.filter_map(|name| policy.tier_rank(name)).max().unwrap_or(0);
    policy.tiers()[rank].name().to_owned()
}

fn highest_role<'a>(names: impl Iterator<Item = &'a str>, policy: &Policy) -> String {
    let rank = names.filter_map(|name| policy.role_rank(name)).max().unwrap_or(0);
    policy.roles()[rank].clone()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::read_object;
    use crate::token::issuer::KeySource;

    fn issuer() -> IssuerConfig {
        IssuerConfig::new("https://issuer.test", KeySource::Pem(String::new()))
    }

    fn user_of(issuer: &IssuerConfig, policy: &Policy, all: Value) -> User {
        let all = all.to_string();
        let claims = Claims::of_text(&all);
        let mapping = UserMapping::new(issuer);
        mapping.user(&read_object(&all).unwrap(), claims, "user_1".to_owned(), policy).unwrap()
    }

    fn user(all: Value) -> User {
        user_of(&issuer(), &Policy::builtin(), all)
    }

    #[test]
    fn user_ids_of_two_issuers_never_meet() {
        let user_id = |sub: &str, namespace| user_id(sub.to_owned(), namespace);
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
        let without_claims = |user: &User| User { claims: Claims::default(), ..user.clone() };
        assert_eq!(without_claims(&clerk), without_claims(&openid));
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
    fn an_impersonation_is_shown() {
        let user = user(json!({"act": {"sub": "user_admin"}}));
        assert_eq!(user.actor, Some(json!({"sub": "user_admin"})));
    }
}

//! A user as Clerk's backend API describes them.

use serde_json::{Map, Value};

use crate::access::Policy;
use crate::json::parse_object;
use crate::token::provider::{ClaimsMapping, MappedField};
use crate::token::user::User;

/// What is taken from a user of the API. `unsafe_metadata`, which users write themselves, is not;
/// nor is `private_metadata`, which must not reach the user.
#[derive(Debug, Default)]
pub(super) struct Profile {
    email: Option<String>,
    email_verified: bool,
    first_name: Option<String>,
    last_name: Option<String>,
    username: Option<String>,
    image_url: Option<String>,
    phone_number: Option<String>,
    phone_verified: bool,
    metadata: Map<String, Value>,
}

impl Profile {
    /// Reads the API's answer, which must be strict JSON and about this very user.
    pub(super) fn read(document: &[u8], id: &str) -> Option<Self> {
        let all = parse_object(document)?;
        if all.get("id").and_then(Value::as_str) != Some(id) {
            return None;
        }
        let email = primary(&all, "primary_email_address_id", "email_addresses");
        let phone = primary(&all, "primary_phone_number_id", "phone_numbers");
        Some(Self {
            email: email.and_then(|email| text(email, "email_address")),
            email_verified: email.is_some_and(is_verified),
            first_name: text(&all, "first_name"),
            last_name: text(&all, "last_name"),
            username: text(&all, "username"),
            image_url: text(&all, "image_url"),
            phone_number: phone.and_then(|phone| text(phone, "phone_number")),
            phone_verified: phone.is_some_and(is_verified),
            metadata: all
                .get("public_metadata")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        })
    }

    /// The user with what the token left open. What the token says stands, and a right that is mapped
    /// to a claim comes from nowhere else.
    pub(super) fn complete(&self, user: &User, policy: &Policy, mapping: &ClaimsMapping) -> User {
        let is_mapped = |field| mapping.path(field).is_some();
        let mut user = user.clone();
        if user.email.is_none() {
            user.email.clone_from(&self.email);
            user.email_verified = self.email_verified;
        }
        if user.phone_number.is_none() {
            user.phone_number.clone_from(&self.phone_number);
            user.phone_verified = self.phone_verified;
        }
        let fill = |field: &mut Option<String>, value: Option<&String>| {
            if field.is_none() {
                *field = value.cloned();
            }
        };
        fill(&mut user.first_name, self.first_name.as_ref());
        fill(&mut user.last_name, self.last_name.as_ref());
        fill(&mut user.full_name, self.full_name().as_ref());
        fill(&mut user.username, self.username.as_ref());
        fill(&mut user.image_url, self.image_url.as_ref());
        if is_mapped(MappedField::Metadata) {
            return user;
        }
        if !is_mapped(MappedField::Subscription)
            && let Some(named) = self.metadata.get("subscription")
        {
            user.subscription = policy.resolve_tier(named.as_str());
        }
        if !is_mapped(MappedField::Role) {
            user.role = policy.resolve_role(self.metadata.get("role").and_then(Value::as_str));
        }
        user.metadata = self.metadata.clone().into();
        user
    }

    fn full_name(&self) -> Option<String> {
        let names = [self.first_name.as_deref(), self.last_name.as_deref()];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

/// The address or number that the user has made the primary one.
fn primary<'a>(
    all: &'a Map<String, Value>,
    primary: &str,
    list: &str,
) -> Option<&'a Map<String, Value>> {
    let id = all.get(primary)?.as_str()?;
    let mut entries = all.get(list)?.as_array()?.iter().filter_map(Value::as_object);
    entries.find(|entry| entry.get("id").and_then(Value::as_str) == Some(id))
}

fn is_verified(entry: &Map<String, Value>) -> bool {
    let status = entry.get("verification").and_then(|verification| verification.get("status"));
    status.and_then(Value::as_str) == Some("verified")
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer() -> Value {
        json!({
            "id": "user_1", "object": "user", "username": null,
            "first_name": "Ada", "last_name": "Lovelace", "image_url": "https://img.example/a",
            "primary_email_address_id": "idn_2", "primary_phone_number_id": null,
            "email_addresses": [
                {"id": "idn_1", "email_address": "old@b.test", "verification": {"status": "verified"}},
                {"id": "idn_2", "email_address": "ada@b.test", "verification": {"status": "verified"}},
            ],
            "phone_numbers": [
                {"id": "idn_3", "phone_number": "+33", "verification": {"status": "verified"}},
            ],
            "public_metadata": {"subscription": "pro", "role": "manager"},
            "private_metadata": {"subscription": "enterprise"},
            "unsafe_metadata": {"subscription": "enterprise", "role": "admin"},
        })
    }

    fn read(answer: &Value) -> Option<Profile> {
        Profile::read(answer.to_string().as_bytes(), "user_1")
    }

    fn completed(answer: &Value) -> User {
        let mut user = User::new("user_1");
        (user.subscription, user.role) = ("free".to_owned(), "user".to_owned());
        read(answer).unwrap().complete(&user, &Policy::builtin(), &ClaimsMapping::new())
    }

    #[test]
    fn the_user_gets_what_the_server_wrote() {
        let user = completed(&answer());
        assert_eq!(user.email.as_deref(), Some("ada@b.test"));
        assert!(user.email_verified);
        assert_eq!(user.full_name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(user.image_url.as_deref(), Some("https://img.example/a"));
        assert_eq!((user.username, user.phone_number, user.phone_verified), (None, None, false));
        assert_eq!((user.subscription.as_str(), user.role.as_str()), ("pro", "manager"));
        assert_eq!(user.metadata["role"], "manager");
    }

    /// Attack 52.
    #[test]
    fn what_users_write_gives_no_right() {
        let mut answer = answer();
        answer["public_metadata"] = json!({});
        let user = completed(&answer);
        assert_eq!((user.subscription.as_str(), user.role.as_str()), ("free", "user"));
        assert!(user.metadata.is_empty());
    }

    /// Attack 51.
    #[test]
    fn a_tier_that_is_none_is_the_lowest() {
        for odd in [json!("gold"), json!(["pro"]), json!({"pro": true}), json!(null), json!(3)] {
            let mut answer = answer();
            answer["public_metadata"] = json!({"subscription": odd, "role": odd});
            let user = completed(&answer);
            assert_eq!((user.subscription.as_str(), user.role.as_str()), ("free", "user"), "{odd}");
        }
    }

    #[test]
    fn a_right_that_is_mapped_to_a_claim_comes_from_nowhere_else() {
        let completed = |field: MappedField| {
            let mut user = User::new("user_1");
            (user.subscription, user.role) = ("free".to_owned(), "user".to_owned());
            let mapping = ClaimsMapping::new().with(field, ["app_claim"]);
            let user = read(&answer()).unwrap().complete(&user, &Policy::builtin(), &mapping);
            assert_eq!(user.first_name.as_deref(), Some("Ada"));
            (user.subscription, user.role)
        };
        let is = |tier: &str, role: &str| (tier.to_owned(), role.to_owned());
        assert_eq!(completed(MappedField::Subscription), is("free", "manager"));
        assert_eq!(completed(MappedField::Role), is("pro", "user"));
        assert_eq!(completed(MappedField::Metadata), is("free", "user"));
        assert_eq!(completed(MappedField::Email), is("pro", "manager"));
    }

    #[test]
    fn what_the_token_says_stands() {
        let mut user = User::new("user_1");
        user.first_name = Some("Augusta".to_owned());
        user.phone_number = Some("+44".to_owned());
        user.subscription = "premium".to_owned();
        let mut answer = answer();
        answer["primary_phone_number_id"] = json!("idn_3");
        answer["public_metadata"] = json!({});
        let user =
            read(&answer).unwrap().complete(&user, &Policy::builtin(), &ClaimsMapping::new());
        assert_eq!(user.first_name.as_deref(), Some("Augusta"));
        assert_eq!((user.phone_number.as_deref(), user.phone_verified), (Some("+44"), false));
        assert_eq!(user.subscription, "premium", "a plan of the token");
    }

    #[test]
    fn an_unverified_or_missing_primary_is_not_verified() {
        for (name, value) in [
            ("verification", json!({"status": "unverified"})),
            ("verification", json!({"status": "expired"})),
            ("verification", json!(null)),
            ("verification", json!({"status": true})),
        ] {
            let mut answer = answer();
            answer["email_addresses"][1][name] = value;
            assert!(!completed(&answer).email_verified);
        }
        let mut answer = answer();
        answer["primary_email_address_id"] = json!("idn_9");
        assert_eq!(completed(&answer).email, None);
    }

    #[test]
    fn an_answer_about_somebody_else_is_none() {
        for id in [json!("user_2"), json!("USER_1"), json!(null), json!(["user_1"])] {
            let mut answer = answer();
            answer["id"] = id;
            assert!(read(&answer).is_none());
        }
        for text in ["", "[]", "null", r#"[{"id":"user_1"}]"#, r#"{"id":"user_2","id":"user_1"}"#] {
            assert!(Profile::read(text.as_bytes(), "user_1").is_none(), "{text}");
        }
    }
}

//! `Policy::decide`: the one place where a user's wish meets the policy.

use std::time::{Duration, SystemTime};

use super::action::{Action, Facts};
use super::decision::{Decision, Terms};
use super::has;
use super::policy::Policy;
use super::size::format_size;
use super::tier::Tier;
use crate::token::User;
use crate::{Error, ErrorKind, Result};

impl Policy {
    /// Whether `user` may do `action`, and on what terms. Pure: `now` is the time of the call, by
    /// which a link's end is told.
    ///
    /// A tier or role that the policy does not have is a mistake of the application and is refused
    /// for everybody with `config-invalid`; a feature that no tier has can still be granted by a
    /// token. A user whose tier or role the policy does not have counts as having the lowest. A
    /// link is shortened to the tier's longest, never refused for its length. Permissions, plans
    /// and [`Action::Has`] ask the token alone; an empty name is never granted.
    pub fn decide(&self, user: &User, action: &Action, facts: &Facts, now: SystemTime) -> Decision {
        match action {
            Action::Subscription(tier) => self.require_tier(user, tier),
            Action::Role(role) => self.require_role(user, role),
            Action::Feature(feature) => self.require_feature(user, feature),
            Action::Permission(permission) => {
                has::require_permission(user, permission).map(|()| Terms::default())
            }
            Action::Plan(plan) => has::require_plan(user, plan).map(|()| Terms::default()),
            Action::Has(wanted) => has::require_all(user, wanted).map(|()| Terms::default()),
            Action::Upload { kind, filename, content_type, size } => {
                self.admit(user, kind, filename, content_type, *size, facts)
            }
            Action::Link { seconds } => self.shorten(user, *seconds, now),
        }
        .into()
    }

    /// What holds for code of the server, which acts for nobody: kinds of files, but no tier.
    pub(super) fn decide_for_server(&self, action: &Action) -> Result<Terms> {
        let Action::Upload { kind, filename, content_type, .. } = action else {
            return Ok(Terms::default());
        };
        let content_type = self.check_type(kind, filename, content_type)?;
        Ok(Terms { content_type: Some(content_type), ..Terms::default() })
    }

    /// The largest file of any kind that the user's tier takes, in bytes; none when it takes files
    /// of any size.
    pub fn largest_upload(&self, user: &User) -> Option<u64> {
        let tier = self.tier_of(user);
        let mut sizes = self.kinds().iter().map(|kind| tier.max_bytes(kind.name()));
        sizes.try_fold(0, |largest, size| Some(size?.max(largest)))
    }

    /// The largest file of a kind that the user's tier takes, in bytes; none when it takes any.
    pub(super) fn max_bytes(&self, user: &User, kind: &str) -> Option<u64> {
        self.tier_of(user).max_bytes(kind)
    }

    /// The most bytes that the user's tier stores in all; none when there is no limit.
    pub(super) fn stored_bytes(&self, user: &User) -> Option<u64> {
        self.tier_of(user).stored_bytes()
    }

    /// The longest that a link of the user's may live, in seconds.
    pub(super) fn link_seconds(&self, user: &User) -> u64 {
        self.tier_of(user).link_seconds()
    }

    /// The tier that the user has in this policy: the lowest when the policy does not know it.
    fn tier_of(&self, user: &User) -> &Tier {
        self.tier(&user.subscription).unwrap_or(self.lowest_tier())
    }

    /// The role that the user has in this policy: the lowest when the policy does not know it. An
    /// organization role never counts.
    fn role_of<'a>(&'a self, user: &'a User) -> &'a str {
        let known = self.role_rank(&user.role).is_some();
        if known { &user.role } else { self.lowest_role() }
    }

    /// Whether the user's tier has the feature, or the token grants it (`fea`): a bare name
    /// whatever the scope, `u:name` to the user, `o:name` to the active organization. A name with a
    /// scope asks the token alone.
    fn has_feature(&self, user: &User, feature: &str) -> bool {
        self.tier_of(user).has_feature(feature) || has::is_granted(&user.features, feature)
    }

    fn require_tier(&self, user: &User, required: &str) -> Result<Terms> {
        let needed = self.tier_rank(required).ok_or_else(|| {
            let known: Vec<&str> = self.tiers().iter().map(Tier::name).collect();
            unknown("tier", required, &known.join(", "))
        })?;
        let tier = self.tier_of(user).name();
        if self.tier_rank(tier).is_some_and(|rank| rank >= needed) {
            return Ok(Terms::default());
        }
        Err(Error::new(
            ErrorKind::SubscriptionRequired,
            format!("this needs the tier `{required}` or higher; the user has `{tier}`"),
        )
        .with_required(required)
        .with_actual(tier))
    }

    fn require_role(&self, user: &User, required: &str) -> Result<Terms> {
        let needed = self
            .role_rank(required)
            .ok_or_else(|| unknown("role", required, &self.roles().join(", ")))?;
        let role = self.role_of(user);
        if self.role_rank(role).is_some_and(|rank| rank >= needed) {
            return Ok(Terms::default());
        }
        Err(Error::new(
            ErrorKind::RoleRequired,
            format!("this needs the role `{required}` or higher; the user has `{role}`"),
        )
        .with_required(required)
        .with_actual(role))
    }

    fn require_feature(&self, user: &User, feature: &str) -> Result<Terms> {
        if self.has_feature(user, feature) {
            return Ok(Terms::default());
        }
        let actual = self.tier_of(user).name();
        let shown = feature.escape_debug();
        let message = match self.tiers().iter().find(|tier| tier.has_feature(feature)) {
            Some(lowest) => format!(
                "the feature `{shown}` needs the tier `{}` or higher; the user has `{actual}`",
                lowest.name()
            ),
            None => format!("the user has not been granted the feature `{shown}`"),
        };
        Err(Error::new(ErrorKind::FeatureRequired, message)
            .with_required(feature)
            .with_actual(actual))
    }

    fn admit(
        &self,
        user: &User,
        kind: &str,
        filename: &str,
        content_type: &str,
        size: u64,
        facts: &Facts,
    ) -> Result<Terms> {
        let content_type = self.check_type(kind, filename, content_type)?;
        let tier = self.tier_of(user);
        if let Some(limit) = tier.max_bytes(kind).filter(|limit| size > *limit) {
            return Err(Error::new(
                ErrorKind::FileTooLarge,
                format!(
                    "the tier `{}` takes files of kind `{kind}` up to {}; this one has {size} bytes",
                    tier.name(),
                    format_size(limit)
                ),
            )
            .with_limit(limit, size));
        }
        let stored = facts.stored_bytes.saturating_add(size);
        if let Some(limit) = tier.stored_bytes().filter(|limit| stored > *limit) {
            return Err(Error::new(
                ErrorKind::QuotaExceeded,
                format!(
                    "the tier `{}` stores up to {}; with this file of {size} bytes it would be \
                     {stored} bytes",
                    tier.name(),
                    format_size(limit)
                ),
            )
            .with_limit(limit, facts.stored_bytes));
        }
        Ok(Terms { content_type: Some(content_type), ..Terms::default() })
    }

    fn shorten(&self, user: &User, seconds: u64, now: SystemTime) -> Result<Terms> {
        if seconds == 0 {
            return Err(Error::new(ErrorKind::InvalidRequest, "a link lives at least 1 second"));
        }
        let seconds = seconds.min(self.tier_of(user).link_seconds());
        Ok(Terms {
            link_seconds: Some(seconds),
            link_expires_at: now.checked_add(Duration::from_secs(seconds)),
            ..Terms::default()
        })
    }
}

/// What the application asked for is not in the policy: nobody has it.
fn unknown(what: &str, name: &str, known: &str) -> Error {
    let name = name.escape_debug();
    Error::new(
        ErrorKind::ConfigInvalid,
        format!("the policy has no {what} `{name}`; it has {known}"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::token::Organization;

    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;

    fn user(tier: &str) -> User {
        let mut user = User::new("user_1");
        user.subscription = tier.to_owned();
        user.role = String::from("user");
        user
    }

    fn decide(user: &User, action: &Action) -> Result<Terms> {
        Policy::builtin().decide(user, action, &Facts::default(), NOW).into_result()
    }

    fn refusal(user: &User, action: &Action) -> (&'static str, Option<String>, Option<String>) {
        let error = decide(user, action).unwrap_err();
        (error.code(), error.details().required.clone(), error.details().actual.clone())
    }

    fn refused_with(
        code: &'static str,
        required: &str,
        actual: &str,
    ) -> (&'static str, Option<String>, Option<String>) {
        (code, Some(required.to_owned()), Some(actual.to_owned()))
    }

    fn upload(kind: &str, filename: &str, content_type: &str, size: u64) -> Action {
        Action::Upload {
            kind: kind.to_owned(),
            filename: filename.to_owned(),
            content_type: content_type.to_owned(),
            size,
        }
    }

    #[test]
    fn the_largest_upload_is_that_of_the_kind_that_takes_most() {
        let policy = Policy::builtin();
        assert_eq!(policy.largest_upload(&user("free")), Some(100 * MIB));
        assert_eq!(policy.largest_upload(&user("enterprise")), Some(50 * GIB));
        assert_eq!(policy.largest_upload(&user("unheard-of")), Some(100 * MIB));
        let text = "version = 1\n[tier.free]\nmax_bytes = { audio = 'unlimited' }";
        let policy = Policy::from_toml(text, "p.toml").unwrap();
        assert_eq!(policy.largest_upload(&user("free")), None);
    }

    #[test]
    fn a_higher_tier_passes_where_a_lower_is_needed() {
        let pro = Action::Subscription(String::from("pro"));
        assert!(decide(&user("pro"), &pro).is_ok());
        assert!(decide(&user("enterprise"), &pro).is_ok());
        let refused = refused_with("subscription-required", "pro", "free");
        for tier in ["free", "", "Pro", "platinum"] {
            assert_eq!(refusal(&user(tier), &pro), refused, "{tier}");
        }
    }

    #[test]
    fn admin_passes_where_manager_is_needed() {
        let manager = Action::Role(String::from("manager"));
        let mut somebody = user("free");
        assert_eq!(refusal(&somebody, &manager), refused_with("role-required", "manager", "user"));
        somebody.role = String::from("admin");
        assert!(decide(&somebody, &manager).is_ok());
        somebody.role = String::from("owner");
        assert_eq!(refusal(&somebody, &manager), refused_with("role-required", "manager", "user"));
    }

    #[test]
    fn an_organization_role_never_counts() {
        let mut somebody = user("free");
        let role = Some(String::from("admin"));
        somebody.organization = Some(Organization { role, ..Organization::default() });
        let decision = refusal(&somebody, &Action::Role(String::from("admin")));
        assert_eq!(decision, refused_with("role-required", "admin", "user"));
    }

    #[test]
    fn a_feature_comes_from_the_tier_or_from_the_token() {
        let books = Action::Feature(String::from("books"));
        let mut somebody = user("free");
        assert_eq!(refusal(&somebody, &books), refused_with("feature-required", "books", "free"));
        assert!(decide(&somebody, &books).unwrap_err().message().contains("`pro`"));
        assert!(decide(&user("premium"), &books).is_ok());
        for granted in ["u:books", "o:books", "uo:books"] {
            somebody.features = vec![String::from("u:x"), granted.to_owned()];
            assert!(decide(&somebody, &books).is_ok(), "{granted}");
        }
        for other in ["books", "u:Books", "u:book", "u:books2", "x", ":", ""] {
            somebody.features = vec![other.to_owned()];
            assert!(decide(&somebody, &books).is_err(), "{other}");
        }
    }

    #[test]
    fn a_scope_asks_the_token_alone() {
        let mut somebody = user("enterprise");
        somebody.features = vec![String::from("o:seats"), String::from("u:beta")];
        let policy = Policy::builtin();
        for granted in
            ["seats", "o:seats", "org:seats", "organization:seats", "u:beta", "user:beta"]
        {
            assert!(policy.has_feature(&somebody, granted), "{granted}");
        }
        for other in ["u:seats", "o:beta", "lol:beta", ":beta", "o:", "", "u:books", "SEATS"] {
            assert!(!policy.has_feature(&somebody, other), "{other}");
        }
        let decision = refusal(&somebody, &Action::Feature(String::from("u:seats")));
        assert_eq!(decision, refused_with("feature-required", "u:seats", "enterprise"));
    }

    #[test]
    fn a_feature_of_no_tier_is_for_tokens_alone() {
        for feature in ["seats", "bookz", "*", ""] {
            let decision = refusal(&user("enterprise"), &Action::Feature(feature.to_owned()));
            assert_eq!(decision, refused_with("feature-required", feature, "enterprise"));
        }
    }

    /// Attack 44: what is asked for one by one fails closed.
    #[test]
    fn what_the_policy_does_not_have_nobody_has() {
        let mut admin = user("enterprise");
        admin.role = String::from("admin");
        for action in [
            Action::Subscription(String::from("Pro")),
            Action::Subscription(String::new()),
            Action::Role(String::from("root")),
        ] {
            assert_eq!(decide(&admin, &action).unwrap_err().code(), "config-invalid", "{action:?}");
        }
    }

    #[test]
    fn uploads_meet_the_limits_of_the_tier() {
        let exact = upload("image", "a.png", "image/png", 10 * MIB);
        let terms = decide(&user("free"), &exact).unwrap();
        assert_eq!(terms.content_type.as_deref(), Some("image/png"));
        let larger = upload("image", "a.png", "image/png", 10 * MIB + 1);
        let error = decide(&user("free"), &larger).unwrap_err();
        assert_eq!((error.code(), error.status()), ("file-too-large", 413));
        assert_eq!(error.details().limit, Some(10 * MIB));
        assert_eq!(error.details().used, Some(10 * MIB + 1));
        assert!(decide(&user("basic"), &larger).is_ok());
        let html = upload("file", "a.txt", "text/html", 1);
        assert_eq!(decide(&user("free"), &html).unwrap_err().code(), "type-not-allowed");
        let odd = upload("spreadsheet", "a.csv", "text/csv", 1);
        assert_eq!(decide(&user("free"), &odd).unwrap_err().code(), "invalid-kind");
        assert!(decide(&user("free"), &upload("file", "a", "text/plain", 0)).is_ok());
        let largest = upload("file", "a", "text/plain", u64::MAX);
        assert_eq!(decide(&user("enterprise"), &largest).unwrap_err().code(), "file-too-large");
    }

    #[test]
    fn uploads_meet_the_quota() {
        let policy = Policy::builtin();
        let action = upload("file", "a.txt", "text/plain", MIB);
        for (tier, stored, is_allowed) in [
            ("free", GIB - MIB, true),
            ("free", GIB - MIB + 1, false),
            ("free", u64::MAX, false),
            ("basic", GIB, true),
            ("enterprise", u64::MAX, true),
        ] {
            let facts = Facts::with_stored_bytes(stored);
            let decision = policy.decide(&user(tier), &action, &facts, NOW);
            assert_eq!(decision.is_allowed(), is_allowed, "{tier} {stored}");
            if let Decision::Refused(error) = decision {
                assert_eq!(error.code(), "quota-exceeded");
                assert_eq!(error.details().limit, Some(GIB));
                assert_eq!(error.details().used, Some(stored));
            }
        }
    }

    #[test]
    fn links_are_shortened_not_refused() {
        for (tier, asked, given) in [
            ("free", 60, 60),
            ("free", 3_600, 3_600),
            ("free", 3_601, 3_600),
            ("basic", u64::MAX, 21_600),
            ("enterprise", u64::MAX, 604_800),
        ] {
            let terms = decide(&user(tier), &Action::Link { seconds: asked }).unwrap();
            assert_eq!(terms.link_seconds, Some(given), "{tier} {asked}");
            assert_eq!(terms.link_expires_at, Some(NOW + Duration::from_secs(given)));
        }
        let error = decide(&user("free"), &Action::Link { seconds: 0 }).unwrap_err();
        assert_eq!(error.code(), "invalid-request");
    }

    fn any_action() -> impl Strategy<Value = Action> {
        let size = prop_oneof![0..200 * MIB, 0..60 * GIB, any::<u64>()];
        prop_oneof![
            prop::sample::select(vec!["free", "basic", "pro", "premium", "enterprise", "gold"])
                .prop_map(|tier| Action::Subscription(tier.to_owned())),
            prop::sample::select(vec!["blog", "images", "books", "videos", "other"])
                .prop_map(|feature| Action::Feature(feature.to_owned())),
            (
                prop::sample::select(vec![
                    ("image", "a.png", "image/png"),
                    ("video", "a.mp4", "video/mp4"),
                    ("book", "a.pdf", "application/pdf"),
                    ("file", "a.html", "text/html"),
                ]),
                size
            )
                .prop_map(|((kind, name, mime), size)| upload(kind, name, mime, size)),
            (1..2_000_000u64).prop_map(|seconds| Action::Link { seconds }),
        ]
    }

    proptest! {
        #[test]
        fn a_higher_builtin_tier_never_has_less(
            action in any_action(),
            stored in prop_oneof![0..2 * GIB, any::<u64>()],
        ) {
            let policy = Policy::builtin();
            let facts = Facts::with_stored_bytes(stored);
            let mut below: Option<Decision> = None;
            for tier in policy.tiers() {
                let decision = policy.decide(&user(tier.name()), &action, &facts, NOW);
                if let Some(Decision::Allowed(terms)) = below {
                    prop_assert!(decision.is_allowed(), "{}", tier.name());
                    let now = decision.clone().into_result().unwrap();
                    prop_assert!(now.link_seconds >= terms.link_seconds);
                }
                below = Some(decision);
            }
        }

        #[test]
        fn any_name_is_decided(name in "\\PC*", tier in "\\PC*") {
            let mut somebody = user(&tier);
            somebody.features = vec![name.clone(), tier.clone()];
            for action in [
                Action::Subscription(name.clone()),
                Action::Role(name.clone()),
                Action::Feature(name.clone()),
                upload(&name, &name, &name, 1),
            ] {
                let _ = decide(&somebody, &action);
            }
        }
    }
}

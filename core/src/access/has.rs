//! What the token alone grants: Clerk's `has()`.
//!
//! Every part fails closed: what is absent, malformed or not understood grants nothing.

use super::requirement::{Requirement, Reverification, ReverificationLevel};
use super::shown;
use crate::token::{Organization, User};
use crate::{Error, ErrorKind, Result};

/// The longest list of what a user has that a refusal shows, in bytes.
const MAX_LIST_BYTES: usize = 512;

/// What a refusal shows of a user who has nothing of the kind.
const NOTHING: &str = "none";

/// In `fva`: the factor is not set up, or has not been proved in this session.
const NEVER: i64 = -1;

/// Refuses unless the user has everything that is asked for; the first part that is lacking is
/// told, the time of the last proof at the end, since only it can be mended at once.
pub(super) fn require_all(user: &User, wanted: &Requirement) -> Result<()> {
    if *wanted == Requirement::default() {
        return Err(Error::new(ErrorKind::InvalidRequest, "nothing is asked for"));
    }
    wanted.role.as_deref().map_or(Ok(()), |role| require_organization_role(user, role))?;
    wanted.permission.as_deref().map_or(Ok(()), |name| require_permission(user, name))?;
    wanted.feature.as_deref().map_or(Ok(()), |feature| require_feature(user, feature))?;
    wanted.plan.as_deref().map_or(Ok(()), |plan| require_plan(user, plan))?;
    wanted.reverification.map_or(Ok(()), |wanted| require_reverification(user, wanted))
}

pub(super) fn require_permission(user: &User, permission: &str) -> Result<()> {
    let permissions = active(user).map(|organization| organization.permissions.as_slice());
    let permissions = permissions.unwrap_or_default();
    if is_in_organization(permissions.iter(), permission) {
        return Ok(());
    }
    let what = format!("the organization permission `{}`", shown(permission));
    Err(lacking(ErrorKind::PermissionRequired, &what, permission, listed(permissions)))
}

pub(super) fn require_plan(user: &User, plan: &str) -> Result<()> {
    if is_granted(&user.plans, plan) {
        return Ok(());
    }
    let what = format!("the plan `{}`", shown(plan));
    Err(lacking(ErrorKind::PlanRequired, &what, plan, listed(&user.plans)))
}

/// Whether the entries of a claim (`u:books`, `o:books`, `uo:books`) hold this name: a bare one
/// whatever the scope, one with a scope for it alone. The long names of the scopes are Clerk's
/// (<https://clerk.com/docs/guides/sessions/session-tokens>).
pub(super) fn is_granted(entries: &[String], name: &str) -> bool {
    let (scope, wanted) = match name.split_once(':') {
        Some(("u" | "user", name)) => (Some('u'), name),
        Some(("o" | "org" | "organization", name)) => (Some('o'), name),
        Some(_) => return false,
        None => (None, name),
    };
    !wanted.is_empty()
        && entries.iter().filter_map(|entry| entry.split_once(':')).any(|(scopes, name)| {
            name == wanted
                && matches!(scopes, "u" | "o" | "uo" | "ou")
                && scope.is_none_or(|scope| scopes.contains(scope))
        })
}

fn require_organization_role(user: &User, role: &str) -> Result<()> {
    let own = active(user).and_then(|organization| organization.role.as_ref());
    if is_in_organization(own.into_iter(), role) {
        return Ok(());
    }
    let what = format!("the organization role `{}`", shown(role));
    Err(lacking(
        ErrorKind::RoleRequired,
        &what,
        role,
        listed(own.map_or(&[], std::slice::from_ref)),
    ))
}

fn require_feature(user: &User, feature: &str) -> Result<()> {
    if is_granted(&user.features, feature) {
        return Ok(());
    }
    let what = format!("the feature `{}`", shown(feature));
    Err(lacking(ErrorKind::FeatureRequired, &what, feature, listed(&user.features)))
}

fn require_reverification(user: &User, wanted: Reverification) -> Result<()> {
    if wanted.after_minutes == 0 {
        return Err(Error::new(
            ErrorKind::InvalidRequest,
            "a reverification is asked for after 1 minute or more",
        ));
    }
    let ages = user.factor_verification_age;
    if ages.is_some_and(|ages| is_recent(ages, wanted)) {
        return Ok(());
    }
    let what = format!("a sign-in with {wanted}");
    Err(lacking(ErrorKind::ReverificationRequired, &what, &wanted.to_string(), told_ages(ages)))
}

/// Ages below -1 are malformed.
fn is_recent([first, second]: [i64; 2], wanted: Reverification) -> bool {
    let is_recent = |age: i64| age >= 0 && age < i64::from(wanted.after_minutes);
    if first < NEVER || second < NEVER {
        return false;
    }
    match wanted.level {
        ReverificationLevel::FirstFactor => is_recent(first),
        _ if second == NEVER => is_recent(first),
        ReverificationLevel::SecondFactor => is_recent(second),
        ReverificationLevel::MultiFactor => is_recent(first) && is_recent(second),
    }
}

/// The organization that is active; one without an id is none.
fn active(user: &User) -> Option<&Organization> {
    user.organization.as_ref().filter(|organization| !organization.id.is_empty())
}

/// Whether an organization's roles or permissions hold this name, which may come with Clerk's
/// `org:`, even repeated, or without. What the token has without it is not one.
fn is_in_organization<'a>(mut names: impl Iterator<Item = &'a String>, wanted: &str) -> bool {
    let wanted = wanted.trim_start_matches("org:");
    !wanted.is_empty() && names.any(|name| name.strip_prefix("org:") == Some(wanted))
}

fn lacking(kind: ErrorKind, what: &str, required: &str, actual: String) -> Error {
    Error::new(kind, format!("this needs {what}; the user has {actual}"))
        .with_required(required)
        .with_actual(actual)
}

/// As many names as fit, and how many more there are.
fn listed(names: &[String]) -> String {
    let mut list = String::new();
    for (place, name) in names.iter().enumerate() {
        let name = shown(name);
        if list.len() + name.len() > MAX_LIST_BYTES {
            return format!("{list} and {} more", names.len() - place);
        }
        list.push_str(if place > 0 { ", " } else { "" });
        list.push_str(&name);
    }
    if list.is_empty() { NOTHING.to_owned() } else { list }
}

fn told_ages(ages: Option<[i64; 2]>) -> String {
    let Some(ages) = ages else { return NOTHING.to_owned() };
    let told = |age: i64| match age {
        NEVER => "never".to_owned(),
        minutes => format!("{minutes} minutes ago"),
    };
    format!("first_factor {}, second_factor {}", told(ages[0]), told(ages[1]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ADMIN: [&str; 2] = ["org:teams:manage", "org:teams:read"];

    /// An administrator of an organization, who has signed in a moment ago with both factors.
    fn admin() -> User {
        let mut user = User::new("user_1");
        user.organization = Some(Organization {
            id: "org_1".to_owned(),
            slug: None,
            role: Some("org:admin".to_owned()),
            permissions: ADMIN.map(str::to_owned).to_vec(),
        });
        user.features = vec!["u:dashboard".to_owned(), "o:reports".to_owned()];
        user.plans = vec!["u:pro_plus".to_owned(), "o:team".to_owned()];
        user.factor_verification_age = Some([0, 0]);
        user
    }

    fn wanted() -> Requirement {
        Requirement::default()
    }

    fn has(user: &User, wanted: &Requirement) -> bool {
        require_all(user, wanted).is_ok()
    }

    /// Code, what was required, what the user has.
    fn refusal(user: &User, wanted: &Requirement) -> (&'static str, String, String) {
        let error = require_all(user, wanted).unwrap_err();
        let details = error.details().clone();
        (error.code(), details.required.unwrap(), details.actual.unwrap())
    }

    fn told(code: &'static str, required: &str, actual: &str) -> (&'static str, String, String) {
        (code, required.to_owned(), actual.to_owned())
    }

    /// Attack 44.
    #[test]
    fn several_conditions_must_all_hold() {
        let user = admin();
        let good = [
            wanted().with_role("admin"),
            wanted().with_permission("teams:manage"),
            wanted().with_feature("reports"),
            wanted().with_plan("team"),
            wanted().with_reverification(Reverification::strict_mfa()),
        ];
        let bad = [
            wanted().with_role("member"),
            wanted().with_permission("teams:delete"),
            wanted().with_feature("books"),
            wanted().with_plan("pro"),
            wanted(),
        ];
        let join = |parts: &[&Requirement]| {
            let mut all = wanted();
            for part in parts {
                all.role = all.role.or(part.role.clone());
                all.permission = all.permission.or(part.permission.clone());
                all.feature = all.feature.or(part.feature.clone());
                all.plan = all.plan.or(part.plan.clone());
                all.reverification = all.reverification.or(part.reverification);
            }
            all
        };
        assert!(has(&user, &join(&good.each_ref())));
        for (place, bad) in bad.iter().enumerate().take(4) {
            assert!(has(&user, &good[place]));
            assert!(!has(&user, bad));
            let mut parts = good.each_ref();
            parts[place] = bad;
            assert!(!has(&user, &join(&parts)), "{bad:?}");
        }
        let mut long_ago = admin();
        long_ago.factor_verification_age = Some([0, 10]);
        assert!(!has(&long_ago, &join(&good.each_ref())));
        assert!(has(&long_ago, &join(&good[..4].iter().collect::<Vec<_>>())));
    }

    /// Attack 44.
    #[test]
    fn asking_for_nothing_is_a_mistake() {
        let error = require_all(&admin(), &wanted()).unwrap_err();
        assert_eq!(error.code(), "invalid-request");
        let never = Reverification::new(ReverificationLevel::FirstFactor, 0);
        let error = require_all(&admin(), &wanted().with_reverification(never)).unwrap_err();
        assert_eq!(error.code(), "invalid-request");
    }

    /// Attack 44.
    #[test]
    fn an_empty_name_is_never_granted() {
        let mut user = admin();
        user.features = ["u:", "o:", ":", "", "uo:"].map(str::to_owned).to_vec();
        user.plans = user.features.clone();
        let organization = user.organization.as_mut().unwrap();
        organization.role = Some("org:".to_owned());
        organization.permissions = vec!["org:".to_owned(), String::new()];
        for name in ["", "org:", "org:org:", "u:", "o:", "user:", ":", "organization:"] {
            assert!(!has(&user, &wanted().with_role(name)), "{name}");
            assert!(!has(&user, &wanted().with_permission(name)), "{name}");
            assert!(!has(&user, &wanted().with_feature(name)), "{name}");
            assert!(!has(&user, &wanted().with_plan(name)), "{name}");
        }
    }

    #[test]
    fn without_an_active_organization_there_is_no_role_and_no_permission() {
        let mut user = admin();
        assert!(has(&user, &wanted().with_role("org:admin").with_permission("org:teams:read")));
        user.organization.as_mut().unwrap().id.clear();
        assert!(!has(&user, &wanted().with_role("admin")));
        user.organization = None;
        let role = refusal(&user, &wanted().with_role("org:admin"));
        assert_eq!(role, told("role-required", "org:admin", "none"));
        let permission = refusal(&user, &wanted().with_permission("teams:read"));
        assert_eq!(permission, told("permission-required", "teams:read", "none"));
    }

    #[test]
    fn an_application_role_is_no_organization_role() {
        let mut user = admin();
        user.role = "manager".to_owned();
        assert!(!has(&user, &wanted().with_role("manager")));
        user.organization = None;
        user.role = "admin".to_owned();
        assert!(!has(&user, &wanted().with_role("admin")));
    }

    #[test]
    fn a_refusal_tells_what_is_lacking_and_what_there_is() {
        let user = admin();
        for (wanted, code, required, actual) in [
            (wanted().with_role("owner"), "role-required", "owner", "org:admin"),
            (
                wanted().with_permission("org:teams:delete"),
                "permission-required",
                "org:teams:delete",
                "org:teams:manage, org:teams:read",
            ),
            (wanted().with_feature("books"), "feature-required", "books", "u:dashboard, o:reports"),
            (wanted().with_plan("u:team"), "plan-required", "u:team", "u:pro_plus, o:team"),
        ] {
            assert_eq!(refusal(&user, &wanted), told(code, required, actual));
        }
        let strict = wanted().with_reverification(Reverification::strict());
        let mut user = admin();
        for (ages, actual) in [
            (Some([12, -1]), "first_factor 12 minutes ago, second_factor never"),
            (Some([0, 10]), "first_factor 0 minutes ago, second_factor 10 minutes ago"),
            (None, "none"),
        ] {
            user.factor_verification_age = ages;
            let required = "second_factor within 10 minutes";
            let expected = told("reverification-required", required, actual);
            assert_eq!(refusal(&user, &strict), expected);
        }
        let nobody = User::new("user_1");
        for wanted in [wanted().with_feature("x"), wanted().with_plan("x")] {
            assert_eq!(refusal(&nobody, &wanted).2, "none");
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let mut user = admin();
        let many = (0..10_000).map(|i| format!("org:feature_{i}:{}", "x".repeat(500)));
        user.organization.as_mut().unwrap().permissions = many.collect();
        let (_, _, actual) = refusal(&user, &wanted().with_permission("a:b"));
        assert!(actual.len() < MAX_LIST_BYTES + 100, "{}", actual.len());
        assert!(actual.ends_with(" more"), "{actual}");
        user.organization.as_mut().unwrap().permissions = vec!["org:a:b\r\nX: y".to_owned()];
        let (_, _, actual) = refusal(&user, &wanted().with_permission("a:b"));
        assert_eq!(actual, "org:a:b\\r\\nX: y");
    }

    #[test]
    fn ages_count_by_level() {
        use ReverificationLevel::{FirstFactor, MultiFactor, SecondFactor};
        for (ages, first, second, both) in [
            ([0, -1], true, true, true),
            ([-1, 0], false, true, false),
            ([9, 9], true, true, true),
            ([10, 9], false, true, false),
            ([9, 10], true, false, false),
            ([10, -1], false, false, false),
            ([-1, -1], false, false, false),
            ([-2, 0], false, false, false),
            ([0, -2], false, false, false),
            ([i64::MIN, i64::MAX], false, false, false),
        ] {
            let recent = [FirstFactor, SecondFactor, MultiFactor]
                .map(|level| is_recent(ages, Reverification::new(level, 10)));
            assert_eq!(recent, [first, second, both], "{ages:?}");
        }
        let longest = Reverification::new(MultiFactor, u32::MAX);
        assert!(is_recent([0, i64::from(u32::MAX) - 1], longest));
        assert!(!is_recent([0, i64::from(u32::MAX)], longest));
    }

    /// Attack 53.
    #[test]
    fn plans_and_features_are_whole_names_in_their_scope() {
        let mut user = admin();
        user.plans = vec!["u:pro_plus".to_owned(), "o:team".to_owned(), "bare".to_owned()];
        user.features.clone_from(&user.plans);
        for granted in ["pro_plus", "u:pro_plus", "user:pro_plus", "team", "o:team", "org:team"] {
            assert!(has(&user, &wanted().with_plan(granted)), "{granted}");
            assert!(has(&user, &wanted().with_feature(granted)), "{granted}");
        }
        for other in [
            "pro",
            "plus",
            "PRO_PLUS",
            "pro_plus ",
            "pro_plus,team",
            "u:team",
            "o:pro_plus",
            "x:team",
            "uo:team",
            "U:pro_plus",
            "u:u:pro_plus",
            "bare",
            "u:bare",
            "",
            "u:",
            "*",
        ] {
            assert!(!has(&user, &wanted().with_plan(other)), "{other}");
            assert!(!has(&user, &wanted().with_feature(other)), "{other}");
        }
    }

    proptest! {
        /// Attack 44.
        #[test]
        fn more_conditions_never_grant_more(
            role in prop::option::of("(org:)?(admin|member|)"),
            permission in prop::option::of("(org:)?teams:(manage|delete)"),
            feature in prop::option::of("[uo]?:?(dashboard|reports)"),
            plan in prop::option::of("[uo]?:?(pro_plus|team)"),
            minutes in prop::option::of(0u32..20),
            ages in prop::option::of([-2i64..20, -2i64..20]),
        ) {
            let mut user = admin();
            user.factor_verification_age = ages;
            let reverification = minutes
                .map(|minutes| Reverification::new(ReverificationLevel::MultiFactor, minutes));
            let all = Requirement { role, permission, feature, plan, reverification };
            let parts = [
                all.role.clone().map(|role| wanted().with_role(role)),
                all.permission.clone().map(|permission| wanted().with_permission(permission)),
                all.feature.clone().map(|feature| wanted().with_feature(feature)),
                all.plan.clone().map(|plan| wanted().with_plan(plan)),
                all.reverification.map(|age| wanted().with_reverification(age)),
            ];
            let parts: Vec<Requirement> = parts.into_iter().flatten().collect();
            let every = !parts.is_empty() && parts.iter().all(|part| has(&user, part));
            prop_assert_eq!(has(&user, &all), every);
        }

        #[test]
        fn any_name_is_decided(name in "\\PC*") {
            for wanted in [
                wanted().with_role(&name),
                wanted().with_permission(&name),
                wanted().with_feature(&name),
                wanted().with_plan(&name),
            ] {
                let _ = require_all(&admin(), &wanted);
            }
        }
    }
}

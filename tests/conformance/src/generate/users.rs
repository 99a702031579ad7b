//! Who the user is, and what the token says of tier and role.

use serde_json::{Value, json};

use super::Cases;
use super::spec::{Spec, USER};

pub(super) fn add(cases: &mut Cases) {
    subjects(cases);
    namespaces(cases);
    tiers(cases);
    roles(cases);
    unsafe_metadata(cases);
    plans(cases);
}

fn subjects(cases: &mut Cases) {
    cases.refused("attack 26: sub missing", Spec::new().no_claim("sub"), "token-invalid");
    for (what, value) in [
        ("empty", json!("")),
        ("null", Value::Null),
        ("a number", json!(7)),
        ("an array", json!([USER])),
        ("an object", json!({ "id": USER })),
        ("true", json!(true)),
    ] {
        let spec = Spec::new().claim("sub", value);
        cases.refused(&format!("attack 26: sub {what}"), spec, "token-invalid");
    }
    for sub in ["auth0|5f7c", " user_1 ", "USER_1", "e\u{301}", "a:b", "a/../b", "::x", "Okta::x"] {
        cases.ok(
            &format!("sub: {sub:?} stands as it is"),
            Spec::new().claim("sub", sub),
            json!({ "user": { "user_id": sub } }),
        );
    }
}

fn namespaces(cases: &mut Cases) {
    for sub in ["okta::user_1", "a::", "0::0", "okta::a::b"] {
        cases.refused(
            &format!("sub: {sub:?} looks like another issuer's user"),
            Spec::new().claim("sub", sub),
            "invalid-user-id",
        );
    }
    let longest = "n".repeat(32);
    cases.refused(
        "sub: the longest namespace",
        Spec::new().claim("sub", format!("{longest}::x")),
        "invalid-user-id",
    );
    let too_long = format!("{longest}n::x");
    cases.ok(
        "sub: too long for a namespace",
        Spec::new().claim("sub", too_long.as_str()),
        json!({ "user": { "user_id": too_long } }),
    );

    let secondary = || {
        let spec = Spec::new().issuer("namespace", "okta").issuer("audience", json!(["api"]));
        spec.claim("aud", "api")
    };
    cases.ok(
        "namespace: it stands before the sub",
        secondary(),
        json!({ "user": { "user_id": format!("okta::{USER}") } }),
    );
    cases.ok(
        "namespace: a sub with colons stays in it",
        secondary().claim("sub", "auth0::x"),
        json!({ "user": { "user_id": "okta::auth0::x" } }),
    );
    cases.refused(
        "namespace: another issuer needs an audience",
        Spec::new().issuer("namespace", "okta"),
        "config-invalid",
    );
    for namespace in ["", "Okta", "ok-ta", "okta::", "é", &format!("{longest}n")] {
        cases.refused(
            &format!("namespace: {namespace:?} is none"),
            secondary().issuer("namespace", namespace),
            "config-invalid",
        );
    }
}

/// The user that a tier claim gives.
fn tier(tier: &str) -> Value {
    json!({ "user": { "user_id": USER, "subscription": tier } })
}

fn role(role: &str) -> Value {
    json!({ "user": { "user_id": USER, "role": role } })
}

fn with_metadata(metadata: Value) -> Spec {
    Spec::new().claim("public_metadata", metadata)
}

fn tiers(cases: &mut Cases) {
    for name in ["free", "basic", "pro", "premium", "enterprise"] {
        let spec = with_metadata(json!({ "subscription": name }));
        cases.ok(&format!("tier: {name}"), spec, tier(name));
    }
    let camel = Spec::new().claim("publicMetadata", json!({ "subscription": "pro" }));
    cases.ok("tier: publicMetadata counts too", camel, tier("pro"));
    for (what, value) in [
        ("unknown", json!("platinum")),
        ("in upper case", json!("PRO")),
        ("with a space", json!(" pro")),
        ("empty", json!("")),
        ("an array", json!(["enterprise"])),
        ("an object", json!({ "pro": true })),
        ("a number", json!(4)),
        ("true", json!(true)),
        ("null", Value::Null),
        ("a list in a text", json!("free,enterprise")),
    ] {
        let spec = with_metadata(json!({ "subscription": value }));
        cases.ok(&format!("attack 51: tier {what} counts as the lowest"), spec, tier("free"));
    }
    for (what, value) in [
        ("an array", json!([{ "subscription": "pro" }])),
        ("a text", json!("{\"subscription\":\"pro\"}")),
        ("null", Value::Null),
    ] {
        let name = format!("tier: metadata that is {what} says nothing");
        cases.ok(&name, with_metadata(value), tier("free"));
    }
    let top_level = Spec::new().claim("subscription", "pro");
    cases.ok("tier: a claim of its own says nothing", top_level, tier("free"));
    cases.ok(
        "tier: a claim that only the server writes can be named",
        Spec::new()
            .issuer("public_metadata_claim", "https://example.com/app")
            .claim("https://example.com/app", json!({"subscription": "pro", "role": "admin"})),
        json!({ "user": { "subscription": "pro", "role": "admin" } }),
    );
    for claim in ["unsafe_metadata", "user_metadata", "https://example.com/user_metadata"] {
        cases.refused(
            &format!("tier: {claim} cannot be named"),
            Spec::new().issuer("public_metadata_claim", claim),
            "config-invalid",
        );
    }
    cases.ok(
        "tier: that claim counts only when named",
        Spec::new().claim("https://example.com/app", json!({ "subscription": "pro" })),
        tier("free"),
    );
    let own = "tiers = [\"bronze\", \"gold\"]\nversion = 1\n";
    cases.ok(
        "tier: one of a policy file",
        with_metadata(json!({ "subscription": "gold" })).policy(own),
        tier("gold"),
    );
    cases.ok(
        "tier: unknown to the policy file, so its lowest",
        with_metadata(json!({ "subscription": "pro" })).policy(own),
        tier("bronze"),
    );
}

fn roles(cases: &mut Cases) {
    for name in ["user", "manager", "admin"] {
        let spec = with_metadata(json!({ "role": name }));
        cases.ok(&format!("role: {name}"), spec, role(name));
    }
    for (what, value) in [
        ("unknown", json!("owner")),
        ("in upper case", json!("ADMIN")),
        ("an array", json!(["admin"])),
        ("an organization's", json!("org:admin")),
        ("null", Value::Null),
    ] {
        let spec = with_metadata(json!({ "role": value }));
        cases.ok(&format!("role: {what} counts as the lowest"), spec, role("user"));
    }
    let top_level = Spec::new().claim("role", "admin");
    cases.ok("role: a claim of its own says nothing", top_level, role("user"));
    let organization = Spec::new().claim("o", json!({"id": "org_1", "rol": "admin"}));
    cases.ok("role: an organization's admin is a user", organization, role("user"));
}

fn unsafe_metadata(cases: &mut Cases) {
    let metadata = json!({"subscription": "enterprise", "role": "admin"});
    for name in
        ["unsafe_metadata", "unsafeMetadata", "user_metadata", "userMetadata", "metadata", "app"]
    {
        cases.ok(
            &format!("attack 52: {name} says nothing"),
            Spec::new().claim(name, metadata.clone()),
            json!({ "user": { "subscription": "free", "role": "user", "metadata": {} } }),
        );
    }
}

fn plans(cases: &mut Cases) {
    let plan = |claim: &str| Spec::new().claim("pla", claim);
    cases.ok("plan: a user plan gives the tier", plan("u:pro"), tier("pro"));
    cases.ok("attack 53: an organization's plan does not", plan("o:enterprise"), tier("free"));
    cases.ok("plan: both, the user's counts", plan("o:enterprise,u:basic"), tier("basic"));
    cases.ok(
        "plan: metadata comes first",
        plan("u:enterprise").claim("public_metadata", json!({ "subscription": "basic" })),
        tier("basic"),
    );
    cases.ok(
        "plan: the highest of several",
        plan("u:basic,u:premium,u:free_user"),
        tier("premium"),
    );
    cases.ok(
        "plan: metadata without a tier leaves it to the plan",
        plan("u:pro").claim("public_metadata", json!({ "role": "manager" })),
        tier("pro"),
    );
    cases.ok(
        "attack 51: an unknown tier is not made good by a plan",
        plan("u:pro").claim("public_metadata", json!({ "subscription": "platinum" })),
        tier("free"),
    );
    let later = plan("u:pro").claim("v", 3).claim("fea", "u:x");
    cases.ok(
        "attack 50: a later version's plans and features are not understood",
        later,
        json!({
            "user": { "subscription": "free", "plans": [], "features": [], "organization": null },
        }),
    );
    for claim in ["pro", "u:platinum", "x:pro", "u:PRO", "u:", ":pro", "", "u:pro:x", "uu:pro"] {
        let name = format!("attack 53: plan {claim:?} gives no tier");
        cases.ok(&name, plan(claim), tier("free"));
    }
    for (what, value) in [("an array", json!(["u:pro"])), ("a number", json!(1))] {
        let name = format!("attack 53: a plan claim that is {what} gives no tier");
        cases.ok(&name, Spec::new().claim("pla", value), tier("free"));
    }
    cases.ok(
        "plan: an organization's, where the policy says so",
        plan("o:pro")
            .claim("o", json!({"id": "org_1", "rol": "member"}))
            .policy("version = 1\norganization_plans = true\n"),
        tier("pro"),
    );
}

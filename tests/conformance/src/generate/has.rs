//! What a token grants: Clerk's `has()`.

use serde_json::{Value, json};

use super::Cases;
use super::spec::Spec;

pub(super) fn add(cases: &mut Cases) {
    roles(cases);
    permissions(cases);
    features_and_plans(cases);
    reverification(cases);
    several(cases);
}

/// A session in an organization, with two features, two plans, and proofs of 5 and of 30 minutes
/// ago.
fn session() -> Spec {
    Spec::new()
        .claim("fea", "o:teams,u:books")
        .claim("pla", "u:pro,o:team")
        .claim("fva", json!([5, 30]))
        .claim("o", json!({"id": "org_1", "rol": "admin", "per": "read,manage", "fpm": "3,0"}))
}

fn has(cases: &mut Cases, name: &str, requirement: Value) {
    cases.has(name, session(), requirement, None);
}

fn lacks(cases: &mut Cases, name: &str, requirement: Value, code: &str) {
    cases.has(name, session(), requirement, Some(code));
}

fn roles(cases: &mut Cases) {
    let code = "role-required";
    has(cases, "role: the organization's", json!({"role": "org:admin"}));
    has(cases, "role: without its prefix", json!({"role": "admin"}));
    for role in ["org:member", "member", "Admin", "org:", ""] {
        lacks(cases, &format!("role: not {role:?}"), json!({ "role": role }), code);
    }
    let application = Spec::new().claim("public_metadata", json!({"role": "admin"}));
    cases.has("role: not the application's", application, json!({"role": "admin"}), Some(code));
}

fn permissions(cases: &mut Cases) {
    let code = "permission-required";
    has(cases, "permission: granted", json!({"permission": "org:teams:manage"}));
    has(cases, "permission: without its prefix", json!({"permission": "teams:read"}));
    for permission in ["org:teams:delete", "org:books:read", "org:teams", "teams", ""] {
        let requirement = json!({ "permission": permission });
        lacks(cases, &format!("permission: not {permission:?}"), requirement, code);
    }
    let alone = Spec::new().claim("fea", "o:teams");
    let requirement = json!({"permission": "org:teams:read"});
    cases.has("permission: none without an organization", alone, requirement, Some(code));
}

fn features_and_plans(cases: &mut Cases) {
    for feature in ["books", "u:books", "user:books", "teams", "o:teams", "organization:teams"] {
        has(cases, &format!("feature: {feature}"), json!({ "feature": feature }));
    }
    for feature in ["o:books", "u:teams", "book", "x:books", "u:", ""] {
        let requirement = json!({ "feature": feature });
        lacks(cases, &format!("feature: not {feature:?}"), requirement, "feature-required");
    }
    let pro = Spec::new().claim("public_metadata", json!({"subscription": "pro"}));
    let requirement = json!({"feature": "images"});
    cases.has("feature: not what the tier has", pro, requirement, Some("feature-required"));
    for plan in ["pro", "u:pro", "team", "org:team"] {
        has(cases, &format!("plan: {plan}"), json!({ "plan": plan }));
    }
    for plan in ["o:pro", "pr", "pro,team", ""] {
        lacks(cases, &format!("plan: not {plan:?}"), json!({ "plan": plan }), "plan-required");
    }
}

fn reverification(cases: &mut Cases) {
    let code = "reverification-required";
    let own = |level: &str, minutes: u32| json!({"reverification": {"level": level, "after_minutes": minutes}});
    for name in ["moderate", "lax"] {
        has(cases, &format!("reverification: {name}"), json!({ "reverification": name }));
    }
    for name in ["strict", "strict_mfa"] {
        let requirement = json!({ "reverification": name });
        lacks(cases, &format!("reverification: not {name}"), requirement, code);
    }
    has(cases, "reverification: the first 6 minutes ago", own("first_factor", 6));
    lacks(cases, "reverification: the first 5 minutes ago", own("first_factor", 5), code);
    has(cases, "reverification: both 31 minutes ago", own("multi_factor", 31));
    lacks(cases, "reverification: both 30 minutes ago", own("multi_factor", 30), code);
    let one = session().claim("fva", json!([5, -1]));
    let strict = || json!({"reverification": "strict"});
    cases.has("reverification: a user of one factor", one, strict(), None);
    for fva in [json!([-1, -1]), json!([0]), json!(["0", "0"]), json!([0.5, 0]), Value::Null] {
        let name = format!("reverification: not with {fva}");
        cases.has(&name, session().claim("fva", fva), strict(), Some(code));
    }
    let without = session().no_claim("fva");
    cases.has("reverification: not without fva", without, strict(), Some(code));
    let unknown = json!({"reverification": "often"});
    lacks(cases, "reverification: an unknown name", unknown, "invalid-request");
    lacks(cases, "reverification: after 0 minutes", own("first_factor", 0), "invalid-request");
}

fn several(cases: &mut Cases) {
    let all = || {
        json!({
            "role": "admin", "permission": "org:teams:read", "feature": "books", "plan": "pro",
            "reverification": "moderate",
        })
    };
    has(cases, "attack 44: all that is asked", all());
    for (part, value, code) in [
        ("role", "member", "role-required"),
        ("permission", "org:teams:delete", "permission-required"),
        ("feature", "videos", "feature-required"),
        ("plan", "free", "plan-required"),
        ("reverification", "strict", "reverification-required"),
    ] {
        let mut requirement = all();
        requirement[part] = value.into();
        lacks(cases, &format!("attack 44: all but the {part}"), requirement, code);
    }
    lacks(cases, "attack 44: nothing is asked", json!({}), "invalid-request");
    for (claim, value, code) in [
        ("fea", json!(["o:teams", "u:books"]), "permission-required"),
        ("pla", json!("pro"), "plan-required"),
        ("o", json!("org_1"), "role-required"),
    ] {
        let name = format!("attack 45: {claim} is malformed");
        cases.has(&name, session().claim(claim, value), all(), Some(code));
    }
    cases.has("a token that has expired", session().after(65), all(), Some("token-expired"));
}

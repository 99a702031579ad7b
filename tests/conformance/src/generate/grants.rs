//! What a token grants, border by border: names, masks, versions and ages, and what a refusal tells.

use serde_json::{Value, json};

use super::Cases;
use super::spec::Spec;
use crate::Expected;

pub(super) fn add(cases: &mut Cases) {
    organizations(cases);
    names(cases);
    masks(cases);
    versions(cases);
    reverification(cases);
}

/// An administrator of an organization, who has just proved both factors.
fn admin() -> Spec {
    Spec::new()
        .claim("fea", "o:teams,u:beta,uo:export")
        .claim("pla", "u:pro_plus,o:team")
        .claim("o", organization("read,manage", "3,0,1"))
        .claim("fva", json!([0, 0]))
}

fn organization(per: &str, fpm: &str) -> Value {
    json!({"id": "org_1", "rol": "admin", "slg": "acme", "per": per, "fpm": fpm})
}

impl Cases {
    fn grants(&mut self, name: &str, spec: Spec, requirement: Value) {
        self.has(name, spec, requirement, None);
    }

    fn denies(&mut self, name: &str, spec: Spec, requirement: Value, code: &str) {
        self.has(name, spec, requirement, Some(code));
    }

    /// A refusal with this code, which tells what was required and what there is.
    fn tells(&mut self, name: &str, spec: Spec, wanted: Value, code: &str, told: [&str; 2]) {
        let details = Some(json!({"required": told[0], "actual": told[1]}));
        self.push(name, spec.requirement(wanted), Expected::Error { error: code.into(), details });
    }
}

fn organizations(cases: &mut Cases) {
    let nobody = || admin().no_claim("o");
    for (what, spec) in [
        ("no organization", nobody()),
        ("an organization without an id", admin().claim("o", json!({"rol": "admin"}))),
        ("an empty id", admin().claim("o", json!({"id": "", "rol": "admin"}))),
        ("a list", admin().claim("o", json!([organization("read", "1")]))),
    ] {
        let wanted = json!({"role": "admin"});
        cases.denies(&format!("attack 45: role of {what}"), spec, wanted, "role-required");
    }
    for value in [json!(7), json!(null), json!(["admin"]), json!("")] {
        let mut claim = organization("read", "1");
        claim["rol"] = value.clone();
        let name = format!("attack 45: the role is {value}");
        cases.denies(&name, admin().claim("o", claim), json!({"role": "admin"}), "role-required");
    }
    cases.tells(
        "role: what there is instead",
        admin(),
        json!({"role": "org:owner"}),
        "role-required",
        ["org:owner", "org:admin"],
    );
    cases.tells(
        "permission: what there is instead",
        admin(),
        json!({"permission": "org:teams:delete"}),
        "permission-required",
        ["org:teams:delete", "org:teams:read, org:teams:manage, org:export:read"],
    );
    cases.tells(
        "permission: without an organization there is none",
        nobody(),
        json!({"permission": "teams:read"}),
        "permission-required",
        ["teams:read", "none"],
    );
    let staff = admin().claim("public_metadata", json!({"role": "manager"}));
    let wanted = json!({"role": "manager"});
    cases.denies("role: an application role is none", staff, wanted, "role-required");
}

fn names(cases: &mut Cases) {
    for (part, code, granted, denied) in [
        (
            "role",
            "role-required",
            &["admin", "org:admin", "org:org:admin"][..],
            &["", "org:", "Admin", "admi", "admin ", "o:admin", "admin,member"][..],
        ),
        (
            "permission",
            "permission-required",
            &["teams:read", "org:teams:read", "org:export:read"],
            &[
                "",
                "org:",
                "teams",
                "teams:rea",
                "teams:read,teams:manage",
                "o:teams:read",
                "beta:read",
            ],
        ),
        (
            "feature",
            "feature-required",
            &[
                "teams",
                "o:teams",
                "org:teams",
                "organization:teams",
                "beta",
                "u:beta",
                "user:beta",
                "u:export",
                "o:export",
                "export",
            ],
            &[
                "",
                "o:",
                "u:",
                "u:teams",
                "o:beta",
                "x:teams",
                "uo:export",
                "O:teams",
                "team",
                "TEAMS",
                "teams,beta",
                "books",
            ],
        ),
        (
            "plan",
            "plan-required",
            &["pro_plus", "u:pro_plus", "user:pro_plus", "team", "org:team"],
            &[
                "",
                "pro",
                "plus",
                "u:team",
                "o:pro_plus",
                "x:team",
                "pro_plus,team",
                ":team",
                "team ",
            ],
        ),
    ] {
        for name in granted {
            let mut wanted = json!({});
            wanted[part] = (*name).into();
            cases.grants(&format!("{part}: {name:?} is granted"), admin(), wanted);
        }
        for name in denied {
            let row = if part == "plan" { "attack 53: " } else { "" };
            let mut wanted = json!({});
            wanted[part] = (*name).into();
            cases.denies(&format!("{row}{part}: {name:?} is not granted"), admin(), wanted, code);
        }
    }
    for pla in [json!("u:pro,team"), json!("team"), json!(["o:team"]), json!({}), json!(null)] {
        let name = format!("attack 45: plans are {pla}");
        let spec = admin().claim("pla", pla);
        cases.denies(&name, spec, json!({"plan": "team"}), "plan-required");
    }
    cases.tells(
        "plan: what there is instead",
        admin(),
        json!({"plan": "free"}),
        "plan-required",
        ["free", "u:pro_plus, o:team"],
    );
}

fn masks(cases: &mut Cases) {
    let per: Vec<String> = (0..60).map(|place| format!("p{place}")).collect();
    let mask = |fpm: &str| admin().claim("o", organization(&per.join(","), fpm));
    for (fpm, name, granted) in [
        ("9007199254740993", "teams:p0", true),
        ("9007199254740993", "teams:p53", true),
        ("9007199254740993", "teams:p1", false),
        ("18446744073709551617", "teams:p0", true),
        ("18446744073709551616", "teams:p0", false),
    ] {
        let (case, wanted) = (format!("attack 46: {name} of {fpm}"), json!({"permission": name}));
        match granted {
            true => cases.grants(&case, mask(fpm), wanted),
            false => cases.denies(&case, mask(fpm), wanted, "permission-required"),
        }
    }
    for fpm in ["-1", "3.0", "0x3", "1e1", "３", "", " ", "NaN", "1_0"] {
        let name = format!("attack 47: the mask is {fpm:?}");
        let wanted = json!({"permission": "teams:p0"});
        cases.denies(&name, mask(fpm), wanted, "permission-required");
    }
    let between = || {
        let organization = organization("read,manage", "3,1,3,2");
        admin().claim("fea", "u:x,o:y,u:v,o:z").claim("o", organization)
    };
    for name in ["y:read", "z:manage"] {
        let wanted = json!({"permission": name});
        cases.grants(&format!("attack 48: {name} keeps its place"), between(), wanted);
    }
    for name in ["y:manage", "z:read", "x:read", "v:read"] {
        let wanted = json!({"permission": name});
        let case = format!("attack 48: {name} is of another place");
        cases.denies(&case, between(), wanted, "permission-required");
    }
}

fn versions(cases: &mut Cases) {
    let v1 = |spec: Spec| {
        spec.claim("org_id", "org_9")
            .claim("org_role", "org:admin")
            .claim("org_permissions", json!(["org:teams:manage"]))
    };
    let wanted = || json!({"role": "admin", "permission": "teams:manage"});
    cases.grants("version 1", v1(Spec::version_1()), wanted());
    let both = v1(Spec::new());
    cases.denies("attack 49: version 2 with claims of version 1", both, wanted(), "role-required");
    for version in [json!(3), json!("2"), json!(0), json!(2.5), json!(null)] {
        let name = format!("attack 50: version {version}");
        let spec = v1(admin()).claim("v", version);
        cases.denies(&name, spec, wanted(), "role-required");
    }
    let spec = admin().claim("v", 3);
    let lax = json!({"reverification": "lax"});
    cases.denies("attack 50: ages of an unknown version", spec, lax, "reverification-required");
}

fn reverification(cases: &mut Cases) {
    let level = |name: &str, minutes: u32| json!({"reverification": {"level": name, "after_minutes": minutes}});
    for (ages, first, second, multi) in [
        ([0, -1], true, true, true),
        ([-1, 0], false, true, false),
        ([9, 9], true, true, true),
        ([10, 9], false, true, false),
        ([9, 10], true, false, false),
        ([10, -1], false, false, false),
        ([-1, -1], false, false, false),
    ] {
        for (name, granted) in
            [("first_factor", first), ("second_factor", second), ("multi_factor", multi)]
        {
            let (case, spec) = (format!("{name}: {ages:?}"), admin().claim("fva", json!(ages)));
            match granted {
                true => cases.grants(&case, spec, level(name, 10)),
                false => cases.denies(&case, spec, level(name, 10), "reverification-required"),
            }
        }
    }
    for fva in
        [json!(null), json!([0]), json!([0, 0, 0]), json!(["0", "0"]), json!([-2, 0]), json!({})]
    {
        let name = format!("attack 44: ages are {fva}");
        let spec = admin().claim("fva", fva);
        cases.denies(&name, spec, json!({"reverification": "lax"}), "reverification-required");
    }
    for (name, border) in [("strict_mfa", 10), ("strict", 10), ("moderate", 60), ("lax", 1440)] {
        let wanted = || json!({"reverification": name});
        let at = |age: u32| admin().claim("fva", json!([age, age]));
        cases.grants(&format!("{name}: {} minutes", border - 1), at(border - 1), wanted());
        let case = format!("{name}: {border} minutes");
        cases.denies(&case, at(border), wanted(), "reverification-required");
    }
    cases.tells(
        "reverification: what there is instead",
        admin().claim("fva", json!([12, -1])),
        json!({"reverification": "strict"}),
        "reverification-required",
        ["second_factor within 10 minutes", "first_factor 12 minutes ago, second_factor never"],
    );
    cases.denies(
        "attack 44: after 0 minutes",
        admin(),
        level("first_factor", 0),
        "invalid-request",
    );
    let unknown = json!({"reverification": "Strict"});
    cases.denies("attack 44: no such name", admin(), unknown, "invalid-request");
}

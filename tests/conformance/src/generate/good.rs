//! Tokens that pass: Clerk's session tokens, each kind of key, each algorithm.

use casier_local::issuer::Signing;
use serde_json::json;

use super::Cases;
use super::keys::RSA_KID;
use super::spec::{ISSUER, Keys, NOW, ORIGIN, Sign, Spec, USER};

pub(super) fn add(cases: &mut Cases) {
    clerk(cases);
    organizations(cases);
    keys(cases);
    algorithms(cases);
    headers(cases);
}

fn clerk(cases: &mut Cases) {
    cases.ok(
        "version 2: a default session token",
        Spec::new(),
        json!({
            "user": {
                "user_id": USER, "email": null, "email_verified": false, "first_name": null,
                "last_name": null, "full_name": null, "username": null, "image_url": null,
                "phone_number": null, "phone_verified": false, "subscription": "free",
                "role": "user", "session_id": "sess_2xyz", "organization": null, "plans": [],
                "features": [], "metadata": {}, "actor": null,
                "claims": {
                    "azp": ORIGIN, "exp": NOW + 60, "fva": [0, -1], "iat": NOW, "iss": ISSUER,
                    "jti": "0123456789abcdef0123", "nbf": NOW - 10, "sid": "sess_2xyz",
                    "sts": "active", "sub": USER, "v": 2,
                },
            },
            "issued_at": NOW, "not_before": NOW - 10, "expires_at": NOW + 60,
            "key_id": RSA_KID, "session_id": "sess_2xyz",
        }),
    );
    cases.ok(
        "version 1: a default session token",
        Spec::version_1(),
        json!({
            "user": {
                "user_id": USER, "subscription": "free", "role": "user",
                "session_id": "sess_2xyz", "organization": null, "plans": [], "features": [],
            },
            "issued_at": NOW, "not_before": NOW - 10, "expires_at": NOW + 60,
        }),
    );
    let profile = |spec: Spec| {
        spec.claim("email", "ada@example.com")
            .claim("email_verified", true)
            .claim("first_name", "Ada")
            .claim("last_name", "Lovelace")
            .claim("full_name", "Ada Lovelace")
            .claim("username", "ada")
            .claim("image_url", "https://img.example.com/ada.png")
            .claim("phone_number", "+441234567890")
            .claim("phone_verified", true)
            .claim("public_metadata", json!({"subscription": "pro", "role": "manager", "n": 1}))
    };
    let user = json!({
        "user_id": USER, "email": "ada@example.com", "email_verified": true,
        "first_name": "Ada", "last_name": "Lovelace", "full_name": "Ada Lovelace",
        "username": "ada", "image_url": "https://img.example.com/ada.png",
        "phone_number": "+441234567890", "phone_verified": true, "subscription": "pro",
        "role": "manager", "metadata": {"subscription": "pro", "role": "manager", "n": 1},
    });
    cases.ok("version 2: with a profile", profile(Spec::new()), json!({ "user": user }));
    cases.ok("version 1: with a profile", profile(Spec::version_1()), json!({ "user": user }));
    cases.ok(
        "impersonation is passed on as the actor",
        Spec::new().claim("act", json!({"iss": "https://dash", "sid": "sess_9", "sub": "user_9"})),
        json!({ "user": {
            "user_id": USER,
            "actor": {"iss": "https://dash", "sid": "sess_9", "sub": "user_9"},
        }}),
    );
    cases.ok(
        "text in any script passes",
        Spec::new().claim("first_name", "Ãda 艾达 👩\u{200d}💻"),
        json!({ "user": { "first_name": "Ãda 艾达 👩\u{200d}💻" } }),
    );
    cases.ok(
        "without nbf, iat, sid and sts",
        Spec::new().no_claim("nbf").no_claim("iat").no_claim("sid").no_claim("sts"),
        json!({
            "user": { "user_id": USER, "session_id": null },
            "issued_at": null, "not_before": null, "session_id": null,
        }),
    );
    cases.passes("white space in the JSON", Spec::new().payload_with("{\"azp\"", "\n {\t\"azp\""));
}

fn organizations(cases: &mut Cases) {
    cases.ok(
        "version 1: an organization",
        Spec::version_1()
            .claim("org_id", "org_1")
            .claim("org_slug", "acme")
            .claim("org_role", "org:admin")
            .claim("org_permissions", json!(["org:dashboard:manage", "org:teams:read"])),
        json!({ "user": { "role": "user", "organization": {
            "id": "org_1", "slug": "acme", "role": "org:admin",
            "permissions": ["org:dashboard:manage", "org:teams:read"],
        }}}),
    );
    let version_2 = |o: serde_json::Value| {
        Spec::new().claim("o", o).claim("fea", "o:dashboard,o:teams").claim("pla", "o:pro")
    };
    cases.ok(
        "version 2: an organization",
        version_2(json!({
            "id": "org_1", "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3,2",
        })),
        json!({ "user": {
            "role": "user",
            "organization": {
                "id": "org_1", "slug": "acme", "role": "org:admin",
                "permissions":
                    ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"],
            },
            "features": ["o:dashboard", "o:teams"],
            "plans": ["o:pro"],
            "subscription": "free",
        }}),
    );
    cases.ok(
        "version 2: an organization without permissions",
        version_2(json!({ "id": "org_1", "slg": "acme", "rol": "member" })),
        json!({ "user": { "organization": {
            "id": "org_1", "slug": "acme", "role": "org:member", "permissions": [],
        }}}),
    );
    cases.ok(
        "version 2: user and organization features keep their places in fpm",
        Spec::new()
            .claim(
                "o",
                json!({"id": "org_1", "rol": "admin", "per": "read,manage", "fpm": "0,3,1"}),
            )
            .claim("fea", "u:x,o:y,o:z"),
        json!({ "user": {
            "features": ["u:x", "o:y", "o:z"],
            "organization": {
                "id": "org_1", "slug": null, "role": "org:admin",
                "permissions": ["org:y:read", "org:y:manage", "org:z:read"],
            },
        }}),
    );
    cases.ok(
        "an organization's admin is no application admin",
        Spec::version_1().claim("org_id", "org_1").claim("org_role", "org:admin"),
        json!({ "user": { "role": "user" } }),
    );
}

fn keys(cases: &mut Cases) {
    cases.passes("key: one JWK", Spec::new().keys(Keys::RsaJwk));
    cases.ok(
        "key: a PEM",
        Spec::new().keys(Keys::RsaPem),
        json!({ "user": { "user_id": USER }, "expires_at": NOW + 60 }),
    );
    let unknown = || Spec::new().header("kid", "ins_unknown");
    cases.passes("key: a PEM goes with any kid", unknown().keys(Keys::RsaPem));
    let unnamed = Spec::new().no_header("kid").keys(Keys::RsaJwk);
    cases.refused("attack 09: kid missing, one JWK", unnamed, "jwk-kid-mismatch");
    cases.passes("key: a PEM goes with no kid", Spec::new().no_header("kid").keys(Keys::RsaPem));
    cases.refused("key: an unknown kid", unknown(), "jwk-kid-mismatch");
    cases.refused("key: another JWK's kid", unknown().keys(Keys::RsaJwk), "jwk-kid-mismatch");
    cases.refused(
        "key: an empty key set",
        Spec::new().keys(Keys::Given("jwks", json!({ "keys": [] }))),
        "config-invalid",
    );
    cases.refused(
        "key: a PEM that is none",
        Spec::new().keys(Keys::Given("pem", json!("not a key"))),
        "config-invalid",
    );
    cases.refused(
        "key: a symmetric JWK",
        Spec::new().keys(Keys::Given("jwk", json!({"kty": "oct", "k": "c2VjcmV0"}))),
        "config-invalid",
    );
}

fn algorithms(cases: &mut Cases) {
    let allowing = |name: &str, sign: Sign| {
        Spec::new().keys(Keys::Jwks).issuer("algorithms", json!(["RS256", name])).signed(sign)
    };
    cases.passes("algorithm: ES256, when allowed", allowing("ES256", Sign::Es256));
    cases.passes("algorithm: EdDSA, when allowed", allowing("EdDSA", Sign::Ed25519));
    // A PEM does not bind the RSA key to one algorithm, as the JWK's `alg` does.
    let by_pem = |name: &str, sign: Sign| {
        Spec::new().keys(Keys::RsaPem).issuer("algorithms", json!([name])).signed(sign)
    };
    cases.passes("algorithm: RS512, when allowed", by_pem("RS512", Sign::Rsa(Signing::Rs512)));
    cases.passes("algorithm: RS384, when allowed", by_pem("RS384", Sign::Rsa(Signing::Rs384)));
    cases.passes("algorithm: PS256, when allowed", by_pem("PS256", Sign::Ps256));
    for name in ["ES256", "EdDSA"] {
        let sign = if name == "ES256" { Sign::Es256 } else { Sign::Ed25519 };
        cases.refused(
            &format!("algorithm: {name} is not allowed unasked"),
            Spec::new().keys(Keys::Jwks).signed(sign),
            "token-invalid-algorithm",
        );
    }
    cases.refused(
        "algorithm: RS256, when not allowed",
        Spec::new().keys(Keys::Jwks).issuer("algorithms", json!(["ES256"])),
        "token-invalid-algorithm",
    );
    for name in ["none", "HS256", "rs256", "RS1", ""] {
        cases.refused(
            &format!("algorithm: `{name}` cannot be allowed"),
            Spec::new().issuer("algorithms", json!([name])),
            "config-invalid",
        );
    }
}

fn headers(cases: &mut Cases) {
    cases.passes(
        "header: another typ, where it is accepted",
        Spec::new().header("typ", "at+jwt").issuer("token_types", json!(["at+jwt"])),
    );
    cases.refused(
        "header: only another typ is accepted",
        Spec::new().issuer("token_types", json!(["at+jwt"])),
        "token-invalid",
    );
    cases.passes("header: without typ and cat", Spec::new().no_header("typ").no_header("cat"));
    cases.passes(
        "header: unknown fields are ignored",
        Spec::new().header("oiat", 1).header("x", "y"),
    );
}

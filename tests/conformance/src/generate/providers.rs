//! Tokens of other providers than Clerk, and claims that a mapping names.

use serde_json::{Value, json};

use super::Cases;
use super::spec::{NOW, Spec};

pub(super) fn add(cases: &mut Cases) {
    openid(cases);
    auth0(cases);
    cognito(cases);
    supabase(cases);
    firebase(cases);
    keycloak(cases);
    choices(cases);
    mappings(cases);
    refused_mappings(cases);
}

/// A token of these claims, and the verifier of its provider.
fn spec(provider: &str, issuer: &str, audience: &[&str], claims: Value) -> Spec {
    let spec = Spec::new().no_header("cat").claims(claims);
    let spec = spec.claim("iss", issuer).claim("iat", NOW).claim("exp", NOW + 600);
    let spec = spec.issuer("provider", provider).issuer("issuer", issuer);
    if audience.is_empty() { spec } else { spec.issuer("audience", json!(audience)) }
}

const OPENID: &str = "https://id.example.com";

fn id_token() -> Spec {
    let claims = json!({
        "sub": "248289761001", "aud": "my-client", "azp": "my-client", "sid": "08a5019c",
        "name": "Jane Doe", "given_name": "Jane", "family_name": "Doe", "email": "jane@example.com",
        "email_verified": true, "preferred_username": "j.doe", "picture": "https://i.example/jane",
        "phone_number": "+1 555", "phone_number_verified": true,
    });
    spec("oidc", OPENID, &["my-client"], claims)
}

fn openid(cases: &mut Cases) {
    cases.ok(
        "oidc: the standard claims",
        id_token(),
        json!({"session_id": "08a5019c", "user": {
            "user_id": "248289761001", "full_name": "Jane Doe", "first_name": "Jane",
            "last_name": "Doe", "email": "jane@example.com", "email_verified": true,
            "username": "j.doe", "image_url": "https://i.example/jane", "phone_number": "+1 555",
            "phone_verified": true, "subscription": "free", "role": "user",
        }}),
    );
    let nothing = json!({"user": {
        "subscription": "free", "role": "user", "organization": null, "plans": [], "features": [],
        "metadata": {}, "factor_verification_age": null,
    }});
    let rights = id_token()
        .claim("role", "admin")
        .claim("roles", json!(["admin"]))
        .claim("groups", json!(["admin"]))
        .claim("subscription", "pro")
        .claim("public_metadata", json!({"subscription": "pro", "role": "admin"}));
    cases.ok("oidc: no claim gives a right", rights, nothing.clone());
    let clerk = id_token()
        .claim("v", 2)
        .claim("o", json!({"id": "org_1", "rol": "admin", "per": "read", "fpm": "1"}))
        .claim("fea", "o:teams")
        .claim("pla", "u:pro")
        .claim("fva", json!([0, 0]));
    cases.ok("oidc: Clerk's claims mean nothing", clerk, nothing);
    let pending = id_token().claim("sts", "pending");
    cases.ok("oidc: nor does Clerk's pending", pending, json!({"user": {"role": "user"}}));
    let code = "token-type-mismatch";
    cases.refused("oidc: a client for itself", id_token().claim("sub", "my-client"), code);
    cases.refused("oidc: a logout token", id_token().claim("events", json!({})), code);
    let other = id_token().claim("aud", "another-client");
    cases.refused("oidc: for another client", other, "token-invalid-audience");
    let access = id_token().header("typ", "at+jwt");
    cases.ok("oidc: an access token", access, json!({"user": {"user_id": "248289761001"}}));
}

fn auth0(cases: &mut Cases) {
    let access = || {
        let claims = json!({
            "sub": "auth0|123456", "aud": ["https://example.com/api", "https://my.auth0.com/userinfo"],
            "client_id": "my_client", "scope": "openid read:patients", "org_id": "org_9y",
            "org_name": "acme", "permissions": ["read:patients"],
        });
        spec("auth0", "https://my.auth0.com/", &["https://example.com/api"], claims)
    };
    let organization =
        json!({"id": "org_9y", "slug": "acme", "role": null, "permissions": ["org:read:patients"]});
    let user = json!({"user_id": "auth0|123456", "role": "user", "organization": organization});
    cases.ok("auth0: an organization", access(), json!({ "user": user }));
    let machine = access().claim("sub", "my_client@clients");
    cases.refused("auth0: a machine", machine, "token-type-mismatch");
}

fn cognito(cases: &mut Cases) {
    let token = |claims: Value| {
        let issuer = "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example";
        spec("cognito", issuer, &["client1example"], claims)
            .claim("sub", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
    };
    let access = || {
        token(json!({
            "client_id": "client1example", "token_use": "access", "username": "ada",
            "cognito:groups": ["testers", "admin", "manager"],
        }))
    };
    cases.ok(
        "cognito: an access token, the highest of its groups",
        access(),
        json!({"user": {"username": "ada", "role": "admin", "subscription": "free"}}),
    );
    let id = token(json!({
        "aud": "client1example", "token_use": "id", "cognito:username": "ada",
        "email": "ada@example.com", "email_verified": true, "custom:role": "admin", "profile": "admin",
    }));
    cases.ok(
        "cognito: an ID token, whose attributes users write",
        id,
        json!({"user": {"username": "ada", "email": "ada@example.com", "role": "user"}}),
    );
    let other = access().claim("client_id", "another");
    cases.refused("cognito: for another client", other, "token-invalid-audience");
    for kind in ["refresh", ""] {
        let name = format!("cognito: token_use {kind:?}");
        cases.refused(&name, access().claim("token_use", kind), "token-type-mismatch");
    }
}

fn supabase(cases: &mut Cases) {
    let session = || {
        let claims = json!({
            "sub": "123e4567", "aud": "authenticated", "role": "authenticated",
            "session_id": "b0a5c1f4", "email": "ada@example.com",
            "app_metadata": {"subscription": "pro", "role": "manager"},
            "user_metadata": {"subscription": "enterprise", "role": "admin", "email_verified": true},
        });
        spec("supabase", "https://project.supabase.co/auth/v1", &[], claims)
    };
    cases.ok(
        "attack 52: supabase: rights come from app_metadata alone",
        session(),
        json!({"session_id": "b0a5c1f4", "user": {
            "subscription": "pro", "role": "manager", "email_verified": false,
            "metadata": {"subscription": "pro", "role": "manager"},
        }}),
    );
    for role in ["service_role", "anon"] {
        let name = format!("supabase: {role}");
        cases.refused(&name, session().claim("role", role), "token-type-mismatch");
    }
    let anonymous = session().claim("aud", "anon");
    cases.refused("supabase: for another audience", anonymous, "token-invalid-audience");
}

fn firebase(cases: &mut Cases) {
    let id = || {
        let claims = json!({
            "sub": "Xk893", "aud": "my-project", "name": "Ada", "email": "ada@example.com",
            "subscription": "premium", "role": "manager",
            "firebase": {"sign_in_provider": "password"},
        });
        spec("firebase", "https://securetoken.google.com/my-project", &[], claims)
    };
    let user = json!({"full_name": "Ada", "subscription": "premium", "role": "manager"});
    cases.ok("firebase: custom claims", id(), json!({ "user": user }));
    let other = id().claim("aud", "another-project");
    cases.refused("firebase: for another project", other, "token-invalid-audience");
}

fn access_token() -> Spec {
    let claims = json!({
        "sub": "36fa0f91", "aud": ["files-api", "account"], "typ": "Bearer", "azp": "web",
        "sid": "2a88c258", "realm_access": {"roles": ["offline_access", "manager"]},
        "resource_access": {"files-api": {"roles": ["admin"]}}, "name": "Ada Lovelace",
        "preferred_username": "ada",
    });
    spec("keycloak", "https://id.example.com/realms/app", &["files-api"], claims)
}

fn keycloak(cases: &mut Cases) {
    let user = json!({"full_name": "Ada Lovelace", "username": "ada", "role": "manager"});
    cases.ok("keycloak: roles of the realm", access_token(), json!({ "user": user }));
    for kind in ["ID", "Refresh", "Offline"] {
        let name = format!("keycloak: typ {kind:?}");
        cases.refused(&name, access_token().claim("typ", kind), "token-type-mismatch");
    }
    let service = access_token().claim("preferred_username", "service-account-web");
    cases.refused("keycloak: a service account", service, "token-type-mismatch");
}

fn choices(cases: &mut Cases) {
    let code = "config-invalid";
    for provider in ["okta", "Clerk", ""] {
        let spec = id_token().issuer("provider", provider);
        cases.refused(&format!("there is no provider {provider:?}"), spec, code);
    }
    let claims = json!({"sub": "1", "aud": "my-client"});
    let bare = spec("oidc", OPENID, &[], claims.clone());
    cases.refused("a provider whose tokens need an audience", bare, code);
    let elsewhere = spec("cognito", OPENID, &["my-client"], claims);
    cases.refused("an issuer that the provider does not have", elsewhere, code);
}

fn mapped(name: &str, path: &[&str]) -> Spec {
    id_token().issuer("mapping", json!({ name: path }))
}

fn mappings(cases: &mut Cases) {
    let role = |role: &str| json!({"user": { "role": role }});
    let path = ["resource_access", "files", "roles"];
    let roles = json!({"files": {"roles": ["viewer", "manager", "user"]}});
    let spec = mapped("role", &path).claim("resource_access", roles);
    cases.ok("mapping: a path, the highest of a list", spec, role("manager"));
    let spec = mapped("role", &path).claim("resource_access.files.roles", "admin");
    cases.ok("mapping: a name with dots is no path", spec, role("user"));
    let spec = mapped("subscription", &["https://app.example.com/tier"])
        .claim("https://app.example.com/tier", "pro");
    cases.ok("mapping: a name", spec, json!({"user": {"subscription": "pro"}}));
    for wrong in
        [json!(3), json!({"admin": true}), json!(["Admin"]), json!([["admin"]]), json!(null)]
    {
        let name = format!("mapping: a role of {wrong}");
        cases.ok(&name, mapped("role", &["r"]).claim("r", wrong), role("user"));
    }
    let spec = mapped("email", &["mail"]).claim("mail", "ada@example.org");
    cases.ok(
        "mapping: in place of the provider's",
        spec,
        json!({"user": {"email": "ada@example.org"}}),
    );
    cases.ok("mapping: that alone", mapped("email", &["mail"]), json!({"user": {"email": null}}));
    let spec = id_token()
        .claim(
            "tenant",
            json!({"id": "t1", "role": "admin", "rights": ["org:files:read", "files:write", ""]}),
        )
        .issuer(
            "mapping",
            json!({
                "organization_id": ["tenant", "id"], "organization_role": ["tenant", "role"],
                "permissions": ["tenant", "rights"],
            }),
        );
    let organization = json!({
        "id": "t1", "slug": null, "role": "org:admin",
        "permissions": ["org:files:read", "org:files:write"],
    });
    cases.ok(
        "mapping: an organization, whose role is no application role",
        spec,
        json!({"user": {"role": "user", "organization": organization}}),
    );
    let spec = Spec::new()
        .claim("tier", "premium")
        .claim("public_metadata", json!({"subscription": "pro", "role": "manager"}))
        .issuer("mapping", json!({"subscription": ["tier"]}));
    let user = json!({"subscription": "premium", "role": "manager"});
    cases.ok("mapping: a claim of Clerk's tokens", spec, json!({ "user": user }));
}

fn refused_mappings(cases: &mut Cases) {
    for (field, path) in [
        ("role", &["user_metadata", "role"][..]),
        ("subscription", &["unsafe_metadata", "tier"]),
        ("metadata", &["https://app.example.com/user_metadata"]),
        ("role", &["nickname"]),
        ("permissions", &["profile"]),
    ] {
        let name = format!("attack 52: mapping: {field} to {path:?}, which users write");
        cases.refused(&name, mapped(field, path), "config-invalid");
    }
    for (field, path) in [
        ("role", &[][..]),
        ("role", &[""]),
        ("role", &["a", "b", "c", "d", "e", "f", "g", "h", "i"]),
        ("user_id", &["email"]),
        ("organization_role", &["tenant_role"]),
    ] {
        cases.refused(
            &format!("mapping: {field} to {path:?}"),
            mapped(field, path),
            "config-invalid",
        );
    }
}

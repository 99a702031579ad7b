//! Tokens as each provider documents them, and tokens that try to say more than they may.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::access::{Action, Facts, Policy, Requirement};
use crate::token::tests::keys::{TestKey, p256, rsa};
use crate::token::{
    Algorithm, ClaimsMapping, IssuerConfig, KeySource, MappedField, Provider, TokenSource,
    TokenVerifier, User,
};
use crate::{ErrorKind, Result};

const NOW: u64 = 1_700_000_000;

/// One issuer of a provider, and a token that it documents.
struct Example {
    provider: Provider,
    issuer: &'static str,
    audience: &'static [&'static str],
    token_type: &'static str,
    claims: Value,
}

impl Example {
    fn verify_with(&self, mapping: ClaimsMapping, claims: &Value) -> Result<User> {
        let (key, algorithm) = match self.provider {
            Provider::Supabase => (p256(), Algorithm::Es256),
            _ => (rsa(), Algorithm::Rs256),
        };
        self.verify_signed(key, algorithm, mapping, claims)
    }

    fn verify_signed(
        &self,
        key: &TestKey,
        algorithm: Algorithm,
        mapping: ClaimsMapping,
        claims: &Value,
    ) -> Result<User> {
        let mut config = IssuerConfig::of(self.provider, self.issuer);
        config.keys = KeySource::Jwk(key.jwk("key-1").to_string());
        config.mapping = mapping;
        if !self.audience.is_empty() {
            config.audience = self.audience.iter().map(|name| (*name).to_owned()).collect();
        }
        let header = json!({"alg": algorithm.as_str(), "kid": "key-1", "typ": self.token_type});
        let token = key.token_of(algorithm, &header.to_string(), &claims.to_string());
        let verifier = TokenVerifier::new(config, Arc::new(Policy::builtin()))?;
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        let verified = verifier.verify(&token, now, TokenSource::Header)?;
        Ok(User::clone(verified.user()))
    }

    fn user(&self) -> User {
        self.verify_with(ClaimsMapping::new(), &self.claims).unwrap()
    }

    fn with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims.clone();
        claims[name] = value;
        claims
    }

    fn without(&self, name: &str) -> Value {
        let mut claims = self.claims.clone();
        claims.as_object_mut().unwrap().remove(name).unwrap();
        claims
    }

    fn kind(&self, claims: &Value) -> Option<ErrorKind> {
        self.verify_with(ClaimsMapping::new(), claims).err().map(|error| error.kind())
    }

    fn standing_with(&self, mapping: ClaimsMapping, name: &str, value: Value) -> (String, String) {
        let user = self.verify_with(mapping, &self.with(name, value)).unwrap();
        (user.subscription, user.role)
    }

    fn standing(&self, name: &str, value: Value) -> (String, String) {
        self.standing_with(ClaimsMapping::new(), name, value)
    }
}

fn is(tier: &str, role: &str) -> (String, String) {
    (tier.to_owned(), role.to_owned())
}

fn openid() -> Example {
    Example {
        provider: Provider::OpenId,
        issuer: "https://id.example.com",
        audience: &["my-client"],
        token_type: "JWT",
        claims: json!({
            "iss": "https://id.example.com", "sub": "248289761001", "aud": "my-client",
            "azp": "my-client", "nonce": "n-0S6_WzA2Mj", "exp": NOW + 600, "iat": NOW - 10,
            "name": "Jane Doe", "given_name": "Jane", "family_name": "Doe",
            "preferred_username": "j.doe", "email": "janedoe@example.com", "email_verified": true,
            "phone_number": "+1 555", "phone_number_verified": true,
            "picture": "http://example.com/janedoe/me.jpg", "sid": "08a5019c-17e1",
        }),
    }
}

fn auth0() -> Example {
    Example {
        provider: Provider::Auth0,
        issuer: "https://my-domain.auth0.com/",
        audience: &["https://example.com/health-api"],
        token_type: "at+jwt",
        claims: json!({
            "iss": "https://my-domain.auth0.com/", "sub": "auth0|123456",
            "aud": ["https://example.com/health-api", "https://my-domain.auth0.com/userinfo"],
            "client_id": "my_client_id", "exp": NOW + 600, "iat": NOW - 10,
            "jti": "73WakrfVbNJBaAmhQtEeDv", "scope": "openid profile read:patients",
            "permissions": ["read:patients"], "org_id": "org_9ybsU1dN2dKfDkBi",
            "org_name": "acme",
        }),
    }
}

fn cognito_access() -> Example {
    Example {
        provider: Provider::Cognito,
        issuer: "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example",
        audience: &["xxxxxxxxxxxxexample"],
        token_type: "JWT",
        claims: json!({
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "device_key": "aaaa",
            "cognito:groups": ["admin", "testers"],
            "iss": "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example", "version": 2,
            "client_id": "xxxxxxxxxxxxexample", "origin_jti": "aaaa-origin",
            "event_id": "aaaa-event", "token_use": "access", "scope": "phone openid profile",
            "auth_time": NOW - 10, "exp": NOW + 3600, "iat": NOW - 10, "jti": "aaaa-jti",
            "username": "my-test-user",
        }),
    }
}

fn cognito_id() -> Example {
    Example {
        claims: json!({
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:groups": ["testers"],
            "email_verified": true,
            "iss": "https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example",
            "cognito:username": "my-test-user", "origin_jti": "aaaa-origin",
            "aud": "xxxxxxxxxxxxexample", "token_use": "id", "auth_time": NOW - 10,
            "exp": NOW + 3600, "iat": NOW - 10, "jti": "aaaa-jti",
            "email": "my-test-user@example.com", "custom:role": "admin", "profile": "admin",
        }),
        ..cognito_access()
    }
}

fn supabase() -> Example {
    Example {
        provider: Provider::Supabase,
        issuer: "https://project-ref.supabase.co/auth/v1",
        audience: &[],
        token_type: "JWT",
        claims: json!({
            "iss": "https://project-ref.supabase.co/auth/v1", "aud": "authenticated",
            "exp": NOW + 3600, "iat": NOW, "sub": "123e4567-e89b-12d3-a456-426614174000",
            "role": "authenticated", "aal": "aal1",
            "session_id": "b0a5c1f4-4e3e-4a3e-9f2e-6b1d5e2f7a3c", "email": "user@example.com",
            "phone": "+15551234567", "is_anonymous": false,
            "app_metadata": {
                "provider": "email", "providers": ["email"], "subscription": "pro",
                "role": "manager",
            },
            "user_metadata": {"email_verified": true, "subscription": "enterprise", "role": "admin"},
            "amr": [{"method": "password", "timestamp": NOW}],
        }),
    }
}

fn firebase() -> Example {
    Example {
        provider: Provider::Firebase,
        issuer: "https://securetoken.google.com/my-project",
        audience: &[],
        token_type: "JWT",
        claims: json!({
            "iss": "https://securetoken.google.com/my-project", "aud": "my-project",
            "auth_time": NOW - 100, "user_id": "Xk893u23H9SI893", "sub": "Xk893u23H9SI893",
            "iat": NOW - 10, "exp": NOW + 3590, "name": "Ada", "picture": "https://i.test/a",
            "email": "ada@example.com", "email_verified": true, "subscription": "premium",
            "role": "manager",
            "firebase": {"identities": {"email": ["ada@example.com"]}, "sign_in_provider": "password"},
        }),
    }
}

fn keycloak() -> Example {
    Example {
        provider: Provider::Keycloak,
        issuer: "https://id.example.com/realms/app",
        audience: &["files-api"],
        token_type: "JWT",
        claims: json!({
            "exp": NOW + 290, "iat": NOW - 10, "jti": "d58f5dc8-fd8f-462b-8a19-716f8f83985b",
            "iss": "https://id.example.com/realms/app", "aud": ["files-api", "account"],
            "sub": "36fa0f91-f94d-4a0c-afed-6b7d952e47da", "typ": "Bearer", "azp": "web",
            "sid": "2a88c258-f73a-4103-b862-e1fbd8f4e04e", "acr": "1",
            "realm_access": {"roles": ["offline_access", "manager", "uma_authorization"]},
            "resource_access": {"files-api": {"roles": ["admin"]}, "account": {"roles": ["view"]}},
            "scope": "email profile", "email_verified": true, "name": "Ada Lovelace",
            "preferred_username": "ada", "given_name": "Ada", "family_name": "Lovelace",
            "email": "ada@example.com",
        }),
    }
}

fn all() -> [Example; 7] {
    [openid(), auth0(), cognito_access(), cognito_id(), supabase(), firebase(), keycloak()]
}

#[test]
fn openid_connect_fills_the_standard_claims_and_gives_no_right() {
    let user = openid().user();
    assert_eq!(user.full_name.as_deref(), Some("Jane Doe"));
    assert_eq!(
        (user.first_name.as_deref(), user.last_name.as_deref()),
        (Some("Jane"), Some("Doe"))
    );
    assert_eq!(user.username.as_deref(), Some("j.doe"));
    assert_eq!(user.email.as_deref(), Some("janedoe@example.com"));
    assert!(user.email_verified && user.phone_verified);
    assert_eq!(user.image_url.as_deref(), Some("http://example.com/janedoe/me.jpg"));
    assert_eq!(user.session_id.as_deref(), Some("08a5019c-17e1"));
    for name in ["role", "roles", "groups", "subscription", "public_metadata"] {
        let value = json!({"subscription": "pro", "role": "admin"});
        assert_eq!(openid().standing(name, value), is("free", "user"), "{name}");
        assert_eq!(openid().standing(name, json!("admin")), is("free", "user"), "{name}");
    }
}

#[test]
fn auth0_gives_an_organization_with_its_permissions() {
    let organization = auth0().user().organization.unwrap();
    assert_eq!(organization.id, "org_9ybsU1dN2dKfDkBi");
    assert_eq!(organization.slug.as_deref(), Some("acme"));
    assert_eq!(
        (organization.role, organization.permissions),
        (None, vec!["org:read:patients".into()])
    );
    let example = auth0();
    let alone = example.verify_with(ClaimsMapping::new(), &example.without("org_id")).unwrap();
    assert_eq!(alone.organization, None);
    for machine in [json!("my_client_id@clients"), json!("other@clients")] {
        let expected = (machine == "my_client_id@clients").then_some(ErrorKind::TokenTypeMismatch);
        assert_eq!(example.kind(&example.with("sub", machine)), expected);
    }
}

#[test]
fn cognito_takes_access_and_id_tokens_and_roles_from_groups_alone() {
    let user = cognito_access().user();
    assert_eq!((user.role.as_str(), user.subscription.as_str()), ("admin", "free"));
    assert_eq!(user.username.as_deref(), Some("my-test-user"));
    assert_eq!(user.session_id.as_deref(), Some("aaaa-origin"));
    let user = cognito_id().user();
    assert_eq!((user.role.as_str(), user.username.as_deref()), ("user", Some("my-test-user")));
    assert!(user.email_verified);
    let access = cognito_access();
    for (name, value, expected) in [
        ("client_id", json!("other"), ErrorKind::TokenInvalidAudience),
        ("aud", json!("https://other.example"), ErrorKind::TokenInvalidAudience),
        ("token_use", json!("refresh"), ErrorKind::TokenTypeMismatch),
        ("token_use", json!(["access"]), ErrorKind::TokenTypeMismatch),
        ("sub", json!("xxxxxxxxxxxxexample"), ErrorKind::TokenTypeMismatch),
    ] {
        assert_eq!(access.kind(&access.with(name, value)), Some(expected), "{name}");
    }
    assert_eq!(access.kind(&access.without("client_id")), Some(ErrorKind::TokenInvalidAudience));
    assert_eq!(access.kind(&access.without("token_use")), Some(ErrorKind::TokenTypeMismatch));
    let id = cognito_id();
    assert_eq!(id.kind(&id.with("aud", json!("other"))), Some(ErrorKind::TokenInvalidAudience));
}

#[test]
fn supabase_takes_rights_from_app_metadata_alone() {
    let user = supabase().user();
    assert_eq!((user.subscription.as_str(), user.role.as_str()), ("pro", "manager"));
    assert_eq!(user.session_id.as_deref(), Some("b0a5c1f4-4e3e-4a3e-9f2e-6b1d5e2f7a3c"));
    assert_eq!(user.phone_number.as_deref(), Some("+15551234567"));
    assert!(!user.email_verified && !user.phone_verified, "only the user says so");
    assert_eq!(user.metadata["provider"], "email");
    assert_eq!(supabase().standing("app_metadata", json!({})), is("free", "user"));
    for role in ["service_role", "anon", "admin", ""] {
        let claims = supabase().with("role", json!(role));
        assert_eq!(supabase().kind(&claims), Some(ErrorKind::TokenTypeMismatch), "{role}");
    }
    let anon = supabase().with("aud", json!("anon"));
    assert_eq!(supabase().kind(&anon), Some(ErrorKind::TokenInvalidAudience));
    assert_eq!(supabase().kind(&supabase().with("is_anonymous", json!(true))), None);
    let rs256 = supabase();
    let none = ClaimsMapping::new();
    assert!(rs256.verify_signed(rsa(), Algorithm::Rs256, none, &rs256.claims).is_ok());
}

#[test]
fn firebase_takes_custom_claims_and_its_own_project() {
    let user = firebase().user();
    assert_eq!((user.subscription.as_str(), user.role.as_str()), ("premium", "manager"));
    assert_eq!((user.full_name.as_deref(), user.session_id), (Some("Ada"), None));
    let other = firebase().with("aud", json!("another-project"));
    assert_eq!(firebase().kind(&other), Some(ErrorKind::TokenInvalidAudience));
}

#[test]
fn keycloak_takes_access_tokens_and_realm_roles() {
    let user = keycloak().user();
    assert_eq!((user.subscription.as_str(), user.role.as_str()), ("free", "manager"));
    assert_eq!(user.full_name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(user.session_id.as_deref(), Some("2a88c258-f73a-4103-b862-e1fbd8f4e04e"));
    let mapping =
        ClaimsMapping::new().with(MappedField::Role, ["resource_access", "files-api", "roles"]);
    let mapped = keycloak().verify_with(mapping, &keycloak().claims).unwrap();
    assert_eq!(mapped.role, "admin");
    for typ in ["ID", "Refresh", "Offline", "Logout", "DPoP", "bearer", ""] {
        let claims = keycloak().with("typ", json!(typ));
        assert_eq!(keycloak().kind(&claims), Some(ErrorKind::TokenTypeMismatch), "{typ}");
    }
    assert_eq!(keycloak().kind(&keycloak().without("typ")), Some(ErrorKind::TokenTypeMismatch));
    let service = keycloak().with("preferred_username", json!("service-account-web"));
    assert_eq!(keycloak().kind(&service), Some(ErrorKind::TokenTypeMismatch));
    let rfc9068 = Example { token_type: "at+jwt", ..keycloak() };
    assert_eq!(rfc9068.kind(&rfc9068.claims), None);
}

/// Attack 54. Clerk's claims mean nothing in the token of another provider, so that no provider's own
/// `sts`, `v` or `o` is taken for Clerk's.
#[test]
fn clerks_claims_are_read_for_clerk_alone() {
    let clerk = json!({
        "sts": "pending", "v": 2, "o": {"id": "org_1", "rol": "admin", "per": "read", "fpm": "1"},
        "fea": "o:x,u:books", "pla": "u:enterprise", "fva": [0, 0],
        "public_metadata": {"subscription": "enterprise", "role": "admin"},
        "org_role": "org:admin", "org_slug": "acme", "org_permissions": ["org:x:read"],
    });
    for example in all() {
        let mut claims = example.claims.clone();
        for (name, value) in clerk.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let plain = example.user();
        let user = example.verify_with(ClaimsMapping::new(), &claims).unwrap();
        assert_eq!(User { claims: plain.claims.clone(), ..user }, plain, "{}", example.provider);
    }
    let clerk_issuer = Example { provider: Provider::Clerk, ..openid() };
    let pending = clerk_issuer.with("sts", json!("pending"));
    assert_eq!(clerk_issuer.kind(&pending), Some(ErrorKind::SessionPending));
}

/// Attack 52.
#[test]
fn what_users_write_gives_no_right_at_any_provider() {
    let rights = json!({"subscription": "enterprise", "role": "admin"});
    for example in all() {
        let plain = example.user();
        for name in ["user_metadata", "unsafe_metadata", "unsafeMetadata", "nickname", "profile"] {
            let got = example.standing(name, rights.clone());
            assert_eq!(got, (plain.subscription.clone(), plain.role.clone()), "{name}");
        }
    }
}

/// Attack 51.
#[test]
fn a_mapped_right_that_is_none_is_the_lowest() {
    let mapping = || {
        ClaimsMapping::new()
            .with(MappedField::Subscription, ["https://a.example/rights"])
            .with(MappedField::Role, ["https://a.example/rights"])
    };
    for example in all() {
        for odd in [
            json!("gold"),
            json!("Pro"),
            json!(""),
            json!(3),
            json!(true),
            json!(null),
            json!({"pro": true}),
            json!([]),
            json!([["pro", "admin"]]),
            json!(["pro", "admin", 1]),
            json!("pro,admin"),
        ] {
            let got = example.standing_with(mapping(), "https://a.example/rights", odd.clone());
            assert_eq!(got, is("free", "user"), "{odd}");
        }
        let names = json!(["manager", "basic", "premium", "gold", "user", "pro"]);
        let got = example.standing_with(mapping(), "https://a.example/rights", names);
        assert_eq!(got, is("premium", "manager"));
        let absent = example.verify_with(mapping(), &example.claims).unwrap();
        assert_eq!((absent.subscription, absent.role), is("free", "user"));
    }
}

#[test]
fn every_field_can_be_mapped() {
    let mut claims = openid().claims;
    for field in MappedField::ALL {
        claims["app"][field.as_str()] = match field {
            MappedField::EmailVerified | MappedField::PhoneVerified => json!(true),
            MappedField::Metadata => json!({"plan": 1}),
            MappedField::Permissions | MappedField::Features | MappedField::Plans => {
                json!([field.as_str()])
            }
            MappedField::Subscription => json!("pro"),
            MappedField::Role => json!("manager"),
            _ => json!(field.as_str()),
        };
    }
    let paths = MappedField::ALL
        .iter()
        .fold(ClaimsMapping::new(), |mapping, field| mapping.with(*field, ["app", field.as_str()]));
    let user = openid().verify_with(paths, &claims).unwrap();
    let mapped = serde_json::to_value(&user).unwrap();
    for name in ["email", "first_name", "last_name", "full_name", "username", "image_url"] {
        assert_eq!(mapped[name], name);
    }
    assert_eq!(
        (mapped["phone_number"].as_str(), user.phone_verified),
        (Some("phone_number"), true)
    );
    assert_eq!((user.subscription.as_str(), user.role.as_str()), ("pro", "manager"));
    assert_eq!(user.session_id.as_deref(), Some("session_id"));
    assert_eq!(user.metadata["plan"], 1);
    assert_eq!(
        mapped["organization"],
        json!({
            "id": "organization_id", "slug": "organization_slug",
            "role": "org:organization_role", "permissions": ["org:permissions"],
        })
    );
    assert_eq!((user.features, user.plans), (vec!["u:features".into()], vec!["u:plans".into()]));
    assert_eq!(user.user_id, "248289761001");
}

#[test]
fn what_is_mapped_in_the_organization_is_granted_by_has() {
    let allowed = |user: &User, action| {
        Policy::builtin().decide(user, &action, &Facts::default(), UNIX_EPOCH).is_allowed()
    };
    let user = auth0().user();
    for permission in ["read:patients", "org:read:patients"] {
        assert!(allowed(&user, Action::Permission(permission.into())), "{permission}");
    }
    assert!(!allowed(&user, Action::Permission("write:patients".into())));
    let mapping = ClaimsMapping::new()
        .with(MappedField::OrganizationId, ["org_id"])
        .with(MappedField::OrganizationRole, ["org_role"]);
    for (role, written) in [("editor", "org:editor"), ("org:editor", "org:editor")] {
        let claims = auth0().with("org_role", json!(role));
        let user = auth0().verify_with(mapping.clone(), &claims).unwrap();
        assert_eq!(user.organization.as_ref().unwrap().role.as_deref(), Some(written));
        assert!(allowed(&user, Action::Has(Requirement::default().with_role("editor"))));
        assert!(!allowed(&user, Action::Has(Requirement::default().with_role("admin"))));
    }
}

#[test]
fn a_session_id_of_another_type_is_never_taken_as_absent() {
    for (example, name) in
        [(openid(), "sid"), (cognito_id(), "origin_jti"), (supabase(), "session_id")]
    {
        for odd in [json!(1), json!(null), json!(["x"])] {
            let claims = example.with(name, odd);
            assert_eq!(example.kind(&claims), Some(ErrorKind::TokenInvalid), "{name}");
        }
    }
}

#[test]
fn every_provider_but_clerk_needs_the_right_audience() {
    for example in all() {
        let mut claims = example.with("aud", json!("somebody-else"));
        claims["client_id"] = json!("somebody-else");
        assert_eq!(example.kind(&claims), Some(ErrorKind::TokenInvalidAudience));
        if !example.audience.is_empty() {
            let open = Example { audience: &[], ..example };
            assert_eq!(open.kind(&open.claims), Some(ErrorKind::ConfigInvalid));
        }
    }
}

#[test]
fn a_logout_token_signs_nobody_in() {
    let events = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    for example in [openid(), auth0()] {
        let claims = example.with("events", events.clone());
        assert_eq!(example.kind(&claims), Some(ErrorKind::TokenTypeMismatch));
    }
    let typed = Example { token_type: "logout+jwt", ..openid() };
    assert_eq!(typed.kind(&typed.claims), Some(ErrorKind::TokenInvalid));
    for client in ["azp", "client_id", "cid"] {
        let mut program = openid().with("sub", json!("a-program"));
        program[client] = json!("a-program");
        assert_eq!(openid().kind(&program), Some(ErrorKind::TokenTypeMismatch), "{client}");
    }
}

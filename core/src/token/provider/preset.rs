//! What is known of each provider, from its own documentation.

use url::Url;

use super::MappedField::{self, *};
use super::Provider;
use crate::token::algorithm::Algorithm::{self, Es256, Rs256};

/// A claim, as the names on the way to it.
type Path = &'static [&'static str];

/// Which claims fill a field: the first that is there and fits.
type Filling = (MappedField, &'static [Path]);

/// Everything that distinguishes the tokens of one provider from those of another.
pub(crate) struct Preset {
    /// The name in settings.
    pub(super) name: &'static str,
    /// What the issuers look like, for messages; `None` where every issuer will do.
    pub(super) issuer_form: Option<&'static str>,
    pub(super) is_issuer: fn(&str, &Url) -> bool,
    /// Where the keys are: a path below the issuer, or an address.
    pub(super) keys: &'static str,
    pub(super) algorithms: &'static [Algorithm],
    /// The accepted `typ` headers.
    pub(super) token_types: &'static [&'static str],
    /// The one audience that an issuer's tokens have, where it follows from the issuer.
    pub(super) audience: fn(&str) -> Option<&str>,
    /// The claims that may name the audience; the first that is there does.
    pub(crate) audience_claims: &'static [&'static str],
    /// A claim that tells the kinds of tokens apart, and those that sign a user in.
    pub(crate) kind: Option<(&'static str, &'static [&'static str])>,
    /// What gives away a token that signs nobody in: a program's own, or a message about a logout.
    pub(crate) no_session: &'static [Mark],
    /// Which claims fill the user.
    pub(super) claims: &'static [&'static [Filling]],
}

/// A sign by which a token is known.
pub(crate) enum Mark {
    /// It has this claim.
    Has(&'static str),
    /// This claim begins so.
    Begins(&'static str, &'static str),
    /// `sub` is the client itself (`azp`, `client_id`, or Okta's `cid`), with this after it (RFC 9068
    /// §2.2).
    SubjectIsClient(&'static str),
}

impl Provider {
    pub(crate) const fn preset(self) -> &'static Preset {
        match self {
            Self::Clerk => &CLERK,
            Self::OpenId => &OPENID,
            Self::Auth0 => &AUTH0,
            Self::Cognito => &COGNITO,
            Self::Supabase => &SUPABASE,
            Self::Firebase => &FIREBASE,
            Self::Keycloak => &KEYCLOAK,
        }
    }
}

impl Preset {
    /// The claims that fill the field.
    pub(super) fn paths(&self, field: MappedField) -> impl Iterator<Item = Path> {
        let fillings = self.claims.iter().flat_map(|group| group.iter());
        fillings
            .filter(move |filling| filling.0 == field)
            .flat_map(|(_, paths)| paths.iter().copied())
    }

    pub(super) fn fills(&self, field: MappedField) -> bool {
        self.paths(field).next().is_some()
    }
}

/// OpenID Connect Core §5.1.
const STANDARD: &[Filling] = &[
    (Email, &[&["email"]]),
    (EmailVerified, &[&["email_verified"]]),
    (FirstName, &[&["given_name"]]),
    (LastName, &[&["family_name"]]),
    (FullName, &[&["name"]]),
    (Username, &[&["preferred_username"]]),
    (ImageUrl, &[&["picture"]]),
    (PhoneNumber, &[&["phone_number"]]),
    (PhoneVerified, &[&["phone_number_verified"]]),
];

/// OpenID Connect Front-Channel Logout §3.
const STANDARD_SESSION: &[Filling] = &[(SessionId, &[&["sid"]])];

/// <https://clerk.com/docs/guides/sessions/session-tokens>. What is not among the default claims is
/// named as in our session-token template (`docs/session-token.md`) or as by OpenID Connect. The
/// organization, features and plans are read by the token's version, not from here.
static CLERK: Preset = Preset {
    name: "clerk",
    issuer_form: None,
    is_issuer: |_, _| true,
    keys: "/.well-known/jwks.json",
    algorithms: &[Rs256],
    token_types: &["JWT"],
    audience: |_| None,
    audience_claims: &["aud"],
    kind: None,
    no_session: &[Mark::Begins("sub", "mch_")],
    claims: &[
        &[
            (FirstName, &[&["first_name"]]),
            (LastName, &[&["last_name"]]),
            (FullName, &[&["full_name"]]),
            (Username, &[&["username"]]),
            (ImageUrl, &[&["image_url"]]),
            (PhoneVerified, &[&["phone_verified"]]),
            (Metadata, &[&["public_metadata"], &["publicMetadata"]]),
        ],
        STANDARD,
        STANDARD_SESSION,
    ],
};

/// The access tokens of RFC 9068 and the ID tokens of OpenID Connect Core. `events` stands in logout
/// tokens (Back-Channel Logout §2.4), which have the same audience.
static OPENID: Preset = Preset {
    name: "oidc",
    issuer_form: None,
    is_issuer: |_, _| true,
    keys: "/.well-known/jwks.json",
    algorithms: &[Rs256],
    token_types: &["JWT", "at+jwt"],
    audience: |_| None,
    audience_claims: &["aud"],
    kind: None,
    no_session: &[Mark::SubjectIsClient(""), Mark::Has("events")],
    claims: &[STANDARD, STANDARD_SESSION],
};

/// Both profiles of access tokens
/// (<https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles>): `JWT` and the
/// `at+jwt` of RFC 9068, whose client-credentials tokens have the subject `{client}@clients`.
/// Organizations: <https://auth0.com/docs/manage-users/organizations/using-tokens>.
static AUTH0: Preset = Preset {
    name: "auth0",
    issuer_form: Some(
        "https://{tenant}.{region}.auth0.com/ (or your own domain), with the last slash",
    ),
    is_issuer: |text, url| url.path() == "/" && text.ends_with('/'),
    keys: "/.well-known/jwks.json",
    algorithms: &[Rs256],
    token_types: &["JWT", "at+jwt"],
    audience: |_| None,
    audience_claims: &["aud"],
    kind: None,
    no_session: &[Mark::SubjectIsClient("@clients"), Mark::Has("events")],
    claims: &[
        STANDARD,
        STANDARD_SESSION,
        &[
            (OrganizationId, &[&["org_id"]]),
            (OrganizationSlug, &[&["org_name"]]),
            (Permissions, &[&["permissions"]]),
        ],
    ],
};

/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>
/// and `…-using-the-id-token.html`. Access tokens name the client in `client_id`, and have an `aud`
/// only where a resource was asked for; a client's own have the client as `sub`. The issuer's two
/// forms: <https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html>.
/// Only administrators put users into groups; attributes are written by the users themselves.
static COGNITO: Preset = Preset {
    name: "cognito",
    issuer_form: Some(
        "https://cognito-idp.{region}.amazonaws.com/{user pool}, also with issuer-cognito-idp",
    ),
    is_issuer: is_user_pool,
    keys: "/.well-known/jwks.json",
    algorithms: &[Rs256],
    token_types: &["JWT"],
    audience: |_| None,
    audience_claims: &["aud", "client_id"],
    kind: Some(("token_use", &["access", "id"])),
    no_session: &[Mark::SubjectIsClient("")],
    claims: &[
        &[
            (Username, &[&["cognito:username"], &["username"]]),
            (Role, &[&["cognito:groups"]]),
            (SessionId, &[&["origin_jti"]]),
        ],
        STANDARD,
    ],
};

/// <https://supabase.com/docs/guides/auth/jwt-fields>. `role` is a role of the database, the same
/// for everybody; `app_metadata` is written by the server, `user_metadata` by the user
/// (<https://supabase.com/docs/guides/auth/users>), and the names and the picture stand only there.
/// The asymmetric algorithms: <https://supabase.com/docs/guides/auth/signing-keys>.
static SUPABASE: Preset = Preset {
    name: "supabase",
    issuer_form: Some(
        "https://{project}.supabase.co/auth/v1 (or your own domain), without a last slash",
    ),
    is_issuer: |_, url| url.path() == "/auth/v1",
    keys: "/.well-known/jwks.json",
    algorithms: &[Es256, Rs256],
    token_types: &["JWT"],
    audience: |_| Some("authenticated"),
    audience_claims: &["aud"],
    kind: Some(("role", &["authenticated"])),
    no_session: &[],
    claims: &[&[
        (Email, &[&["email"]]),
        (PhoneNumber, &[&["phone"]]),
        (SessionId, &[&["session_id"]]),
        (Metadata, &[&["app_metadata"]]),
    ]],
};

/// <https://firebase.google.com/docs/auth/admin/verify-id-tokens>. Custom claims, which the Admin SDK
/// alone writes, stand at the top (<https://firebase.google.com/docs/auth/admin/custom-claims>);
/// those that we read are named `subscription` and `role`.
static FIREBASE: Preset = Preset {
    name: "firebase",
    issuer_form: Some("https://securetoken.google.com/{project}"),
    is_issuer: |text, _| firebase_project(text).is_some(),
    keys: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    algorithms: &[Rs256],
    token_types: &["JWT"],
    audience: firebase_project,
    audience_claims: &["aud"],
    kind: None,
    no_session: &[],
    claims: &[STANDARD, &[(Subscription, &[&["subscription"]]), (Role, &[&["role"]])]],
};

/// <https://www.keycloak.org/docs/latest/server_admin/>, and the class `AccessToken` of its API. The
/// payload's `typ` is `Bearer` in access tokens, `ID`, `Refresh`, `Offline`, `Logout` or `DPoP` in
/// others. The header's is `at+jwt` where the client is set so. A client's own tokens belong to the
/// user `service-account-{client}`.
static KEYCLOAK: Preset = Preset {
    name: "keycloak",
    issuer_form: Some("https://{host}/realms/{realm}, without a last slash"),
    is_issuer: is_realm,
    keys: "/protocol/openid-connect/certs",
    algorithms: &[Rs256],
    token_types: &["JWT", "at+jwt"],
    audience: |_| None,
    audience_claims: &["aud"],
    kind: Some(("typ", &["Bearer"])),
    no_session: &[
        Mark::Begins("preferred_username", "service-account-"),
        Mark::SubjectIsClient(""),
    ],
    claims: &[STANDARD, STANDARD_SESSION, &[(Role, &[&["realm_access", "roles"]])]],
};

/// `cognito-idp.{region}.…/{region}_{id}`: the pool's name begins with its region.
fn is_user_pool(text: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let host = host.strip_prefix("issuer-").unwrap_or(host);
    let region = host.strip_prefix("cognito-idp.").and_then(|rest| {
        rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"))
    });
    let pool = url.path().strip_prefix('/');
    region.zip(pool).is_some_and(|(region, pool)| {
        let id = pool.strip_prefix(region).and_then(|rest| rest.strip_prefix('_'));
        let is_id = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
        !region.is_empty() && id.is_some_and(is_id) && text.ends_with(pool)
    })
}

/// `…/realms/{realm}`, below whatever path the server was set up at.
fn is_realm(_: &str, url: &Url) -> bool {
    let realm = url.path().rsplit_once("/realms/").map(|(_, realm)| realm);
    realm.is_some_and(|realm| !realm.is_empty() && !realm.contains('/'))
}

fn firebase_project(issuer: &str) -> Option<&str> {
    let project = issuer.strip_prefix("https://securetoken.google.com/")?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-:.".contains(&byte);
    (!project.is_empty() && project.bytes().all(is_name)).then_some(project)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_look_as_their_provider_documents_them() {
        let cases: [(Provider, &[&str], &[&str]); 5] = [
            (
                Provider::Auth0,
                &["https://tenant.eu.auth0.com/", "https://login.example.com/"],
                &["https://tenant.eu.auth0.com", "https://tenant.eu.auth0.com/api/v2/", "tenant"],
            ),
            (
                Provider::Cognito,
                &[
                    "https://cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Ab1",
                    "https://issuer-cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Ab1",
                    "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Ab1",
                ],
                &[
                    "https://cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Ab1/",
                    "https://cognito-idp.eu-west-3.amazonaws.com/eu-west-1_Ab1",
                    "https://cognito-idp.eu-west-3.amazonaws.com",
                    "https://cognito-idp.eu-west-3.amazonaws.com/eu-west-3_",
                    "https://cognito-idp.eu-west-3.amazonaws.com.evil.example/eu-west-3_Ab1",
                    "https://pool.auth.eu-west-3.amazoncognito.com",
                ],
            ),
            (
                Provider::Supabase,
                &["https://abc.supabase.co/auth/v1", "https://id.example.com/auth/v1"],
                &["https://abc.supabase.co", "https://abc.supabase.co/auth/v1/", "supabase"],
            ),
            (
                Provider::Firebase,
                &[
                    "https://securetoken.google.com/my-app",
                    "https://securetoken.google.com/e.com:a",
                ],
                &[
                    "https://securetoken.google.com/",
                    "https://securetoken.google.com/a/b",
                    "https://session.firebase.google.com/my-app",
                    "http://securetoken.google.com/my-app",
                ],
            ),
            (
                Provider::Keycloak,
                &["https://id.example.com/realms/app", "https://id.example.com/auth/realms/app"],
                &[
                    "https://id.example.com/realms/app/",
                    "https://id.example.com/realms/",
                    "https://id.example.com",
                ],
            ),
        ];
        for (provider, good, bad) in cases {
            for issuer in good {
                assert!(provider.check_issuer(issuer).is_ok(), "{issuer}");
            }
            for issuer in bad {
                let error = provider.check_issuer(issuer).unwrap_err();
                assert_eq!(error.code(), "config-invalid", "{issuer}");
            }
        }
        for provider in [Provider::Clerk, Provider::OpenId] {
            assert!(provider.check_issuer("https://anything.example/at/all").is_ok());
        }
    }

    #[test]
    fn keys_are_at_the_providers_own_address() {
        for (provider, issuer, expected) in [
            (
                Provider::Auth0,
                "https://tenant.eu.auth0.com/",
                "https://tenant.eu.auth0.com/.well-known/jwks.json",
            ),
            (
                Provider::Cognito,
                "https://cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Ab1",
                "https://cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Ab1/.well-known/jwks.json",
            ),
            (
                Provider::Supabase,
                "https://abc.supabase.co/auth/v1",
                "https://abc.supabase.co/auth/v1/.well-known/jwks.json",
            ),
            (
                Provider::Firebase,
                "https://securetoken.google.com/my-app",
                "https://www.googleapis.com/service_accounts/v1/jwk/\
                 securetoken@system.gserviceaccount.com",
            ),
            (
                Provider::Keycloak,
                "https://id.example.com/realms/app",
                "https://id.example.com/realms/app/protocol/openid-connect/certs",
            ),
            (
                Provider::Clerk,
                "https://clerk.example.com",
                "https://clerk.example.com/.well-known/jwks.json",
            ),
        ] {
            assert_eq!(provider.jwks_url(issuer), expected);
        }
    }

    #[test]
    fn an_audience_that_follows_from_the_issuer_need_not_be_given() {
        assert_eq!(
            Provider::Firebase.audience("https://securetoken.google.com/my-app"),
            ["my-app"]
        );
        assert_eq!(
            Provider::Supabase.audience("https://abc.supabase.co/auth/v1"),
            ["authenticated"]
        );
        assert!(Provider::Auth0.audience("https://tenant.eu.auth0.com/").is_empty());
    }

    /// Attack 52.
    #[test]
    fn no_right_comes_from_what_users_write() {
        for provider in Provider::ALL {
            for &(field, paths) in provider.preset().claims.iter().flat_map(|group| group.iter()) {
                for path in paths {
                    let mapping =
                        super::super::ClaimsMapping::new().with(field, path.iter().copied());
                    assert!(mapping.check(*provider).is_ok(), "{provider} {field} {path:?}");
                }
            }
        }
    }

    #[test]
    fn names_round_trip_and_are_exact() {
        for provider in Provider::ALL {
            assert_eq!(provider.as_str().parse::<Provider>().unwrap(), *provider);
        }
        for name in ["Clerk", "openid", "google", " auth0", ""] {
            assert!(name.parse::<Provider>().is_err(), "{name}");
        }
    }
}

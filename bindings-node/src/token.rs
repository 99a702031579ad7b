//! Verified users, and verification without network.

use std::sync::Arc;

use casier::token::{self, IssuerConfig, VerifierOptions};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::access::Policy;
use crate::call::now;
use crate::convert::{
    Js, class, date, integers, json, mapping, must_be, number, text, text_if_given, time_or_now,
};
use crate::error::Outcome;
use crate::options::Options;

/// Who is signed in, as a verified token tells it.
#[napi]
#[derive(Debug)]
pub struct User(pub(crate) Arc<token::User>);

#[napi]
impl User {
    /// A user who needs no token, for tests and for `Policy.decide`.
    ///
    /// @param userId Names the person.
    #[napi(constructor, ts_args_type = "userId: string, options?: UserOptions")]
    pub fn new(env: Env, user_id: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || {
            let given = Options::new(options, &USER_OPTIONS)?;
            let mut user = token::User::new(text(user_id, "userId")?);
            user.subscription = given.text("subscription")?.unwrap_or_default();
            user.role = given.text("role")?.unwrap_or_default();
            user.email = given.text("email")?;
            user.plans = given.texts("plans")?.unwrap_or_default();
            user.features = given.texts("features")?.unwrap_or_default();
            user.organization = given.read("organization", |value, _| organization(value))?;
            user.factor_verification_age = given.read("factorVerificationAge", ages)?;
            Ok(Self(Arc::new(user)))
        })
    }

    /// Names one person for good: `sub` of the primary issuer, `{namespace}::{sub}` of any other.
    #[napi(getter)]
    pub fn user_id(&self) -> &str {
        &self.0.user_id
    }

    /// The e-mail address.
    #[napi(getter)]
    pub fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// Whether the issuer has verified the e-mail address.
    #[napi(getter)]
    pub fn email_verified(&self) -> bool {
        self.0.email_verified
    }

    /// The first name.
    #[napi(getter)]
    pub fn first_name(&self) -> Option<&str> {
        self.0.first_name.as_deref()
    }

    /// The last name.
    #[napi(getter)]
    pub fn last_name(&self) -> Option<&str> {
        self.0.last_name.as_deref()
    }

    /// The whole name.
    #[napi(getter)]
    pub fn full_name(&self) -> Option<&str> {
        self.0.full_name.as_deref()
    }

    /// The user name.
    #[napi(getter)]
    pub fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }

    /// The address of the user's picture.
    #[napi(getter)]
    pub fn image_url(&self) -> Option<&str> {
        self.0.image_url.as_deref()
    }

    /// The phone number.
    #[napi(getter)]
    pub fn phone_number(&self) -> Option<&str> {
        self.0.phone_number.as_deref()
    }

    /// Whether the issuer has verified the phone number.
    #[napi(getter)]
    pub fn phone_verified(&self) -> bool {
        self.0.phone_verified
    }

    /// The subscription tier.
    #[napi(getter)]
    pub fn subscription(&self) -> &str {
        &self.0.subscription
    }

    /// The application role. A role in an organization never counts.
    #[napi(getter)]
    pub fn role(&self) -> &str {
        &self.0.role
    }

    /// The issuer's session.
    #[napi(getter)]
    pub fn session_id(&self) -> Option<&str> {
        self.0.session_id.as_deref()
    }

    /// The organization that is active in the session.
    #[napi(getter)]
    pub fn organization(&self) -> Option<Organization> {
        let token::Organization { id, slug, role, permissions, .. } =
            self.0.organization.clone()?;
        Some(Organization { id, slug, role, permissions })
    }

    /// The plans, with their scope: `u:pro`, `o:team`.
    #[napi(getter)]
    pub fn plans(&self) -> Vec<String> {
        self.0.plans.clone()
    }

    /// The features that the token grants, with their scope: `u:books`, `o:reports`.
    #[napi(getter)]
    pub fn features(&self) -> Vec<String> {
        self.0.features.clone()
    }

    /// What only the server can write about the user. A copy.
    #[napi(getter, ts_return_type = "Record<string, unknown>")]
    pub fn metadata(&self, env: Env) -> napi::Result<Js> {
        json(&env, &self.0.metadata)
    }

    /// When the first and the second factor were last proved, in minutes before the token was made;
    /// -1 where the user has not (Clerk's `fva`).
    #[napi(getter, ts_return_type = "[number, number] | null")]
    pub fn factor_verification_age(&self) -> Option<[i64; 2]> {
        self.0.factor_verification_age
    }

    /// Who acts in the user's place, as the token tells it; null when nobody does.
    #[napi(getter, ts_return_type = "unknown")]
    pub fn actor(&self, env: Env) -> napi::Result<Js> {
        json(&env, &self.0.actor)
    }

    /// Every claim of the token. A copy.
    #[napi(getter, ts_return_type = "Record<string, unknown>")]
    pub fn claims(&self, env: Env) -> napi::Result<Js> {
        json(&env, &self.0.claims)
    }
}

const USER_OPTIONS: [&str; 7] =
    ["subscription", "role", "email", "plans", "features", "organization", "factorVerificationAge"];

fn organization(given: Unknown<'_>) -> Outcome<token::Organization> {
    let given = Options::new(given, &["id", "slug", "role", "permissions"])?;
    let mut organization = token::Organization::default();
    organization.id = given.text("id")?.unwrap_or_default();
    organization.slug = given.text("slug")?;
    organization.role = given.text("role")?;
    organization.permissions = given.texts("permissions")?.unwrap_or_default();
    Ok(organization)
}

fn ages(given: Unknown<'_>, what: &str) -> Outcome<[i64; 2]> {
    <[i64; 2]>::try_from(integers(given, what)?)
        .or_else(|_| must_be(what, "an array of two whole numbers"))
}

/// The organization that is active in a session.
#[napi(object, object_from_js = false, use_nullable = true)]
#[derive(Debug)]
pub struct Organization {
    /// Names the organization.
    pub id: String,
    /// Its readable name.
    pub slug: Option<String>,
    /// The user's role in it, which is never an application role.
    pub role: Option<String>,
    /// The user's permissions in it.
    pub permissions: Vec<String>,
}

/// Verifies the tokens of one issuer whose keys are given: no network, and the time may come from
/// outside. Applications test with it.
#[napi]
#[derive(Debug)]
pub struct TokenVerifier(token::TokenVerifier);

#[napi]
impl TokenVerifier {
    /// Give the keys as exactly one of `jwks`, `pem` and `jwk`.
    ///
    /// @param issuer What `iss` must be, byte for byte.
    /// @throws {CasierError} `config-invalid`: the keys cannot be used, or a setting would weaken
    /// the checks.
    #[napi(constructor, ts_args_type = "issuer: string, options: VerifierOptions")]
    pub fn new(env: Env, issuer: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || {
            let given = Options::new(options, &VERIFIER_OPTIONS)?;
            let mut options = VerifierOptions::default();
            options.issuer = text(issuer, "issuer")?;
            options.provider = given.text("provider")?;
            options.jwks = given.text("jwks")?;
            options.pem = given.text("pem")?;
            options.jwk = given.text("jwk")?;
            options.audience = given.texts("audience")?.unwrap_or_default();
            options.authorized_parties = given.texts("authorizedParties")?.unwrap_or_default();
            options.allow_missing_azp = given.flag("allowMissingAzp")?.unwrap_or_default();
            options.algorithms = given.texts("algorithms")?;
            options.clock_skew = given.read("clockSkew", number)?;
            options.namespace = given.text("namespace")?;
            options.public_metadata_claim = given.text("publicMetadataClaim")?;
            options.token_types = given.texts("tokenTypes")?;
            options.token_cache = given.flag("tokenCache")?;
            options.mapping = given.read("mapping", mapping)?.unwrap_or_default();
            let policy = given.read("policy", class::<Policy>)?;
            let policy = policy.map_or_else(|| Policy::builtin().0, |policy| policy.0.clone());
            let config = IssuerConfig::try_from(options)?;
            Ok(Self(token::TokenVerifier::new(config, policy)?))
        })
    }

    /// Verifies a token.
    ///
    /// @param token The token, without `Bearer`.
    /// @param now The time to check it against. Defaults to the present.
    /// @param source Where it came in. Defaults to `header`.
    /// @throws {CasierError} `token-…`, `session-…`: the token must not be trusted, and why;
    /// `invalid-user-id`: its `sub` cannot name a user.
    #[napi(ts_args_type = "token: string, now?: Date | null, source?: 'header' | 'cookie'")]
    pub fn verify(
        &self,
        env: Env,
        token: Unknown<'_>,
        now: Unknown<'_>,
        source: Unknown<'_>,
    ) -> napi::Result<VerifiedToken> {
        self::now(&env, || {
            let source = text_if_given(source, "source")?;
            let source = source.as_deref().unwrap_or("header").parse()?;
            let now = time_or_now(now, "now")?;
            Ok(VerifiedToken(self.0.verify(&text(token, "token")?, now, source)?))
        })
    }
}

const VERIFIER_OPTIONS: [&str; 15] = [
    "provider",
    "jwks",
    "pem",
    "jwk",
    "audience",
    "authorizedParties",
    "allowMissingAzp",
    "algorithms",
    "clockSkew",
    "namespace",
    "publicMetadataClaim",
    "tokenTypes",
    "tokenCache",
    "mapping",
    "policy",
];

/// A token that has passed every check.
#[napi]
#[derive(Debug)]
pub struct VerifiedToken(token::VerifiedToken);

#[napi]
impl VerifiedToken {
    /// Whose token it is.
    #[napi(getter)]
    pub fn user(&self) -> User {
        User(self.0.user().clone())
    }

    /// Every claim. A copy.
    #[napi(getter, ts_return_type = "Record<string, unknown>")]
    pub fn claims(&self, env: Env) -> napi::Result<Js> {
        json(&env, self.0.claims())
    }

    /// When it was issued; null when it does not say.
    #[napi(getter, ts_return_type = "Date | null")]
    pub fn issued_at(&self, env: Env) -> napi::Result<Option<Js>> {
        self.0.issued_at().map(|time| date(&env, time)).transpose()
    }

    /// When it becomes valid; null when it does not say.
    #[napi(getter, ts_return_type = "Date | null")]
    pub fn not_before(&self, env: Env) -> napi::Result<Option<Js>> {
        self.0.not_before().map(|time| date(&env, time)).transpose()
    }

    /// When it expires.
    #[napi(getter, ts_return_type = "Date")]
    pub fn expires_at(&self, env: Env) -> napi::Result<Js> {
        date(&env, self.0.expires_at())
    }

    /// The id of the key that signed it.
    #[napi(getter)]
    pub fn key_id(&self) -> Option<&str> {
        self.0.key_id()
    }

    /// The issuer's session.
    #[napi(getter)]
    pub fn session_id(&self) -> Option<&str> {
        self.0.session_id()
    }
}

//! Verified users, and verification without network.

use std::collections::HashMap;
use std::sync::Arc;

use casier::token;

use crate::access::Policy;
use crate::convert::{Json, Time, json_object, or_now};
use crate::error::Result;

#[derive(uniffi::Object)]
pub(crate) struct User(pub(crate) Arc<token::User>);

#[uniffi::export]
impl User {
    #[uniffi::constructor]
    fn new(
        user_id: String,
        subscription: Option<String>,
        role: Option<String>,
        email: Option<String>,
        grants: Grants,
    ) -> Result<Self> {
        let mut user = token::User::new(user_id);
        user.subscription = subscription.unwrap_or_default();
        user.role = role.unwrap_or_default();
        user.email = email;
        user.organization = grants.organization.map(Organization::into);
        user.plans = grants.plans;
        user.features = grants.features;
        user.factor_verification_age = grants.factor_verification_age.map(Into::into);
        Ok(Self(Arc::new(user)))
    }

    fn fields(&self) -> Result<UserFields> {
        Ok((&*self.0).into())
    }

    fn metadata(&self) -> Result<HashMap<String, Json>> {
        Ok(json_object(&self.0.metadata))
    }

    fn claims(&self) -> Result<HashMap<String, Json>> {
        Ok(json_object(&self.0.claims))
    }
}

/// What [`access::Action::Has`](casier::access::Action::Has) looks at.
#[derive(uniffi::Record)]
pub(crate) struct Grants {
    organization: Option<Organization>,
    plans: Vec<String>,
    features: Vec<String>,
    factor_verification_age: Option<FactorVerificationAge>,
}

/// Short enough to cross as a whole. Metadata and claims cross when somebody looks at them.
#[derive(uniffi::Record)]
pub(crate) struct UserFields {
    user_id: String,
    email: Option<String>,
    email_verified: bool,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    username: Option<String>,
    image_url: Option<String>,
    phone_number: Option<String>,
    phone_verified: bool,
    subscription: String,
    role: String,
    session_id: Option<String>,
    organization: Option<Organization>,
    plans: Vec<String>,
    features: Vec<String>,
    factor_verification_age: Option<FactorVerificationAge>,
    actor: Option<Json>,
}

impl From<&token::User> for UserFields {
    fn from(user: &token::User) -> Self {
        Self {
            user_id: user.user_id.clone(),
            email: user.email.clone(),
            email_verified: user.email_verified,
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            full_name: user.full_name.clone(),
            username: user.username.clone(),
            image_url: user.image_url.clone(),
            phone_number: user.phone_number.clone(),
            phone_verified: user.phone_verified,
            subscription: user.subscription.clone(),
            role: user.role.clone(),
            session_id: user.session_id.clone(),
            organization: user.organization.clone().map(Organization::from),
            plans: user.plans.clone(),
            features: user.features.clone(),
            factor_verification_age: user.factor_verification_age.map(Into::into),
            actor: user.actor.as_ref().map(Json::from),
        }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct FactorVerificationAge {
    first: i64,
    second: i64,
}

impl From<[i64; 2]> for FactorVerificationAge {
    fn from([first, second]: [i64; 2]) -> Self {
        Self { first, second }
    }
}

impl From<FactorVerificationAge> for [i64; 2] {
    fn from(age: FactorVerificationAge) -> Self {
        [age.first, age.second]
    }
}

#[derive(uniffi::Record)]
pub(crate) struct Organization {
    id: String,
    slug: Option<String>,
    role: Option<String>,
    permissions: Vec<String>,
}

impl From<token::Organization> for Organization {
    fn from(active: token::Organization) -> Self {
        let token::Organization { id, slug, role, permissions, .. } = active;
        Self { id, slug, role, permissions }
    }
}

impl From<Organization> for token::Organization {
    fn from(given: Organization) -> Self {
        let mut active = Self::default();
        active.id = given.id;
        active.slug = given.slug;
        active.role = given.role;
        active.permissions = given.permissions;
        active
    }
}

#[derive(uniffi::Object)]
pub(crate) struct TokenVerifier(token::TokenVerifier);

#[uniffi::export]
impl TokenVerifier {
    #[uniffi::constructor]
    fn new(options: VerifierOptions, policy: Option<Arc<Policy>>) -> Result<Self> {
        let policy = policy.map_or_else(Policy::builtin, |policy| Ok(Policy(policy.0.clone())))?;
        let config = token::VerifierOptions::from(options).try_into()?;
        Ok(Self(token::TokenVerifier::new(config, policy.0)?))
    }

    fn verify(&self, token: &str, now: Option<Time>, source: TokenSource) -> Result<VerifiedToken> {
        Ok(self.0.verify(token, or_now(now), source.into())?.into())
    }
}

#[derive(uniffi::Record)]
pub(crate) struct VerifierOptions {
    issuer: String,
    provider: Option<String>,
    jwks: Option<String>,
    pem: Option<String>,
    jwk: Option<String>,
    audience: Vec<String>,
    authorized_parties: Vec<String>,
    allow_missing_azp: bool,
    algorithms: Option<Vec<String>>,
    clock_skew: Option<f64>,
    namespace: Option<String>,
    public_metadata_claim: Option<String>,
    token_types: Option<Vec<String>>,
    token_cache: bool,
    mapping: HashMap<String, Vec<String>>,
}

impl From<VerifierOptions> for token::VerifierOptions {
    fn from(given: VerifierOptions) -> Self {
        let mut options = Self::default();
        options.issuer = given.issuer;
        options.provider = given.provider;
        options.jwks = given.jwks;
        options.pem = given.pem;
        options.jwk = given.jwk;
        options.audience = given.audience;
        options.authorized_parties = given.authorized_parties;
        options.allow_missing_azp = given.allow_missing_azp;
        options.algorithms = given.algorithms;
        options.clock_skew = given.clock_skew;
        options.namespace = given.namespace;
        options.public_metadata_claim = given.public_metadata_claim;
        options.token_types = given.token_types;
        options.token_cache = Some(given.token_cache);
        options.mapping = given.mapping.into_iter().collect();
        options
    }
}

#[derive(uniffi::Enum)]
pub(crate) enum TokenSource {
    Header,
    Cookie,
}

impl From<TokenSource> for token::TokenSource {
    fn from(source: TokenSource) -> Self {
        match source {
            TokenSource::Header => Self::Header,
            TokenSource::Cookie => Self::Cookie,
        }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct VerifiedToken {
    user: Arc<User>,
    issued_at: Option<Time>,
    not_before: Option<Time>,
    expires_at: Time,
    key_id: Option<String>,
    session_id: Option<String>,
}

impl From<token::VerifiedToken> for VerifiedToken {
    fn from(token: token::VerifiedToken) -> Self {
        Self {
            user: Arc::new(User(token.user().clone())),
            issued_at: token.issued_at().map(Time),
            not_before: token.not_before().map(Time),
            expires_at: Time(token.expires_at()),
            key_id: token.key_id().map(str::to_owned),
            session_id: token.session_id().map(str::to_owned),
        }
    }
}

//! Verified users, and verification without network.

use std::sync::Arc;

use casier::{access, token};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;

use crate::access::Policy;
use crate::convert::{ClaimPaths, Json, JsonObject, Strings, Text, TextRef, Time, or_now, repr};
use crate::error::OrRaise;
use crate::log;
use crate::runtime::PerProcess;

/// Who is signed in, as a verified token tells it.
///
/// Every attribute also answers as an item (`user.email` and `user["email"]`), and `dict(user)`
/// gives them all.
#[pyclass(frozen, module = "casier")]
pub(crate) struct User(pub(crate) Arc<token::User>);

impl User {
    /// The names of the attributes.
    const FIELDS: [&str; 20] = [
        "user_id",
        "email",
        "email_verified",
        "first_name",
        "last_name",
        "full_name",
        "username",
        "image_url",
        "phone_number",
        "phone_verified",
        "subscription",
        "role",
        "session_id",
        "organization",
        "plans",
        "features",
        "metadata",
        "factor_verification_age",
        "actor",
        "claims",
    ];
}

#[pymethods]
impl User {
    /// A user who needs no token, for tests and for `Policy.decide`.
    ///
    /// Args:
    ///     user_id: Names the person.
    ///     subscription: The tier. None counts as the lowest, as does every tier that the policy
    ///         does not know.
    ///     role: The application role. The same holds for it.
    ///     email: The e-mail address.
    ///     plans: Plans with their scope: `u:pro`.
    ///     features: Features with their scope: `u:books`.
    ///     organization: The organization that is active.
    ///     factor_verification_age: Minutes since the first and the second factor were last proved,
    ///         -1 where the user has not.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        user_id, *, subscription = None, role = None, email = None,
        plans = Strings::default(), features = Strings::default(), organization = None,
        factor_verification_age = None
    ))]
    fn new(
        user_id: Text,
        subscription: Option<Text>,
        role: Option<Text>,
        email: Option<Text>,
        plans: Strings,
        features: Strings,
        organization: Option<&Organization>,
        factor_verification_age: Option<(i64, i64)>,
    ) -> Self {
        let mut user = token::User::new(user_id.0);
        user.subscription = subscription.map(|text| text.0).unwrap_or_default();
        user.role = role.map(|text| text.0).unwrap_or_default();
        user.email = email.map(|text| text.0);
        user.plans = plans.0;
        user.features = features.0;
        user.organization = organization.map(|active| active.0.clone());
        user.factor_verification_age = factor_verification_age.map(<[i64; 2]>::from);
        Self(Arc::new(user))
    }

    /// Names one person for good: `sub` of the primary issuer, `{namespace}::{sub}` of any other.
    #[getter]
    fn user_id(&self) -> &str {
        &self.0.user_id
    }

    /// The e-mail address.
    #[getter]
    fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// Whether the issuer has verified the e-mail address.
    #[getter]
    fn email_verified(&self) -> bool {
        self.0.email_verified
    }

    /// The first name.
    #[getter]
    fn first_name(&self) -> Option<&str> {
        self.0.first_name.as_deref()
    }

    /// The last name.
    #[getter]
    fn last_name(&self) -> Option<&str> {
        self.0.last_name.as_deref()
    }

    /// The whole name.
    #[getter]
    fn full_name(&self) -> Option<&str> {
        self.0.full_name.as_deref()
    }

    /// The user name.
    #[getter]
    fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }

    /// The address of the user's picture.
    #[getter]
    fn image_url(&self) -> Option<&str> {
        self.0.image_url.as_deref()
    }

    /// The phone number.
    #[getter]
    fn phone_number(&self) -> Option<&str> {
        self.0.phone_number.as_deref()
    }

    /// Whether the issuer has verified the phone number.
    #[getter]
    fn phone_verified(&self) -> bool {
        self.0.phone_verified
    }

    /// The subscription tier.
    #[getter]
    fn subscription(&self) -> &str {
        &self.0.subscription
    }

    /// The application role. A role in an organization never counts.
    #[getter]
    fn role(&self) -> &str {
        &self.0.role
    }

    /// The issuer's session.
    #[getter]
    fn session_id(&self) -> Option<&str> {
        self.0.session_id.as_deref()
    }

    /// The organization that is active in the session.
    #[getter]
    fn organization(&self) -> Option<Organization> {
        self.0.organization.clone().map(Organization)
    }

    /// The plans, with their scope: `u:pro`, `o:team`.
    #[getter]
    fn plans(&self) -> Vec<String> {
        self.0.plans.clone()
    }

    /// The features that the token grants, with their scope: `u:books`, `o:reports`.
    #[getter]
    fn features(&self) -> Vec<String> {
        self.0.features.clone()
    }

    /// What only the server can write about the user. A copy.
    #[getter]
    fn metadata(&self) -> JsonObject<'_> {
        JsonObject(&self.0.metadata)
    }

    /// When the first and the second factor were last proved, in minutes before the token was made,
    /// -1 where the user has not; None when the token does not say.
    #[getter]
    fn factor_verification_age(&self) -> Option<(i64, i64)> {
        self.0.factor_verification_age.map(<(i64, i64)>::from)
    }

    /// Who acts in the user's place, as the token tells it.
    #[getter]
    fn actor(&self) -> Option<Json<'_>> {
        self.0.actor.as_ref().map(Json)
    }

    /// Every claim of the token. A copy.
    #[getter]
    fn claims(&self) -> JsonObject<'_> {
        JsonObject(&self.0.claims)
    }

    /// The names of all attributes.
    fn keys(&self) -> Vec<&'static str> {
        Self::FIELDS.to_vec()
    }

    /// An attribute by name, or `default` when there is no attribute of that name.
    #[pyo3(signature = (name, default = None))]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        name: &str,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if Self::FIELDS.contains(&name) { slf.getattr(name).map(Some) } else { Ok(default) }
    }

    fn __getitem__<'py>(slf: &Bound<'py, Self>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        if !Self::FIELDS.contains(&name) {
            return Err(PyKeyError::new_err(name.to_owned()));
        }
        slf.getattr(name)
    }

    fn __contains__(&self, name: &str) -> bool {
        Self::FIELDS.contains(&name)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "User(user_id={}, subscription={}, role={})",
            repr(py, self.user_id())?,
            repr(py, self.subscription())?,
            repr(py, self.role())?
        ))
    }
}

/// The organization that is active in a session.
#[pyclass(frozen, module = "casier")]
pub(crate) struct Organization(token::Organization);

#[pymethods]
impl Organization {
    /// An organization that needs no token, for tests and for `Policy.decide`.
    ///
    /// Args:
    ///     id: Names the organization.
    ///     slug: Its readable name.
    ///     role: The user's role in it: `org:admin`.
    ///     permissions: The user's permissions in it: `org:teams:manage`.
    #[new]
    #[pyo3(signature = (id, *, slug = None, role = None, permissions = Strings::default()))]
    fn new(id: Text, slug: Option<Text>, role: Option<Text>, permissions: Strings) -> Self {
        let mut organization = token::Organization::default();
        organization.id = id.0;
        organization.slug = slug.map(|text| text.0);
        organization.role = role.map(|text| text.0);
        organization.permissions = permissions.0;
        Self(organization)
    }

    /// Names the organization.
    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    /// Its readable name.
    #[getter]
    fn slug(&self) -> Option<&str> {
        self.0.slug.as_deref()
    }

    /// The user's role in it, which is never an application role.
    #[getter]
    fn role(&self) -> Option<&str> {
        self.0.role.as_deref()
    }

    /// The user's permissions in it.
    #[getter]
    fn permissions(&self) -> Vec<String> {
        self.0.permissions.clone()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Organization(id={}, role={})", repr(py, self.id())?, repr(py, self.role())?))
    }
}

/// Verifies the tokens of one issuer whose keys are given: no network, and the time may come from
/// outside. Applications test with it.
#[pyclass(frozen, module = "casier")]
pub(crate) struct TokenVerifier {
    config: token::IssuerConfig,
    policy: Arc<access::Policy>,
    here: PerProcess<Arc<token::TokenVerifier>>,
}

impl TokenVerifier {
    /// This process's own: another thread may be writing into its cache when the process is forked.
    fn here(&self, py: Python<'_>) -> PyResult<Arc<token::TokenVerifier>> {
        let make = || {
            let verifier = token::TokenVerifier::new(self.config.clone(), self.policy.clone())?;
            Ok(Arc::new(verifier))
        };
        self.here.get(py, make).or_raise(py)
    }
}

#[pymethods]
impl TokenVerifier {
    /// Give the keys as exactly one of `jwks`, `pem` and `jwk`.
    ///
    /// Args:
    ///     issuer: What `iss` must be, byte for byte.
    ///     provider: Who makes the tokens: `clerk`, `oidc`, `auth0`, `cognito`, `supabase`,
    ///         `firebase` or `keycloak`. Brings defaults for what follows.
    ///     jwks: A JSON Web Key set, as JSON text.
    ///     pem: One public key, as PEM.
    ///     jwk: One public key, as the JSON text of a JSON Web Key.
    ///     audience: Accepted `aud`. Defaults to that of the provider, else none: not checked.
    ///     authorized_parties: Accepted `azp`. Defaults to none: not checked.
    ///     allow_missing_azp: Whether a token from a header passes without `azp` although
    ///         authorized parties are set.
    ///     algorithms: Allowed algorithms, by their JOSE names. Defaults to those of the provider.
    ///     clock_skew: Seconds by which the issuer's clock may be off, 0 to 300. Defaults to 5.
    ///     namespace: For an issuer other than the primary one: the prefix of its user ids.
    ///     public_metadata_claim: Another claim that only the issuer's server side can write, read
    ///         like `public_metadata`.
    ///     token_types: Accepted `typ` headers. Defaults to those of the provider.
    ///     token_cache: Whether tokens that passed are remembered, so that one that comes again takes
    ///         no cryptography.
    ///     mapping: Other claims for fields of the user: the name of a claim, or several names from
    ///         outside in. Only claims that the issuer's server side alone can write.
    ///     policy: Which tiers and roles there are. Defaults to the built-in policy.
    ///
    /// Raises:
    ///     ConfigError: Not exactly one of the three is given, the keys cannot be used, or a setting
    ///         would weaken the checks.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        issuer, *, provider = None, jwks = None, pem = None, jwk = None, audience = Strings::default(),
        authorized_parties = Strings::default(), allow_missing_azp = false, algorithms = None,
        clock_skew = None, namespace = None, public_metadata_claim = None, token_types = None,
        token_cache = true, mapping = ClaimPaths::default(), policy = None
    ))]
    fn new(
        py: Python<'_>,
        issuer: String,
        provider: Option<String>,
        jwks: Option<String>,
        pem: Option<String>,
        jwk: Option<String>,
        audience: Strings,
        authorized_parties: Strings,
        allow_missing_azp: bool,
        algorithms: Option<Strings>,
        clock_skew: Option<f64>,
        namespace: Option<String>,
        public_metadata_claim: Option<String>,
        token_types: Option<Strings>,
        token_cache: bool,
        mapping: ClaimPaths,
        policy: Option<&Policy>,
    ) -> PyResult<Self> {
        let mut options = token::VerifierOptions::default();
        options.issuer = issuer;
        options.provider = provider;
        options.jwks = jwks;
        options.pem = pem;
        options.jwk = jwk;
        options.audience = audience.0;
        options.authorized_parties = authorized_parties.0;
        options.allow_missing_azp = allow_missing_azp;
        options.algorithms = algorithms.map(|names| names.0);
        options.clock_skew = clock_skew;
        options.namespace = namespace;
        options.public_metadata_claim = public_metadata_claim;
        options.token_types = token_types.map(|types| types.0);
        options.token_cache = Some(token_cache);
        options.mapping = mapping.0;
        let config = token::IssuerConfig::try_from(options).or_raise(py)?;
        let policy = policy.map_or_else(|| Policy::builtin().0, |policy| policy.0.clone());
        let verifier = Self { config, policy, here: PerProcess::new() };
        verifier.here(py)?;
        Ok(verifier)
    }

    /// Verifies a token.
    ///
    /// Args:
    ///     token: The token, without `Bearer`.
    ///     now: The time to check it against, aware. Defaults to the present.
    ///     source: Where it came in: `header` or `cookie`.
    ///
    /// Raises:
    ///     AuthenticationError: The token must not be trusted; `code` says why.
    ///     InvalidInput: Its `sub` cannot name a user (`invalid-user-id`); `invalid-request` for
    ///         another source.
    #[pyo3(signature = (token, now = None, source = "header"))]
    fn verify(
        &self,
        py: Python<'_>,
        token: TextRef<'_>,
        now: Option<Time>,
        source: &str,
    ) -> PyResult<VerifiedToken> {
        let source = source.parse().or_raise(py)?;
        let (verifier, now) = (self.here(py)?, or_now(now));
        // Giving up the GIL costs more than looking up what is known.
        let known = verifier.verify_cached(token.0, now, source);
        let verified = known.unwrap_or_else(|| py.detach(|| verifier.verify(token.0, now, source)));
        log::forward(py);
        verified.or_raise(py).map(VerifiedToken)
    }
}

/// A token that has passed every check.
#[pyclass(frozen, module = "casier")]
pub(crate) struct VerifiedToken(token::VerifiedToken);

#[pymethods]
impl VerifiedToken {
    /// Whose token it is.
    #[getter]
    fn user(&self) -> User {
        User(self.0.user().clone())
    }

    /// Every claim. A copy.
    #[getter]
    fn claims(&self) -> JsonObject<'_> {
        JsonObject(self.0.claims())
    }

    /// When it was issued, in UTC.
    #[getter]
    fn issued_at(&self) -> Option<Time> {
        self.0.issued_at().map(Time)
    }

    /// When it becomes valid, in UTC.
    #[getter]
    fn not_before(&self) -> Option<Time> {
        self.0.not_before().map(Time)
    }

    /// When it expires, in UTC.
    #[getter]
    fn expires_at(&self) -> Time {
        Time(self.0.expires_at())
    }

    /// The id of the key that signed it.
    #[getter]
    fn key_id(&self) -> Option<&str> {
        self.0.key_id()
    }

    /// The issuer's session.
    #[getter]
    fn session_id(&self) -> Option<&str> {
        self.0.session_id()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("VerifiedToken(user={})", repr(py, self.user())?))
    }
}

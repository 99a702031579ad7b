//! Verified users, and verification without network.

use std::sync::Arc;

use casier::token;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;

use crate::access::Policy;
use crate::convert::{Json, JsonObject, Strings, Text, Time, or_now, repr};
use crate::error::OrRaise;

/// Who is signed in, as a verified token tells it.
///
/// Every attribute also answers as an item (`user.email` and `user["email"]`), and `dict(user)`
/// gives them all.
#[pyclass(frozen, module = "casier")]
pub(crate) struct User(pub(crate) Arc<token::User>);

impl User {
    /// The names of the attributes.
    const FIELDS: [&str; 19] = [
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
    #[new]
    #[pyo3(signature = (
        user_id, *, subscription = None, role = None, email = None,
        plans = Strings::default(), features = Strings::default()
    ))]
    fn new(
        user_id: Text,
        subscription: Option<Text>,
        role: Option<Text>,
        email: Option<Text>,
        plans: Strings,
        features: Strings,
    ) -> Self {
        let mut user = token::User::new(user_id.0);
        user.subscription = subscription.map(|text| text.0).unwrap_or_default();
        user.role = role.map(|text| text.0).unwrap_or_default();
        user.email = email.map(|text| text.0);
        user.plans = plans.0;
        user.features = features.0;
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
pub(crate) struct TokenVerifier(token::TokenVerifier);

#[pymethods]
impl TokenVerifier {
    /// Give the keys as exactly one of `jwks`, `pem` and `jwk`.
    ///
    /// Args:
    ///     issuer: What `iss` must be, byte for byte.
    ///     jwks: A JSON Web Key set, as JSON text.
    ///     pem: One public key, as PEM.
    ///     jwk: One public key, as the JSON text of a JSON Web Key.
    ///     audience: Accepted `aud`. Defaults to none: not checked.
    ///     authorized_parties: Accepted `azp`. Defaults to none: not checked.
    ///     allow_missing_azp: Whether a token from a header passes without `azp` although
    ///         authorized parties are set.
    ///     algorithms: Allowed algorithms, by their JOSE names.
    ///     clock_skew: Seconds by which the issuer's clock may be off, 0 to 300. Defaults to 5.
    ///     namespace: For an issuer other than the primary one: the prefix of its user ids.
    ///     public_metadata_claim: Another claim that only the issuer's server side can write, read
    ///         like `public_metadata`.
    ///     token_types: Accepted `typ` headers. Defaults to `JWT` alone.
    ///     policy: Which tiers and roles there are. Defaults to the built-in policy.
    ///
    /// Raises:
    ///     ConfigError: Not exactly one of the three is given, the keys cannot be used, or a setting
    ///         would weaken the checks.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments")]
    #[pyo3(signature = (
        issuer, *, jwks = None, pem = None, jwk = None, audience = Strings::default(),
        authorized_parties = Strings::default(), allow_missing_azp = false, algorithms = None,
        clock_skew = None, namespace = None, public_metadata_claim = None, token_types = None,
        policy = None
    ))]
    fn new(
        py: Python<'_>,
        issuer: String,
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
        policy: Option<&Policy>,
    ) -> PyResult<Self> {
        let mut options = token::VerifierOptions::default();
        options.issuer = issuer;
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
        let policy = policy.map_or_else(|| Policy::builtin().0, |policy| policy.0.clone());
        let config = token::IssuerConfig::try_from(options).or_raise(py)?;
        Ok(Self(token::TokenVerifier::new(config, policy).or_raise(py)?))
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
        token: Text,
        now: Option<Time>,
        source: &str,
    ) -> PyResult<VerifiedToken> {
        let source = source.parse().or_raise(py)?;
        let now = or_now(now);
        let verified = py.detach(|| self.0.verify(&token, now, source)).or_raise(py);
        crate::log::forward(py);
        Ok(VerifiedToken(verified?))
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

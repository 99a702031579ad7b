//! The policy, and what it decides.

use std::sync::Arc;

use casier::access::{self, ReverificationLevel};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::call::now;
use crate::convert::{
    Js, bytes, class, count, date, is_a, path, text, text_if_given, time_or_now, to_f64,
};
use crate::error::{Outcome, casier_error};
use crate::options::Options;
use crate::token::User;

/// Tiers, roles, kinds and their limits.
///
/// Immutable and pure: no clock, no I/O, the same answers in every language.
#[napi]
#[derive(Debug)]
pub struct Policy(pub(crate) Arc<access::Policy>);

#[napi]
impl Policy {
    /// The policy that holds where no policy file says otherwise.
    #[napi(factory)]
    pub fn builtin() -> Self {
        Self(Arc::new(access::Policy::builtin()))
    }

    /// The policy that the text of a policy file gives.
    ///
    /// @param text The file's text, TOML.
    /// @param origin What error messages call the file. Defaults to `policy`.
    /// @throws {CasierError} `config-invalid`: the text is not a policy; the message names the key.
    #[napi(factory, ts_args_type = "text: string, origin?: string")]
    pub fn from_toml(env: Env, text: Unknown<'_>, origin: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || {
            let origin = text_if_given(origin, "origin")?;
            let origin = origin.as_deref().unwrap_or("policy");
            Ok(Self(Arc::new(access::Policy::from_toml(&self::text(text, "text")?, origin)?)))
        })
    }

    /// Reads a policy file, of 1 MiB at most, at once: for the start of a program.
    ///
    /// @throws {CasierError} `config-invalid`: the file cannot be read or is not a policy.
    #[napi(factory, ts_args_type = "path: string")]
    pub fn load(env: Env, path: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || Ok(Self(Arc::new(access::Policy::load(self::path(path, "path")?)?))))
    }

    /// The names of the tiers, lowest first.
    #[napi(getter)]
    pub fn tiers(&self) -> Vec<&str> {
        self.0.tiers().iter().map(access::Tier::name).collect()
    }

    /// The names of the application roles, lowest first.
    #[napi(getter)]
    pub fn roles(&self) -> Vec<&str> {
        self.0.roles().iter().map(String::as_str).collect()
    }

    /// The names of the kinds of files.
    #[napi(getter)]
    pub fn kinds(&self) -> Vec<&str> {
        self.0.kinds().iter().map(access::Kind::name).collect()
    }

    /// Decides whether `user` may do `action`, and on what terms.
    ///
    /// A user whose tier or role the policy does not know counts as having the lowest. A tier or
    /// role that is asked for and that the policy does not know is refused for everybody
    /// (`config-invalid`). A feature that no tier has may still be granted by a token.
    ///
    /// @param user Who asks.
    /// @param action What for.
    /// @param facts What else is known. Defaults to a user who has stored nothing.
    /// @param now The time of the call. Defaults to the present.
    #[napi(ts_args_type = "user: User, action: Action, facts?: Facts | null, now?: Date | null")]
    pub fn decide(
        &self,
        env: Env,
        user: Unknown<'_>,
        action: Unknown<'_>,
        facts: Unknown<'_>,
        now: Unknown<'_>,
    ) -> napi::Result<Decision> {
        self::now(&env, || {
            let stored = Options::new(facts, &["storedBytes"])?.bytes("storedBytes")?;
            let facts = access::Facts::with_stored_bytes(stored.unwrap_or_default());
            let (user, action) = (class::<User>(user, "user")?, class::<Action>(action, "action")?);
            let now = time_or_now(now, "now")?;
            Ok(Decision(self.0.decide(&user.0, &action.0, &facts, now)))
        })
    }
}

/// Something that a user asks for and that a policy allows or refuses.
#[napi]
#[derive(Debug)]
pub struct Action(access::Action);

#[napi]
impl Action {
    /// Pass where this tier or a higher one is needed.
    #[napi(factory, ts_args_type = "tier: string")]
    pub fn subscription(env: Env, tier: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || Ok(Self(access::Action::Subscription(text(tier, "tier")?))))
    }

    /// Pass where this application role or a higher one is needed.
    #[napi(factory, ts_args_type = "role: string")]
    pub fn role(env: Env, role: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || Ok(Self(access::Action::Role(text(role, "role")?))))
    }

    /// Use a feature: `books`, or `u:books` and `o:books` for what the token itself grants.
    #[napi(factory, ts_args_type = "feature: string")]
    pub fn feature(env: Env, feature: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || Ok(Self(access::Action::Feature(text(feature, "feature")?))))
    }

    /// Pass where this permission in the active organization is needed: `org:teams:manage` or
    /// `teams:manage`.
    #[napi(factory, ts_args_type = "permission: string")]
    pub fn permission(env: Env, permission: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || Ok(Self(access::Action::Permission(text(permission, "permission")?))))
    }

    /// Pass where the token must name this plan: `pro`, or `u:pro` and `o:pro` for one of the user
    /// or of the active organization.
    #[napi(factory, ts_args_type = "plan: string")]
    pub fn plan(env: Env, plan: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || Ok(Self(access::Action::Plan(text(plan, "plan")?))))
    }

    /// Pass where the token must grant all of this.
    ///
    /// @throws {CasierError} `invalid-request` when there is no such reverification.
    #[napi(factory, ts_args_type = "requirement: Requirement")]
    pub fn has(env: Env, requirement: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || Ok(Self(access::Action::Has(self::requirement(requirement)?))))
    }

    /// Store a file.
    ///
    /// @param kind The kind of file, for example `image`.
    /// @param filename The name that it will have.
    /// @param contentType Its content type.
    /// @param size Its size in bytes.
    #[napi(
        factory,
        ts_args_type = "kind: string, filename: string, contentType: string, size: number | bigint"
    )]
    pub fn upload(
        env: Env,
        kind: Unknown<'_>,
        filename: Unknown<'_>,
        content_type: Unknown<'_>,
        size: Unknown<'_>,
    ) -> napi::Result<Self> {
        now(&env, || {
            let (kind, filename) = (text(kind, "kind")?, text(filename, "filename")?);
            let (content_type, size) = (text(content_type, "contentType")?, bytes(size, "size")?);
            Ok(Self(access::Action::Upload { kind, filename, content_type, size }))
        })
    }

    /// Get a link that lives for this many seconds.
    #[napi(factory, ts_args_type = "seconds: number | bigint")]
    pub fn link(env: Env, seconds: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || Ok(Self(access::Action::Link { seconds: count(seconds, "seconds")? })))
    }
}

pub(crate) fn requirement(given: Unknown<'_>) -> Outcome<access::Requirement> {
    let given = Options::new(given, &["role", "permission", "feature", "plan", "reverification"])?;
    let mut wanted = access::Requirement::default();
    wanted.role = given.text("role")?;
    wanted.permission = given.text("permission")?;
    wanted.feature = given.text("feature")?;
    wanted.plan = given.text("plan")?;
    wanted.reverification = given.read("reverification", reverification)?;
    Ok(wanted)
}

/// One of Clerk's names, or which factors and for how long.
fn reverification(given: Unknown<'_>, what: &str) -> Outcome<access::Reverification> {
    if is_a(&given, ValueType::String)? {
        return Ok(text(given, what)?.parse()?);
    }
    let given = Options::new(given, &["level", "afterMinutes"])?;
    // What is left out is refused by the core, as an unknown level or as 0 minutes.
    let level: ReverificationLevel = given.text("level")?.unwrap_or_default().parse()?;
    let minutes = given.count("afterMinutes")?.unwrap_or_default();
    Ok(access::Reverification::new(level, minutes.try_into().unwrap_or(u32::MAX)))
}

/// Allowed, on terms, or refused, with the error to throw.
#[napi]
#[derive(Debug)]
pub struct Decision(access::Decision);

#[napi]
impl Decision {
    fn terms(&self) -> Option<&access::Terms> {
        match &self.0 {
            access::Decision::Allowed(terms) => Some(terms),
            _ => None,
        }
    }

    /// Whether the action is allowed.
    #[napi(getter)]
    pub fn allowed(&self) -> bool {
        self.0.is_allowed()
    }

    /// Why it is refused; null when it is allowed.
    #[napi(getter, ts_return_type = "CasierError | null")]
    pub fn error(&self, env: Env) -> napi::Result<Option<Js>> {
        let refusal = self.0.clone().into_result().err();
        refusal.map(|error| casier_error(&env, &error, None)).transpose()
    }

    /// How many seconds the link may really live; null when this is not about a link.
    #[napi(getter)]
    pub fn link_seconds(&self) -> Option<f64> {
        self.terms()?.link_seconds.map(to_f64)
    }

    /// When that link ends; null when this is not about a link.
    #[napi(getter, ts_return_type = "Date | null")]
    pub fn link_expires_at(&self, env: Env) -> napi::Result<Option<Js>> {
        let end = self.terms().and_then(|terms| terms.link_expires_at);
        end.map(|time| date(&env, time)).transpose()
    }

    /// The content type to store; null when this is not about an upload.
    #[napi(getter)]
    pub fn content_type(&self) -> Option<&str> {
        self.terms()?.content_type.as_deref()
    }

    /// Returns when the action is allowed.
    ///
    /// @throws {CasierError} The refusal.
    #[napi]
    pub fn require(&self, env: Env) -> napi::Result<()> {
        now(&env, || Ok(self.0.clone().into_result().map(drop)?))
    }
}

//! The entry: one `Casier` for a process.

use std::ffi::OsString;

use casier::config::ConfigBuilder;
use casier::token::RequestHead;
use casier::{Config, Error, ErrorKind, Setting};
use napi::JsValue as _;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::answers::SweptUploads;
use crate::audit::{Audit, ON_AUDIT};
use crate::call::{later, now, soon};
use crate::convert::{self, Js, is_a, is_absent, snake_case, text, text_if_given, time_or_now};
use crate::error::Outcome;
use crate::options::Options;
use crate::session::Session;
use crate::storage::UserStorage;

/// Verifies who is calling and opens their files. Build one for a process; worker threads may each
/// build their own.
///
/// Building it neither connects nor starts a thread.
#[napi]
#[derive(Debug)]
pub struct Casier(pub(crate) casier::Casier);

#[napi]
impl Casier {
    /// Takes the settings given, by name, and nothing from the environment.
    ///
    /// @param settings Settings of the table in the documentation, such as `issuer` and `bucket`;
    /// lists as arrays of strings; and `onAudit`. `null` and `undefined` leave one out.
    /// @throws {CasierError} `config-invalid`: the first setting that is missing or wrong, by name,
    /// never with its value.
    #[napi(constructor, ts_args_type = "settings: CasierOptions")]
    pub fn new(env: Env, settings: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || build(&env, Config::builder(), settings))
    }

    /// Takes every setting from the environment, `process.env`, save those that are given.
    ///
    /// @param settings As for `new Casier`; they beat the environment.
    /// @throws {CasierError} `config-invalid`: the first variable that is missing or wrong, by
    /// name, never with its value.
    #[napi(factory, ts_args_type = "settings?: CasierOptions | null")]
    pub fn from_env(env: Env, settings: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || {
            let builder = Config::builder().variables(environment(&env)?)?;
            if is_absent(&settings)? { make(builder) } else { build(&env, builder, settings) }
        })
    }

    /// Verifies a session token that came in a header. Waits only when the issuer's keys have to
    /// be fetched.
    ///
    /// @param token The token, without `Bearer`.
    /// @throws {CasierError} `token-…`, `session-…`: the token must not be trusted, and why;
    /// `invalid-user-id`: its `sub` cannot name a user; `jwk-remote-…`: the issuer's keys cannot be
    /// fetched.
    #[napi(
        ts_args_type = "token: string, options?: CallOptions",
        ts_return_type = "Promise<Session>"
    )]
    pub fn authenticate(
        &self,
        env: Env,
        token: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let casier = self.0.clone();
        let begin = || {
            let (token, signal) = (text(token, "token")?, Options::signal_of(options)?);
            Ok((signal, async move { casier.authenticate(&token).await }))
        };
        soon(&env, begin, |_, session| Ok(Session(session)))
    }

    /// Takes the token from a request's headers or cookies and verifies it.
    ///
    /// The first source that is present decides: `Authorization`, `X-Clerk-Auth-Token`, then
    /// Clerk's session cookies. A request by cookie that may change something must come from the
    /// site itself.
    ///
    /// @param method The HTTP method; null where the framework does not tell it. Then a request that
    /// names an `Origin` counts as one that may change something.
    /// @param headers All headers as they came, names in any case: a `Headers`, pairs, or Node's
    /// own `request.headers`.
    /// @throws {CasierError} `token-missing`, `cross-site-request`, or what `authenticate` throws.
    #[napi(
        ts_args_type = "method: string | null, headers: RequestHeaders, options?: RequestOptions",
        ts_return_type = "Promise<Session>"
    )]
    pub fn authenticate_request(
        &self,
        env: Env,
        method: Unknown<'_>,
        headers: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let casier = self.0.clone();
        let begin = || {
            let headers = convert::headers(&env, headers)?;
            let mut request = match text_if_given(method, "method")? {
                Some(method) => RequestHead::new(method, headers),
                None => RequestHead::without_method(headers),
            };
            let given = Options::new(options, &["signal", "address"])?;
            request.address = given.text("address")?;
            Ok((given.signal()?, async move { casier.authenticate_request(&request).await }))
        };
        soon(&env, begin, |_, session| Ok(Session(session)))
    }

    /// The files of any user, for trusted server code such as a background job: no tier limits
    /// apply.
    ///
    /// @param userId Whose files, as `User.userId` gives it.
    /// @throws {CasierError} `invalid-user-id`; `config-invalid` when no bucket is configured.
    #[napi(ts_args_type = "userId: string")]
    pub fn storage_for(&self, env: Env, user_id: Unknown<'_>) -> napi::Result<UserStorage> {
        now(&env, || Ok(UserStorage(self.0.storage_for(&text(user_id, "userId")?)?)))
    }

    /// Aborts the uploads in parts of the whole bucket whose ids have expired: what crashes have
    /// left, of every user. By the store's own clock, so that no live upload is swept. Call it now
    /// and then, once a day.
    ///
    /// @throws {CasierError} `config-invalid` when no bucket is configured.
    #[napi(ts_args_type = "options?: CallOptions", ts_return_type = "Promise<SweptUploads>")]
    pub fn sweep_uploads(&self, env: Env, options: Unknown<'_>) -> napi::Result<Js> {
        let casier = self.0.clone();
        let begin = || {
            let signal = Options::signal_of(options)?;
            Ok((signal, async move { casier.sweep_uploads().await }))
        };
        later(&env, begin, |_, swept| Ok(SweptUploads::from(swept)))
    }

    /// Refuses every token of a session from now on. It lasts for as long as a token of now can
    /// live, 24 hours; end the session at the issuer too, or it goes on making new ones. Kept in the
    /// memory of this process.
    ///
    /// @param sessionId The session, as `User.sessionId` gives it.
    /// @throws {CasierError} `invalid-request` when the id is empty; `state-unavailable`.
    #[napi(
        ts_args_type = "sessionId: string, options?: CallOptions",
        ts_return_type = "Promise<void>"
    )]
    pub fn revoke(
        &self,
        env: Env,
        session_id: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let casier = self.0.clone();
        let begin = || {
            let (id, signal) = (text(session_id, "sessionId")?, Options::signal_of(options)?);
            Ok((signal, async move { casier.revoke(&id).await }))
        };
        soon(&env, begin, |_, ()| Ok(()))
    }

    /// Refuses every token of a user that was made at `at` or before, or that does not say when, as
    /// `revoke` does those of a session. Of two such times the later holds. Tokens tell the time in
    /// whole seconds, so that one made later in the same second is refused as well.
    ///
    /// @param userId The user, as `User.userId` gives it.
    /// @param at Defaults to the present.
    /// @throws {CasierError} `invalid-user-id` when the id is empty; `invalid-request` when `at` is
    /// more than 5 minutes ahead; `state-unavailable`.
    #[napi(
        ts_args_type = "userId: string, at?: Date | null, options?: CallOptions",
        ts_return_type = "Promise<void>"
    )]
    pub fn revoke_user(
        &self,
        env: Env,
        user_id: Unknown<'_>,
        at: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let casier = self.0.clone();
        let begin = || {
            let (id, at) = (text(user_id, "userId")?, time_or_now(at, "at")?);
            let signal = Options::signal_of(options)?;
            Ok((signal, async move { casier.revoke_user(&id, at).await }))
        };
        soon(&env, begin, |_, ()| Ok(()))
    }
}

fn build(env: &Env, mut builder: ConfigBuilder, settings: Unknown<'_>) -> Outcome<Casier> {
    let mut audit = None;
    for (name, value) in convert::members(settings, "settings")? {
        if is_absent(&value)? {
            continue;
        }
        if name == ON_AUDIT {
            audit = Some(Audit::new(value)?);
            continue;
        }
        // Before the value, whose type nobody can judge for a setting that there is not.
        let setting = Setting::from_name(&snake_case(&name)).ok_or_else(|| {
            Error::new(ErrorKind::ConfigInvalid, format!("there is no setting `{name}`"))
        })?;
        builder = builder.set(setting, setting_text(value, &name)?);
    }
    let Some(audit) = audit else { return make(builder) };
    let casier = make(builder.audit(audit.hook()))?;
    audit.begin(env)?;
    Ok(casier)
}

fn make(builder: ConfigBuilder) -> Outcome<Casier> {
    Ok(Casier(casier::Casier::new(builder.build()?)?))
}

/// The value of a setting as the environment would give it: text as it stands, a number, `true` or
/// `false`, or several texts, by commas.
fn setting_text(value: Unknown<'_>, name: &str) -> Outcome<String> {
    if value.is_array()? {
        return Ok(convert::texts(value, name)?.join(","));
    }
    if is_a(&value, ValueType::Boolean)? || is_a(&value, ValueType::Number)? {
        return Ok(value.coerce_to_string()?.into_utf8()?.into_owned()?);
    }
    if is_a(&value, ValueType::String)? {
        return text(value, name);
    }
    convert::must_be(name, "a string, a number, true, false or an array of strings")
}

/// `process.env`, which on worker threads is a copy of their own.
fn environment(env: &Env) -> Outcome<Vec<(OsString, OsString)>> {
    let process: Object<'_> = env.get_global()?.get_named_property_unchecked("process")?;
    let variables = convert::members(process.get_named_property_unchecked("env")?, "process.env")?;
    let text = |(name, value): (String, Unknown<'_>)| Ok((name.into(), text(value, "env")?.into()));
    variables.into_iter().map(text).collect()
}

/// A setting: its name in code, its environment variables, its default and its meaning.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct SettingEntry {
    /// The name in the table of the documentation, in snake case.
    pub name: &'static str,
    /// The environment variables that set it.
    pub variables: Vec<&'static str>,
    /// What holds when nothing sets it.
    pub default_text: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// Every setting.
#[napi]
pub fn settings() -> Vec<SettingEntry> {
    let entry = |setting: &Setting| SettingEntry {
        name: setting.name(),
        variables: setting.variables().to_vec(),
        default_text: setting.default_text(),
        meaning: setting.meaning(),
    };
    Setting::ALL.iter().map(entry).collect()
}

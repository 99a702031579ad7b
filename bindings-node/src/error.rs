//! Failures, thrown as the class of errors that JavaScript defines for them.

use std::time::Duration;

use casier::{Error, ErrorKind};
use napi::bindgen_prelude::*;
use napi::{JsTypeError, Unknown};
use napi_derive::napi;

use crate::audit::Audit;
use crate::convert::{Js, is_a, number, text, to_f64};
use crate::hook::Tell;
use crate::log::Logger;
use crate::options::Options;
use crate::transfer::Listeners;

/// Why a call fails, before it is known how that is told.
pub(crate) enum Failure {
    /// The core refuses.
    Refused(Error),
    /// The caller gave up, and this is the signal's reason.
    GivenUp(Error, Js),
    /// The call is written wrongly: a `TypeError`.
    Miswritten(String),
    /// JavaScript itself fails.
    Script(napi::Error),
}

/// What a call comes to.
pub(crate) type Outcome<T> = std::result::Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<napi::Error> for Failure {
    fn from(error: napi::Error) -> Self {
        Self::Script(error)
    }
}

impl Failure {
    pub(crate) fn panicked() -> Self {
        Error::new(ErrorKind::Internal, "a call panicked; this is a fault in Casier").into()
    }

    pub(crate) fn into_napi(self, env: &Env) -> napi::Error {
        let thrown = match self {
            Self::Refused(error) => casier_error(env, &error, None),
            Self::GivenUp(error, reason) => casier_error(env, &error, Some(reason)),
            Self::Miswritten(reason) => {
                let error = napi::Error::new("ERR_INVALID_ARG_TYPE".to_owned(), reason);
                Ok(JsTypeError::from(error).into_unknown(*env))
            }
            Self::Script(error) => return error,
        };
        thrown.map_or_else(|failure| failure, napi::Error::from)
    }
}

/// The facts that some codes carry, under the same names in every language. A fact that does not
/// apply is null.
#[napi(object, object_from_js = false, use_nullable = true)]
#[derive(Debug)]
pub struct Details {
    /// What the call needed: a tier, a role, a feature, a content type.
    pub required: Option<String>,
    /// What the caller has instead.
    pub actual: Option<String>,
    /// The limit that was met, in the unit that it is about: bytes, seconds, files or requests.
    pub limit: Option<f64>,
    /// How much was used or asked for, in the same unit.
    pub used: Option<f64>,
    /// Seconds to wait before another try.
    pub retry_after: Option<f64>,
}

/// A code of the catalogue, and what belongs to it.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct CatalogueEntry {
    /// The stable kebab-case code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Whether it is worth another try.
    pub retryable: bool,
    /// What an application does about it.
    pub category: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
}

/// Every code of the catalogue.
#[napi]
pub fn catalogue() -> Vec<CatalogueEntry> {
    let entry = |kind: &ErrorKind| CatalogueEntry {
        code: kind.code(),
        status: kind.status(),
        retryable: kind.is_retryable(),
        category: kind.category().name(),
        meaning: kind.meaning(),
    };
    ErrorKind::ALL.iter().map(entry).collect()
}

type MakeError = FunctionRef<FnArgs<(&'static str, String, Details, Js)>, Js>;

/// What one thread of JavaScript has given us.
pub(crate) struct Instance {
    make_error: MakeError,
    pub(crate) logger: Option<Logger>,
    pub(crate) tell: Option<Tell>,
    pub(crate) audits: Vec<Audit>,
    pub(crate) listeners: Listeners,
}

impl Instance {
    pub(crate) fn of(env: &Env) -> napi::Result<Option<&'static mut Self>> {
        env.get_instance_data()
    }
}

/// Names the function that makes the error of a code, for this thread.
#[napi(
    ts_args_type = "make: (code: string, message: string, details: Details, cause: unknown) => Error"
)]
pub fn define_errors(env: Env, make: MakeError) -> napi::Result<()> {
    let instance = Instance {
        make_error: make,
        logger: None,
        tell: None,
        audits: Vec::new(),
        listeners: Listeners::default(),
    };
    env.set_instance_data(instance, (), |_| ())
}

/// The error of a code, as JavaScript's own class makes it.
pub(crate) fn casier_error(env: &Env, error: &Error, cause: Option<Js>) -> napi::Result<Js> {
    let Some(instance) = Instance::of(env)? else {
        return Err(napi::Error::from_reason(error.to_string()));
    };
    let facts = error.details();
    let details = Details {
        required: facts.required.clone(),
        actual: facts.actual.clone(),
        limit: facts.limit.map(to_f64),
        used: facts.used.map(to_f64),
        retry_after: facts.retry_after.map(|wait| wait.as_secs_f64()),
    };
    let cause = match cause {
        Some(cause) => cause,
        None => Unknown::from_unknown(().into_unknown(env)?)?,
    };
    let make = instance.make_error.borrow_back(env)?;
    make.call((error.code(), error.message().to_owned(), details, cause).into())
}

/// The core's form of an error that JavaScript caught. One that is not of the catalogue is
/// `internal`.
pub(crate) fn caught(value: Unknown<'_>) -> Outcome<Error> {
    let foreign = Error::new(ErrorKind::Internal, "an error that is not Casier's");
    if !is_a(&value, ValueType::Object)? {
        return Ok(foreign);
    }
    let thrown = Object::from_unknown(value)?;
    let member = |name| thrown.get_named_property_unchecked::<Unknown<'_>>(name);
    let code = member("code")?;
    let code = if is_a(&code, ValueType::String)? { text(code, "code")? } else { String::new() };
    let Some(kind) = ErrorKind::from_code(&code) else { return Ok(foreign) };
    let known = ["required", "actual", "limit", "used", "retryAfter"];
    let given = Options::new(member("details")?, &known)?;
    let mut details = casier::Details::default();
    details.required = given.text("required")?;
    details.actual = given.text("actual")?;
    details.limit = given.count("limit")?;
    details.used = given.count("used")?;
    let wait = given.read("retryAfter", number)?;
    details.retry_after = wait.and_then(|wait| Duration::try_from_secs_f64(wait).ok());
    Ok(Error::new(kind, text(member("message")?, "message")?).with_details(details))
}

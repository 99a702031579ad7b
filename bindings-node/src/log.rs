//! The core's log records, handed to a function of JavaScript's at the end of a call.

use napi::Env;
use napi::bindgen_prelude::FunctionRef;
use napi_derive::napi;

use crate::error::Instance;

/// Something that Casier has to say. It never holds a token, a secret or a signed link.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct LogRecord {
    /// How much it matters.
    #[napi(ts_type = "'error' | 'warn' | 'info'")]
    pub level: String,
    /// Where it was said: `casier.token.verifier`.
    pub logger: String,
    /// What was said.
    pub message: String,
}

pub(crate) type Logger = FunctionRef<LogRecord, ()>;

/// Names the function that gets what Casier has to say, for this thread; null throws it away. By
/// default warnings and errors become `process.emitWarning`.
///
/// A record is handed over at the end of the next call. What the function throws is lost.
#[napi(ts_args_type = "logger: ((record: LogRecord) => void) | null")]
pub fn set_logger(env: Env, logger: Option<Logger>) -> napi::Result<()> {
    if let Some(instance) = Instance::of(&env)? {
        instance.logger = logger;
    }
    Ok(())
}

pub(crate) fn forward(env: &Env) {
    for casier::log::LogRecord { level, logger, message, .. } in casier::log::take() {
        let record = LogRecord { level: level.to_ascii_lowercase(), logger, message };
        // A log that fails must not fail the call.
        let _ = hand_over(env, record);
    }
}

fn hand_over(env: &Env, record: LogRecord) -> napi::Result<()> {
    match Instance::of(env)?.and_then(|instance| instance.logger.as_ref()) {
        Some(logger) => logger.borrow_back(env)?.call(record),
        None => Ok(()),
    }
}

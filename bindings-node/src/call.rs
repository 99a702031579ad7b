//! How a method answers: now, or by a promise.

use std::panic::{AssertUnwindSafe, catch_unwind};

use casier::ErrorKind;
use futures_util::FutureExt as _;
use napi::Unknown;
use napi::bindgen_prelude::*;

use crate::convert::Js;
use crate::error::{Failure, Outcome};
use crate::runtime::runtime;
use crate::signal::Signal;
use crate::{audit, log, transfer};

/// What begins a call that waits: the caller's signal, and the work.
pub(crate) type Begun<'env, F> = Outcome<(Option<Signal<'env>>, F)>;

/// Answers at once. A failure is thrown, a panic as `internal`.
pub(crate) fn now<T>(env: &Env, work: impl FnOnce() -> Outcome<T>) -> napi::Result<T> {
    let ended = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Failure::panicked()));
    log::forward(env);
    audit::forward(env);
    transfer::forward(env);
    ended.map_err(|failure| failure.into_napi(env))
}

/// Answers by a promise, whose work runs on the runtime's threads.
pub(crate) fn later<'env, T, V, F>(
    env: &'env Env,
    begin: impl FnOnce() -> Begun<'env, F>,
    give: impl FnOnce(&Env, T) -> napi::Result<V> + Send + 'static,
) -> napi::Result<Js>
where
    T: Send + 'static,
    V: ToNapiValue + 'static,
    F: Future<Output = casier::Result<T>> + Send + 'static,
{
    promised(env, answer(env, begin, give, false))
}

/// Answers by a promise. Work that needs no waiting is done here and now and never sees the
/// runtime's threads, so it must be short: no hashing, no disk.
pub(crate) fn soon<'env, T, V, F>(
    env: &'env Env,
    begin: impl FnOnce() -> Begun<'env, F>,
    give: impl FnOnce(&Env, T) -> napi::Result<V> + Send + 'static,
) -> napi::Result<Js>
where
    T: Send + 'static,
    V: ToNapiValue + 'static,
    F: Future<Output = casier::Result<T>> + Send + 'static,
{
    promised(env, answer(env, begin, give, true))
}

/// Answers at once where nothing has to wait, and throws what refuses it; else by a promise. For work
/// like that of [`soon`] which is so quick that a promise made here would be felt: an `async`
/// function of `entry/` stands before it.
pub(crate) fn at_once_or_later<'env, T, V, F>(
    env: &'env Env,
    begin: impl FnOnce() -> Begun<'env, F>,
    give: impl FnOnce(&Env, T) -> napi::Result<V> + Send + 'static,
) -> napi::Result<Js>
where
    T: Send + 'static,
    V: ToNapiValue + 'static,
    F: Future<Output = casier::Result<T>> + Send + 'static,
{
    match answer(env, begin, give, true)? {
        Answer::Given(value) => Unknown::from_unknown(value.into_unknown(env)?),
        Answer::Promised(promise) => Ok(promise),
    }
}

enum Answer<V> {
    Given(V),
    Promised(Js),
}

fn promised<V: ToNapiValue>(env: &Env, answer: napi::Result<Answer<V>>) -> napi::Result<Js> {
    match answer {
        Ok(Answer::Given(value)) => anchored(PromiseRaw::resolve(env, value)?),
        Ok(Answer::Promised(promise)) => Ok(promise),
        Err(refused) => anchored(PromiseRaw::<()>::reject(env, refused)?),
    }
}

fn answer<'env, T, V, F>(
    env: &'env Env,
    begin: impl FnOnce() -> Begun<'env, F>,
    give: impl FnOnce(&Env, T) -> napi::Result<V> + Send + 'static,
    try_here: bool,
) -> napi::Result<Answer<V>>
where
    T: Send + 'static,
    V: ToNapiValue + 'static,
    F: Future<Output = casier::Result<T>> + Send + 'static,
{
    let (signal, work, runtime) = now(env, || {
        let (signal, work) = begin()?;
        if let Some(signal) = &signal {
            signal.refuse_if_aborted()?;
        }
        Ok((signal, work, runtime()?))
    })?;
    let mut work = Box::pin(AssertUnwindSafe(work).catch_unwind());
    if try_here {
        let _context = runtime.enter();
        if let Some(ended) = (&mut work).now_or_never() {
            return now(env, || Ok(give(env, flat(ended)?)?)).map(Answer::Given);
        }
    }
    let watch = signal.map(|signal| signal.watch(env)).transpose()?;
    let (deferred, promise) = env.create_deferred()?;
    let handle = watch.as_ref().map(|watch| watch.cancellation()).unwrap_or_default();
    runtime.spawn(async move {
        let ended = handle.run(async { Ok(work.await) }).await;
        deferred.resolve(move |env: Env| {
            let reason = watch.map(|watch| watch.end(&env)).transpose()?;
            now(&env, || match (ended.map_err(Failure::from).and_then(flat), reason) {
                (Err(Failure::Refused(error)), Some(reason))
                    if error.kind() == ErrorKind::Cancelled =>
                {
                    Err(Failure::GivenUp(error, reason))
                }
                (ended, _) => Ok(give(&env, ended?)?),
            })
        });
    });
    anchored(promise).map(Answer::Promised)
}

/// What a call came to, a panic included.
fn flat<T>(ended: std::thread::Result<casier::Result<T>>) -> Outcome<T> {
    Ok(ended.map_err(|_panic| Failure::panicked())??)
}

/// A value to be returned from the callback that is running.
fn anchored<'env>(value: impl napi::JsValue<'env>) -> napi::Result<Js> {
    Unknown::from_unknown(value.to_unknown())
}

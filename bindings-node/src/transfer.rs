//! What is told while a transfer runs: how far it has come, and the id of an upload in parts.
//!
//! Core tells it on any thread. Here the latest is kept, JavaScript's thread is woken, and it tells
//! its hooks as soon as it is free; whatever call ends there before does so as well, so that a call
//! never ends before its hooks were told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use casier::storage::{OnBegin, OnProgress};
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::convert::to_f64;
use crate::error::{Instance, Outcome};
use crate::hook::Hook;

/// How much waits to be told, so that calls without any need not look for it.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Wakes one thread of JavaScript. It keeps no process alive, and one call of it is under way at
/// most, which takes all that waits.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true, 1>;

/// What calls `hook` with how far a transfer has come.
pub(crate) fn on_progress(env: &Env, hook: Unknown<'_>) -> Outcome<OnProgress> {
    let teller = Teller::new(env, Hook::new(hook, "onProgress")?)?;
    Ok(OnProgress::new(move |moved, total| teller.tell(News::Moved(moved, total))))
}

/// What calls `hook` with the id of an upload in parts.
pub(crate) fn on_begin(env: &Env, hook: Unknown<'_>) -> Outcome<OnBegin> {
    let teller = Teller::new(env, Hook::new(hook, "onBegin")?)?;
    Ok(OnBegin::new(move |upload_id| teller.tell(News::Begun(upload_id.to_owned()))))
}

/// Tells the hooks of this thread what waits for them.
pub(crate) fn forward(env: &Env) {
    if WAITING.load(Ordering::Relaxed) > 0 {
        // A hook that cannot be told must not fail the call.
        let _ = hand_over(env);
    }
}

fn hand_over(env: &Env) -> napi::Result<()> {
    let Some(instance) = Instance::of(env)? else { return Ok(()) };
    // All is taken before a hook is called, since hooks may call Casier.
    let taken = instance.listeners.take();
    for (hook, news) in taken {
        // That one cannot be told, for want of stack, must not keep the others from theirs.
        let _ = match news {
            News::Moved(moved, total) => {
                hook.tell(env, vec![vec![Some(to_f64(moved)), total.map(to_f64)]])
            }
            News::Begun(upload_id) => hook.tell(env, vec![vec![upload_id]]),
        };
    }
    Ok(())
}

enum News {
    Moved(u64, Option<u64>),
    Begun(String),
}

/// The latest that a hook has not been told.
#[derive(Default)]
struct Latest(Mutex<Option<News>>);

impl Latest {
    fn put(&self, news: News) {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(news).is_none() {
            WAITING.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn take(&self) -> Option<News> {
        let news = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        WAITING.fetch_sub(1, Ordering::Relaxed);
        Some(news)
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// What core tells, on whatever thread.
struct Teller {
    latest: Arc<Latest>,
    wake: Arc<Wake>,
}

impl Teller {
    fn new(env: &Env, hook: Arc<Hook>) -> napi::Result<Self> {
        let Some(instance) = Instance::of(env)? else {
            return Err(napi::Error::from_reason("this thread does not know Casier's hooks"));
        };
        let wake = instance.listeners.wake(env)?;
        Ok(Self { latest: instance.listeners.add(hook), wake })
    }

    fn tell(&self, news: News) {
        self.latest.put(news);
        // It is refused when one is under way already, or when the thread ends.
        self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// The hooks of the transfers that one thread of JavaScript has begun.
#[derive(Default)]
pub(crate) struct Listeners {
    hooks: Vec<(Arc<Hook>, Arc<Latest>)>,
    wake: Option<Arc<Wake>>,
}

impl Listeners {
    fn add(&mut self, hook: Arc<Hook>) -> Arc<Latest> {
        // Of transfers that are over, all is told.
        self.hooks.retain(|(_, latest)| Arc::strong_count(latest) > 1 || !latest.is_empty());
        let latest = Arc::<Latest>::default();
        self.hooks.push((hook, Arc::clone(&latest)));
        latest
    }

    fn take(&self) -> Vec<(Arc<Hook>, News)> {
        let hooks = self.hooks.iter();
        hooks.filter_map(|(hook, latest)| Some((Arc::clone(hook), latest.take()?))).collect()
    }

    fn wake(&mut self, env: &Env) -> napi::Result<Arc<Wake>> {
        if let Some(wake) = &self.wake {
            return Ok(Arc::clone(wake));
        }
        let woken: Function<'_, (), ()> = env.create_function_from_closure("woken", |_| Ok(()))?;
        let wake = woken
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .max_queue_size::<1>()
            .build_callback(|woken| {
                forward(&woken.env);
                Ok(())
            })?;
        Ok(Arc::clone(self.wake.insert(Arc::new(wake))))
    }
}

//! The core's decisions, handed to a function of JavaScript's when the call that they belong to
//! ends.

use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use casier::observe::{self, AuditHook};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::convert::{Js, date};
use crate::error::{Instance, Outcome};
use crate::hook::Hook;

/// The option that names a hook.
pub(crate) const ON_AUDIT: &str = "onAudit";

/// How many events wait to be handed over, so that calls without any need not look for them.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// One decision. It never holds a token, a secret or a signed link; what clients wrote is cut to
/// 256 characters, with control characters and backslashes escaped.
#[napi(object, object_from_js = false, use_nullable = true)]
#[expect(missing_debug_implementations, reason = "holds values of JavaScript's")]
pub struct AuditEvent {
    /// When it was decided.
    #[napi(ts_type = "Date")]
    pub time: Js,
    /// What was asked: `authenticate`, `subscription`, `role`, `feature`, `permission`, `plan`,
    /// `has`, `owner`, `upload`, `link`, `grant`, `key`, `list-user`, `revoke`, `revoke-user`. More may
    /// come.
    pub action: &'static str,
    /// Whether it was allowed.
    pub allowed: bool,
    /// Why not: a code of the catalogue.
    pub code: Option<&'static str>,
    /// The user, once the token is verified; null where the server acts for nobody.
    pub user_id: Option<String>,
    /// The issuer's session (`sid`).
    pub session_id: Option<String>,
    /// The active organization.
    pub organization_id: Option<String>,
    /// Who acts in the user's place (`act`), as JSON text.
    pub actor: Option<String>,
    /// The issuer of the verified token.
    pub issuer: Option<String>,
    /// The id of the key that checked it.
    pub key_id: Option<String>,
    /// What was needed: a tier, a role, a kind of file, a limit.
    pub required: Option<String>,
    /// What the user has instead, when refused.
    pub actual: Option<String>,
    /// What it was about: the route that a token was for, the key of a file, the owner of a record,
    /// the session or the user who was revoked or listed.
    pub target: Option<String>,
    /// The id of the request: the incoming `X-Request-Id` if it is 1 to 64 of `A-Z a-z 0-9 . _ -`;
    /// on Casier's own routes a new one otherwise.
    pub request_id: Option<String>,
    /// The client's address, where it was given.
    pub address: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}

impl AuditEvent {
    fn new(env: &Env, event: observe::AuditEvent) -> napi::Result<Self> {
        Ok(Self {
            time: date(env, event.time)?,
            action: event.action,
            allowed: event.allowed,
            code: event.code,
            user_id: event.user_id,
            session_id: event.session_id,
            organization_id: event.organization_id,
            actor: event.actor,
            issuer: event.issuer,
            key_id: event.key_id,
            required: event.required,
            actual: event.actual,
            target: event.target,
            request_id: event.request_id,
            address: event.address,
            user_agent: event.user_agent,
        })
    }
}

/// A hook, and what it is to be told. The events of a call wait for no longer than it runs, so that
/// there are never more than the calls that run have made.
pub(crate) struct Audit {
    waiting: Arc<Waiting>,
    hook: Arc<Hook>,
}

#[derive(Default)]
struct Waiting(Mutex<Vec<observe::AuditEvent>>);

impl Audit {
    pub(crate) fn new(hook: Unknown<'_>) -> Outcome<Self> {
        Ok(Self { waiting: Arc::default(), hook: Hook::new(hook, ON_AUDIT)? })
    }

    /// What the core is to call, on whatever thread.
    pub(crate) fn hook(&self) -> AuditHook {
        let waiting = self.waiting.clone();
        AuditHook::new(move |event| waiting.push(event.clone()))
    }

    /// From now on, calls of this thread hand over its events when they end.
    pub(crate) fn begin(self, env: &Env) -> Outcome<()> {
        if let Some(instance) = Instance::of(env)? {
            instance.audits.retain(|audit| !audit.is_over());
            instance.audits.push(self);
        }
        Ok(())
    }

    /// Whether no `Casier` is left that could decide anything, and all is told.
    fn is_over(&self) -> bool {
        Arc::strong_count(&self.waiting) == 1 && self.waiting.is_empty()
    }
}

impl Waiting {
    fn push(&self, event: observe::AuditEvent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        WAITING.fetch_add(1, Ordering::Relaxed);
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn take(&self) -> Vec<observe::AuditEvent> {
        let taken = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        WAITING.fetch_sub(taken.len(), Ordering::Relaxed);
        taken
    }
}

/// Hands over what waits for hooks of this thread.
pub(crate) fn forward(env: &Env) {
    if WAITING.load(Ordering::Relaxed) > 0 {
        // An audit that fails must not fail the call.
        let _ = hand_over(env);
    }
}

fn hand_over(env: &Env) -> napi::Result<()> {
    let Some(instance) = Instance::of(env)? else { return Ok(()) };
    // All is taken before a hook is called, since hooks may call Casier.
    let mut taken = Vec::new();
    for audit in &instance.audits {
        let events = audit.waiting.take().into_iter();
        let calls = events.map(|event| Ok(vec![AuditEvent::new(env, event)?]));
        let calls = calls.collect::<napi::Result<Vec<_>>>()?;
        if !calls.is_empty() {
            taken.push((Arc::clone(&audit.hook), calls));
        }
    }
    for (hook, calls) in taken {
        // That one cannot be told, for want of stack, must not keep the others from theirs.
        let _ = observe::untold(|| hook.tell(env, calls));
    }
    Ok(())
}

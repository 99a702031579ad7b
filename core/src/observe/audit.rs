//! The event, and the hook that an application takes it with.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Serialize, Serializer};

thread_local! {
    /// What a hook itself asks of Casier is not told: it would be told of that as well, for ever.
    static IS_TELLING: Cell<bool> = const { Cell::new(false) };
}

/// One decision. It never holds a token, a secret or a signed link; what clients wrote is cut to
/// 256 characters, with control characters and backslashes escaped.
///
/// As JSON, `time` is RFC 3339 in UTC with milliseconds, and absent members are `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEvent {
    /// When it was decided.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// What was asked: `authenticate`, `subscription`, `role`, `feature`, `permission`, `plan`,
    /// `has`, `owner`, `upload`, `link`, `grant`, `key`, `list-user`, `revoke`, `revoke-user`. More may
    /// come.
    pub action: &'static str,
    /// Whether it was allowed.
    pub allowed: bool,
    /// Why not: a code of [`ErrorKind`](crate::ErrorKind).
    pub code: Option<&'static str>,
    /// The user, once the token is verified; none where the server acts for nobody.
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
    /// The client's address, as the framework gave it.
    pub address: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}

/// What an application does with each [`AuditEvent`]. Cheap to clone.
///
/// It is called on the thread that decides, within the call that is decided: it must be quick,
/// must not wait, and not call Casier: what it asks there itself is told to no hook. One that panics
/// is warned of once and called again for the next event; the call that is decided goes on.
#[derive(Clone)]
pub struct AuditHook(Arc<Hook>);

struct Hook<F: ?Sized = dyn Fn(&AuditEvent) + Send + Sync> {
    has_panicked: AtomicBool,
    call: F,
}

impl AuditHook {
    /// A hook that calls this.
    pub fn new(call: impl Fn(&AuditEvent) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Hook { has_panicked: AtomicBool::new(false), call }))
    }

    pub(super) fn call(&self, event: &AuditEvent) {
        if IS_TELLING.get() {
            return;
        }
        let Hook { has_panicked, call } = &*self.0;
        let outcome = catch_unwind(AssertUnwindSafe(|| untold(|| call(event))));
        if outcome.is_err() && !has_panicked.swap(true, Ordering::Relaxed) {
            tracing::warn!("the audit hook panicked; what it panics at is lost to it");
        }
    }
}

/// Does this on the thread that calls; what it asks of Casier meanwhile is told to no hook. For
/// bindings, which hand events over at the end of a call, where the application's code runs.
pub fn untold<T>(act: impl FnOnce() -> T) -> T {
    let _telling = Telling(IS_TELLING.replace(true));
    act()
}

/// Puts back what was before, a panic or not.
struct Telling(bool);

impl Drop for Telling {
    fn drop(&mut self) {
        IS_TELLING.set(self.0);
    }
}

impl fmt::Debug for AuditHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditHook").finish_non_exhaustive()
    }
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let text = i64::try_from(millis)
        .ok()
        .and_then(|millis| DateTime::from_millis(millis).fmt(Format::DateTime).ok());
    serializer.serialize_str(&text.unwrap_or_default())
}

//! The one place that builds events and sends them.

use std::fmt::Display;
use std::time::SystemTime;

use tracing::Level;

use super::audit::{AuditEvent, AuditHook};
use super::context::RequestContext;
use crate::token::{User, VerifiedToken};
use crate::{Details, ErrorKind, Result};

/// The longest text of an event, in characters.
const MAX_TEXT_CHARS: usize = 256;

/// Under which `tracing` gets the events.
macro_rules! audit_target {
    () => {
        "casier::audit"
    };
}

/// Who asks, and on which request, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Who<'a> {
    pub(crate) user: Option<&'a User>,
    pub(crate) token: Option<&'a VerifiedToken>,
    pub(crate) context: Option<&'a RequestContext>,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct What<'a> {
    pub(crate) action: &'static str,
    /// What it is about.
    pub(crate) target: Option<&'a str>,
    /// What it takes, where a refusal does not say.
    pub(crate) required: Option<&'a dyn Display>,
    /// Whether it is told at level INFO even when it is allowed.
    pub(crate) is_privileged: bool,
}

impl<'a> What<'a> {
    /// An action about something, for everybody's use.
    pub(crate) fn about(action: &'static str, target: &'a str) -> Self {
        Self { action, target: Some(target), required: None, is_privileged: false }
    }
}

/// Tells of a decision. Nothing is built where neither the hook nor `tracing` wants it.
pub(crate) fn tell<T>(hook: Option<&AuditHook>, who: Who<'_>, what: What<'_>, outcome: &Result<T>) {
    let is_notable = match outcome {
        Ok(_) => what.is_privileged,
        // Whoever brings no token is refused nothing: they are not signed in.
        Err(error) => error.kind() != ErrorKind::TokenMissing,
    };
    let is_logged = match is_notable {
        true => tracing::enabled!(target: audit_target!(), Level::INFO),
        false => tracing::enabled!(target: audit_target!(), Level::DEBUG),
    };
    if hook.is_none() && !is_logged {
        return;
    }
    let event = event(who, what, outcome);
    if is_logged {
        log(&event, is_notable);
    }
    if let Some(hook) = hook {
        hook.call(&event);
    }
}

/// Whether anybody may want to know of a request that something is decided on.
pub(crate) fn is_followed(hook: Option<&AuditHook>) -> bool {
    hook.is_some() || tracing::enabled!(target: audit_target!(), Level::INFO)
}

fn event<T>(who: Who<'_>, what: What<'_>, outcome: &Result<T>) -> AuditEvent {
    let Who { user, token, context } = who;
    let error = outcome.as_ref().err();
    let details = error.map(|error| error.details().clone()).unwrap_or_default();
    let Details { required, actual, limit, used, .. } = details;
    let issuer = token.and_then(|token| token.claims().get("iss")?.as_str());
    let organization = user.and_then(|user| user.organization.as_ref());
    let actor = user.and_then(|user| user.actor.as_ref()).map(ToString::to_string);
    AuditEvent {
        time: SystemTime::now(),
        action: what.action,
        allowed: error.is_none(),
        code: error.map(|error| error.code()),
        user_id: user.map(|user| shown(&user.user_id)),
        session_id: user.and_then(|user| user.session_id.as_deref()).map(shown),
        organization_id: organization.map(|active| shown(&active.id)),
        actor: actor.as_deref().map(shown),
        issuer: issuer.map(shown),
        key_id: token.and_then(VerifiedToken::key_id).map(shown),
        required: required
            .or_else(|| limit.map(|limit| limit.to_string()))
            .or_else(|| what.required.map(ToString::to_string))
            .as_deref()
            .map(shown),
        actual: actual.or_else(|| used.map(|used| used.to_string())).as_deref().map(shown),
        target: what.target.or(context.and_then(|context| context.route)).map(shown),
        request_id: context.and_then(|context| context.request_id.as_deref()).map(shown),
        address: context.and_then(|context| context.address.as_deref()).map(shown),
        user_agent: context.and_then(|context| context.user_agent.as_deref()).map(shown),
    }
}

/// As much as fits, on one line.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(MAX_TEXT_CHARS));
    for (count, char) in text.chars().enumerate() {
        if count == MAX_TEXT_CHARS {
            shown.push('…');
            break;
        }
        match char {
            '"' | '\'' => shown.push(char),
            _ => shown.extend(char.escape_debug()),
        }
    }
    shown
}

fn log(event: &AuditEvent, is_notable: bool) {
    macro_rules! log_at {
        ($level:expr) => {
            tracing::event!(
                target: audit_target!(),
                $level,
                action = event.action,
                allowed = event.allowed,
                code = event.code,
                user_id = event.user_id.as_deref(),
                session_id = event.session_id.as_deref(),
                organization_id = event.organization_id.as_deref(),
                actor = event.actor.as_deref(),
                issuer = event.issuer.as_deref(),
                key_id = event.key_id.as_deref(),
                required = event.required.as_deref(),
                actual = event.actual.as_deref(),
                target = event.target.as_deref(),
                request_id = event.request_id.as_deref(),
                address = event.address.as_deref(),
                user_agent = event.user_agent.as_deref(),
                "{} is {}",
                event.action,
                if event.allowed { "allowed" } else { "refused" }
            )
        };
    }
    match is_notable {
        true => log_at!(Level::INFO),
        false => log_at!(Level::DEBUG),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::Error;

    /// A text that must not be built.
    struct Untouchable;

    impl Display for Untouchable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("built for nobody")
        }
    }

    #[test]
    fn nothing_is_built_where_nobody_listens() {
        let what = What { required: Some(&Untouchable), ..What::about("role", "x") };
        tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::new(), || {
            tell(None, Who::default(), what, &Ok(()));
            tell::<()>(None, Who::default(), what, &Err(Error::new(ErrorKind::NotOwner, "no")));
        });
    }

    #[test]
    fn a_limit_stands_for_what_was_required() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        let hook =
            AuditHook::new(move |event: &AuditEvent| kept.lock().unwrap().push(event.clone()));
        let refused = Error::new(ErrorKind::FileTooLarge, "no").with_limit(10, 11);
        tell::<()>(Some(&hook), Who::default(), What::about("upload", "k"), &Err(refused));
        let event = told.lock().unwrap().remove(0);
        assert_eq!((event.required.as_deref(), event.actual.as_deref()), (Some("10"), Some("11")));
        assert_eq!((event.code, event.target.as_deref()), (Some("file-too-large"), Some("k")));
    }

    /// It would be told of what it asks, ask again, and so on until the stack is full.
    #[test]
    fn what_a_hook_asks_itself_is_not_told_to_it() {
        let told = Arc::new(Mutex::new(0));
        let count = Arc::clone(&told);
        let again: Arc<Mutex<Option<AuditHook>>> = Arc::default();
        let own = Arc::clone(&again);
        let hook = AuditHook::new(move |_: &AuditEvent| {
            *count.lock().unwrap() += 1;
            let hook = own.lock().unwrap().clone();
            tell(hook.as_ref(), Who::default(), What::about("owner", "x"), &Ok(()));
        });
        *again.lock().unwrap() = Some(hook.clone());
        for times in 1..=2 {
            tell(Some(&hook), Who::default(), What::about("owner", "x"), &Ok(()));
            assert_eq!(*told.lock().unwrap(), times);
        }
        *again.lock().unwrap() = None;
    }

    #[test]
    fn texts_are_short_and_on_one_line() {
        assert_eq!(shown("it's \"é\" 日本"), "it's \"é\" 日本");
        assert_eq!(shown("a\r\n\0\u{202e}\\n\u{2028}"), "a\\r\\n\\0\\u{202e}\\\\n\\u{2028}");
        assert_eq!(shown(&"x".repeat(MAX_TEXT_CHARS)), "x".repeat(MAX_TEXT_CHARS));
        let long = shown(&"x".repeat(MAX_TEXT_CHARS + 1));
        assert_eq!(long, format!("{}…", "x".repeat(MAX_TEXT_CHARS)));
    }
}

//! What Casier decides, told to the application.

use casier::observe::{self, AuditHook};

use crate::convert::Time;

/// Who is told: implemented in Swift, and called on the thread that decides.
#[uniffi::export(callback_interface)]
pub(crate) trait AuditListener: Send + Sync {
    fn decided(&self, event: AuditEvent);
}

pub(crate) fn hook(listener: Box<dyn AuditListener>) -> AuditHook {
    AuditHook::new(move |event| listener.decided(event.clone().into()))
}

#[derive(uniffi::Record)]
pub(crate) struct AuditEvent {
    time: Time,
    action: String,
    allowed: bool,
    code: Option<String>,
    user_id: Option<String>,
    session_id: Option<String>,
    organization_id: Option<String>,
    actor: Option<String>,
    issuer: Option<String>,
    key_id: Option<String>,
    required: Option<String>,
    actual: Option<String>,
    target: Option<String>,
    request_id: Option<String>,
    address: Option<String>,
    user_agent: Option<String>,
}

impl From<observe::AuditEvent> for AuditEvent {
    fn from(event: observe::AuditEvent) -> Self {
        Self {
            time: Time(event.time),
            action: event.action.to_owned(),
            allowed: event.allowed,
            code: event.code.map(str::to_owned),
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
        }
    }
}

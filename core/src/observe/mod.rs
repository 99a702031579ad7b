//! What Casier tells of its decisions: who asked for what, on which request, and whether they may.
//!
//! Every decision is an [`AuditEvent`]. It goes to the hook that the application has set
//! ([`AuditHook`]) and to `tracing`, under the target `casier::audit`.

mod audit;
mod context;
mod trail;

pub use audit::{AuditEvent, AuditHook, untold};
pub(crate) use context::{RequestContext, is_request_id};
pub(crate) use trail::{What, Who, is_followed, tell};

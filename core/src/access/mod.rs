//! What a user may do: tiers, roles, features, and the policy that decides.
//!
//! A [`Policy`] is data, built in or read from a file; [`Policy::decide`] is pure: no clock, no I/O,
//! the same answer in every language.

mod action;
mod content_type;
mod decide;
mod decider;
mod decision;
mod has;
mod kind;
mod media;
mod policy;
mod policy_file;
mod policy_values;
mod requirement;
mod size;
mod tier;

pub use action::{Action, Facts};
pub(crate) use content_type::{content_type_for, essence};
pub(crate) use decider::{Caller, Decider};
pub use decision::{Decision, Terms};
pub use kind::Kind;
pub(crate) use media::OCTET_STREAM;
pub use policy::Policy;
pub use requirement::{Requirement, Reverification, ReverificationLevel};
pub use size::format_size;
pub use tier::Tier;

/// What somebody else wrote, short and on one line.
pub(crate) fn shown(text: &str) -> String {
    text.escape_debug().take(80).collect()
}

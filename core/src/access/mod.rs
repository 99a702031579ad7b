//! What a user may do: tiers, roles, features, and the policy that decides.
//!
//! A [`Policy`] is data, built in or read from a file; [`Policy::decide`] is pure: no clock, no I/O,
//! the same answer in every language.

mod action;
mod content_type;
mod decide;
mod decision;
mod kind;
mod media;
mod policy;
mod policy_file;
mod policy_values;
mod role;
mod size;
mod tier;

pub use action::{Action, Facts};
pub use content_type::{content_type_for, is_dangerous_extension, is_dangerous_type};
pub use decision::{Decision, Terms};
pub use kind::Kind;
pub use policy::Policy;
pub use size::{format_size, parse_size};
pub use tier::Tier;

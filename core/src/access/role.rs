//! Application roles. An organization role is something else and never counts here.

/// The built-in roles, lowest first.
pub(super) const BUILTIN: [&str; 3] = ["user", "manager", "admin"];

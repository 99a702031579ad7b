//! Scopes and the keys inside them. Pure: strings decide, no network and no bucket.

mod extension;
mod filename;
mod forms;
mod key;
mod kind;
mod scope;

pub(crate) use extension::{is_forbidden_extension, last as last_extension};
pub use filename::{MAX_FILENAME_BYTES, clean_filename};
pub(crate) use key::is_in_a_scope;
pub use key::{MAX_KEY_BYTES, ParsedKey};
pub(crate) use kind::of_folder as kind_of_folder;
pub use kind::{MAX_KIND_BYTES, check_kind};
pub(crate) use scope::INCOMING;
pub use scope::{MAX_SCOPE_BYTES, Scope};

//! The routes, as a web framework calls them, over a local stack.

mod answers;
mod bench;
mod bodies;
mod faults;
mod keys;
mod listings;
pub(crate) mod log;
mod parts;
#[cfg(target_os = "linux")]
mod resources;
mod secrecy;
mod sign_in;
mod uploads;

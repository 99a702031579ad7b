//! The addon of the npm package `casier`: converts, calls the core, maps its errors. Behaviour
//! lives in the core.

pub mod access;
pub mod answers;
pub mod audit;
mod call;
pub mod client;
mod convert;
pub mod error;
pub mod file;
mod flow;
pub mod hook;
pub mod http;
pub mod log;
mod options;
pub mod pipe;
mod runtime;
pub mod scope;
pub mod session;
mod signal;
pub mod storage;
pub mod token;
mod transfer;

/// The version of the package.
#[napi_derive::napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[napi_derive::module_init]
fn init() {
    casier::log::collect();
}

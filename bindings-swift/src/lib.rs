//! The library under the Swift package `Casier`: converts, calls the core, maps its errors.
//! Behaviour lives in the core; what Swift users see, and its documentation, in `Sources/Casier`.
//!
//! Every export can fail: a panic in a Swift call that cannot throw ends the program.

mod access;
mod answers;
mod cancel;
mod client;
mod convert;
mod error;
mod file;
mod links;
mod observe;
mod runtime;
mod scope;
mod session;
mod storage;
mod token;
mod transfer;

uniffi::setup_scaffolding!();

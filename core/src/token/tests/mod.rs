//! Tests of the whole room, and the keys that all its tests sign with.

pub(crate) mod keys;

mod headers;
mod providers;
mod signatures;
mod vectors;
mod verifier;

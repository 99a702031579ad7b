//! The library under the Swift package `Casier`: converts, calls the core, maps its errors.
//! Behaviour lives in the core.

uniffi::setup_scaffolding!();

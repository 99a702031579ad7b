//! The programs of `examples/rust`, and the Rust code of the README, which runs as a test.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

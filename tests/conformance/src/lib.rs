//! The shared test vectors: their format, and the generator of those that hold signed tokens.
//!
//! Every language's runner reads the same files; see `README.md` beside this crate.

mod format;
pub mod generate;

pub use format::{Case, Expected, VectorFile, load, vectors_dir};

//! Helps for the tests of this crate, those in `tests/` included.

use std::path::{Path, PathBuf};

/// A folder that is removed with this value.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        let mut name = [0; 8];
        aws_lc_rs::rand::fill(&mut name).unwrap();
        let name = format!("casier-local-{:016x}", u64::from_be_bytes(name));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

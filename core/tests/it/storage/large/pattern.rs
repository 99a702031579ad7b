//! Contents that cannot be packed and of which each MiB says which one it is, so that a part that
//! is lost, repeated or in the wrong place shows.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;

pub(super) const BLOCK: usize = 1024 * 1024;

pub(super) struct Pattern {
    block: Vec<u8>,
}

impl Pattern {
    pub(super) fn new() -> Self {
        let mut block = vec![0; BLOCK];
        aws_lc_rs::rand::fill(&mut block).unwrap();
        Self { block }
    }

    pub(super) fn block(&mut self, number: u64) -> &[u8] {
        self.block[..8].copy_from_slice(&number.to_le_bytes());
        &self.block
    }

    /// Writes a file of so many blocks and a byte.
    pub(super) fn write(&mut self, path: &Path, blocks: u64) {
        let mut file = BufWriter::new(File::create(path).unwrap());
        for number in 0..blocks {
            file.write_all(self.block(number)).unwrap();
        }
        file.write_all(b"!").unwrap();
        file.flush().unwrap();
    }

    /// Whether a file is what [`write`](Self::write) wrote.
    pub(super) fn assert_file(&mut self, path: &Path, blocks: u64) {
        let mut file = File::open(path).unwrap();
        let mut found = vec![0; BLOCK];
        for number in 0..blocks {
            file.read_exact(&mut found).unwrap();
            assert!(found == self.block(number), "block {number}");
        }
        found.clear();
        file.read_to_end(&mut found).unwrap();
        assert_eq!(found, b"!");
    }
}

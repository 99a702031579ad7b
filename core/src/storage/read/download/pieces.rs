//! The pieces of a file on their way to disk, several at once when it is large.
//!
//! The first request asks for the whole file, because only its answer tells the checksum of the
//! whole, and because a small file is then already there. A large file is read from that answer
//! piece by piece from the front, while further requests fetch pieces from the back; where they
//! meet, the first answer is given up.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{try_join, try_join_all};

use super::partial::{Partial, Writer};
use crate::Result;
use crate::storage::read::checksum::Checksum;
use crate::storage::read::moved::Moved;
use crate::storage::read::transfer::{Source, Transfer};

/// From this size on, several pieces are on their way at once.
const SEVERAL_FROM: u64 = 16 * 1024 * 1024;

const PIECE: u64 = 8 * 1024 * 1024;

/// A file has no more pieces than this; those of a very large one are larger.
const MAX_PIECES: u64 = 10_000;

const AT_ONCE: u64 = 4;

pub(super) struct Pieces<'a> {
    partial: &'a Partial,
    moved: &'a Moved,
    /// Of no byte yet.
    checksum: Checksum,
    size: u64,
    piece: u64,
    /// The pieces that nobody fetches yet, by their number.
    left: Mutex<Range<u64>>,
    /// The checksums of those that are there.
    done: Mutex<BTreeMap<u64, Checksum>>,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(
        partial: &'a Partial,
        size: u64,
        checksum: Checksum,
        gives_ranges: bool,
        moved: &'a Moved,
    ) -> Self {
        let several = size >= SEVERAL_FROM && gives_ranges && checksum.is_combinable();
        let piece = if several { PIECE.max(size.div_ceil(MAX_PIECES)) } else { size.max(1) };
        Self {
            partial,
            moved,
            checksum,
            size,
            piece,
            left: Mutex::new(0..size.div_ceil(piece).max(1)),
            done: Mutex::default(),
        }
    }

    /// Writes them all, and gives the checksum of the whole.
    pub(super) async fn bring(self, first: Transfer) -> Result<Checksum> {
        let source = Arc::clone(first.source());
        let others = lock(&self.left).end.min(AT_ONCE) - 1;
        let others = try_join_all((0..others).map(|_| self.backwards(&source)));
        try_join(self.forwards(first), others).await?;
        let mut done = self.done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values();
        let first = done.next().unwrap_or(self.checksum);
        Ok(done.fold(first, Checksum::followed_by))
    }

    async fn forwards(&self, mut transfer: Transfer) -> Result<()> {
        let mut writer = self.partial.writer().await?;
        while let Some(piece) = self.take(Range::next) {
            transfer.extend_to(self.bytes_of(piece).end);
            self.write(piece, &mut transfer, &mut writer).await?;
        }
        Ok(())
    }

    async fn backwards(&self, source: &Arc<Source>) -> Result<()> {
        let mut writer = self.partial.writer().await?;
        while let Some(piece) = self.take(Range::next_back) {
            let mut transfer = Transfer::new(Arc::clone(source), self.bytes_of(piece));
            self.write(piece, &mut transfer, &mut writer).await?;
        }
        Ok(())
    }

    async fn write(&self, piece: u64, from: &mut Transfer, to: &mut Writer) -> Result<()> {
        let mut checksum = self.checksum.clone();
        to.go_to(self.bytes_of(piece).start);
        while let Some(bytes) = from.next().await? {
            checksum.update(&bytes);
            self.wrote(to.write(bytes).await?);
        }
        self.wrote(to.flush().await?);
        lock(&self.done).insert(piece, checksum);
        Ok(())
    }

    fn wrote(&self, bytes: usize) {
        if bytes > 0 {
            self.moved.add(bytes);
        }
    }

    fn take(&self, end: impl FnOnce(&mut Range<u64>) -> Option<u64>) -> Option<u64> {
        end(&mut lock(&self.left))
    }

    fn bytes_of(&self, piece: u64) -> Range<u64> {
        let start = piece * self.piece;
        start..(start + self.piece).min(self.size)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

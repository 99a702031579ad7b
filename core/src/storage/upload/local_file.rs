//! A file on disk that is being uploaded.

use std::fs::File;
use std::future::Future as _;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use super::buffers::Buffers;
use super::checksum::{Hasher, Sums};
use super::meter::PieceMeter;
use crate::storage::content::sniff::HEAD_BYTES;
use crate::storage::disk::io_failed;
use crate::{Error, ErrorKind, Result};

/// How much of a part that is too large for memory is in memory at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// A file that is being uploaded. It is opened once and read from one handle, so that what was
/// checked is what is sent; reads name their offset, so that parts can be read in any order and
/// again.
#[derive(Clone, Debug)]
pub(super) struct UploadFile {
    file: Arc<File>,
    size: u64,
    modified: Option<SystemTime>,
    changed: Arc<AtomicBool>,
    buffers: Buffers,
}

impl UploadFile {
    /// Opens a regular file. Blocks.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |error| io_failed("the file to upload cannot be opened", error);
        // Opening a pipe would wait for whoever writes to it.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(Error::new(
                ErrorKind::IoFailed,
                "what is to be uploaded is not a regular file",
            ));
        }
        let file = File::open(path).map_err(failed)?;
        let facts = file.metadata().map_err(failed)?;
        Ok(Self {
            file: Arc::new(file),
            size: facts.len(),
            modified: facts.modified().ok(),
            changed: Arc::new(AtomicBool::new(false)),
            buffers: Buffers::default(),
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The first bytes. Blocks.
    pub(super) fn head(&self) -> Result<Bytes> {
        self.read(0..self.size.min(HEAD_BYTES as u64), &AtomicBool::new(false), |_| ())
    }

    /// The bytes of a range and their checksums. Blocks, and stops early once `stop` is set.
    pub(super) fn load(&self, range: Range<u64>, stop: &AtomicBool) -> Result<(Bytes, Sums)> {
        let mut hasher = Hasher::new();
        let bytes = self.read(range, stop, |piece| hasher.update(piece))?;
        self.check_unchanged()?;
        Ok((bytes, hasher.finish()))
    }

    /// The checksums of a range that is not kept in memory. Blocks, and stops early once `stop` is
    /// set.
    pub(super) fn sums(&self, range: Range<u64>, stop: &AtomicBool) -> Result<Sums> {
        let mut hasher = Hasher::new();
        self.scan(range, stop, |piece| hasher.update(piece))?;
        Ok(hasher.finish())
    }

    /// Shows a range piece by piece. Blocks, and stops early once `stop` is set.
    pub(super) fn scan(
        &self,
        range: Range<u64>,
        stop: &AtomicBool,
        mut seen: impl FnMut(&[u8]),
    ) -> Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        let mut offset = range.start;
        while offset < range.end {
            go_on(stop)?;
            let piece = &mut piece[..length(offset..range.end).min(PIECE_BYTES)];
            self.read_exactly(piece, offset).map_err(|error| self.read_failed(error))?;
            seen(piece);
            offset += piece.len() as u64;
        }
        self.check_unchanged()
    }

    /// Refuses a file that is not as it was when it was opened.
    fn check_unchanged(&self) -> Result<()> {
        if self.is_unchanged() { Ok(()) } else { Err(changed()) }
    }

    /// Why a body broke off, if the file was the reason.
    pub(super) fn failure(&self) -> Option<Error> {
        self.changed.load(Ordering::Relaxed).then(changed)
    }

    fn is_unchanged(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|facts| facts.len() == self.size && facts.modified().ok() == self.modified)
    }

    /// Reads a range into memory, and shows each piece of it while it is in the cache.
    fn read(
        &self,
        range: Range<u64>,
        stop: &AtomicBool,
        mut seen: impl FnMut(&[u8]),
    ) -> Result<Bytes> {
        let mut buffer = self.buffers.take(length(range.clone()));
        let mut offset = range.start;
        for piece in buffer.bytes.chunks_mut(PIECE_BYTES) {
            go_on(stop)?;
            self.read_exactly(piece, offset).map_err(|error| self.read_failed(error))?;
            seen(piece);
            offset += piece.len() as u64;
        }
        Ok(buffer.into())
    }

    fn read_exactly(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            match read_at(&self.file, buffer, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer = &mut buffer[count..];
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read_failed(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => changed(),
            _ => io_failed("the file to upload cannot be read", error),
        }
    }
}

fn changed() -> Error {
    Error::new(ErrorKind::IoFailed, "the file changed while it was being uploaded")
}

fn go_on(stop: &AtomicBool) -> Result<()> {
    if stop.load(Ordering::Relaxed) {
        return Err(Error::new(ErrorKind::Cancelled, "the upload was given up"));
    }
    Ok(())
}

fn length(range: Range<u64>) -> usize {
    usize::try_from(range.end - range.start).unwrap_or(usize::MAX)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// A range of a file as a body, read while it is sent.
pub(super) struct FileBody {
    file: UploadFile,
    range: Range<u64>,
    offset: u64,
    meter: PieceMeter,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FileBody {
    pub(super) fn new(file: UploadFile, range: Range<u64>, meter: PieceMeter) -> Self {
        Self { file, offset: range.start, range, meter, reading: None }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let body = &mut *self;
        if body.offset >= body.range.end {
            return Poll::Ready(None);
        }
        let reading = body.reading.get_or_insert_with(|| {
            body.meter.reached(body.offset - body.range.start);
            let (file, left) = (body.file.clone(), body.offset..body.range.end);
            tokio::task::spawn_blocking(move || read_piece(&file, left))
        });
        let piece = ready!(Pin::new(reading).poll(context));
        body.reading = None;
        match piece.map_err(io::Error::other).flatten() {
            Ok(piece) => {
                body.offset += piece.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(error) => {
                body.file.changed.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.offset >= self.range.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.range.end - self.offset)
    }
}

/// Reads the first piece of what is left. The last one is given only if the file is still as it
/// was, so that a store never gets the whole of a part that changed underneath.
fn read_piece(file: &UploadFile, left: Range<u64>) -> io::Result<Bytes> {
    let mut piece = vec![0; length(left.clone()).min(PIECE_BYTES)];
    file.read_exactly(&mut piece, left.start)?;
    if left.start + piece.len() as u64 == left.end && !file.is_unchanged() {
        return Err(io::Error::other("the file changed"));
    }
    Ok(piece.into())
}

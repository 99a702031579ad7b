//! The body of an upload from disk: read in pieces, so that memory stays bounded whatever the size.

use std::fs::File;
use std::future::Future as _;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use aws_lc_rs::digest::{Context as Digest, SHA256};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::storage::content::sniff::HEAD_BYTES;
use crate::storage::disk::io_failed;
use crate::{Error, ErrorKind, Result};

/// How much of the file is in memory at a time, beside what the connection holds.
const PIECE_BYTES: usize = 256 * 1024;

/// A file that is being uploaded. It is opened once and read from one handle, so that what was
/// checked is what is sent; reads name their offset, so that a retry starts from the beginning.
#[derive(Clone, Debug)]
pub(in crate::storage) struct UploadFile {
    file: Arc<File>,
    size: u64,
    modified: Option<SystemTime>,
    changed: Arc<AtomicBool>,
}

impl UploadFile {
    /// Opens a regular file. Blocks.
    pub(in crate::storage) fn open(path: &Path) -> Result<Self> {
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
        })
    }

    pub(in crate::storage) fn size(&self) -> u64 {
        self.size
    }

    /// The first bytes. Blocks.
    pub(in crate::storage) fn head(&self) -> Result<Vec<u8>> {
        let wanted = usize::try_from(self.size).unwrap_or(usize::MAX).min(HEAD_BYTES);
        let mut head = vec![0; wanted];
        self.read_exactly(&mut head, 0).map_err(|error| self.read_failed(error))?;
        Ok(head)
    }

    /// The SHA-256 of the whole file. Blocks, and stops early once `stop` is set.
    pub(in crate::storage) fn sha256(&self, stop: &AtomicBool) -> Result<Vec<u8>> {
        let mut digest = Digest::new(&SHA256);
        let mut piece = vec![0; PIECE_BYTES];
        let mut offset = 0;
        while offset < self.size {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Cancelled, "the upload was given up"));
            }
            let piece = &mut piece[..self.piece_at(offset)];
            self.read_exactly(piece, offset).map_err(|error| self.read_failed(error))?;
            digest.update(piece);
            offset += piece.len() as u64;
        }
        Ok(digest.finish().as_ref().to_vec())
    }

    /// A body that the SDK can send again when an attempt fails.
    pub(in crate::storage) fn body(&self) -> ByteStream {
        let file = self.clone();
        ByteStream::new(SdkBody::retryable(move || {
            SdkBody::from_body_1_x(FileBody { file: file.clone(), offset: 0, reading: None })
        }))
    }

    /// Why the body broke off, if the file was the reason.
    pub(in crate::storage) fn failure(&self) -> Option<Error> {
        self.changed.load(Ordering::Relaxed).then(changed)
    }

    fn piece_at(&self, offset: u64) -> usize {
        usize::try_from(self.size - offset).unwrap_or(usize::MAX).min(PIECE_BYTES)
    }

    /// Reads the piece at `offset`. The last one is given only if the file is still as it was, so
    /// that a store never gets the whole of a file that changed underneath.
    fn read_piece(&self, offset: u64) -> io::Result<Bytes> {
        if self.changed.load(Ordering::Relaxed) {
            return Err(io::Error::other("the file changed"));
        }
        let mut piece = vec![0; self.piece_at(offset)];
        self.read_exactly(&mut piece, offset)?;
        if offset + piece.len() as u64 == self.size {
            let facts = self.file.metadata()?;
            if facts.len() != self.size || facts.modified().ok() != self.modified {
                return Err(io::Error::other("the file changed"));
            }
        }
        Ok(Bytes::from(piece))
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

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

struct FileBody {
    file: UploadFile,
    offset: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.offset >= self.file.size {
            return Poll::Ready(None);
        }
        let body = &mut *self;
        let reading = body.reading.get_or_insert_with(|| {
            let (file, offset) = (body.file.clone(), body.offset);
            tokio::task::spawn_blocking(move || file.read_piece(offset))
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
        self.offset >= self.file.size
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.file.size - self.offset)
    }
}

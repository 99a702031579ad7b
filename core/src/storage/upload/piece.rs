//! What one request sends: a part, or a small file as a whole.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use md5::{Digest as _, Md5};

use super::checksum::{Sums, hexadecimal};
use super::local_file::{FileBody, UploadFile};
use super::meter::PieceMeter;
use super::plan::MULTIPART_FROM;
use crate::Result;
use crate::storage::disk::blocking;

/// Fewer bytes are hashed sooner than another thread would begin to.
const HASHED_AT_ONCE: usize = 32 * 1024;

/// What the connection is given at a time; progress is told in such steps.
const FRAME_BYTES: usize = 256 * 1024;

/// The largest piece of a file that is read into memory; of a larger one it is never the whole.
const BUFFERED_BYTES: u64 = MULTIPART_FROM;

/// Bytes that are to be sent.
#[derive(Clone, Debug)]
pub(super) enum Contents {
    Memory(Bytes),
    Disk(UploadFile, Range<u64>),
}

/// Bytes and what is known of them.
#[derive(Debug)]
pub(super) struct Piece {
    contents: Contents,
    pub(super) sums: Sums,
}

impl Piece {
    /// Takes the checksums, away from the runtime's own threads, and reads from disk what fits
    /// memory.
    ///
    /// # Errors
    /// `io-failed` when the file cannot be read or has become shorter.
    pub(super) async fn new(contents: Contents) -> Result<Self> {
        match contents {
            Contents::Memory(bytes) if bytes.len() <= HASHED_AT_ONCE => {
                let sums = Sums::of(&bytes);
                Ok(Self { contents: Contents::Memory(bytes), sums })
            }
            Contents::Memory(bytes) => {
                blocking(move |_| {
                    let sums = Sums::of(&bytes);
                    Ok(Self { contents: Contents::Memory(bytes), sums })
                })
                .await
            }
            Contents::Disk(file, range) if range.end - range.start <= BUFFERED_BYTES => {
                blocking(move |stop| {
                    let (bytes, sums) = file.load(range, stop)?;
                    Ok(Self { contents: Contents::Memory(bytes), sums })
                })
                .await
            }
            Contents::Disk(file, range) => {
                blocking(move |stop| {
                    let sums = file.sums(range.clone(), stop)?;
                    Ok(Self { contents: Contents::Disk(file, range), sums })
                })
                .await
            }
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.sums.crc.bytes()
    }

    /// The MD5, in hexadecimal: what most stores give a part as its tag.
    ///
    /// # Errors
    /// `io-failed` when the file cannot be read or has become shorter.
    pub(super) async fn md5(&self) -> Result<String> {
        let contents = self.contents.clone();
        blocking(move |stop| {
            let mut md5 = Md5::new();
            match contents {
                Contents::Memory(bytes) => md5.update(&bytes),
                Contents::Disk(file, range) => file.scan(range, stop, |piece| md5.update(piece))?,
            }
            Ok(hexadecimal(&md5.finalize()))
        })
        .await
    }

    /// A body that can be sent again when an attempt fails.
    pub(super) fn body(&self, meter: &PieceMeter) -> ByteStream {
        let meter = meter.clone();
        match self.contents.clone() {
            Contents::Memory(bytes) if bytes.len() <= FRAME_BYTES => bytes.into(),
            Contents::Memory(bytes) => ByteStream::new(SdkBody::retryable(move || {
                let (rest, meter) = (bytes.clone(), meter.clone());
                SdkBody::from_body_1_x(MemoryBody { rest, sent: 0, meter })
            })),
            Contents::Disk(file, range) => ByteStream::new(SdkBody::retryable(move || {
                let body = FileBody::new(file.clone(), range.clone(), meter.clone());
                SdkBody::from_body_1_x(body)
            })),
        }
    }
}

/// Bytes in memory, given in frames that share it.
struct MemoryBody {
    rest: Bytes,
    sent: u64,
    meter: PieceMeter,
}

impl Body for MemoryBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        // Who asks for more has passed on what it was given before.
        self.meter.reached(self.sent);
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(FRAME_BYTES);
        let frame = self.rest.split_to(length);
        self.sent += frame.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

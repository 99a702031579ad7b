//! What can be uploaded: bytes, files, streams and readers.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::Stream;
use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::plan::too_large;
use crate::storage::disk::io_failed;
use crate::{Error, ErrorKind, Result};

/// How much is read from a reader at a time where the whole is not known.
const READ_AHEAD_BYTES: usize = 64 * 1024;

/// What an upload sends.
///
/// Bytes (also text) come by `From`; files, streams and readers by the constructors.
pub struct UploadContents(pub(super) Given);

pub(super) enum Given {
    Bytes(Bytes),
    File(PathBuf),
    Inflow(Inflow),
}

impl UploadContents {
    /// A file on disk. It must not change until it is uploaded.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Given::File(path.into()))
    }

    /// The bytes of a stream, of which there are `size` where that is known. A stream of another
    /// length than it declares is refused, and one that gives an error is `io-failed`; nothing is
    /// stored then.
    pub fn stream(
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        size: Option<u64>,
    ) -> Self {
        Self(Given::Inflow(Inflow::new(Origin::Stream(Box::pin(stream)), size)))
    }

    /// The bytes of a reader up to its end, of which there are `size` where that is known; else as
    /// [`stream`](Self::stream).
    pub fn reader(reader: impl AsyncRead + Send + 'static, size: Option<u64>) -> Self {
        Self(Given::Inflow(Inflow::new(Origin::Reader(Box::pin(reader)), size)))
    }
}

impl fmt::Debug for UploadContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Given::Bytes(bytes) => write!(f, "UploadContents({} bytes)", bytes.len()),
            Given::File(path) => write!(f, "UploadContents({path:?})"),
            Given::Inflow(inflow) => match inflow.declared {
                Some(size) => write!(f, "UploadContents(a stream of {size} bytes)"),
                None => f.write_str("UploadContents(a stream)"),
            },
        }
    }
}

impl From<Bytes> for UploadContents {
    fn from(bytes: Bytes) -> Self {
        Self(Given::Bytes(bytes))
    }
}

impl From<Vec<u8>> for UploadContents {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for UploadContents {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static [u8]> for UploadContents {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<&'static str> for UploadContents {
    fn from(text: &'static str) -> Self {
        text.as_bytes().into()
    }
}

/// Bytes that come in from a stream or a reader, counted.
pub(super) struct Inflow {
    origin: Origin,
    /// What has come and not been taken.
    ahead: Bytes,
    come: u64,
    ended: bool,
    /// The length that was promised.
    pub(super) declared: Option<u64>,
    /// More than this is refused.
    pub(super) most: u64,
}

enum Origin {
    Stream(Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>),
    Reader(Pin<Box<dyn AsyncRead + Send>>),
}

impl Inflow {
    fn new(origin: Origin, declared: Option<u64>) -> Self {
        Self { origin, ahead: Bytes::new(), come: 0, ended: false, declared, most: u64::MAX }
    }

    /// Fills `buffer` up to `wanted` bytes, or with what there is. Given up midway, it goes on from
    /// there the next time.
    ///
    /// # Errors
    /// `io-failed` when the stream gives an error; `file-too-large` beyond the most;
    /// `invalid-request` and `upload-incomplete` when it has more or fewer bytes than declared.
    pub(super) async fn fill(&mut self, buffer: &mut BytesMut, wanted: usize) -> Result<()> {
        while buffer.len() < wanted {
            let room = wanted - buffer.len();
            match &mut self.origin {
                // What is read from a reader goes where it is wanted.
                Origin::Reader(reader) if self.ahead.is_empty() && !self.ended => {
                    if buffer.capacity() == buffer.len() {
                        buffer.reserve(READ_AHEAD_BYTES);
                    }
                    let read = reader.read_buf(&mut (&mut *buffer).limit(room)).await;
                    self.count(read.map_err(failed)?)?;
                }
                _ => {
                    if self.at_end().await? {
                        return Ok(());
                    }
                    buffer.extend_from_slice(&self.ahead.split_to(self.ahead.len().min(room)));
                }
            }
        }
        Ok(())
    }

    /// Whether all bytes have been taken. Waits for the next ones to know it.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    pub(super) async fn at_end(&mut self) -> Result<bool> {
        while self.ahead.is_empty() && !self.ended {
            let next = match &mut self.origin {
                Origin::Stream(stream) => stream.next().await,
                Origin::Reader(reader) => {
                    let mut piece = BytesMut::with_capacity(READ_AHEAD_BYTES);
                    let read = reader.read_buf(&mut piece).await;
                    read.map(|read| (read > 0).then(|| piece.freeze())).transpose()
                }
            };
            match next.transpose().map_err(failed)? {
                Some(piece) if piece.is_empty() => {}
                Some(piece) => {
                    self.count(piece.len())?;
                    self.ahead = piece;
                }
                None => self.count(0)?,
            }
        }
        Ok(self.ahead.is_empty())
    }

    /// Bytes have come; none is the end.
    fn count(&mut self, bytes: usize) -> Result<()> {
        self.come += u64::try_from(bytes).unwrap_or(u64::MAX);
        self.ended = bytes == 0;
        if self.come > self.most {
            return Err(too_large(self.most, self.come));
        }
        match self.declared {
            Some(declared) if self.come > declared => Err(Error::new(
                ErrorKind::InvalidRequest,
                format!("the stream has more than the {declared} bytes that it declares"),
            )),
            Some(declared) if self.ended && self.come < declared => Err(Error::new(
                ErrorKind::UploadIncomplete,
                format!("the stream ended after {} of {declared} bytes", self.come),
            )),
            _ => Ok(()),
        }
    }
}

fn failed(error: io::Error) -> Error {
    io_failed("what is to be uploaded cannot be read", error)
}

//! Reading: into memory, as a stream, to disk.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use casier::storage::{self, ByteRange, DownloadOptions, ReadOptions};
use napi::JsValue as _;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::{DEADLINE, PROGRESS, RANGE, SIGNAL, UserStorage};
use crate::call::{later, soon};
use crate::convert::{Js, must_be, path, text, to_f64};
use crate::error::Outcome;
use crate::file::StoredFile;
use crate::flow::Flow;
use crate::options::Options;
use crate::transfer::on_progress;

#[napi]
impl UserStorage {
    /// Reads a file, or a part of it, into memory.
    ///
    /// @param key The full key of the file.
    /// @throws {CasierError} `file-not-found`; `file-too-large` above the limit; `range-invalid` when
    /// the range holds none of its bytes; `precondition-failed`; `file-archived` when it must be
    /// restored from its archive first.
    #[napi(ts_args_type = "key: string, options?: ReadOptions", ts_return_type = "Promise<Buffer>")]
    pub fn read(&self, env: Env, key: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &[&DOWNLOAD[..], &[RANGE, "limit"]].concat())?;
            let (key, mut options) = (text(key, "key")?, read_options(&env, &given)?);
            options.limit = given.bytes("limit")?.unwrap_or(options.limit);
            Ok((given.signal()?, async move { files.read(&key, options).await }))
        };
        later(&env, begin, |_, bytes| Ok(buffer(bytes)))
    }

    /// Reads a file, or a part of it, as a stream of any size:
    ///
    /// ```js
    /// for await (const piece of await files.stream(key)) send(piece)
    /// ```
    ///
    /// An answer that breaks off is taken up where it ended, as long as the file is the same.
    ///
    /// @param key The full key of the file.
    /// @throws {CasierError} At once what `read` throws, save for the size; while it is read,
    /// `conflict` when the file is replaced, and `checksum-mismatch`.
    #[napi(
        ts_args_type = "key: string, options?: StreamOptions",
        ts_return_type = "Promise<FileStream>"
    )]
    pub fn stream(&self, env: Env, key: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &[&DOWNLOAD[..], &[RANGE]].concat())?;
            let (key, options) = (text(key, "key")?, read_options(&env, &given)?);
            Ok((given.signal()?, async move { files.stream(&key, options).await }))
        };
        later(&env, begin, |_, stream| Ok(FileStream::new(stream)))
    }

    /// Downloads a file to a path, which appears whole or not at all. A file that is there is
    /// replaced. Large files come in several ranges at a time.
    ///
    /// @param key The full key of the file.
    /// @param path Where to write it.
    /// @throws {CasierError} `file-not-found`; `precondition-failed`; `conflict` when it is replaced
    /// meanwhile; `file-archived` when it must be restored from its archive first; `io-failed` when
    /// the folder is missing or cannot be written to.
    #[napi(
        ts_args_type = "key: string, path: string, options?: DownloadOptions",
        ts_return_type = "Promise<StoredFile>"
    )]
    pub fn download(
        &self,
        env: Env,
        key: Unknown<'_>,
        path: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let (key, path) = (text(key, "key")?, self::path(path, "path")?);
            let given = Options::new(options, &DOWNLOAD)?;
            let options = download_options(&env, &given)?;
            Ok((given.signal()?, async move { files.download(&key, path, options).await }))
        };
        later(&env, begin, StoredFile::new)
    }
}

/// The bytes of a file as they come: an async iterable. Nothing is read ahead of who takes them, save
/// what the connection holds; leaving a loop over it ends the transfer. `Readable.from(stream)` and
/// `ReadableStream.from(stream)` make the streams of Node and of the web of it.
#[napi]
pub struct FileStream {
    file: storage::StoredFile,
    range: Range<u64>,
    pieces: Flow<Bytes>,
}

impl FileStream {
    fn new(stream: storage::FileStream) -> Self {
        Self { file: stream.file().clone(), range: stream.range(), pieces: Flow::new(stream) }
    }
}

#[napi]
impl FileStream {
    /// The file, with the size of the whole.
    #[napi(getter)]
    pub fn file(&self, env: Env) -> napi::Result<StoredFile> {
        StoredFile::new(&env, self.file.clone())
    }

    /// Which of its bytes the stream gives: `end` is the one behind the last.
    #[napi(getter, ts_return_type = "{ start: number; end: number }")]
    pub fn range(&self, env: Env) -> napi::Result<Js> {
        let mut range = Object::new(&env)?;
        range.set("start", to_f64(self.range.start))?;
        range.set("end", to_f64(self.range.end))?;
        Unknown::from_unknown(range.to_unknown())
    }

    /// The next piece.
    #[napi(ts_args_type = "", ts_return_type = "Promise<IteratorResult<Buffer, undefined>>")]
    pub fn next(&self, env: Env, options: Unknown<'_>) -> napi::Result<Js> {
        let begin = || Ok((Options::signal_of(options)?, self.pieces.next()));
        later(&env, begin, |env, piece| iterator_result(env, piece.map(buffer)))
    }

    /// Ends the transfer. What has not been taken is not read.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close(&self, env: Env) -> napi::Result<Js> {
        soon(&env, || Ok((None, self.pieces.close())), |_, ()| Ok(()))
    }
}

impl fmt::Debug for FileStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStream").field("file", &self.file).finish_non_exhaustive()
    }
}

/// What `next` of an iterator answers.
pub(super) fn iterator_result(env: &Env, value: Option<impl ToNapiValue>) -> napi::Result<Js> {
    let mut result = Object::new(env)?;
    result.set("done", value.is_none())?;
    match value {
        Some(value) => result.set("value", value)?,
        None => result.set("value", ())?,
    }
    Unknown::from_unknown(result.to_unknown())
}

fn buffer(bytes: Bytes) -> Buffer {
    Buffer::from(Vec::from(bytes))
}

/// What every way to read may be told.
const DOWNLOAD: [&str; 7] =
    ["ifMatch", "ifNoneMatch", "ifModifiedSince", "ifUnmodifiedSince", PROGRESS, DEADLINE, SIGNAL];

fn download_options(env: &Env, given: &Options<'_>) -> Outcome<DownloadOptions> {
    let mut options = DownloadOptions::default();
    options.if_match = given.text("ifMatch")?;
    options.if_none_match = given.text("ifNoneMatch")?;
    options.if_modified_since = given.time("ifModifiedSince")?;
    options.if_unmodified_since = given.time("ifUnmodifiedSince")?;
    options.on_progress = given.read(PROGRESS, |hook, _| on_progress(env, hook))?;
    options.deadline = given.seconds(DEADLINE)?;
    Ok(options)
}

fn read_options(env: &Env, given: &Options<'_>) -> Outcome<ReadOptions> {
    let mut options = ReadOptions::from(download_options(env, given)?);
    options.range = given.read(RANGE, byte_range)?;
    Ok(options)
}

/// `{ start, length? }` or `{ last }`.
fn byte_range(value: Unknown<'_>, what: &str) -> Outcome<ByteRange> {
    let given = Options::new(value, &["start", "length", "last"])?;
    let (start, length) = (given.bytes("start")?, given.bytes("length")?);
    match (start, length, given.bytes("last")?) {
        (Some(start), length, None) => Ok(ByteRange::new(start, length)),
        (None, None, Some(last)) => Ok(ByteRange::last(last)),
        _ => must_be(what, "{ start, length? } or { last }"),
    }
}

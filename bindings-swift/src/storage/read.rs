//! Reading: into memory, as a stream, to disk.

use std::sync::Arc;

use casier::storage;
use tokio::sync::Mutex;

use super::UserStorage;
use crate::cancel::Cancellation;
use crate::convert::{Contents, FileUrl, Time};
use crate::error::Result;
use crate::file::StoredFile;
use crate::transfer::{ProgressListener, deadline, on_progress};

#[uniffi::export]
impl UserStorage {
    async fn read(
        &self,
        key: String,
        limit: Option<u64>,
        range: Option<ByteRange>,
        options: ReadOptions,
        progress: Option<Box<dyn ProgressListener>>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<Contents>> {
        let mut options = options.of_read(range, progress);
        options.limit = limit.unwrap_or(storage::MAX_READ_BYTES);
        let files = self.0.clone();
        let bytes = cancellation.run(async move { files.read(&key, options).await }).await?;
        Ok(Arc::new(bytes.into()))
    }

    async fn stream(
        &self,
        key: String,
        range: Option<ByteRange>,
        options: ReadOptions,
        cancellation: Arc<Cancellation>,
    ) -> Result<Arc<FileStream>> {
        let options = options.of_read(range, None);
        let files = self.0.clone();
        let stream = cancellation.run(async move { files.stream(&key, options).await }).await?;
        Ok(Arc::new(FileStream {
            file: stream.file().clone(),
            range: stream.range(),
            stream: Arc::new(Mutex::new(stream)),
        }))
    }

    async fn download(
        &self,
        key: String,
        file: FileUrl,
        options: ReadOptions,
        progress: Option<Box<dyn ProgressListener>>,
        cancellation: Arc<Cancellation>,
    ) -> Result<StoredFile> {
        let options = options.of_download(progress);
        let files = self.0.clone();
        let call = async move { files.download(&key, file.0, options).await };
        Ok(cancellation.run(call).await?.into())
    }
}

/// A file as it comes.
#[derive(uniffi::Object)]
pub(crate) struct FileStream {
    file: storage::StoredFile,
    range: std::ops::Range<u64>,
    stream: Arc<Mutex<storage::FileStream>>,
}

#[uniffi::export]
impl FileStream {
    fn file(&self) -> Result<StoredFile> {
        Ok(self.file.clone().into())
    }

    /// The first byte that the stream gives, and the one behind its last.
    fn start(&self) -> Result<u64> {
        Ok(self.range.start)
    }

    fn end(&self) -> Result<u64> {
        Ok(self.range.end)
    }

    async fn next(&self, cancellation: Arc<Cancellation>) -> Result<Option<Arc<Contents>>> {
        let stream = Arc::clone(&self.stream);
        let next = async move { stream.lock().await.next().await.transpose() };
        Ok(cancellation.run(next).await?.map(|bytes| Arc::new(bytes.into())))
    }
}

#[derive(uniffi::Enum)]
pub(crate) enum ByteRange {
    From { start: u64, length: Option<u64> },
    Last { length: u64 },
}

impl From<ByteRange> for storage::ByteRange {
    fn from(range: ByteRange) -> Self {
        match range {
            ByteRange::From { start, length } => Self::new(start, length),
            ByteRange::Last { length } => Self::last(length),
        }
    }
}

#[derive(uniffi::Record)]
pub(crate) struct ReadOptions {
    if_match: Option<String>,
    if_none_match: Option<String>,
    if_modified_since: Option<Time>,
    if_unmodified_since: Option<Time>,
    /// Seconds.
    deadline: Option<f64>,
}

impl ReadOptions {
    fn of_read(
        self,
        range: Option<ByteRange>,
        progress: Option<Box<dyn ProgressListener>>,
    ) -> storage::ReadOptions {
        let mut options = storage::ReadOptions::from(self.of_download(progress));
        options.range = range.map(storage::ByteRange::from);
        options
    }

    fn of_download(self, progress: Option<Box<dyn ProgressListener>>) -> storage::DownloadOptions {
        let mut options = storage::DownloadOptions::default();
        options.if_match = self.if_match;
        options.if_none_match = self.if_none_match;
        options.if_modified_since = self.if_modified_since.map(|time| time.0);
        options.if_unmodified_since = self.if_unmodified_since.map(|time| time.0);
        options.deadline = deadline(self.deadline);
        options.on_progress = progress.map(on_progress);
        options
    }
}

//! Listings.

use std::sync::Arc;

use casier::storage;
use tokio::sync::Mutex;

use super::UserStorage;
use crate::cancel::Cancellation;
use crate::error::Result;
use crate::file::{Page, StoredFile};

/// How many files cross at a time.
const BATCH: usize = 100;

#[uniffi::export]
impl UserStorage {
    async fn list(&self, options: ListOptions, cancellation: Arc<Cancellation>) -> Result<Page> {
        let (files, options) = (self.0.clone(), options.into());
        Ok(cancellation.run(async move { files.list(options).await }).await?.into())
    }

    fn list_all(&self, options: ListOptions) -> Result<Arc<FileList>> {
        let list = self.0.list_all(options.into());
        Ok(Arc::new(FileList(Arc::new(Mutex::new(Batches { list, failure: None })))))
    }

    async fn newest(
        &self,
        count: u64,
        kind: Option<String>,
        cancellation: Arc<Cancellation>,
    ) -> Result<Vec<StoredFile>> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let files = self.0.clone();
        let call = async move { files.newest(count, kind.as_deref()).await };
        Ok(cancellation.run(call).await?.into_iter().map(StoredFile::from).collect())
    }
}

/// Files one after the other. They cross in batches, since a crossing costs more than a file.
#[derive(uniffi::Object)]
pub(crate) struct FileList(Arc<Mutex<Batches>>);

struct Batches {
    list: storage::FileList,
    /// What ended the listing behind the files that had come.
    failure: Option<casier::Error>,
}

#[uniffi::export]
impl FileList {
    /// The next files; none behind the last.
    async fn next_batch(&self, cancellation: Arc<Cancellation>) -> Result<Vec<StoredFile>> {
        let batches = Arc::clone(&self.0);
        let call = async move { batches.lock().await.next().await };
        Ok(cancellation.run(call).await?.into_iter().map(StoredFile::from).collect())
    }

    /// How many objects have been left out so far.
    async fn skipped(&self) -> Result<u64> {
        Ok(self.0.lock().await.list.skipped())
    }
}

impl Batches {
    async fn next(&mut self) -> casier::Result<Vec<storage::StoredFile>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            match self.list.next().await {
                Some(Ok(file)) => batch.push(file),
                Some(Err(error)) if batch.is_empty() => return Err(error),
                Some(Err(error)) => {
                    self.failure = Some(error);
                    break;
                }
                None => break,
            }
        }
        Ok(batch)
    }
}

#[derive(uniffi::Record)]
pub(crate) struct ListOptions {
    kind: Option<String>,
    search: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
    with_metadata: bool,
}

impl From<ListOptions> for storage::ListOptions {
    fn from(given: ListOptions) -> Self {
        let mut options = Self::default();
        options.kind = given.kind;
        options.search = given.search;
        options.limit = given.limit.unwrap_or(options.limit);
        options.cursor = given.cursor;
        options.with_metadata = given.with_metadata;
        options
    }
}

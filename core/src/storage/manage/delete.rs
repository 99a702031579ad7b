//! Deleting files.

use std::collections::{HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _};

use super::delete_batch::{MAX_KEYS, Target};
use crate::storage::user_storage::UserStorage;
use crate::{Error, Result};

/// How many batches are deleted at a time.
const PARALLEL_BATCHES: usize = 4;

/// What became of one key of [`UserStorage::delete_many`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deletion {
    /// The key, as it was given.
    pub key: String,
    /// Why the file could not be deleted; none when it is gone.
    pub error: Option<Error>,
}

impl UserStorage {
    /// Deletes a file. Deleting what is not there succeeds.
    ///
    /// # Errors
    /// What [`UserStorage`] says.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let key = self.own(key)?;
        self.s3.in_time(self.s3.delete_object(key.as_str(), None, None)).await
    }

    /// Deletes any number of files, and tells of each key, in the order given, what became of it. A
    /// key that stands twice is deleted once and told twice. 1,000 keys go in one request, and four
    /// requests at a time; each has the deadline of one call and a tenth of a second more for each
    /// of its keys. Dropping the future leaves what has not been sent.
    ///
    /// # Errors
    /// Before anything is sent: `invalid-key` or `not-owner` when one of the keys is.
    pub async fn delete_many(&self, keys: Vec<String>) -> Result<Vec<Deletion>> {
        for key in &keys {
            self.own(key)?;
        }
        let mut seen = HashSet::new();
        let targets: Vec<Target> = keys
            .iter()
            .filter(|key| seen.insert(key.as_str()))
            .map(|key| Target { key: key.clone(), version: None })
            .collect();
        let batches: Vec<_> = targets.chunks(MAX_KEYS).map(<[Target]>::to_vec).collect();
        let batches = batches.into_iter().map(|batch| async move {
            let outcomes = match self.s3.delete_batch(&batch).await {
                Ok(outcomes) => outcomes,
                Err(error) => vec![Some(error); batch.len()],
            };
            batch.into_iter().map(|target| target.key).zip(outcomes).collect::<Vec<_>>()
        });
        let told = stream::iter(batches).buffer_unordered(PARALLEL_BATCHES).flat_map(stream::iter);
        let errors: HashMap<String, Option<Error>> = told.collect().await;
        let deletion = |key: String| {
            let error = errors.get(&key).cloned().flatten();
            Deletion { key, error }
        };
        Ok(keys.into_iter().map(deletion).collect())
    }
}

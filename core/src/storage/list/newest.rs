//! The newest files of a scope.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::ListOptions;
use crate::storage::file::StoredFile;
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

/// The most files that [`UserStorage::newest`] gives.
pub const MAX_NEWEST_FILES: usize = 1000;

impl UserStorage {
    /// The `count` files that were stored last, the newest first, of one kind or of all; files of
    /// the same time are in the order of their keys. S3 lists by key alone: the whole scope (or
    /// kind) is listed, a page at a time, and `count` files are kept.
    ///
    /// # Errors
    /// `invalid-kind`; `invalid-request` when `count` is not 1 to 1000; what [`UserStorage`] says.
    pub async fn newest(&self, count: usize, kind: Option<&str>) -> Result<Vec<StoredFile>> {
        if !(1..=MAX_NEWEST_FILES).contains(&count) {
            return Err(Error::new(ErrorKind::InvalidRequest, "1 to 1000 files can be the newest")
                .with_count(MAX_NEWEST_FILES, count));
        }
        let kind = kind.map(str::to_owned);
        let mut all = self.list_all(ListOptions { kind, ..ListOptions::default() });
        let mut newest = Newest::of(count);
        while let Some(file) = all.next().await {
            newest.offer(file?);
        }
        Ok(newest.into_files())
    }
}

/// The newest of the files that it is offered; the oldest of them is on top of the heap.
struct Newest {
    count: usize,
    kept: BinaryHeap<Reverse<ByAge>>,
}

impl Newest {
    fn of(count: usize) -> Self {
        Self { count, kept: BinaryHeap::new() }
    }

    fn offer(&mut self, file: StoredFile) {
        self.kept.push(Reverse(ByAge(file)));
        if self.kept.len() > self.count {
            self.kept.pop();
        }
    }

    fn into_files(self) -> Vec<StoredFile> {
        // Sorted from the newest, since the heap is of reversed ages.
        self.kept.into_sorted_vec().into_iter().map(|Reverse(ByAge(file))| file).collect()
    }
}

/// The newer of two files is the greater; of the same time, the one whose key comes first.
struct ByAge(StoredFile);

impl Ord for ByAge {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, other) = (&self.0, &other.0);
        one.last_modified.cmp(&other.last_modified).then_with(|| other.key.cmp(&one.key))
    }
}

impl PartialOrd for ByAge {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByAge {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ByAge {}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::*;

    fn file(number: usize, seconds: Option<u64>) -> StoredFile {
        StoredFile {
            key: format!("user_1/files/{number:03}"),
            filename: format!("{number:03}"),
            kind: Some("file".to_owned()),
            size: 0,
            content_type: None,
            etag: None,
            last_modified: seconds.map(|it| SystemTime::UNIX_EPOCH + Duration::from_secs(it)),
            metadata: Default::default(),
            storage_class: None,
        }
    }

    proptest! {
        #[test]
        fn it_is_what_sorting_everything_gives(
            times in proptest::collection::vec(proptest::option::of(0..5_u64), 0..60),
            count in 1..20_usize,
        ) {
            let files: Vec<_> = times.iter().enumerate().map(|(n, time)| file(n, *time)).collect();
            let mut newest = Newest::of(count);
            files.iter().cloned().for_each(|file| newest.offer(file));
            let mut sorted = files;
            // Stable, so that files of one time stay in the order of their keys.
            sorted.sort_by_key(|file| Reverse(file.last_modified));
            sorted.truncate(count);
            prop_assert_eq!(newest.into_files(), sorted);
        }
    }
}

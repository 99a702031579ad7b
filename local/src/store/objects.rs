//! Objects: written whole, read by range, removed.

use std::io;
use std::sync::PoisonError;

use bytes::Bytes;
use redb::{ReadableDatabase, ReadableTable, Table};

use super::blobs::Lease;
use super::error::{Result, StoreError};
use super::index::{BUCKETS, OBJECTS, ObjectKey, ObjectRow};
use super::{ObjectRecord, Segment, Store};

/// What an object must be for a request to go on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Match {
    /// `*`
    Any,
    /// One ETag, without quotes.
    Etag(String),
}

impl Match {
    pub(crate) fn holds(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Etag(wanted) => wanted == etag,
        }
    }
}

/// The conditions of a write, checked in the transaction that writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteCondition {
    pub(crate) if_match: Option<Match>,
    pub(crate) if_none_match: Option<Match>,
}

impl WriteCondition {
    /// Checks the conditions against the object that is there now, if any.
    ///
    /// `If-Match` on a missing object is `NoSuchKey`, as
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html> says.
    pub(crate) fn check(&self, current: Option<&ObjectRecord>) -> Result<()> {
        if let Some(wanted) = &self.if_match {
            let current = current.ok_or(StoreError::NoSuchKey)?;
            if !wanted.holds(&current.etag) {
                return Err(StoreError::PreconditionFailed);
            }
        }
        if let (Some(unwanted), Some(current)) = (&self.if_none_match, current)
            && unwanted.holds(&current.etag)
        {
            return Err(StoreError::PreconditionFailed);
        }
        Ok(())
    }
}

impl Store {
    /// Points `key` at new bytes when the condition holds, and drops the old ones.
    pub(crate) fn put_object(
        &self,
        bucket: &str,
        key: &str,
        condition: &WriteCondition,
        record: &ObjectRecord,
        segments: &[Segment],
    ) -> Result<()> {
        let transaction = self.database.begin_write()?;
        let replaced = {
            if transaction.open_table(BUCKETS)?.get(bucket)?.is_none() {
                return Err(StoreError::NoSuchBucket);
            }
            let mut objects = transaction.open_table(OBJECTS)?;
            replace(&mut objects, bucket, key, condition, record, segments)?
        };
        transaction.commit()?;
        self.remove_blobs(&replaced);
        Ok(())
    }

    /// An object's record; `NoSuchBucket` and `NoSuchKey` say which of them is missing.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<ObjectRecord> {
        Ok(self.lookup(bucket, key)?.0)
    }

    /// An object and its bytes, which stay readable however it is changed meanwhile.
    pub(crate) fn open_object(&self, bucket: &str, key: &str) -> Result<ObjectReader> {
        let _guard = self.leasing.read().unwrap_or_else(PoisonError::into_inner);
        let (record, segments) = self.lookup(bucket, key)?;
        let lease = self.blobs.lease(segments.iter().map(|segment| segment.blob));
        Ok(ObjectReader::new(record, segments, lease))
    }

    /// Removes an object if it is there and `allowed` agrees; says whether it was there.
    pub(crate) fn delete_object(
        &self,
        bucket: &str,
        key: &str,
        allowed: impl FnOnce(Option<&ObjectRecord>) -> Result<()>,
    ) -> Result<bool> {
        let transaction = self.database.begin_write()?;
        let removed: Option<Vec<Segment>> = {
            if transaction.open_table(BUCKETS)?.get(bucket)?.is_none() {
                return Err(StoreError::NoSuchBucket);
            }
            let mut objects = transaction.open_table(OBJECTS)?;
            let current = current(&objects, bucket, key)?;
            allowed(current.as_ref().map(|(record, _)| record))?;
            objects.remove((bucket, key.as_bytes()))?;
            current.map(|(_, segments)| segments)
        };
        transaction.commit()?;
        if let Some(segments) = &removed {
            self.remove_blobs(segments);
        }
        Ok(removed.is_some())
    }

    fn lookup(&self, bucket: &str, key: &str) -> Result<(ObjectRecord, Vec<Segment>)> {
        let transaction = self.database.begin_read()?;
        if transaction.open_table(BUCKETS)?.get(bucket)?.is_none() {
            return Err(StoreError::NoSuchBucket);
        }
        let objects = transaction.open_table(OBJECTS)?;
        current(&objects, bucket, key)?.ok_or(StoreError::NoSuchKey)
    }
}

/// Writes an object's row when the condition holds; gives the segments of the row before it.
pub(super) fn replace(
    objects: &mut Table<'_, ObjectKey, ObjectRow>,
    bucket: &str,
    key: &str,
    condition: &WriteCondition,
    record: &ObjectRecord,
    segments: &[Segment],
) -> Result<Vec<Segment>> {
    let current = current(objects, bucket, key)?;
    condition.check(current.as_ref().map(|(record, _)| record))?;
    let (record, segments) = (serde_json::to_vec(record)?, serde_json::to_vec(segments)?);
    objects.insert((bucket, key.as_bytes()), (record.as_slice(), segments.as_slice()))?;
    Ok(current.map(|(_, segments)| segments).unwrap_or_default())
}

fn current(
    objects: &impl ReadableTable<ObjectKey, ObjectRow>,
    bucket: &str,
    key: &str,
) -> Result<Option<(ObjectRecord, Vec<Segment>)>> {
    let Some(row) = objects.get((bucket, key.as_bytes()))? else { return Ok(None) };
    let (record, segments) = row.value();
    Ok(Some((serde_json::from_slice(record)?, serde_json::from_slice(segments)?)))
}

/// An object that is being read.
#[derive(Debug)]
pub(crate) struct ObjectReader {
    pub(crate) record: ObjectRecord,
    segments: Vec<Segment>,
    lease: Lease,
}

impl ObjectReader {
    pub(super) fn new(record: ObjectRecord, segments: Vec<Segment>, lease: Lease) -> Self {
        Self { record, segments, lease }
    }

    /// Reads up to `limit` bytes from `offset`, fewer at the end of a segment, none at the end.
    pub(crate) fn read(&self, offset: u64, limit: usize) -> io::Result<Bytes> {
        let mut start = 0;
        for segment in &self.segments {
            let within = offset - start;
            if within < segment.size {
                let left = segment.size - within;
                let length = usize::try_from(left).unwrap_or(usize::MAX).min(limit);
                return self.lease.read(segment.blob, within, length);
            }
            start += segment.size;
        }
        Ok(Bytes::new())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Barrier;

    use super::*;

    pub(crate) fn record(size: u64) -> ObjectRecord {
        ObjectRecord {
            size,
            etag: format!("etag-{size}"),
            modified: 1,
            attributes: Default::default(),
            checksums: Default::default(),
            parts: Vec::new(),
        }
    }

    fn put(store: &Store, key: &str, bytes: &[u8], condition: &WriteCondition) -> Result<()> {
        let mut writer = store.writer()?;
        writer.write(bytes)?;
        writer.seal()?;
        let segment = Segment { blob: writer.id(), size: bytes.len() as u64 };
        store.put_object("bucket", key, condition, &record(bytes.len() as u64), &[segment])?;
        writer.keep();
        Ok(())
    }

    fn create_only() -> WriteCondition {
        WriteCondition { if_none_match: Some(Match::Any), ..Default::default() }
    }

    #[test]
    fn conditions_are_those_of_s3() {
        let store = Store::in_memory().unwrap();
        store.create_bucket("bucket", 0).unwrap();
        let only = |etag: &str| WriteCondition {
            if_match: Some(Match::Etag(etag.to_owned())),
            ..Default::default()
        };
        assert!(matches!(put(&store, "k", b"1", &only("x")), Err(StoreError::NoSuchKey)));
        put(&store, "k", b"1", &create_only()).unwrap();
        let again = put(&store, "k", b"22", &create_only());
        assert!(matches!(again, Err(StoreError::PreconditionFailed)));
        let wrong = put(&store, "k", b"22", &only("x"));
        assert!(matches!(wrong, Err(StoreError::PreconditionFailed)));
        put(&store, "k", b"22", &only("etag-1")).unwrap();
        assert_eq!(store.object("bucket", "k").unwrap().size, 2);
        assert!(matches!(store.object("bucket", "other"), Err(StoreError::NoSuchKey)));
        assert!(matches!(store.object("none", "k"), Err(StoreError::NoSuchBucket)));
    }

    #[test]
    fn of_many_creators_exactly_one_wins() {
        let store = Store::in_memory().unwrap();
        store.create_bucket("bucket", 0).unwrap();
        for round in 0..10 {
            let barrier = Barrier::new(8);
            let key = format!("key-{round}");
            let wins: Vec<bool> = std::thread::scope(|scope| {
                let racers: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            barrier.wait();
                            put(&store, &key, b"mine", &create_only()).is_ok()
                        })
                    })
                    .collect();
                racers.into_iter().map(|racer| racer.join().unwrap()).collect()
            });
            assert_eq!(wins.iter().filter(|won| **won).count(), 1, "round {round}");
        }
    }

    #[test]
    fn an_open_object_outlives_its_removal_in_a_folder_too() {
        let folder = crate::testing::TempDir::new();
        let store = Store::in_folder(folder.path()).unwrap();
        store.create_bucket("bucket", 0).unwrap();
        put(&store, "k", b"old bytes", &WriteCondition::default()).unwrap();
        let reader = store.open_object("bucket", "k").unwrap();
        put(&store, "k", b"new", &WriteCondition::default()).unwrap();
        assert!(store.delete_object("bucket", "k", |_| Ok(())).unwrap());
        assert!(!store.delete_object("bucket", "k", |_| Ok(())).unwrap());
        assert_eq!(&reader.read(4, 100).unwrap()[..], b"bytes");
        assert!(reader.read(9, 100).unwrap().is_empty());
        drop(reader);
        assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_is_found_again_and_swept() {
        let folder = crate::testing::TempDir::new();
        {
            let store = Store::in_folder(folder.path()).unwrap();
            store.create_bucket("bucket", 7).unwrap();
            put(&store, "ключ", b"kept", &WriteCondition::default()).unwrap();
            let mut orphan = store.writer().unwrap();
            orphan.write(b"a kill leaves this behind").unwrap();
            orphan.keep();
        }
        let store = Store::in_folder(folder.path()).unwrap();
        assert_eq!(store.bucket("bucket").unwrap().created, 7);
        let reader = store.open_object("bucket", "ключ").unwrap();
        assert_eq!(&reader.read(0, 100).unwrap()[..], b"kept");
        assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 1);
    }
}

//! Objects: written whole, read by range, removed.

use std::io;
use std::sync::PoisonError;

use bytes::Bytes;
use redb::ReadableDatabase;

use super::blobs::Lease;
use super::error::{Result, StoreError};
use super::index::{BUCKETS, OBJECTS, VERSIONS};
use super::versions::{self, Deleted, Place};
use super::{ObjectRecord, Segment, Store, Tags};

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
    /// Points `key` at new bytes when the condition holds; the old ones stay in a bucket that keeps
    /// versions, and go otherwise. Gives the version that was made, if the bucket has versions.
    pub(crate) fn put_object(
        &self,
        bucket: &str,
        key: &str,
        condition: &WriteCondition,
        record: &ObjectRecord,
        segments: &[Segment],
    ) -> Result<Option<String>> {
        let transaction = self.database.begin_write()?;
        let (version, dropped) = versions::write(
            &transaction,
            &Place { bucket, key },
            condition,
            record.clone(),
            segments,
        )?;
        transaction.commit()?;
        self.remove_blobs(&dropped);
        Ok(version)
    }

    /// An object's record; the error says which of the bucket, the object and the version is
    /// missing. `version` is an id, `null`, or `None` for the object as it is now.
    pub(crate) fn object(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<ObjectRecord> {
        Ok(self.lookup(bucket, key, version)?.0)
    }

    /// An object and its bytes, which stay readable however it is changed meanwhile.
    pub(crate) fn open_object(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<ObjectReader> {
        let _guard = self.leasing.read().unwrap_or_else(PoisonError::into_inner);
        let (record, segments) = self.lookup(bucket, key, version)?;
        let lease = self.blobs.lease(segments.iter().map(|segment| segment.blob));
        Ok(ObjectReader::new(record, segments, lease))
    }

    /// Changes the tags of an object, or of one version of it; gives its record as it is then.
    pub(crate) fn set_tags(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        tags: Tags,
    ) -> Result<ObjectRecord> {
        let transaction = self.database.begin_write()?;
        let place = Place { bucket, key };
        let record = versions::change(&transaction, &place, version, |record| record.tags = tags)?;
        transaction.commit()?;
        Ok(record)
    }

    /// Removes an object, or one version of it, when `allowed` agrees; in a bucket that keeps
    /// versions, an object gets a delete marker, dated `now`.
    pub(crate) fn delete_object(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        now: u64,
        allowed: impl FnOnce(Option<&ObjectRecord>) -> Result<()>,
    ) -> Result<Deleted> {
        let place = Place { bucket, key };
        let transaction = self.database.begin_write()?;
        let (deleted, dropped) = match version {
            None => versions::delete(&transaction, &place, now, allowed)?,
            Some(version) => versions::delete_version(&transaction, &place, version, allowed)?,
        };
        transaction.commit()?;
        self.remove_blobs(&dropped);
        Ok(deleted)
    }

    fn lookup(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<(ObjectRecord, Vec<Segment>)> {
        let transaction = self.database.begin_read()?;
        if transaction.open_table(BUCKETS)?.get(bucket)?.is_none() {
            return Err(StoreError::NoSuchBucket);
        }
        let place = Place { bucket, key };
        versions::find(
            &transaction.open_table(OBJECTS)?,
            &transaction.open_table(VERSIONS)?,
            &place,
            version,
        )
    }
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
            version: Default::default(),
            tags: Default::default(),
        }
    }

    pub(crate) fn put(
        store: &Store,
        key: &str,
        bytes: &[u8],
        condition: &WriteCondition,
    ) -> Result<()> {
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
        assert_eq!(store.object("bucket", "k", None).unwrap().size, 2);
        assert!(matches!(store.object("bucket", "other", None), Err(StoreError::NoSuchKey)));
        assert!(matches!(store.object("none", "k", None), Err(StoreError::NoSuchBucket)));
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
        let reader = store.open_object("bucket", "k", None).unwrap();
        put(&store, "k", b"new", &WriteCondition::default()).unwrap();
        store.delete_object("bucket", "k", None, 0, |_| Ok(())).unwrap();
        store.delete_object("bucket", "k", None, 0, |_| Ok(())).unwrap();
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
        let reader = store.open_object("bucket", "ключ", None).unwrap();
        assert_eq!(&reader.read(0, 100).unwrap()[..], b"kept");
        assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 1);
    }
}

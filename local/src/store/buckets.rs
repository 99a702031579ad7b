//! Buckets.

use redb::{ReadableDatabase, ReadableTable};

use super::error::{Result, StoreError};
use super::index::{BUCKETS, OBJECTS, UPLOADS, VERSIONS};
use super::{BucketRecord, Store};

impl Store {
    /// Makes a bucket; `BucketExists` when there is one of that name.
    pub(crate) fn create_bucket(&self, name: &str, created: u64) -> Result<()> {
        let transaction = self.database.begin_write()?;
        {
            let mut buckets = transaction.open_table(BUCKETS)?;
            if buckets.get(name)?.is_some() {
                return Err(StoreError::BucketExists);
            }
            let record = serde_json::to_vec(&BucketRecord { created, ..Default::default() })?;
            buckets.insert(name, record.as_slice())?;
        }
        Ok(transaction.commit()?)
    }

    /// Looks a bucket up; `NoSuchBucket` when there is none.
    pub(crate) fn bucket(&self, name: &str) -> Result<BucketRecord> {
        let transaction = self.database.begin_read()?;
        let buckets = transaction.open_table(BUCKETS)?;
        let record = buckets.get(name)?.ok_or(StoreError::NoSuchBucket)?;
        Ok(serde_json::from_slice(record.value())?)
    }

    /// Changes what is known of a bucket.
    pub(crate) fn configure_bucket(
        &self,
        name: &str,
        change: impl FnOnce(&mut BucketRecord),
    ) -> Result<()> {
        let transaction = self.database.begin_write()?;
        {
            let mut buckets = transaction.open_table(BUCKETS)?;
            let mut record: BucketRecord = {
                let row = buckets.get(name)?.ok_or(StoreError::NoSuchBucket)?;
                serde_json::from_slice(row.value())?
            };
            change(&mut record);
            buckets.insert(name, serde_json::to_vec(&record)?.as_slice())?;
        }
        Ok(transaction.commit()?)
    }

    /// All buckets, by name.
    pub(crate) fn buckets(&self) -> Result<Vec<(String, BucketRecord)>> {
        let transaction = self.database.begin_read()?;
        let mut all = Vec::new();
        for entry in transaction.open_table(BUCKETS)?.iter()? {
            let (name, record) = entry?;
            all.push((name.value().to_owned(), serde_json::from_slice(record.value())?));
        }
        Ok(all)
    }

    /// Removes an empty bucket; one with objects, versions or open uploads is `BucketNotEmpty`.
    pub(crate) fn delete_bucket(&self, name: &str) -> Result<()> {
        let transaction = self.database.begin_write()?;
        {
            let mut buckets = transaction.open_table(BUCKETS)?;
            if buckets.get(name)?.is_none() {
                return Err(StoreError::NoSuchBucket);
            }
            let objects = transaction.open_table(OBJECTS)?;
            let first_object = objects.range((name, [].as_slice())..)?.next().transpose()?;
            let uploads = transaction.open_table(UPLOADS)?;
            let first_upload = uploads.range((name, [].as_slice(), "")..)?.next().transpose()?;
            let versions = transaction.open_table(VERSIONS)?;
            let first_version = versions.range((name, [].as_slice(), 0)..)?.next().transpose()?;
            if first_object.is_some_and(|(at, _)| at.value().0 == name)
                || first_version.is_some_and(|(at, _)| at.value().0 == name)
                || first_upload.is_some_and(|(at, _)| at.value().0 == name)
            {
                return Err(StoreError::BucketNotEmpty);
            }
            buckets.remove(name)?;
        }
        Ok(transaction.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::WriteCondition;
    use super::super::objects::tests::record;
    use super::*;

    #[test]
    fn only_an_empty_bucket_goes() {
        let store = Store::in_memory().unwrap();
        store.create_bucket("one", 1).unwrap();
        store.create_bucket("one-two", 2).unwrap();
        assert!(matches!(store.create_bucket("one", 3), Err(StoreError::BucketExists)));
        let always = WriteCondition::default();
        store.put_object("one-two", "key", &always, &record(0), &[]).unwrap();
        store.delete_bucket("one").unwrap();
        assert!(matches!(store.delete_bucket("one"), Err(StoreError::NoSuchBucket)));
        assert!(matches!(store.delete_bucket("one-two"), Err(StoreError::BucketNotEmpty)));
        let left = store.buckets().unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].0.as_str(), left[0].1.created), ("one-two", 2));
    }
}

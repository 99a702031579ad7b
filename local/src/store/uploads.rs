//! Multipart uploads: begun, fed with parts in any order, completed or aborted.

use std::collections::HashSet;

use redb::{ReadableDatabase, ReadableTable, Table};

use super::blobs::BlobId;
use super::error::{Result, StoreError};
use super::index::{BUCKETS, PARTS, UPLOADS};
use super::versions::{self, Place};
use super::{
    Checksums, ListQuery, ObjectRecord, PartRecord, Segment, Store, UploadRecord, WriteCondition,
};

/// The least size of every part but the last, in bytes.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
pub(crate) const MIN_PART_BYTES: u64 = 5 << 20;

/// A part as the request to complete an upload names it.
#[derive(Clone, Debug)]
pub(crate) struct NamedPart {
    pub(crate) number: u32,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) checksums: Checksums,
}

/// An upload whose named parts are all there and fit together.
#[derive(Debug)]
pub(crate) struct Completion {
    pub(crate) upload: UploadRecord,
    pub(crate) parts: Vec<PartRecord>,
    pub(crate) size: u64,
}

/// What uploads to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct UploadsQuery {
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<String>,
    pub(crate) key_marker: Option<String>,
    /// Counts only with a key marker.
    pub(crate) id_marker: Option<String>,
    pub(crate) limit: usize,
}

/// An upload that is open, or a group of keys that have some.
#[derive(Debug)]
pub(crate) enum ListedUpload {
    Upload { key: String, id: String, record: Box<UploadRecord> },
    Group(String),
}

/// Some of the open uploads, by key and then by age.
#[derive(Debug, Default)]
pub(crate) struct UploadsPage {
    pub(crate) items: Vec<ListedUpload>,
    pub(crate) truncated: bool,
}

impl Store {
    /// Begins an upload. Its id sorts by age among those of the same key.
    pub(crate) fn create_upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        record: &UploadRecord,
    ) -> Result<()> {
        let transaction = self.database.begin_write()?;
        {
            if transaction.open_table(BUCKETS)?.get(bucket)?.is_none() {
                return Err(StoreError::NoSuchBucket);
            }
            let record = serde_json::to_vec(record)?;
            let mut uploads = transaction.open_table(UPLOADS)?;
            uploads.insert((bucket, key.as_bytes(), id), record.as_slice())?;
        }
        Ok(transaction.commit()?)
    }

    /// An upload; `NoSuchUpload` when it is not this bucket's and key's.
    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<UploadRecord> {
        let transaction = self.database.begin_read()?;
        if transaction.open_table(BUCKETS)?.get(bucket)?.is_none() {
            return Err(StoreError::NoSuchBucket);
        }
        upload_of(&transaction.open_table(UPLOADS)?, bucket, key, id)
    }

    /// Adds a part to an upload, in the place of an earlier one of the same number.
    pub(crate) fn put_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        number: u32,
        part: &PartRecord,
    ) -> Result<()> {
        let transaction = self.database.begin_write()?;
        let replaced: Option<PartRecord> = {
            upload_of(&transaction.open_table(UPLOADS)?, bucket, key, id)?;
            let mut parts = transaction.open_table(PARTS)?;
            let part = serde_json::to_vec(part)?;
            let old = parts.insert((id, number), part.as_slice())?;
            old.map(|old| serde_json::from_slice(old.value())).transpose()?
        };
        transaction.commit()?;
        if let Some(replaced) = replaced {
            self.remove_blobs(&replaced.segments);
        }
        Ok(())
    }

    /// The parts after number `after`, at most `limit`, and whether more follow.
    pub(crate) fn parts(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        after: u32,
        limit: usize,
    ) -> Result<(Vec<(u32, PartRecord)>, bool)> {
        let transaction = self.database.begin_read()?;
        upload_of(&transaction.open_table(UPLOADS)?, bucket, key, id)?;
        let parts = transaction.open_table(PARTS)?;
        let mut page = Vec::new();
        for row in parts.range((id, after.saturating_add(1))..=(id, u32::MAX))? {
            let (at, part) = row?;
            if page.len() == limit {
                return Ok((page, true));
            }
            page.push((at.value().1, serde_json::from_slice(part.value())?));
        }
        Ok((page, false))
    }

    /// Checks that the named parts are there, in order, and large enough to be joined.
    pub(crate) fn gather_parts(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        named: &[NamedPart],
    ) -> Result<Completion> {
        let upload = self.upload(bucket, key, id)?;
        if !named.is_sorted_by(|left, right| left.number < right.number) {
            return Err(StoreError::InvalidPartOrder);
        }
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(PARTS)?;
        let mut parts: Vec<PartRecord> = Vec::with_capacity(named.len());
        for name in named {
            let row = table.get((id, name.number))?;
            let row = row.ok_or(StoreError::InvalidPart(name.number))?;
            let part: PartRecord = serde_json::from_slice(row.value())?;
            if part.etag != name.etag || !name.checksums.agree(&part.checksums) {
                return Err(StoreError::InvalidPart(name.number));
            }
            parts.push(part);
        }
        for (name, part) in named.iter().zip(&parts).rev().skip(1) {
            if part.size < MIN_PART_BYTES {
                return Err(StoreError::PartTooSmall(name.number));
            }
        }
        let size = parts.iter().map(|part| part.size).sum();
        Ok(Completion { upload, parts, size })
    }

    /// Turns an upload into an object when the condition holds; its other parts are dropped.
    pub(crate) fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        condition: &WriteCondition,
        record: &ObjectRecord,
        completion: &Completion,
    ) -> Result<Option<String>> {
        let segments = completion.segments();
        let transaction = self.database.begin_write()?;
        let (version, dropped) = {
            let mut uploads = transaction.open_table(UPLOADS)?;
            upload_of(&uploads, bucket, key, id)?;
            let place = Place { bucket, key };
            let (version, mut dropped) =
                versions::write(&transaction, &place, condition, record.clone(), &segments)?;
            let kept: HashSet<BlobId> = segments.iter().map(|segment| segment.blob).collect();
            let stored = take_parts(&mut transaction.open_table(PARTS)?, id)?;
            let found: HashSet<BlobId> = stored.iter().map(|segment| segment.blob).collect();
            if !kept.is_subset(&found) {
                return Err(StoreError::InvalidPart(0));
            }
            dropped.extend(stored.into_iter().filter(|segment| !kept.contains(&segment.blob)));
            uploads.remove((bucket, key.as_bytes(), id))?;
            (version, dropped)
        };
        transaction.commit()?;
        self.remove_blobs(&dropped);
        Ok(version)
    }

    /// Drops an upload and its parts.
    pub(crate) fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Result<()> {
        let transaction = self.database.begin_write()?;
        let dropped = {
            let mut uploads = transaction.open_table(UPLOADS)?;
            upload_of(&uploads, bucket, key, id)?;
            uploads.remove((bucket, key.as_bytes(), id))?;
            take_parts(&mut transaction.open_table(PARTS)?, id)?
        };
        transaction.commit()?;
        self.remove_blobs(&dropped);
        Ok(())
    }

    /// Drops every upload of a bucket that is to `end`, given its key and its record.
    pub(crate) fn abort_uploads(
        &self,
        bucket: &str,
        mut end: impl FnMut(&str, &UploadRecord) -> bool,
    ) -> Result<()> {
        let mut ending = Vec::new();
        {
            let transaction = self.database.begin_read()?;
            let uploads = transaction.open_table(UPLOADS)?;
            for row in uploads.range((bucket, [].as_slice(), "")..)? {
                let (at, record) = row?;
                let (in_bucket, key, id) = at.value();
                if in_bucket != bucket {
                    break;
                }
                let key = String::from_utf8_lossy(key).into_owned();
                if end(&key, &serde_json::from_slice(record.value())?) {
                    ending.push((key, id.to_owned()));
                }
            }
        }
        for (key, id) in ending {
            match self.abort_upload(bucket, &key, &id) {
                // Another request ended it meanwhile.
                Ok(()) | Err(StoreError::NoSuchUpload) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Lists one page of a bucket's open uploads.
    pub(crate) fn uploads(&self, bucket: &str, query: &UploadsQuery) -> Result<UploadsPage> {
        let transaction = self.database.begin_read()?;
        if transaction.open_table(BUCKETS)?.get(bucket)?.is_none() {
            return Err(StoreError::NoSuchBucket);
        }
        let uploads = transaction.open_table(UPLOADS)?;
        let grouping = ListQuery {
            prefix: query.prefix.clone(),
            delimiter: query.delimiter.clone(),
            ..Default::default()
        };
        let (mut from, mut from_id) = first_upload(query, &grouping);
        let mut page = UploadsPage::default();
        'seek: loop {
            for row in uploads.range((bucket, from.as_slice(), from_id.as_str())..)? {
                let (at, record) = row?;
                let (in_bucket, key, id) = at.value();
                if in_bucket != bucket || !key.starts_with(query.prefix.as_bytes()) {
                    return Ok(page);
                }
                if page.items.len() == query.limit {
                    page.truncated = query.limit > 0;
                    return Ok(page);
                }
                let key = String::from_utf8_lossy(key).into_owned();
                if let Some(group) = super::list::group_of(&key, &grouping) {
                    (from, from_id) = (super::list::after_all(group.as_bytes()), String::new());
                    page.items.push(ListedUpload::Group(group.to_owned()));
                    continue 'seek;
                }
                let record = serde_json::from_slice(record.value())?;
                page.items.push(ListedUpload::Upload { key, id: id.to_owned(), record });
            }
            return Ok(page);
        }
    }
}

impl Completion {
    fn segments(&self) -> Vec<Segment> {
        self.parts.iter().flat_map(|part| part.segments.iter().copied()).collect()
    }
}

/// Where a page of uploads begins: after all of the marker's key, or within it after an id.
fn first_upload(query: &UploadsQuery, grouping: &ListQuery) -> (Vec<u8>, String) {
    let prefix = query.prefix.clone().into_bytes();
    let Some(marker) = query.key_marker.as_deref() else { return (prefix, String::new()) };
    if let Some(group) = super::list::group_of(marker, grouping) {
        return (super::list::after_all(group.as_bytes()).max(prefix), String::new());
    }
    let (key, id) = match query.id_marker.as_deref() {
        Some(id) => (marker.as_bytes().to_vec(), format!("{id}\0")),
        None => (super::list::next(marker.as_bytes()), String::new()),
    };
    if key < prefix { (prefix, String::new()) } else { (key, id) }
}

fn upload_of(
    uploads: &impl ReadableTable<(&'static str, &'static [u8], &'static str), &'static [u8]>,
    bucket: &str,
    key: &str,
    id: &str,
) -> Result<UploadRecord> {
    let row = uploads.get((bucket, key.as_bytes(), id))?.ok_or(StoreError::NoSuchUpload)?;
    Ok(serde_json::from_slice(row.value())?)
}

fn take_parts(parts: &mut Table<'_, (&str, u32), &[u8]>, id: &str) -> Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for row in parts.extract_from_if((id, 0)..=(id, u32::MAX), |_, _| true)? {
        let (_, part) = row?;
        let part: PartRecord = serde_json::from_slice(part.value())?;
        segments.extend(part.segments);
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::super::Match;
    use super::super::objects::tests::record;
    use super::*;

    fn upload_record() -> UploadRecord {
        UploadRecord {
            initiated: 0,
            attributes: Default::default(),
            checksum_algorithm: None,
            checksum_type: None,
            tags: Default::default(),
        }
    }

    fn store_with(uploads: &[(&str, &str)]) -> Store {
        let store = Store::in_memory().unwrap();
        store.create_bucket("bucket", 0).unwrap();
        for (key, id) in uploads {
            store.create_upload("bucket", key, id, &upload_record()).unwrap();
        }
        store
    }

    fn put_part(store: &Store, number: u32, size: u64) -> Result<()> {
        let mut writer = store.writer()?;
        writer.write(format!("part {number}").as_bytes())?;
        writer.seal()?;
        let segments = vec![Segment { blob: writer.id(), size }];
        let etag = format!("e{number}");
        let part =
            PartRecord { size, etag, modified: 0, checksums: Checksums::default(), segments };
        store.put_part("bucket", "k", "u1", number, &part)?;
        writer.keep();
        Ok(())
    }

    fn named(number: u32) -> NamedPart {
        NamedPart { number, etag: format!("e{number}"), checksums: Checksums::default() }
    }

    fn blobs(store: &Store) -> usize {
        match &*store.blobs {
            super::super::blobs::Blobs::Memory(blobs) => blobs.lock().unwrap().len(),
            super::super::blobs::Blobs::Folder(_) => unreachable!(),
        }
    }

    #[test]
    fn an_upload_belongs_to_its_bucket_and_key() {
        let store = store_with(&[("k", "u1")]);
        store.create_bucket("other", 0).unwrap();
        store.upload("bucket", "k", "u1").unwrap();
        for (bucket, key, id) in [("bucket", "x", "u1"), ("bucket", "k", "u"), ("other", "k", "u1")]
        {
            let found = store.upload(bucket, key, id);
            assert!(matches!(found, Err(StoreError::NoSuchUpload)), "{bucket} {key} {id}");
            let aborted = store.abort_upload(bucket, key, id);
            assert!(matches!(aborted, Err(StoreError::NoSuchUpload)), "{bucket} {key} {id}");
        }
    }

    #[test]
    fn completing_checks_order_size_and_presence_and_drops_the_rest() {
        let store = store_with(&[("k", "u1")]);
        for number in [1, 2, 2, 3] {
            put_part(&store, number, MIN_PART_BYTES).unwrap();
        }
        put_part(&store, 4, 1).unwrap();
        put_part(&store, 5, 1).unwrap();
        assert_eq!(blobs(&store), 5);
        let gather = |numbers: &[u32]| {
            let named: Vec<_> = numbers.iter().copied().map(named).collect();
            store.gather_parts("bucket", "k", "u1", &named)
        };
        assert!(matches!(gather(&[2, 1]), Err(StoreError::InvalidPartOrder)));
        assert!(matches!(gather(&[1, 1]), Err(StoreError::InvalidPartOrder)));
        assert!(matches!(gather(&[1, 9]), Err(StoreError::InvalidPart(9))));
        assert!(matches!(gather(&[1, 4, 5]), Err(StoreError::PartTooSmall(4))));
        let completion = gather(&[1, 3, 5]).unwrap();
        assert_eq!(completion.size, 2 * MIN_PART_BYTES + 1);
        let only_new = WriteCondition { if_none_match: Some(Match::Any), ..Default::default() };
        let object = record(completion.size);
        store.complete_upload("bucket", "k", "u1", &only_new, &object, &completion).unwrap();
        assert_eq!(blobs(&store), 3);
        let again = store.complete_upload("bucket", "k", "u1", &only_new, &object, &completion);
        assert!(matches!(again, Err(StoreError::NoSuchUpload)));
        store.delete_object("bucket", "k", None, 0, |_| Ok(())).unwrap();
        assert_eq!(blobs(&store), 0);
    }

    #[test]
    fn aborting_drops_the_parts() {
        let store = store_with(&[("k", "u1")]);
        put_part(&store, 1, 1).unwrap();
        put_part(&store, 10_000, 1).unwrap();
        let (parts, more) = store.parts("bucket", "k", "u1", 0, 1).unwrap();
        assert_eq!((parts[0].0, more), (1, true));
        let (parts, more) = store.parts("bucket", "k", "u1", 1, 10).unwrap();
        assert_eq!((parts[0].0, parts.len(), more), (10_000, 1, false));
        store.abort_upload("bucket", "k", "u1").unwrap();
        assert_eq!(blobs(&store), 0);
        assert!(matches!(put_part(&store, 1, 1), Err(StoreError::NoSuchUpload)));
        assert_eq!(blobs(&store), 0);
    }

    #[test]
    fn uploads_come_by_key_then_id_in_pages() {
        let all = [("a", "2"), ("a", "1"), ("b/x", "3"), ("b/y", "4"), ("c", "5"), ("a", "3")];
        let store = store_with(&all);
        for (delimiter, expected) in [
            (None, vec!["a 1", "a 2", "a 3", "b/x 3", "b/y 4", "c 5"]),
            (Some("/"), vec!["a 1", "a 2", "a 3", "b/", "c 5"]),
        ] {
            for limit in 1..7 {
                let mut query = UploadsQuery {
                    delimiter: delimiter.map(str::to_owned),
                    limit,
                    ..Default::default()
                };
                let mut seen = Vec::new();
                loop {
                    let page = store.uploads("bucket", &query).unwrap();
                    for item in page.items {
                        match item {
                            ListedUpload::Upload { key, id, .. } => {
                                seen.push(format!("{key} {id}"));
                                (query.key_marker, query.id_marker) = (Some(key), Some(id));
                            }
                            ListedUpload::Group(group) => {
                                seen.push(group.clone());
                                (query.key_marker, query.id_marker) = (Some(group), None);
                            }
                        }
                    }
                    if !page.truncated {
                        break;
                    }
                }
                assert_eq!(seen, expected, "{delimiter:?} {limit}");
            }
        }
    }
}

//! Versions: what a write and a delete leave in a bucket that keeps them.
//!
//! The object that is current stands in its own table, so that a listing of objects never meets a
//! version; all others, and every delete marker, stand beside it, the newest first.

use redb::{ReadableTable, WriteTransaction};

use super::error::{Result, StoreError};
use super::index::{BUCKETS, OBJECTS, ObjectKey, ObjectRow, SEQUENCE, VERSIONS, VersionKey};
use super::{BucketRecord, NULL, ObjectRecord, Segment, Version, Versioning, WriteCondition};

/// A key in a bucket.
pub(super) struct Place<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
}

impl<'a> Place<'a> {
    fn object(&self) -> (&'a str, &'a [u8]) {
        (self.bucket, self.key.as_bytes())
    }

    fn version(&self, age: u64) -> (&'a str, &'a [u8], u64) {
        (self.bucket, self.key.as_bytes(), age)
    }
}

/// What a delete did.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Deleted {
    /// The version that was removed, or the delete marker that was made.
    pub(crate) version: Option<String>,
    /// Whether that is a delete marker.
    pub(crate) delete_marker: bool,
}

type Row = (ObjectRecord, Vec<Segment>);
/// The rows of the versions of one key, each with its age.
type Rows = Vec<(u64, Row)>;

/// Makes a record the object's current one when the condition holds; gives its version, if the
/// bucket has versions, and the segments that nothing names any more.
pub(super) fn write(
    transaction: &WriteTransaction,
    place: &Place<'_>,
    condition: &WriteCondition,
    mut record: ObjectRecord,
    segments: &[Segment],
) -> Result<(Option<String>, Vec<Segment>)> {
    let versioning = versioning(transaction, place)?;
    let current = current(&transaction.open_table(OBJECTS)?, place)?;
    condition.check(current.as_ref().map(|(record, _)| record))?;
    let dropped = set_aside(transaction, place, versioning, current)?;
    record.version = new_version(transaction, versioning, false)?;
    put_current(transaction, place, &(record.clone(), segments.to_vec()))?;
    let version = record.version.name().to_owned();
    Ok(((versioning != Versioning::Never).then_some(version), dropped))
}

/// Removes an object, behind a delete marker where the bucket keeps versions.
pub(super) fn delete(
    transaction: &WriteTransaction,
    place: &Place<'_>,
    now: u64,
    allowed: impl FnOnce(Option<&ObjectRecord>) -> Result<()>,
) -> Result<(Deleted, Vec<Segment>)> {
    let versioning = versioning(transaction, place)?;
    let current = current(&transaction.open_table(OBJECTS)?, place)?;
    allowed(current.as_ref().map(|(record, _)| record))?;
    let dropped = set_aside(transaction, place, versioning, current)?;
    if versioning == Versioning::Never {
        return Ok((Deleted::default(), dropped));
    }
    let marker = ObjectRecord {
        modified: now,
        version: new_version(transaction, versioning, true)?,
        ..ObjectRecord::default()
    };
    let version = Some(marker.version.name().to_owned());
    put_version(transaction, place, &(marker, Vec::new()))?;
    Ok((Deleted { version, delete_marker: true }, dropped))
}

/// Removes one version for good; the newest that is left becomes current.
pub(super) fn delete_version(
    transaction: &WriteTransaction,
    place: &Place<'_>,
    version: &str,
    allowed: impl FnOnce(Option<&ObjectRecord>) -> Result<()>,
) -> Result<(Deleted, Vec<Segment>)> {
    versioning(transaction, place)?;
    let current = current(&transaction.open_table(OBJECTS)?, place)?;
    let is_current = current.as_ref().is_some_and(|(one, _)| one.version.name() == version);
    let others = rows(&transaction.open_table(VERSIONS)?, place)?;
    let found = if is_current {
        current.as_ref()
    } else {
        others.iter().map(|(_, row)| row).find(|(one, _)| one.version.name() == version)
    };
    allowed(found.map(|(record, _)| record).filter(|record| !record.version.delete_marker))?;
    let version = Some(version.to_owned());
    let Some((record, segments)) = found else {
        return Ok((Deleted { version, delete_marker: false }, Vec::new()));
    };
    if is_current {
        transaction.open_table(OBJECTS)?.remove(place.object())?;
    } else {
        let age = age(&record.version);
        transaction.open_table(VERSIONS)?.remove(place.version(age))?;
    }
    if is_current || current.is_none() {
        let newest = others.iter().find(|(_, (one, _))| one.version != record.version);
        if let Some((age, row)) = newest.filter(|(_, (one, _))| !one.version.delete_marker) {
            transaction.open_table(VERSIONS)?.remove(place.version(*age))?;
            put_current(transaction, place, row)?;
        }
    }
    let delete_marker = record.version.delete_marker;
    Ok((Deleted { version, delete_marker }, segments.clone()))
}

/// The object as it is now, or the version that is asked for.
pub(super) fn find(
    objects: &impl ReadableTable<ObjectKey, ObjectRow>,
    versions: &impl ReadableTable<VersionKey, ObjectRow>,
    place: &Place<'_>,
    version: Option<&str>,
) -> Result<Row> {
    let current = current(objects, place)?;
    if let Some(row) = current
        && version.is_none_or(|version| row.0.version.name() == version)
    {
        return Ok(row);
    }
    let missing = if version.is_some() { StoreError::NoSuchVersion } else { StoreError::NoSuchKey };
    let mut others = rows(versions, place)?.into_iter().map(|(_, row)| row);
    let found = match version {
        Some(version) => others.find(|(record, _)| record.version.name() == version),
        None => others.next(),
    };
    let (record, segments) = found.ok_or(missing)?;
    if record.version.delete_marker {
        return Err(StoreError::DeleteMarker {
            version: record.version.name().to_owned(),
            modified: record.modified,
            asked: version.is_some(),
        });
    }
    Ok((record, segments))
}

/// Changes the record of an object, or of one version of it; gives it as it is then.
pub(super) fn change(
    transaction: &WriteTransaction,
    place: &Place<'_>,
    version: Option<&str>,
    change: impl FnOnce(&mut ObjectRecord),
) -> Result<ObjectRecord> {
    versioning(transaction, place)?;
    let (objects, versions) = (transaction.open_table(OBJECTS)?, transaction.open_table(VERSIONS)?);
    let mut row = find(&objects, &versions, place, version)?;
    let current = current(&objects, place)?;
    drop((objects, versions));
    change(&mut row.0);
    if current.is_some_and(|(record, _)| record.version == row.0.version) {
        put_current(transaction, place, &row)?;
    } else {
        put_version(transaction, place, &row)?;
    }
    Ok(row.0)
}

/// How old a version is: less is newer.
pub(super) fn age(version: &Version) -> u64 {
    u64::MAX - version.sequence
}

/// Takes the current object out of the way, and what a new `null` version replaces; gives the
/// segments that nothing names any more.
fn set_aside(
    transaction: &WriteTransaction,
    place: &Place<'_>,
    versioning: Versioning,
    current: Option<Row>,
) -> Result<Vec<Segment>> {
    let mut dropped = Vec::new();
    if let Some(row) = current {
        transaction.open_table(OBJECTS)?.remove(place.object())?;
        let replaced = match versioning {
            Versioning::Never => true,
            Versioning::Enabled => false,
            Versioning::Suspended => row.0.version.id.is_none(),
        };
        if replaced {
            dropped.extend(row.1);
        } else {
            put_version(transaction, place, &row)?;
        }
    }
    if versioning == Versioning::Suspended {
        let mut versions = transaction.open_table(VERSIONS)?;
        for (age, (record, segments)) in rows(&versions, place)? {
            if record.version.id.is_none() {
                versions.remove(place.version(age))?;
                dropped.extend(segments);
            }
        }
    }
    Ok(dropped)
}

fn versioning(transaction: &WriteTransaction, place: &Place<'_>) -> Result<Versioning> {
    let buckets = transaction.open_table(BUCKETS)?;
    let row = buckets.get(place.bucket)?.ok_or(StoreError::NoSuchBucket)?;
    let record: BucketRecord = serde_json::from_slice(row.value())?;
    Ok(record.versioning)
}

fn new_version(
    transaction: &WriteTransaction,
    versioning: Versioning,
    delete_marker: bool,
) -> Result<Version> {
    if versioning == Versioning::Never {
        return Ok(Version::default());
    }
    let mut counter = transaction.open_table(SEQUENCE)?;
    let sequence = counter.get("")?.map_or(0, |row| row.value()) + 1;
    counter.insert("", sequence)?;
    let id = match versioning {
        Versioning::Enabled => Some(version_id(sequence)?),
        Versioning::Never | Versioning::Suspended => None,
    };
    Ok(Version { id, sequence, delete_marker })
}

/// 32 characters that nobody can guess, by which the place among the versions is found again even
/// when this one is gone.
fn version_id(sequence: u64) -> Result<String> {
    let random = crate::random::hex(8).map_err(std::io::Error::other)?;
    Ok(format!("{sequence:016x}{random}"))
}

/// The sequence of an id that [`version_id`] made; `None` of any other text.
pub(super) fn sequence_of(id: &str) -> Option<u64> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if id.len() != 32 || !id.bytes().all(hex) {
        return None;
    }
    u64::from_str_radix(id.get(..16)?, 16).ok()
}

/// Whether a version could have this id.
pub(crate) fn is_version_id(id: &str) -> bool {
    id == NULL || sequence_of(id).is_some()
}

fn put_current(transaction: &WriteTransaction, place: &Place<'_>, row: &Row) -> Result<()> {
    let (record, segments) = (serde_json::to_vec(&row.0)?, serde_json::to_vec(&row.1)?);
    let mut objects = transaction.open_table(OBJECTS)?;
    objects.insert(place.object(), (record.as_slice(), segments.as_slice()))?;
    Ok(())
}

fn put_version(transaction: &WriteTransaction, place: &Place<'_>, row: &Row) -> Result<()> {
    let (record, segments) = (serde_json::to_vec(&row.0)?, serde_json::to_vec(&row.1)?);
    let mut versions = transaction.open_table(VERSIONS)?;
    let at = place.version(age(&row.0.version));
    versions.insert(at, (record.as_slice(), segments.as_slice()))?;
    Ok(())
}

fn current(
    objects: &impl ReadableTable<ObjectKey, ObjectRow>,
    place: &Place<'_>,
) -> Result<Option<Row>> {
    let row = objects.get(place.object())?;
    row.map(|row| parsed(row.value())).transpose()
}

/// All versions of a key but the current object, the newest first.
fn rows(versions: &impl ReadableTable<VersionKey, ObjectRow>, place: &Place<'_>) -> Result<Rows> {
    let mut found = Vec::new();
    for row in versions.range(place.version(0)..=place.version(u64::MAX))? {
        let (at, value) = row?;
        found.push((at.value().2, parsed(value.value())?));
    }
    Ok(found)
}

fn parsed((record, segments): (&[u8], &[u8])) -> Result<Row> {
    Ok((serde_json::from_slice(record)?, serde_json::from_slice(segments)?))
}

#[cfg(test)]
mod tests {
    use super::super::objects::tests::put;
    use super::super::{Store, VersionsQuery};
    use super::*;

    fn store(versioning: Versioning) -> Store {
        let store = Store::in_memory().unwrap();
        store.create_bucket("bucket", 0).unwrap();
        set(&store, versioning);
        store
    }

    fn set(store: &Store, versioning: Versioning) {
        store.configure_bucket("bucket", |bucket| bucket.versioning = versioning).unwrap();
    }

    fn write(store: &Store, bytes: &[u8]) {
        put(store, "k", bytes, &WriteCondition::default()).unwrap();
    }

    fn delete(store: &Store, version: Option<&str>) -> Deleted {
        store.delete_object("bucket", "k", version, 5, |_| Ok(())).unwrap()
    }

    /// The size of each version, the newest first; `x` is a delete marker, `*` the current one.
    fn shown(store: &Store) -> Vec<String> {
        let query = VersionsQuery { limit: 100, ..Default::default() };
        let page = store.versions("bucket", &query).unwrap();
        page.items
            .iter()
            .map(|item| {
                let super::super::ListedVersion::Version { record, latest, .. } = item else {
                    unreachable!()
                };
                let size = record.size.to_string();
                let what = if record.version.delete_marker { "x" } else { &size };
                let name = if record.version.id.is_none() { "null" } else { "" };
                format!("{}{what}{name}", if *latest { "*" } else { "" })
            })
            .collect()
    }

    fn ids(store: &Store) -> Vec<String> {
        let query = VersionsQuery { limit: 100, ..Default::default() };
        let page = store.versions("bucket", &query).unwrap();
        page.items.iter().map(|item| item.names().1.unwrap().to_owned()).collect()
    }

    fn blobs(store: &Store) -> usize {
        match &*store.blobs {
            super::super::blobs::Blobs::Memory(blobs) => blobs.lock().unwrap().len(),
            super::super::blobs::Blobs::Folder(_) => unreachable!(),
        }
    }

    #[test]
    fn without_versions_the_last_write_stays() {
        let store = store(Versioning::Never);
        write(&store, b"1");
        write(&store, b"22");
        assert_eq!((shown(&store), blobs(&store)), (vec!["*2null".to_owned()], 1));
        assert_eq!(delete(&store, None), Deleted::default());
        assert_eq!((shown(&store), blobs(&store)), (Vec::new(), 0));
    }

    #[test]
    fn enabled_keeps_all_and_marks_what_is_deleted() {
        let store = store(Versioning::Never);
        write(&store, b"1");
        set(&store, Versioning::Enabled);
        write(&store, b"22");
        write(&store, b"333");
        assert!(delete(&store, None).delete_marker);
        assert_eq!(shown(&store), ["*x", "3", "2", "1null"]);
        assert!(matches!(
            store.object("bucket", "k", None),
            Err(StoreError::DeleteMarker { asked: false, .. })
        ));
        assert_eq!(store.object("bucket", "k", Some(NULL)).unwrap().size, 1);
        let names = ids(&store);
        assert!(matches!(
            store.object("bucket", "k", Some(&names[0])),
            Err(StoreError::DeleteMarker { asked: true, .. })
        ));
        assert_eq!(store.object("bucket", "k", Some(&names[2])).unwrap().size, 2);
        // Without the marker the object is back.
        assert!(delete(&store, Some(&names[0])).delete_marker);
        assert_eq!(shown(&store), ["*3", "2", "1null"]);
        assert!(!delete(&store, Some(&names[1])).delete_marker);
        delete(&store, Some(NULL));
        assert_eq!((shown(&store), blobs(&store)), (vec!["*2".to_owned()], 1));
        delete(&store, Some(&names[2]));
        assert_eq!((shown(&store).len(), blobs(&store)), (0, 0));
        assert!(matches!(
            store.object("bucket", "k", Some(&names[2])),
            Err(StoreError::NoSuchVersion)
        ));
    }

    #[test]
    fn suspended_has_one_null_version() {
        let store = store(Versioning::Enabled);
        write(&store, b"1");
        set(&store, Versioning::Suspended);
        write(&store, b"22");
        write(&store, b"333");
        assert_eq!((shown(&store), blobs(&store)), (vec!["*3null".to_owned(), "1".to_owned()], 2));
        let deleted = delete(&store, None);
        assert_eq!((deleted.version.as_deref(), deleted.delete_marker), (Some("null"), true));
        assert_eq!((shown(&store), blobs(&store)), (vec!["*xnull".to_owned(), "1".to_owned()], 1));
        set(&store, Versioning::Enabled);
        write(&store, b"4444");
        assert_eq!(shown(&store), ["*4", "xnull", "1"]);
        set(&store, Versioning::Suspended);
        delete(&store, None);
        assert_eq!(shown(&store), ["*xnull", "4", "1"]);
        assert!(delete(&store, Some(NULL)).delete_marker);
        assert_eq!(shown(&store), ["*4", "1"]);
    }

    #[test]
    fn a_marker_stands_even_where_nothing_was() {
        let store = store(Versioning::Enabled);
        delete(&store, None);
        delete(&store, None);
        assert_eq!(shown(&store), ["*x", "x"]);
        assert!(matches!(store.delete_bucket("bucket"), Err(StoreError::BucketNotEmpty)));
        let names = ids(&store);
        delete(&store, Some(&names[0]));
        assert_eq!(shown(&store), ["*x"]);
        delete(&store, Some(&names[1]));
        store.delete_bucket("bucket").unwrap();
    }
}

//! Listing versions: by key, and the newest first.

use std::iter::Peekable;

use redb::{ReadableDatabase, ReadableTable};

use super::error::{Result, StoreError};
use super::index::{BUCKETS, OBJECTS, ObjectKey, ObjectRow, VERSIONS, VersionKey};
use super::list::{after_all, group_of, next};
use super::versions::{age, sequence_of};
use super::{ListQuery, NULL, ObjectRecord, Store, Version};

/// What versions to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct VersionsQuery {
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<String>,
    /// Only what comes after this key or group.
    pub(crate) key_marker: Option<String>,
    /// With a key marker: also the versions of that key that are older than this one.
    pub(crate) version_marker: Option<String>,
    pub(crate) limit: usize,
}

/// A version, or a group of keys that have some.
#[derive(Debug)]
pub(crate) enum ListedVersion {
    Version { key: String, record: Box<ObjectRecord>, latest: bool },
    Group(String),
}

impl ListedVersion {
    /// The key or group, and the version's name.
    pub(crate) fn names(&self) -> (&str, Option<&str>) {
        match self {
            Self::Version { key, record, .. } => (key, Some(record.version.name())),
            Self::Group(group) => (group, None),
        }
    }
}

/// Some of the versions, by key and then by age.
#[derive(Debug, Default)]
pub(crate) struct VersionsPage {
    pub(crate) items: Vec<ListedVersion>,
    pub(crate) truncated: bool,
}

impl Store {
    /// Lists one page of a bucket's versions and delete markers.
    pub(crate) fn versions(&self, bucket: &str, query: &VersionsQuery) -> Result<VersionsPage> {
        let transaction = self.database.begin_read()?;
        if transaction.open_table(BUCKETS)?.get(bucket)?.is_none() {
            return Err(StoreError::NoSuchBucket);
        }
        let objects = transaction.open_table(OBJECTS)?;
        let versions = transaction.open_table(VERSIONS)?;
        let mut page = VersionsPage::default();
        if query.limit == 0 {
            return Ok(page);
        }
        let grouping = ListQuery {
            prefix: query.prefix.clone(),
            delimiter: query.delimiter.clone(),
            ..Default::default()
        };
        let mut start = start(&versions, bucket, query, &grouping)?;
        'seek: loop {
            let mut previous: Option<Vec<u8>> = start.within.then(|| start.key.clone());
            for row in merged(&objects, &versions, bucket, &start)? {
                let (key, record, current) = row?;
                if current && start.within && key == start.key && age(&record.version) < start.age {
                    continue;
                }
                if !key.starts_with(query.prefix.as_bytes()) {
                    return Ok(page);
                }
                if page.items.len() == query.limit {
                    page.truncated = true;
                    return Ok(page);
                }
                let latest = current || previous.as_deref() != Some(key.as_slice());
                let name = String::from_utf8_lossy(&key).into_owned();
                if let Some(group) = group_of(&name, &grouping) {
                    start = Start::at(after_all(group.as_bytes()));
                    page.items.push(ListedVersion::Group(group.to_owned()));
                    continue 'seek;
                }
                previous = Some(key);
                let record = Box::new(record);
                page.items.push(ListedVersion::Version { key: name, record, latest });
            }
            return Ok(page);
        }
    }
}

/// Where to begin: at a key, or at an age among its versions.
struct Start {
    key: Vec<u8>,
    age: u64,
    /// Whether newer versions of the key lie before.
    within: bool,
}

impl Start {
    fn at(key: Vec<u8>) -> Self {
        Self { key, age: 0, within: false }
    }
}

fn start(
    versions: &impl ReadableTable<VersionKey, ObjectRow>,
    bucket: &str,
    query: &VersionsQuery,
    grouping: &ListQuery,
) -> Result<Start> {
    let prefix = query.prefix.clone().into_bytes();
    let Some(marker) = query.key_marker.as_deref() else { return Ok(Start::at(prefix)) };
    if let Some(group) = group_of(marker, grouping) {
        return Ok(Start::at(after_all(group.as_bytes()).max(prefix)));
    }
    let key = marker.as_bytes().to_vec();
    if key < prefix {
        return Ok(Start::at(prefix));
    }
    let Some(version) = query.version_marker.as_deref() else {
        return Ok(Start::at(next(&key)));
    };
    let age = match sequence_of(version) {
        Some(sequence) => Some(age(&Version { sequence, ..Version::default() })),
        None => null_age(versions, bucket, &key)?,
    };
    // Without a trace of the `null` version, nothing of the key counts as seen.
    Ok(age.map_or_else(
        || Start::at(key.clone()),
        |age| match age.checked_add(1) {
            Some(age) => Start { key: key.clone(), age, within: true },
            None => Start::at(next(&key)),
        },
    ))
}

fn null_age(
    versions: &impl ReadableTable<VersionKey, ObjectRow>,
    bucket: &str,
    key: &[u8],
) -> Result<Option<u64>> {
    for row in versions.range((bucket, key, 0)..=(bucket, key, u64::MAX))? {
        let (at, value) = row?;
        let record: ObjectRecord = serde_json::from_slice(value.value().0)?;
        if record.version.name() == NULL {
            return Ok(Some(at.value().2));
        }
    }
    Ok(None)
}

/// A key, a version of it, and whether that is the current object.
type Found = Result<(Vec<u8>, ObjectRecord, bool)>;

/// Both tables in one order: each key's current object, then its other versions.
fn merged<'t>(
    objects: &'t impl ReadableTable<ObjectKey, ObjectRow>,
    versions: &'t impl ReadableTable<VersionKey, ObjectRow>,
    bucket: &'t str,
    start: &Start,
) -> Result<impl Iterator<Item = Found> + 't> {
    let current = objects.range((bucket, start.key.as_slice())..)?.map(move |row| {
        let (at, value) = row?;
        let (in_bucket, key) = at.value();
        Ok((in_bucket == bucket).then(|| (key.to_vec(), value.value().0.to_vec())))
    });
    let others = versions.range((bucket, start.key.as_slice(), start.age)..)?.map(move |row| {
        let (at, value) = row?;
        let (in_bucket, key, _) = at.value();
        Ok((in_bucket == bucket).then(|| (key.to_vec(), value.value().0.to_vec())))
    });
    Ok(Merge { current: rows(current), others: rows(others) })
}

type Raw = Result<(Vec<u8>, Vec<u8>)>;

/// The rows up to the end of the bucket.
fn rows(
    all: impl Iterator<Item = Result<Option<(Vec<u8>, Vec<u8>)>>>,
) -> Peekable<impl Iterator<Item = Raw>> {
    all.map_while(Result::transpose).peekable()
}

struct Merge<A: Iterator<Item = Raw>, B: Iterator<Item = Raw>> {
    current: Peekable<A>,
    others: Peekable<B>,
}

impl<A: Iterator<Item = Raw>, B: Iterator<Item = Raw>> Iterator for Merge<A, B> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        // The current object is newer than every version beside it.
        let current = match (self.current.peek(), self.others.peek()) {
            (Some(Ok((left, _))), Some(Ok((right, _)))) => left <= right,
            (Some(_), _) => true,
            (None, _) => false,
        };
        let row = if current { self.current.next() } else { self.others.next() };
        row.map(|row| {
            let (key, record) = row?;
            Ok((key, serde_json::from_slice(&record)?, current))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::objects::tests::put;
    use super::super::{Versioning, WriteCondition};
    use super::*;

    fn store() -> Store {
        let store = Store::in_memory().unwrap();
        for bucket in ["bucket", "bucket-b"] {
            store.create_bucket(bucket, 0).unwrap();
        }
        let always = WriteCondition::default();
        for key in ["a/1", "c"] {
            put(&store, key, b"null", &always).unwrap();
        }
        store.configure_bucket("bucket", |it| it.versioning = Versioning::Enabled).unwrap();
        for key in ["a/1", "a/2", "b", "b", "c", "d/x"] {
            put(&store, key, b"new", &always).unwrap();
        }
        for key in ["b", "d/x", "e"] {
            store.delete_object("bucket", key, None, 0, |_| Ok(())).unwrap();
        }
        store
    }

    fn shown(item: &ListedVersion) -> String {
        match item {
            ListedVersion::Group(group) => group.clone(),
            ListedVersion::Version { key, record, latest } => {
                let marker = if record.version.delete_marker { "x" } else { "" };
                format!("{}{marker}{key}", if *latest { "*" } else { "" })
            }
        }
    }

    #[test]
    fn pages_meet_without_gap_or_repeat() {
        let store = store();
        let whole = ["*a/1", "a/1", "*a/2", "*xb", "b", "b", "*c", "c", "*xd/x", "d/x", "*xe"];
        let grouped = ["a/", "*xb", "b", "b", "*c", "c", "d/", "*xe"];
        let within = ["*a/1", "a/1", "*a/2"];
        for (prefix, delimiter, expected) in
            [("", None, &whole[..]), ("", Some("/"), &grouped[..]), ("a/", Some("/"), &within[..])]
        {
            for limit in 1..=expected.len() {
                let mut query = VersionsQuery {
                    prefix: prefix.to_owned(),
                    delimiter: delimiter.map(str::to_owned),
                    limit,
                    ..Default::default()
                };
                let mut seen = Vec::new();
                loop {
                    let page = store.versions("bucket", &query).unwrap();
                    seen.extend(page.items.iter().map(shown));
                    if !page.truncated {
                        break;
                    }
                    let (key, version) = page.items.last().unwrap().names();
                    query.key_marker = Some(key.to_owned());
                    query.version_marker = version.map(str::to_owned);
                }
                assert_eq!(seen, expected, "{prefix} {delimiter:?} {limit}");
            }
        }
        let beyond = VersionsQuery { limit: 9, prefix: "z".into(), ..Default::default() };
        assert!(store.versions("bucket", &beyond).unwrap().items.is_empty());
        assert!(store.versions("bucket-b", &VersionsQuery::default()).unwrap().items.is_empty());
    }

    #[test]
    fn what_was_listed_may_be_deleted_before_the_next_page() {
        for limit in 1..5 {
            let store = store();
            let mut query = VersionsQuery { limit, ..Default::default() };
            loop {
                let page = store.versions("bucket", &query).unwrap();
                for item in &page.items {
                    let (key, version) = item.names();
                    store.delete_object("bucket", key, version, 0, |_| Ok(())).unwrap();
                }
                if !page.truncated {
                    break;
                }
                let (key, version) = page.items.last().unwrap().names();
                query.key_marker = Some(key.to_owned());
                query.version_marker = version.map(str::to_owned);
            }
            store.delete_bucket("bucket").unwrap();
        }
    }
}

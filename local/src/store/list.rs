//! Listing in key order: every page seeks to its place, and skips whole groups below a delimiter.

use redb::ReadableDatabase;

use super::error::{Result, StoreError};
use super::index::{BUCKETS, OBJECTS};
use super::{ObjectRecord, Store};

/// What to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListQuery {
    /// Only keys that begin with this.
    pub(crate) prefix: String,
    /// Keys that share what lies between the prefix and the next delimiter make one group.
    pub(crate) delimiter: Option<String>,
    /// Only keys and groups after this one; the group that it lies in counts as seen.
    pub(crate) after: Option<String>,
    /// The most keys and groups together.
    pub(crate) limit: usize,
}

/// A key, or a group of keys.
#[derive(Clone, Debug)]
pub(crate) enum ListItem {
    Object(String, Box<ObjectRecord>),
    Group(String),
}

impl ListItem {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Object(key, _) => key,
            Self::Group(group) => group,
        }
    }
}

/// Some of the items, in byte order.
#[derive(Debug, Default)]
pub(crate) struct ListPage {
    pub(crate) items: Vec<ListItem>,
    /// Whether items follow.
    pub(crate) truncated: bool,
}

impl Store {
    /// Lists one page of a bucket.
    pub(crate) fn list(&self, bucket: &str, query: &ListQuery) -> Result<ListPage> {
        let transaction = self.database.begin_read()?;
        if transaction.open_table(BUCKETS)?.get(bucket)?.is_none() {
            return Err(StoreError::NoSuchBucket);
        }
        let objects = transaction.open_table(OBJECTS)?;
        let mut page = ListPage::default();
        if query.limit == 0 {
            return Ok(page);
        }
        let mut from = start(query);
        'seek: loop {
            for row in objects.range((bucket, from.as_slice())..)? {
                let (at, value) = row?;
                let (in_bucket, key) = at.value();
                if in_bucket != bucket || !key.starts_with(query.prefix.as_bytes()) {
                    return Ok(page);
                }
                if page.items.len() == query.limit {
                    page.truncated = true;
                    return Ok(page);
                }
                let key = String::from_utf8_lossy(key).into_owned();
                if let Some(group) = group_of(&key, query) {
                    from = after_all(group.as_bytes());
                    page.items.push(ListItem::Group(group.to_owned()));
                    continue 'seek;
                }
                let record = serde_json::from_slice(value.value().0)?;
                page.items.push(ListItem::Object(key, record));
            }
            return Ok(page);
        }
    }
}

fn start(query: &ListQuery) -> Vec<u8> {
    let Some(after) = query.after.as_deref() else { return query.prefix.clone().into_bytes() };
    let from = match group_of(after, query) {
        Some(group) => after_all(group.as_bytes()),
        None => next(after.as_bytes()),
    };
    from.max(query.prefix.clone().into_bytes())
}

/// The group that a key belongs to: up to and with the first delimiter after the prefix.
pub(super) fn group_of<'k>(key: &'k str, query: &ListQuery) -> Option<&'k str> {
    let delimiter = query.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty())?;
    let rest = key.strip_prefix(query.prefix.as_str())?;
    let end = rest.find(delimiter)? + delimiter.len();
    key.get(..query.prefix.len() + end)
}

/// The first possible key after `key`.
pub(super) fn next(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}

/// The first possible key after all that begin with `group`; no byte of UTF-8 is 0xFF.
pub(super) fn after_all(group: &[u8]) -> Vec<u8> {
    let mut after = group.to_vec();
    if let Some(last) = after.last_mut() {
        *last += 1;
    }
    after
}

#[cfg(test)]
impl Store {
    /// Puts many empty objects in one transaction.
    pub(crate) fn fill(&self, bucket: &str, keys: impl Iterator<Item = String>) -> Result<()> {
        let record = serde_json::to_vec(&super::objects::tests::record(0))?;
        let transaction = self.database.begin_write()?;
        {
            let mut objects = transaction.open_table(OBJECTS)?;
            for key in keys {
                objects.insert((bucket, key.as_bytes()), (record.as_slice(), b"[]".as_slice()))?;
            }
        }
        Ok(transaction.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::btree_set;
    use proptest::option;
    use proptest::prelude::*;

    use super::super::WriteCondition;
    use super::super::objects::tests::record;
    use super::*;

    fn store(keys: &[&str]) -> Store {
        let store = Store::in_memory().unwrap();
        for bucket in ["a-bucket", "bucket", "bucket-b"] {
            store.create_bucket(bucket, 0).unwrap();
            for key in keys {
                let always = WriteCondition::default();
                store.put_object(bucket, key, &always, &record(0), &[]).unwrap();
            }
        }
        store
    }

    fn names(store: &Store, query: &ListQuery) -> (Vec<String>, bool) {
        let page = store.list("bucket", query).unwrap();
        (page.items.iter().map(|item| item.name().to_owned()).collect(), page.truncated)
    }

    fn query(prefix: &str, delimiter: &str, after: Option<&str>, limit: usize) -> ListQuery {
        ListQuery {
            prefix: prefix.to_owned(),
            delimiter: (!delimiter.is_empty()).then(|| delimiter.to_owned()),
            after: after.map(str::to_owned),
            limit,
        }
    }

    #[test]
    fn prefixes_and_groups() {
        let store = store(&["a", "a/1", "a/2", "a/b/3", "a0", "b/1", "é/1", "é", "z"]);
        let all = names(&store, &query("", "", None, 100));
        assert_eq!(all.0, ["a", "a/1", "a/2", "a/b/3", "a0", "b/1", "z", "é", "é/1"]);
        assert!(!all.1);
        assert_eq!(
            names(&store, &query("", "/", None, 100)).0,
            ["a", "a/", "a0", "b/", "z", "é", "é/"]
        );
        assert_eq!(names(&store, &query("a/", "/", None, 100)).0, ["a/1", "a/2", "a/b/"]);
        assert_eq!(names(&store, &query("a/b", "", None, 100)).0, ["a/b/3"]);
        assert!(names(&store, &query("no", "/", None, 100)).0.is_empty());
        assert_eq!(names(&store, &query("", "/", None, 0)), (vec![], false));
    }

    #[test]
    fn pages_meet_without_gap_or_repeat() {
        let store = store(&["a", "a/1", "a/2", "a/b/3", "a0", "b/1", "é/1", "é", "z"]);
        for (prefix, delimiter) in [("", ""), ("", "/"), ("a", "/"), ("a/", "/"), ("", "b/")] {
            let whole = names(&store, &query(prefix, delimiter, None, 100)).0;
            for limit in 1..=whole.len() {
                let mut seen: Vec<String> = Vec::new();
                loop {
                    let after = seen.last().map(String::as_str);
                    let page = names(&store, &query(prefix, delimiter, after, limit));
                    seen.extend(page.0);
                    if !page.1 {
                        break;
                    }
                }
                assert_eq!(seen, whole, "{prefix:?} {delimiter:?} {limit}");
            }
        }
    }

    #[test]
    fn starting_inside_or_before_the_prefix() {
        let store = store(&["a/1", "a/2", "b/1", "b/2", "c"]);
        assert_eq!(names(&store, &query("b/", "", Some("a/1"), 9)).0, ["b/1", "b/2"]);
        assert_eq!(names(&store, &query("b/", "", Some("b/1"), 9)).0, ["b/2"]);
        assert!(names(&store, &query("b/", "", Some("c"), 9)).0.is_empty());
        assert_eq!(names(&store, &query("", "/", Some("a/1"), 9)).0, ["b/", "c"]);
        assert_eq!(names(&store, &query("", "", Some("a/15"), 9)).0, ["a/2", "b/1", "b/2", "c"]);
    }

    /// What a page must hold, worked out key by key.
    fn model(keys: &BTreeSet<String>, query: &ListQuery) -> (Vec<String>, bool) {
        let mut items: Vec<String> = Vec::new();
        for key in keys.iter().filter(|key| key.starts_with(&query.prefix)) {
            let name = group_of(key, query).unwrap_or(key);
            let after = query.after.as_deref();
            let seen = after.is_some_and(|after| match group_of(after, query) {
                Some(group) => name <= group,
                None => name <= after,
            });
            if !seen && items.last().map(String::as_str) != Some(name) {
                items.push(name.to_owned());
            }
        }
        let truncated = query.limit > 0 && items.len() > query.limit;
        items.truncate(query.limit);
        (items, truncated)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn pages_are_those_of_the_model(
            keys in btree_set("[ab/é\u{10ffff}]{1,6}", 0..30),
            prefix in "[ab/é]{0,3}",
            delimiter in option::of("[/ab]{0,2}"),
            after in option::of("[ab/é\u{10ffff}]{0,6}"),
            limit in 0_usize..10,
        ) {
            let store = Store::in_memory().unwrap();
            for bucket in ["bucket", "bucket-b"] {
                store.create_bucket(bucket, 0).unwrap();
                store.fill(bucket, keys.iter().cloned()).unwrap();
            }
            let query = ListQuery { prefix, delimiter, after, limit };
            prop_assert_eq!(names(&store, &query), model(&keys, &query));
        }
    }
}

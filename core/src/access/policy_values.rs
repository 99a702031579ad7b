//! The values that a policy file holds: names, sizes, counts, tables.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::content_type;
use super::kind::ANYTHING;
use super::shown;
use super::size::parse_size;
use super::tier::EVERY_FEATURE;
use crate::storage::{MAX_LINK_SECONDS, is_forbidden_extension};

/// Names of tiers, roles and features take 1 to this many of `A-Z a-z 0-9 _ -`.
const MAX_NAME_BYTES: usize = 64;
/// What a limit says when there is none.
const UNLIMITED: &str = "unlimited";

/// What is wrong with one key.
pub(super) struct Fault {
    pub(super) key: String,
    pub(super) why: String,
}

impl Fault {
    pub(super) fn new(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: key.into(), why: why.into() }
    }
}

pub(super) type Parsed<T> = std::result::Result<T, Fault>;

/// The names of tiers or roles, lowest first: at least one, none twice.
pub(super) fn ranked_names(value: &Value, key: &str) -> Parsed<Vec<String>> {
    let names = strings(value, key)?;
    if names.is_empty() {
        return Err(Fault::new(key, "is empty; name at least one, the lowest first"));
    }
    for (place, name) in names.iter().enumerate() {
        if !is_name(name) {
            return Err(malformed_name(key, name));
        }
        if names[..place].contains(name) {
            return Err(Fault::new(key, format!("names `{name}` twice")));
        }
    }
    Ok(names)
}

pub(super) fn features(value: &Value, key: &str) -> Parsed<BTreeSet<String>> {
    let mut features = BTreeSet::new();
    for name in strings(value, key)? {
        if name != EVERY_FEATURE && !is_name(&name) {
            return Err(malformed_name(key, &name));
        }
        insert_once(&mut features, name, key)?;
    }
    Ok(features)
}

pub(super) fn types(value: &Value, key: &str) -> Parsed<BTreeSet<String>> {
    let mut types = BTreeSet::new();
    for text in at_least_one(value, key)? {
        let name = if text == ANYTHING {
            text
        } else {
            let name = content_type::normalize(&text).filter(|_| !text.contains([';', '*', ' ']));
            name.ok_or_else(|| {
                Fault::new(
                    key,
                    format!(
                        "holds `{}`, which is no content type: write one such as `image/png`, \
                         without parameters, or `*` alone for all that are not dangerous",
                        shown(&text)
                    ),
                )
            })?
        };
        insert_once(&mut types, name, key)?;
    }
    Ok(types)
}

pub(super) fn extensions(value: &Value, key: &str) -> Parsed<BTreeSet<String>> {
    let mut extensions = BTreeSet::new();
    for text in at_least_one(value, key)? {
        let is_extension =
            (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if text != ANYTHING && !is_extension {
            return Err(Fault::new(
                key,
                format!(
                    "holds `{}`, which is no extension: write one such as `png`, without the dot, \
                     or `*` for all that are not dangerous",
                    shown(&text)
                ),
            ));
        }
        let extension = text.to_ascii_lowercase();
        if is_forbidden_extension(&extension) {
            return Err(Fault::new(
                key,
                format!("holds `{extension}`, an extension that no stored file may have"),
            ));
        }
        insert_once(&mut extensions, extension, key)?;
    }
    Ok(extensions)
}

fn insert_once(names: &mut BTreeSet<String>, name: String, key: &str) -> Parsed<()> {
    if names.contains(&name) {
        return Err(Fault::new(key, format!("names `{name}` twice")));
    }
    names.insert(name);
    Ok(())
}

fn at_least_one(value: &Value, key: &str) -> Parsed<Vec<String>> {
    let texts = strings(value, key)?;
    if texts.is_empty() {
        return Err(Fault::new(key, "is empty"));
    }
    Ok(texts)
}

fn strings(value: &Value, key: &str) -> Parsed<Vec<String>> {
    let fault = || Fault::new(key, "must be a list of strings");
    let items = value.as_array().ok_or_else(fault)?;
    items.iter().map(|item| item.as_str().map(String::from).ok_or_else(fault)).collect()
}

pub(super) fn size_or_unlimited(value: &Value, key: &str) -> Parsed<Option<u64>> {
    match value {
        Value::String(text) if text == UNLIMITED => Ok(None),
        Value::String(text) => parse_size(text).map(Some).map_err(|why| {
            Fault::new(key, format!("is `{}`: {why}, or \"{UNLIMITED}\"", shown(text)))
        }),
        Value::Integer(bytes) => {
            u64::try_from(*bytes).map(Some).map_err(|_| Fault::new(key, "must not be negative"))
        }
        _ => Err(Fault::new(
            key,
            format!("must be an integer of bytes, a size such as \"10 MiB\", or \"{UNLIMITED}\""),
        )),
    }
}

pub(super) fn count(value: &Value, key: &str) -> Parsed<Option<u64>> {
    match value {
        Value::String(text) if text == UNLIMITED => Ok(None),
        Value::Integer(count) if *count >= 0 => Ok(Some(count.unsigned_abs())),
        _ => Err(Fault::new(key, format!("must be an integer, 0 or more, or \"{UNLIMITED}\""))),
    }
}

pub(super) fn link_seconds(value: &Value, key: &str) -> Parsed<u64> {
    let seconds = value.as_integer().and_then(|seconds| u64::try_from(seconds).ok());
    seconds.filter(|seconds| (1..=MAX_LINK_SECONDS).contains(seconds)).ok_or_else(|| {
        Fault::new(key, "must be an integer from 1 to 604800, S3's longest link of seven days")
    })
}

pub(super) fn sub_table(root: &Table, key: &str) -> Parsed<Table> {
    root.get(key).map_or_else(|| Ok(Table::new()), |value| as_table(value, key).cloned())
}

pub(super) fn as_table<'a>(value: &'a Value, key: &str) -> Parsed<&'a Table> {
    value.as_table().ok_or_else(|| Fault::new(key, "must be a table"))
}

pub(super) fn only_keys(table: &Table, path: &str, known: &[&str]) -> Parsed<()> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) if path.is_empty() => Err(unknown_key(&shown(key), known)),
        Some(key) => Err(unknown_key(&format!("{path}.{}", shown(key)), known)),
    }
}

pub(super) fn unknown_key(key: &str, known: &[&str]) -> Fault {
    Fault::new(key, format!("is not a key of the policy file; there are {}", known.join(", ")))
}

fn malformed_name(key: &str, name: &str) -> Fault {
    Fault::new(key, format!("holds `{}`, but names are 1 to 64 of A-Z a-z 0-9 _ -", shown(name)))
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

//! The loader of the policy file. `docs/policy.md` describes the format.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use toml::{Table, Value};

use super::content_type;
use super::kind::{self, ANYTHING, Kind};
use super::policy::Policy;
use super::role;
use super::size::parse_size;
use super::tier::{EVERY_FEATURE, LONGEST_LINK_SECONDS, OTHER_KINDS, Tier};
use crate::{Error, ErrorKind, Result};

/// A policy is some hundred lines; more than this is not one.
const LARGEST_FILE: u64 = 1 << 20;
/// Names of tiers, roles and features take 1 to this many of `A-Z a-z 0-9 _ -`.
const LONGEST_NAME: usize = 64;
/// What a limit says when there is none.
const UNLIMITED: &str = "unlimited";

/// Reads the file and parses it.
pub(super) fn load(path: &Path) -> Result<Policy> {
    let origin = path.display().to_string();
    let fault = |error: std::io::Error| {
        config_invalid(&origin, format!("cannot be read: {}", error.kind())).with_source(error)
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fault)?;
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(fault)?;
    let text =
        String::from_utf8(bytes).map_err(|_| config_invalid(&origin, "is not UTF-8 text"))?;
    parse(&text, &origin)
}

/// Makes a policy of the text of a policy file.
pub(super) fn parse(text: &str, origin: &str) -> Result<Policy> {
    if text.len() as u64 > LARGEST_FILE {
        return Err(config_invalid(origin, "is larger than 1 MiB"));
    }
    let root: Table = toml::from_str(text).map_err(|error| not_toml(origin, text, &error))?;
    build(&root).map_err(|fault| config_invalid(origin, format!("`{}` {}", fault.key, fault.why)))
}

/// What is wrong with one key.
struct Fault {
    key: String,
    why: String,
}

impl Fault {
    fn new(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: key.into(), why: why.into() }
    }
}

type Parsed<T> = std::result::Result<T, Fault>;

fn build(root: &Table) -> Parsed<Policy> {
    only_keys(root, "", &["version", "tiers", "roles", "organization_plans", "tier", "kind"])?;
    match root.get("version") {
        Some(Value::Integer(1)) => {}
        Some(_) => return Err(Fault::new("version", "must be 1, the only version there is")),
        None => return Err(Fault::new("version", "is missing; write `version = 1`")),
    }
    let organization_plans = match root.get("organization_plans") {
        None => false,
        Some(Value::Boolean(value)) => *value,
        Some(_) => return Err(Fault::new("organization_plans", "must be true or false")),
    };
    let kinds = kinds(root)?;
    let roles = match root.get("roles") {
        None => role::BUILTIN.map(String::from).to_vec(),
        Some(value) => ranked_names(value, "roles")?,
    };
    Ok(Policy::new(tiers(root, &kinds)?, roles, kinds, organization_plans))
}

fn tiers(root: &Table, kinds: &[Kind]) -> Parsed<Vec<Tier>> {
    let builtin = Tier::builtin();
    let names = match root.get("tiers") {
        None => builtin.iter().map(|tier| tier.name().to_owned()).collect(),
        Some(value) => ranked_names(value, "tiers")?,
    };
    let stated = sub_table(root, "tier")?;
    if let Some(stray) = stated.keys().find(|name| !names.contains(name)) {
        return Err(Fault::new(
            format!("tier.{}", shown(stray)),
            format!("is not one of `tiers`, which are {}", names.join(", ")),
        ));
    }
    let mut tiers: Vec<Tier> = Vec::with_capacity(names.len());
    for name in names {
        let mut tier = builtin
            .iter()
            .find(|tier| tier.name() == name)
            .cloned()
            .unwrap_or_else(|| like_the_tier_below(&name, &tiers, &builtin[0]));
        if let Some(value) = stated.get(&name) {
            state_tier(&mut tier, value, kinds)?;
        }
        tiers.push(tier);
    }
    Ok(tiers)
}

/// A tier that is not built in: the limits of the one below (of the built-in lowest when it is
/// itself the lowest) and no features of its own.
fn like_the_tier_below(name: &str, below: &[Tier], lowest: &Tier) -> Tier {
    let mut tier = below.last().unwrap_or(lowest).clone();
    name.clone_into(&mut tier.name);
    tier.features.clear();
    tier
}

fn state_tier(tier: &mut Tier, value: &Value, kinds: &[Kind]) -> Parsed<()> {
    let path = format!("tier.{}", tier.name);
    let table = as_table(value, &path)?;
    for (name, value) in table {
        let key = format!("{path}.{}", shown(name));
        match name.as_str() {
            "features" => tier.features = features(value, &key)?,
            "max_bytes" => state_max_bytes(tier, value, &key, kinds)?,
            "stored_bytes" => tier.stored_bytes = size_or_unlimited(value, &key)?,
            "generations_per_minute" => tier.generations_per_minute = count(value, &key)?,
            "generations_per_month" => tier.generations_per_month = count(value, &key)?,
            "link_seconds" => tier.link_seconds = link_seconds(value, &key)?,
            _ => return Err(unknown_key(&key, &TIER_KEYS)),
        }
    }
    Ok(())
}

const TIER_KEYS: [&str; 6] = [
    "features",
    "max_bytes",
    "stored_bytes",
    "generations_per_minute",
    "generations_per_month",
    "link_seconds",
];

fn state_max_bytes(tier: &mut Tier, value: &Value, key: &str, kinds: &[Kind]) -> Parsed<()> {
    for (kind, value) in as_table(value, key)? {
        let key = format!("{key}.{}", shown(kind));
        if kind != OTHER_KINDS && !kinds.iter().any(|known| known.name() == kind) {
            return Err(Fault::new(
                key,
                "is no kind: name a kind of the policy, or `other` for all without a size",
            ));
        }
        tier.max_bytes.insert(kind.clone(), size_or_unlimited(value, &key)?);
    }
    Ok(())
}

fn kinds(root: &Table) -> Parsed<Vec<Kind>> {
    let mut kinds = Kind::builtin();
    for (name, value) in &sub_table(root, "kind")? {
        let path = format!("kind.{}", shown(name));
        if !kind::is_name(name) {
            return Err(Fault::new(
                path,
                "is no kind's name: 1 to 32 lower-case letters, digits and hyphens",
            ));
        }
        if name == OTHER_KINDS {
            return Err(Fault::new(path, "is reserved: `max_bytes` means by it all other kinds"));
        }
        let table = as_table(value, &path)?;
        only_keys(table, &path, &["types", "extensions"])?;
        let types = table.get("types").map(|value| types(value, &format!("{path}.types")));
        let extensions =
            table.get("extensions").map(|value| extensions(value, &format!("{path}.extensions")));
        let (types, extensions) = (types.transpose()?, extensions.transpose()?);
        let position = kinds.iter().position(|kind| kind.name() == name);
        match (position, types, extensions) {
            (Some(position), types, extensions) => {
                let kind = &mut kinds[position];
                kind.types = types.unwrap_or_else(|| kind.types.clone());
                kind.extensions = extensions.unwrap_or_else(|| kind.extensions.clone());
            }
            (None, Some(types), Some(extensions)) => {
                kinds.push(Kind { name: name.clone(), types, extensions });
            }
            (None, None, _) => return Err(Fault::new(format!("{path}.types"), NEW_KIND)),
            (None, _, None) => return Err(Fault::new(format!("{path}.extensions"), NEW_KIND)),
        }
    }
    Ok(kinds)
}

const NEW_KIND: &str = "is missing; a kind that is not built in needs `types` and `extensions`";

/// The names of tiers or roles, lowest first: at least one, none twice.
fn ranked_names(value: &Value, key: &str) -> Parsed<Vec<String>> {
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

fn features(value: &Value, key: &str) -> Parsed<BTreeSet<String>> {
    let mut features = BTreeSet::new();
    for name in strings(value, key)? {
        if name != EVERY_FEATURE && !is_name(&name) {
            return Err(malformed_name(key, &name));
        }
        insert_once(&mut features, name, key)?;
    }
    Ok(features)
}

fn types(value: &Value, key: &str) -> Parsed<BTreeSet<String>> {
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

fn extensions(value: &Value, key: &str) -> Parsed<BTreeSet<String>> {
    let mut extensions = BTreeSet::new();
    for text in at_least_one(value, key)? {
        let is_extension = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
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
        insert_once(&mut extensions, text.to_ascii_lowercase(), key)?;
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

fn size_or_unlimited(value: &Value, key: &str) -> Parsed<Option<u64>> {
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

fn count(value: &Value, key: &str) -> Parsed<Option<u64>> {
    match value {
        Value::String(text) if text == UNLIMITED => Ok(None),
        Value::Integer(count) if *count >= 0 => Ok(Some(count.unsigned_abs())),
        _ => Err(Fault::new(key, format!("must be an integer, 0 or more, or \"{UNLIMITED}\""))),
    }
}

fn link_seconds(value: &Value, key: &str) -> Parsed<u64> {
    let seconds = value.as_integer().and_then(|seconds| u64::try_from(seconds).ok());
    seconds.filter(|seconds| (1..=LONGEST_LINK_SECONDS).contains(seconds)).ok_or_else(|| {
        Fault::new(key, "must be an integer from 1 to 604800, S3's longest link of seven days")
    })
}

fn sub_table(root: &Table, key: &str) -> Parsed<Table> {
    root.get(key).map_or_else(|| Ok(Table::new()), |value| as_table(value, key).cloned())
}

fn as_table<'a>(value: &'a Value, key: &str) -> Parsed<&'a Table> {
    value.as_table().ok_or_else(|| Fault::new(key, "must be a table"))
}

fn only_keys(table: &Table, path: &str, known: &[&str]) -> Parsed<()> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) if path.is_empty() => Err(unknown_key(&shown(key), known)),
        Some(key) => Err(unknown_key(&format!("{path}.{}", shown(key)), known)),
    }
}

fn unknown_key(key: &str, known: &[&str]) -> Fault {
    Fault::new(key, format!("is not a key of the policy file; there are {}", known.join(", ")))
}

fn malformed_name(key: &str, name: &str) -> Fault {
    Fault::new(key, format!("holds `{}`, but names are 1 to 64 of A-Z a-z 0-9 _ -", shown(name)))
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn shown(text: &str) -> String {
    text.escape_debug().take(LONGEST_NAME).collect()
}

fn not_toml(origin: &str, text: &str, error: &toml::de::Error) -> Error {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    config_invalid(origin, format!("is not valid TOML, line {line}: {}", error.message()))
}

fn config_invalid(origin: &str, what: impl AsRef<str>) -> Error {
    Error::new(
        ErrorKind::ConfigInvalid,
        format!("the policy file {}: {}", origin.escape_debug(), what.as_ref()),
    )
}

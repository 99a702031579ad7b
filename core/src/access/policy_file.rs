//! The loader of the policy file. `docs/policy.md` describes the format.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use toml::{Table, Value};

use super::kind::Kind;
use super::policy::{BUILTIN_ROLES, Policy};
use super::policy_values::{
    Fault, Parsed, as_table, count, extensions, features, link_seconds, only_keys, ranked_names,
    size_or_unlimited, sub_table, types, unknown_key,
};
use super::shown;
use super::tier::{OTHER_KINDS, Tier};
use crate::error::io_reason;
use crate::storage::check_kind;
use crate::{Error, ErrorKind, Result};

/// A policy is some hundred lines; more than this is not one.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Reads the file and parses it.
pub(super) fn load(path: &Path) -> Result<Policy> {
    let origin = path.display().to_string();
    let fault = |error: std::io::Error| {
        config_invalid(&origin, format!("cannot be read: {}", io_reason(&error))).with_source(error)
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fault)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(fault)?;
    let text =
        String::from_utf8(bytes).map_err(|_| config_invalid(&origin, "is not UTF-8 text"))?;
    parse(&text, &origin)
}

/// Makes a policy of the text of a policy file.
pub(super) fn parse(text: &str, origin: &str) -> Result<Policy> {
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(config_invalid(origin, "is larger than 1 MiB"));
    }
    let root: Table = toml::from_str(text).map_err(|error| not_toml(origin, text, &error))?;
    build(&root).map_err(|fault| config_invalid(origin, format!("`{}` {}", fault.key, fault.why)))
}

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
        None => BUILTIN_ROLES.map(String::from).to_vec(),
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
        if check_kind(name).is_err() {
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

fn not_toml(origin: &str, text: &str, error: &toml::de::Error) -> Error {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    config_invalid(origin, format!("is not valid TOML, line {line}: {}", error.message()))
}

fn config_invalid(origin: &str, what: impl AsRef<str>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("{}: {}", origin.escape_debug(), what.as_ref()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Policy {
        Policy::from_toml(text, "policy.toml").unwrap()
    }

    fn message(text: &str) -> String {
        let error = Policy::from_toml(text, "policy.toml").unwrap_err();
        assert_eq!(error.code(), "config-invalid", "{text}");
        assert!(error.message().contains("policy.toml"), "{error}");
        error.message().to_owned()
    }

    #[test]
    fn a_file_that_says_nothing_is_the_builtin_policy() {
        assert_eq!(parsed("version = 1"), Policy::builtin());
        let same = "version = 1\ntiers = ['free', 'basic', 'pro', 'premium', 'enterprise']\n\
                    roles = ['user', 'manager', 'admin']\norganization_plans = false";
        assert_eq!(parsed(same), Policy::builtin());
    }

    #[test]
    fn a_builtin_tier_keeps_what_the_file_does_not_say() {
        let policy = parsed(
            "version = 1\n[tier.pro]\nstored_bytes = '2 TiB'\nmax_bytes = { image = 5, book = '1 kB' }",
        );
        let (pro, builtin) = (policy.tier("pro").unwrap(), Policy::builtin());
        let before = builtin.tier("pro").unwrap();
        assert_eq!(pro.stored_bytes(), Some(2 << 40));
        assert_eq!(pro.max_bytes("image"), Some(5));
        assert_eq!(pro.max_bytes("book"), Some(1_000));
        assert_eq!(pro.max_bytes("video"), before.max_bytes("video"));
        assert_eq!(pro.max_bytes("file"), before.max_bytes("file"));
        assert_eq!(pro.features(), before.features());
        assert_eq!(pro.link_seconds(), before.link_seconds());
        assert_eq!(policy.tier("free"), builtin.tier("free"));
    }

    #[test]
    fn another_tier_takes_the_rest_from_the_one_below() {
        let policy = parsed(
            "version = 1\ntiers = ['trial', 'free', 'team', 'enterprise']\n\
             [tier.team]\nfeatures = ['seats']\nlink_seconds = 7200\n\
             [tier.free]\nstored_bytes = '3 GB'",
        );
        let [trial, free, team, enterprise] = policy.tiers() else { panic!("four tiers") };
        assert_eq!(trial.features(), Vec::<String>::new());
        assert_eq!(trial.stored_bytes(), Some(1 << 30));
        assert_eq!(free.features(), ["blog"]);
        assert_eq!(team.features(), ["blog", "seats"]);
        assert_eq!(team.stored_bytes(), Some(3_000_000_000));
        assert_eq!(team.max_bytes("image"), Some(10 << 20));
        assert_eq!(team.link_seconds(), 7_200);
        assert_eq!(enterprise.features(), ["blog", "seats"]);
        assert_eq!(policy.lowest_tier().name(), "trial");
        assert!(policy.tier("pro").is_none());
    }

    #[test]
    fn features_add_up_and_a_star_means_every_one() {
        let policy = parsed(
            "version = 1\ntiers = ['a', 'b', 'c', 'd']\n[tier.a]\nfeatures = ['one']\n\
             [tier.b]\nfeatures = ['*', 'two']\n[tier.c]\nfeatures = []\n[tier.d]\nfeatures = ['four']",
        );
        assert_eq!(policy.tier("a").unwrap().features(), ["one"]);
        for tier in ["b", "c", "d"] {
            assert_eq!(policy.tier(tier).unwrap().features(), ["four", "one", "two"], "{tier}");
        }
    }

    #[test]
    fn limits_may_be_lifted_and_sizes_are_sizes() {
        let policy = parsed(
            "version = 1\n[tier.free]\nmax_bytes.other = 'unlimited'\nmax_bytes.image = 0\n\
             stored_bytes = 'unlimited'\ngenerations_per_minute = 'unlimited'\n\
             generations_per_month = 0",
        );
        let free = policy.tier("free").unwrap();
        assert_eq!(free.max_bytes("file"), None);
        assert_eq!(free.max_bytes("image"), Some(0));
        assert_eq!(free.stored_bytes(), None);
        assert_eq!(free.generations_per_minute(), None);
        assert_eq!(free.generations_per_month(), Some(0));
    }

    #[test]
    fn kinds_are_added_and_changed() {
        let policy = parsed(
            "version = 1\n[kind.podcast]\ntypes = ['Audio/MPEG']\nextensions = ['MP3']\n\
             [kind.image]\ntypes = ['image/png']\n\
             [kind.feed]\ntypes = ['*', 'application/xml']\nextensions = ['*', 'xml']\n\
             [tier.free.max_bytes]\npodcast = '1 MiB'",
        );
        assert_eq!(policy.kinds().len(), 9);
        assert!(policy.check_type("podcast", "a.mp3", "audio/mp3").is_ok());
        assert!(policy.check_type("image", "a.png", "image/png").is_ok());
        assert!(policy.check_type("image", "a.jpg", "image/jpeg").is_err());
        assert!(policy.check_type("feed", "a.xml", "application/xml").is_ok());
        assert!(policy.check_type("feed", "a.txt", "text/plain").is_ok());
        assert!(policy.check_type("feed", "a.html", "text/html").is_err());
        assert!(policy.check_type("file", "a.xml", "application/xml").is_err());
        assert_eq!(policy.tier("free").unwrap().max_bytes("podcast"), Some(1 << 20));
    }

    #[test]
    fn every_fault_names_the_file_and_the_key() {
        for (text, key) in [
            ("", "`version`"),
            ("version = 2", "`version`"),
            ("version = '1'", "`version`"),
            ("tier = 3", "`version`"),
            ("levels = 1", "`levels`"),
            ("tiers = []", "`tiers`"),
            ("tiers = 'free'", "`tiers`"),
            ("tiers = ['free', 1]", "`tiers`"),
            ("tiers = ['free', 'pro', 'free']", "`tiers` names `free` twice"),
            ("tiers = ['fr ee']", "`tiers`"),
            ("tiers = ['']", "`tiers`"),
            ("roles = ['a', 'a']", "`roles`"),
            ("roles = []", "`roles`"),
            ("organization_plans = 1", "`organization_plans`"),
            ("tier = 3", "`tier`"),
            ("tier.pro = 3", "`tier.pro`"),
            ("tier.gold.features = []", "`tier.gold`"),
            ("tiers = ['free']\n[tier.pro]", "`tier.pro`"),
            ("tier.pro.speed = 3", "`tier.pro.speed`"),
            ("tier.pro.features = 'books'", "`tier.pro.features`"),
            ("tier.pro.features = ['u:books']", "`tier.pro.features`"),
            ("tier.pro.features = ['a', 'a']", "`tier.pro.features`"),
            ("tier.pro.max_bytes = 3", "`tier.pro.max_bytes`"),
            ("tier.pro.max_bytes.images = 3", "`tier.pro.max_bytes.images`"),
            ("tier.pro.max_bytes.image = -1", "`tier.pro.max_bytes.image`"),
            ("tier.pro.max_bytes.image = '10 mb'", "`tier.pro.max_bytes.image`"),
            ("tier.pro.max_bytes.image = 1.5", "`tier.pro.max_bytes.image`"),
            ("tier.pro.stored_bytes = true", "`tier.pro.stored_bytes`"),
            ("tier.pro.stored_bytes = '9999999 TiB'", "`tier.pro.stored_bytes`"),
            ("tier.pro.generations_per_minute = -5", "`tier.pro.generations_per_minute`"),
            ("tier.pro.generations_per_minute = '5'", "`tier.pro.generations_per_minute`"),
            ("tier.pro.generations_per_month = 1.0", "`tier.pro.generations_per_month`"),
            ("tier.pro.link_seconds = 0", "`tier.pro.link_seconds`"),
            ("tier.pro.link_seconds = 604801", "`tier.pro.link_seconds`"),
            ("tier.pro.link_seconds = 'unlimited'", "`tier.pro.link_seconds`"),
            ("kind.Podcast.types = ['a/b']", "`kind.Podcast`"),
            ("kind.other.types = ['a/b']", "`kind.other`"),
            ("kind.podcast.types = ['a/b']", "`kind.podcast.extensions`"),
            ("kind.podcast.extensions = ['b']", "`kind.podcast.types`"),
            ("kind.podcast.mime = ['b']", "`kind.podcast.mime`"),
            ("kind.image.types = []", "`kind.image.types`"),
            ("kind.image.types = ['image/*']", "`kind.image.types`"),
            ("kind.image.types = ['image/png; a=b']", "`kind.image.types`"),
            ("kind.image.types = ['image/jpg', 'image/jpeg']", "`kind.image.types`"),
            ("kind.image.extensions = ['.png']", "`kind.image.extensions`"),
            ("kind.image.extensions = ['png', 'PNG']", "`kind.image.extensions`"),
            ("kind.image.extensions = ['php']", "`kind.image.extensions`"),
        ] {
            let with_version = format!("version = 1\n{text}");
            let text = if key.starts_with("`version`") { text } else { &with_version };
            let message = message(text);
            assert!(message.contains(key), "{text}: {message}");
        }
    }

    #[test]
    fn what_is_not_toml_is_refused_with_its_line() {
        assert!(message("version = 1\ntiers = [").contains("line 2"));
        assert!(message("version = 1\nversion = 1").contains("line 2"));
        assert!(message("version = 1\n\n[tier.pro]\n[tier.pro]").contains("line 4"));
        message(&"[".repeat(100_000));
        message(&format!("version = 1\nx = {}", "[".repeat(100_000)));
        message(&" ".repeat(2 << 20));
    }

    #[test]
    fn files_are_loaded_or_named_in_the_error() {
        let folder = std::env::temp_dir().join(format!("casier-policy-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("tiers.toml");
        std::fs::write(&path, "version = 1\nroles = ['reader', 'editor']").unwrap();
        assert_eq!(Policy::load(&path).unwrap().roles(), ["reader", "editor"]);
        std::fs::write(&path, b"version = 1 # \xff").unwrap();
        for path in [path.clone(), folder.clone(), folder.join("missing.toml")] {
            let error = Policy::load(&path).unwrap_err();
            assert_eq!(error.code(), "config-invalid");
            assert!(error.message().contains(&path.display().to_string()), "{error}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    fn any_value() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            "[a-zA-Z0-9 ./*]{0,12}".prop_map(|text| format!("\"{text}\"")),
            prop::collection::vec("[a-z*/]{0,8}", 0..4).prop_map(|texts| format!("{texts:?}")),
            Just(String::from("{ image = 1, other = \"1 MiB\" }")),
            Just(String::from("true")),
        ]
    }

    fn any_key() -> impl Strategy<Value = String> {
        let word = prop::sample::select(vec![
            "version",
            "tiers",
            "roles",
            "tier",
            "kind",
            "pro",
            "free",
            "image",
            "features",
            "max_bytes",
            "stored_bytes",
            "link_seconds",
            "types",
            "extensions",
            "other",
            "generations_per_minute",
            "organization_plans",
            "\"\"",
            "\"\\u0000\"",
        ]);
        prop::collection::vec(word, 1..4).prop_map(|words| words.join("."))
    }

    proptest! {
        #[test]
        fn any_text_is_a_policy_or_refused(text in "\\PC*") {
            let _ = Policy::from_toml(&text, "x");
        }

        #[test]
        fn any_toml_is_a_policy_or_refused(
            lines in prop::collection::vec((any_key(), any_value()), 0..8),
        ) {
            let mut text = String::from("version = 1\n");
            for (key, value) in lines {
                text.push_str(&format!("{key} = {value}\n"));
            }
            match Policy::from_toml(&text, "x") {
                Ok(policy) => prop_assert!(!policy.tiers().is_empty() && !policy.roles().is_empty()),
                Err(error) => prop_assert_eq!(error.code(), "config-invalid"),
            }
        }
    }
}

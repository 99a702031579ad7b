//! The parts of `docs/` that follow from the code: they are generated, and fail here when stale.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use casier::access::{Kind, Policy, Tier, format_size};
use casier::{ErrorKind, Setting};

const UPDATE: &str = "CASIER_UPDATE_DOCS";
const HOW: &str = "regenerate it: CASIER_UPDATE_DOCS=1 cargo test -p casier docs";

#[test]
fn errors_md_is_the_catalogue() {
    let mut page = String::from(
        "# Errors\n\n\
         <!-- Generated from core/src/error.rs by `CASIER_UPDATE_DOCS=1 cargo test -p casier docs`. \
         Do not edit. -->\n\n\
         Every failure has a code that stays the same, an HTTP status, and says whether the same \
         call may succeed later with nothing changed. In Rust it is `casier::Error`, with `code()`, \
         `status()` and `is_retryable()`; in Python, Node and Swift it is `CasierError`, with \
         `code`, `status` and `retryable`. The category says what an application does about it: \
         `kind().category()` in Rust, a class under `CasierError` in Python, `category` in Node, a \
         case of the error in Swift.\n\n\
         `details` has the fields that belong to the code: `required`, what the call needed, and \
         `actual`, what the caller has instead; `limit`, and `used`, what was used or asked for, in \
         the same unit (bytes, seconds, files, requests); `retry_after`, the time to wait, a \
         `Duration` in Rust and seconds everywhere else. Over HTTP an error is as \
         [the routes](http.md#answers) tell it.\n\n\
         | code | status | retryable | category | meaning |\n|---|---|---|---|---|\n",
    );
    for kind in ErrorKind::ALL {
        let retryable = if kind.is_retryable() { "yes" } else { "no" };
        writeln!(
            page,
            "| `{}` | {} | {retryable} | {} | {} |",
            kind.code(),
            kind.status(),
            kind.category().name(),
            kind.meaning()
        )
        .unwrap();
    }
    check_or_write("errors.md", &page);
}

#[test]
fn configuration_md_shows_the_table_of_settings() {
    let page = with_block(&read("configuration.md"), "settings", &setting_table());
    check_or_write("configuration.md", &page);
}

#[test]
fn policy_md_shows_the_builtin_policy() {
    let page = read("policy.md");
    let policy = Policy::builtin();
    let page = with_block(&page, "tiers", &tier_table(&policy));
    let page = with_block(&page, "kinds", &kind_table(&policy));
    check_or_write("policy.md", &page);
}

#[test]
fn the_examples_of_policy_md_are_policies() {
    let page = read("policy.md");
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 2, "docs/policy.md has {} examples", examples.len());
    for (place, example) in examples.iter().enumerate() {
        let policy = Policy::from_toml(example, &format!("docs/policy.md, example {}", place + 1));
        let policy = policy.unwrap();
        if example.contains("# the built-in tiers") {
            assert_eq!(policy, Policy::builtin(), "docs/policy.md no longer spells out the tiers");
        }
    }
    assert!(page.contains("# the built-in tiers"));
}

/// Each row of the tables is tried by a test whose comment names it, or by a shared vector. Each
/// number is in the tables or said to be missing, and not both.
#[test]
fn attacks_md_names_what_the_tests_try() {
    let page = read("attacks.md");
    let rows: Vec<usize> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect();
    assert!(rows.is_sorted_by(|row, next| row < next), "the rows are numbered: {rows:?}");
    let mut named = BTreeSet::new();
    for folder in [
        "core/src",
        "core/tests",
        "tests/conformance",
        "bindings-python/tests",
        "bindings-node/tests",
    ] {
        note_attacks(&path("..").join(folder), &mut named);
    }
    let untried: Vec<_> = rows.iter().filter(|row| !named.contains(*row)).collect();
    assert!(untried.is_empty(), "no test is named after the rows {untried:?}");

    let (_, missing) = page.rsplit_once("come later: rows ").unwrap();
    let missing = numbers(missing.trim_end().trim_end_matches('.'));
    let mut all: Vec<usize> = rows.into_iter().chain(missing.iter().copied()).collect();
    all.sort_unstable();
    assert!(all.iter().copied().eq(1..=LAST_ATTACK), "a row is missing, or twice: {all:?}");
    let tried: Vec<_> = missing.iter().filter(|row| named.contains(*row)).collect();
    assert!(tried.is_empty(), "rows that a test is named after belong in a table: {tried:?}");
}

/// The last number of the attacks.
const LAST_ATTACK: usize = 123;

/// Reads `1, 2, 4 to 6`.
fn numbers(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once(" to ").unwrap_or((part, part));
        first.parse::<usize>().unwrap()..=last.parse::<usize>().unwrap()
    };
    list.split(", ").flat_map(range).collect()
}

/// Notes each `Attack 1` in the comments above the tests of a folder and each `attack 01` in its
/// vectors.
fn note_attacks(folder: &Path, named: &mut BTreeSet<usize>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            note_attacks(&path, named);
            continue;
        }
        let (begin, word) = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => ("///", "Attack "),
            Some("py") => ("# ", "Attack "),
            Some("mjs") => ("// ", "Attack "),
            Some("json") => ("\"name\": \"", "attack "),
            _ => continue,
        };
        let text = std::fs::read_to_string(&path).unwrap();
        let names = text.lines().filter_map(|line| line.trim_start().strip_prefix(begin));
        for after in names.flat_map(|name| name.split(word).skip(1)) {
            let digits = after.split(|letter: char| !letter.is_ascii_digit()).next();
            named.extend(digits.and_then(|digits| digits.parse::<usize>().ok()));
        }
    }
}

fn setting_table() -> String {
    let mut table = String::from(
        "| in code | variable | meaning | default | in the file |\n|---|---|---|---|---|\n",
    );
    for setting in Setting::ALL {
        let variables: Vec<_> =
            setting.variables().iter().map(|name| format!("`{name}`")).collect();
        let file = setting.file_key();
        let file = if file.is_empty() { String::new() } else { format!("`{file}`") };
        writeln!(
            table,
            "| `{}` | {} | {} | {} | {file} |",
            setting.name(),
            variables.join(" or "),
            setting.meaning(),
            setting.default_text(),
        )
        .unwrap();
    }
    table
}

fn tier_table(policy: &Policy) -> String {
    let tiers = policy.tiers();
    let mut table = String::new();
    let mut row = |name: &str, cell: &dyn Fn(&Tier) -> String| {
        let cells: Vec<String> = tiers.iter().map(cell).collect();
        writeln!(table, "| {name} | {} |", cells.join(" | ")).unwrap();
    };
    row("", &|tier| format!("`{}`", tier.name()));
    row("---", &|_| String::from("---"));
    row("largest `image`", &|tier| size(tier.max_bytes("image")));
    row("largest `video`", &|tier| size(tier.max_bytes("video")));
    row("largest other file", &|tier| size(tier.max_bytes("file")));
    row("stored bytes", &|tier| size(tier.stored_bytes()));
    row("generations a minute", &|tier| count(tier.generations_per_minute()));
    row("generations a month", &|tier| count(tier.generations_per_month()));
    row("longest link, in seconds", &|tier| tier.link_seconds().to_string());
    row("features", &|tier| {
        let names: Vec<String> = tier.features().iter().map(|name| format!("`{name}`")).collect();
        names.join(" ")
    });
    table
}

fn kind_table(policy: &Policy) -> String {
    let mut table = String::from("| kind | content types | extensions |\n|---|---|---|\n");
    let code = |names: Vec<String>| {
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        names.join(" ")
    };
    for kind in policy.kinds() {
        let (types, extensions) = (code(Kind::types(kind)), code(kind.extensions()));
        writeln!(table, "| `{}` | {types} | {extensions} |", kind.name()).unwrap();
    }
    table
}

fn size(limit: Option<u64>) -> String {
    limit.map_or_else(|| String::from("no limit"), format_size)
}

fn count(limit: Option<u64>) -> String {
    limit.map_or_else(|| String::from("no limit"), |limit| limit.to_string())
}

/// The page with what stands between the marks of this name replaced.
pub(crate) fn with_block(page: &str, name: &str, block: &str) -> String {
    let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->\n"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}{block}{end}{after}")
}

/// Whether the pages are to be written anew.
pub(crate) fn updates() -> bool {
    std::env::var_os(UPDATE).is_some()
}

pub(crate) fn check_or_write(name: &str, expected: &str) {
    if updates() {
        std::fs::write(path(name), expected).unwrap();
    }
    let found = std::fs::read_to_string(path(name)).unwrap_or_default();
    assert!(found == expected, "docs/{name} is stale; {HOW}");
}

pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

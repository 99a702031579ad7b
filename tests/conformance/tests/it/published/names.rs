//! Hostile strings in the place of filenames, keys, user ids, kinds, content types and claims: each
//! is refused, or what is sent stays inside the user's prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use casier::ErrorKind;
use casier::access::{Action, Facts, Policy};
use casier::storage::{ListOptions, Scope, UploadOptions, check_kind};
use casier::token::{IssuerConfig, KeySource, TokenSource, TokenVerifier, User};
use casier_local::LocalStack;
use casier_local::issuer::{Signing, SigningKey};
use percent_encoding::percent_decode_str;
use serde_json::json;
use unicode_normalization::UnicodeNormalization as _;

use super::{Case, cases, in_time, settle, user_storage};

const PREFIX: &str = "user_1/";

#[test]
fn path_traversal() {
    let Some(cases) = cases::<Case>("keys/path_traversal.json") else { return };
    let failures = check_all(&cases);
    settle("keys/path_traversal.json", cases.len(), &failures);
}

#[test]
fn naughty_strings() {
    let Some(cases) = cases::<Case>("keys/blns.json") else { return };
    let mut failures = check_all(&cases);
    let key = SigningKey::generate("k1").unwrap();
    let verifier = verifier(&key);
    for case in &cases {
        let text = case.input.as_str().unwrap();
        as_content_type(text);
        if let Err(why) = as_claim(text, &key, &verifier) {
            failures.push(format!("{}: {why}", case.name));
        }
    }
    settle("keys/blns.json", cases.len(), &failures);
}

/// Names and metadata that pass are stored and come back byte for byte.
#[tokio::test]
async fn naughty_strings_through_a_store() {
    let Some(cases) = cases::<Case>("keys/blns.json") else { return };
    let stack = LocalStack::start().await.unwrap();
    let files = user_storage(&stack, Policy::builtin(), None);
    let mut stored = BTreeMap::new();
    for case in &cases {
        let text = case.input.as_str().unwrap();
        let mut options = UploadOptions::default();
        options.metadata.insert("note".into(), text.into());
        let body = Bytes::from(case.name.clone());
        match in_time(files.upload_file_object(body, text, "file", options)).await {
            Ok(file) => {
                let read = in_time(files.metadata(&file.key)).await.unwrap();
                assert_eq!(read.metadata["note"], text, "{}", case.name);
                stored.insert(file.key, case.name.clone());
            }
            Err(error) => {
                let refused = [
                    ErrorKind::InvalidFilename,
                    ErrorKind::TypeNotAllowed,
                    ErrorKind::MetadataTooLarge,
                ];
                assert!(refused.contains(&error.kind()), "{}: {error}", case.name);
            }
        }
    }
    let mut listed = BTreeSet::new();
    let mut options = ListOptions::default();
    loop {
        let page = in_time(files.list(options.clone())).await.unwrap();
        assert_eq!(page.skipped, 0);
        listed.extend(page.items.into_iter().map(|file| file.key));
        if page.next_cursor.is_none() {
            break;
        }
        options.cursor = page.next_cursor;
    }
    assert_eq!(listed, stored.keys().cloned().collect());
    for (key, name) in &stored {
        assert_eq!(
            in_time(files.read(key, Default::default())).await.unwrap(),
            name.as_bytes(),
            "{key}"
        );
    }
    stack.shutdown().await;
    settle("keys/blns.json, through a store", cases.len(), &[]);
}

fn check_all(cases: &[Case]) -> Vec<String> {
    let scope = Scope::new("1").unwrap();
    let mut failures = Vec::new();
    let mut prefixes = BTreeMap::new();
    for case in cases {
        assert_eq!(case.expected, "refused-or-confined");
        let text = case.input.as_str().unwrap();
        let checks = [as_filename(&scope, text), as_key(&scope, text), as_kind(&scope, text)];
        for why in checks.into_iter().filter_map(std::result::Result::err) {
            failures.push(format!("{}: {why}", case.name));
        }
        if let Err(why) = as_user_id(text, &mut prefixes) {
            failures.push(format!("{}: {why}", case.name));
        }
    }
    failures
}

type Checked = std::result::Result<(), String>;

fn as_filename(scope: &Scope, text: &str) -> Checked {
    let Ok(key) = scope.key("file", text) else { return Ok(()) };
    confined(&key)?;
    let parsed = scope.parse(&key).map_err(|error| format!("written, not read: {error}"))?;
    let again = scope.key("file", &parsed.filename).map_err(|error| error.to_string())?;
    if again == key { Ok(()) } else { Err(format!("cleaned twice, {key:?} is {again:?}")) }
}

fn as_key(scope: &Scope, text: &str) -> Checked {
    for key in [text.to_owned(), format!("{PREFIX}{text}"), format!("{PREFIX}files/{text}")] {
        match scope.parse(&key) {
            Ok(_) => confined(&key)?,
            Err(error) => {
                let expected = [ErrorKind::InvalidKey, ErrorKind::NotOwner];
                if !expected.contains(&error.kind()) {
                    return Err(error.to_string());
                }
                if error.kind() == ErrorKind::NotOwner && key.starts_with(PREFIX) {
                    return Err(format!("{key:?} is ours"));
                }
            }
        }
    }
    Ok(())
}

/// A kind is what a caller can say of a list's prefix.
fn as_kind(scope: &Scope, text: &str) -> Checked {
    match (check_kind(text), scope.key(text, "a.txt")) {
        (Ok(()), Ok(key)) => confined(&key),
        (Err(_), Err(_)) => Ok(()),
        _ => Err("the kind is judged in two ways".into()),
    }
}

/// A user's prefix is one whole segment, and nobody else's.
fn as_user_id(text: &str, prefixes: &mut BTreeMap<String, String>) -> Checked {
    let Ok(scope) = Scope::new(text) else { return Ok(()) };
    let prefix = scope.prefix().to_owned();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let segment = prefix.strip_suffix('/').unwrap_or_default();
    if !segment.starts_with("user_") || !segment.bytes().all(plain) {
        return Err(format!("the prefix {prefix:?}"));
    }
    match prefixes.insert(prefix, text.to_owned()) {
        Some(other) if other != text => Err(format!("the prefix of {other:?} too")),
        _ => Ok(()),
    }
}

/// Whatever a server or a library makes of the key on its way, it begins with our prefix and no
/// segment of it means a folder.
fn confined(key: &str) -> Checked {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let once = decode(key);
    let twice = decode(&once);
    for form in [key.to_owned(), once, twice] {
        let slashed = form.replace('\\', "/");
        let compatible: String = slashed.nfkc().collect();
        for form in [form, slashed, compatible] {
            if !form.starts_with(PREFIX) {
                return Err(format!("{key:?} leaves the prefix as {form:?}"));
            }
            if form.split('/').any(|segment| matches!(segment, "." | "..")) {
                return Err(format!("{key:?} has a dot segment as {form:?}"));
            }
        }
    }
    Ok(())
}

/// No string makes the policy panic; a type that passes is a plain one.
fn as_content_type(text: &str) {
    let action = Action::Upload {
        kind: "file".into(),
        filename: "a.bin".into(),
        content_type: text.into(),
        size: 1,
    };
    let (user, facts) = (User::new("1"), Facts::default());
    let decision = Policy::builtin().decide(&user, &action, &facts, UNIX_EPOCH);
    if let Ok(terms) = decision.into_result() {
        let stored = terms.content_type.unwrap();
        assert!(stored.bytes().all(|byte| byte.is_ascii_graphic()), "{stored:?}");
    }
}

fn verifier(key: &SigningKey) -> TokenVerifier {
    let keys = KeySource::Jwk(key.jwk().to_string());
    let config = IssuerConfig::new("https://clerk.example.com", keys);
    TokenVerifier::new(config, Arc::new(Policy::builtin())).unwrap()
}

fn as_claim(text: &str, key: &SigningKey, verifier: &TokenVerifier) -> Checked {
    let header = json!({ "alg": "RS256", "kid": key.id() }).to_string();
    let payload = json!({
        "iss": "https://clerk.example.com", "exp": 2_000_000_000, "sub": text,
        "first_name": text, "public_metadata": {"subscription": text, "role": text},
    });
    let token = key
        .token(Signing::Rs256, header.as_bytes(), payload.to_string().as_bytes())
        .map_err(|error| error.to_string())?;
    let now = UNIX_EPOCH + Duration::from_secs(1_900_000_000);
    match verifier.verify(&token, now, TokenSource::Header) {
        Ok(verified) => {
            let user = verified.user();
            let name = user.first_name.as_deref();
            if user.user_id != text || name != Some(text) {
                return Err(format!("the user became {user:?}"));
            }
            if user.subscription != "free" || user.role != "user" {
                return Err("a tier or a role out of nothing".into());
            }
            Ok(())
        }
        Err(error)
            if [ErrorKind::TokenInvalid, ErrorKind::InvalidUserId].contains(&error.kind()) =>
        {
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

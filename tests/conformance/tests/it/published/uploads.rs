//! Upload policies: names, content types, first bytes, sizes.

use std::time::UNIX_EPOCH;

use bytes::Bytes;
use casier::access::{Action, Facts, Policy};
use casier::storage::{ListOptions, UploadOptions};
use casier::token::User;
use casier::{Error, ErrorKind};
use casier_local::LocalStack;
use serde::Deserialize;
use serde_json::Value;

use super::{Case, cases, in_time, settle, user_storage};
use crate::outcome::say;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    filename: Option<String>,
    content_type: Option<String>,
    policy: Option<GivenPolicy>,
    body_hex: Option<String>,
    size: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenPolicy {
    extensions: Vec<String>,
    content_types: Vec<String>,
    max_bytes: u64,
}

/// Sizes that only a stream, a declared size, several parts or a signed link can get wrong: there
/// are no such calls yet.
const NOT_APPLICABLE_YET: [&str; 5] = [
    "size declared small, body large",
    "size declared large, body small",
    "size chunked no length",
    "size multipart parts add up beyond max",
    "size presigned PUT larger than signed length",
];

#[tokio::test]
async fn uploads() {
    let Some(cases) = cases::<Case>("keys/uploads.json") else { return };
    let stack = LocalStack::start().await.unwrap();
    let mut failures = Vec::new();
    let mut left_out = Vec::new();
    for case in &cases {
        if NOT_APPLICABLE_YET.contains(&case.name.as_str()) {
            left_out.push(case.name.as_str());
            continue;
        }
        let outcome = run(case, &stack).await;
        let right = match (case.expected.as_str(), &outcome) {
            ("allow", outcome) => outcome.is_ok(),
            ("reject", Err(error)) => is_refusal(error),
            ("reject", Ok(())) => false,
            ("either", Err(error)) => is_refusal(error),
            ("either", Ok(())) => true,
            (other, _) => panic!("{}: expected {other:?}", case.name),
        };
        if !right {
            failures.push(format!("{}: expected {}, got {outcome:?}", case.name, case.expected));
        }
    }
    stack.shutdown().await;
    let listed = left_out.join("; ");
    say(&format!("keys/uploads.json: {} not applicable yet: {listed}", left_out.len()));
    assert_eq!(left_out, NOT_APPLICABLE_YET);
    settle("keys/uploads.json", cases.len() - left_out.len(), &failures);
}

async fn run(case: &Case, stack: &LocalStack) -> Result<(), Error> {
    let input: Input = serde_json::from_value(case.input.clone()).unwrap();
    let filename = input.filename.unwrap_or_else(|| "a.png".into());
    let content_type = input.content_type.unwrap_or_else(|| "image/png".into());
    let policy = policy(input.policy.as_ref());
    if let Some(hex) = input.body_hex {
        return store(&hex, &filename, content_type, policy, stack).await;
    }
    let size = match input.size {
        None => Ok(1),
        Some(Value::Number(size)) => Ok(size.as_u64().unwrap()),
        // The size of a call is unsigned; a text is read as every binding reads one.
        Some(Value::String(text)) => text
            .parse()
            .map_err(|_| Error::new(ErrorKind::InvalidRequest, "the size is no whole number")),
        Some(other) => panic!("{}: size {other}", case.name),
    };
    let action = Action::Upload { kind: "upload".into(), filename, content_type, size: size? };
    let (user, facts) = (User::new("1"), Facts::default());
    policy.decide(&user, &action, &facts, UNIX_EPOCH).into_result().map(drop)
}

/// Uploads these bytes; after a refusal nothing may be stored.
async fn store(
    hex: &str,
    filename: &str,
    content_type: String,
    policy: Policy,
    stack: &LocalStack,
) -> Result<(), Error> {
    let pairs = hex.as_bytes().chunks(2);
    let bytes: Vec<u8> = pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let files = user_storage(stack, policy, Some(User::new("1")));
    let mut options = UploadOptions::default();
    options.content_type = Some(content_type);
    let upload = files.upload_file_object(Bytes::from(bytes.clone()), filename, "upload", options);
    let outcome = in_time(upload).await;
    match outcome {
        Ok(file) => {
            assert_eq!(in_time(files.read(&file.key, Default::default())).await.unwrap(), bytes);
            in_time(files.delete(&file.key)).await
        }
        Err(error) => {
            let page = in_time(files.list(ListOptions::default())).await.unwrap();
            assert!(page.items.is_empty(), "{error}, and yet stored");
            Err(error)
        }
    }
}

fn policy(given: Option<&GivenPolicy>) -> Policy {
    let images = || GivenPolicy {
        extensions: vec!["png".into()],
        content_types: vec!["image/png".into()],
        max_bytes: 5_242_880,
    };
    let default = images();
    let given = given.unwrap_or(&default);
    let toml = format!(
        "version = 1\n[tier.free]\nmax_bytes = {{ upload = {} }}\n\
         [kind.upload]\ntypes = {:?}\nextensions = {:?}\n",
        given.max_bytes, given.content_types, given.extensions
    );
    Policy::from_toml(&toml, "the case").unwrap()
}

fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::TypeNotAllowed
            | ErrorKind::ContentMismatch
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidRequest
            | ErrorKind::FileTooLarge
    )
}

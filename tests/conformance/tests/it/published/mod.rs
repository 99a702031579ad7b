//! Vectors gathered from public test suites, which are not kept in this repository.

mod authz;
mod drive;
mod names;
mod tokens;
mod uploads;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use casier::Result;
use casier::access::Policy;
use casier::storage::{Scope, StaticCredentials, Storage, StorageConfig, UserStorage};
use casier::token::User;
use casier_local::LocalStack;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::outcome::say;

/// A file of published vectors; members that describe it are not read.
#[derive(Deserialize)]
struct Published<T> {
    count: usize,
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    input: Value,
    expected: String,
}

/// The cases of a file, or nothing, said aloud, where no folder is named. A folder that lacks the
/// file, or a file that lacks cases, is a failure.
fn cases<T: DeserializeOwned>(file: &str) -> Option<Vec<T>> {
    let Some(folder) = std::env::var_os("CASIER_VECTORS") else {
        say(&format!("published vectors: {file}: left out, CASIER_VECTORS is not set"));
        return None;
    };
    let path = PathBuf::from(folder).join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let published: Published<T> = serde_json::from_str(&text).unwrap();
    assert_eq!(published.cases.len(), published.count, "{file}");
    assert!(published.count > 0, "{file}");
    Some(published.cases)
}

/// Fails with every case that does.
fn settle(file: &str, ran: usize, failures: &[String]) {
    say(&format!("published vectors: {file}: {ran} ran"));
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

/// The files of user `1` in the stack's bucket.
fn user_storage(stack: &LocalStack, policy: Policy, user: Option<User>) -> UserStorage {
    let endpoint = stack.s3_endpoint().to_owned();
    let mut config = StorageConfig::new(stack.bucket(), Some(endpoint));
    config.region = Some(stack.region().to_owned());
    config.credentials =
        Some(StaticCredentials::new(stack.access_key_id(), stack.secret_access_key()));
    let storage = Storage::new(config).unwrap();
    storage.scoped(Scope::new("1").unwrap(), user.map(Arc::new), Arc::new(policy))
}

async fn in_time<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(Duration::from_secs(60), call).await.unwrap()
}

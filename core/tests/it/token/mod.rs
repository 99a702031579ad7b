//! Tokens verified with keys that come over real HTTP.

mod endpoint;
mod faults;
mod issuers;
mod outage;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use casier::access::Policy;
use casier::token::{IssuerConfig, Issuers, KeySource};

/// Runs a test that must not take long, on two threads.
fn within_limit<T>(test: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), test).await.expect("the test takes too long")
    })
}

/// The rules for `issuer` with its keys at `url`.
fn config(issuer: &str, url: String) -> IssuerConfig {
    IssuerConfig::new(issuer, KeySource::JwksUrl { url, bearer: None })
}

/// One issuer of the local stack.
fn issuers_of(local: &casier_local::Issuer) -> Issuers {
    let url = format!("{}/.well-known/jwks.json", local.url());
    issuers(vec![config(local.url(), url)])
}

fn issuers(configs: Vec<IssuerConfig>) -> Issuers {
    Issuers::new(configs, Arc::new(Policy::builtin())).unwrap()
}

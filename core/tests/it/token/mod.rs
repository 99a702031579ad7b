//! Tokens verified with keys that come over real HTTP.

mod endpoint;
mod faults;
mod floods;
mod issuers;
mod outage;
mod revoked;
#[cfg(target_os = "linux")]
mod sizes;
mod user_lookup;

use std::sync::Arc;

use casier::access::Policy;
use casier::token::{IssuerConfig, Issuers, KeySource};

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

//! An edge of CloudFront, as AWS documents it: it finds the policy of a request, has `openssl` check
//! the signature, and lets the request pass if the policy allows it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::{Folder, random_name};

/// The id that the edge knows its public key by.
pub(super) const KEY_PAIR_ID: &str = "K2JCJMDEHXQW5F";

/// What `openssl` makes a key with.
pub(super) type Recipe = &'static [&'static str];

pub(super) const RSA_PKCS8: Recipe = &["genpkey", "-algorithm", "RSA"];
pub(super) const RSA_PKCS1: Recipe = &["genrsa", "-traditional", "2048"];
pub(super) const EC_PKCS8: Recipe =
    &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
/// Writes the name of the curve before the key.
pub(super) const EC_SEC1: Recipe = &["ecparam", "-name", "prime256v1", "-genkey"];

pub(super) struct Edge {
    folder: Folder,
    /// The private key that belongs to it, as `openssl` wrote it.
    pub(super) private_key: String,
    public_key: PathBuf,
}

/// A request of a viewer.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) url: String,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) address: Ipv4Addr,
    /// Seconds since 1970.
    pub(super) now: u64,
}

impl Edge {
    pub(super) fn new(recipe: Recipe) -> Self {
        let folder = Folder::new();
        let private_key = String::from_utf8(openssl(recipe).unwrap()).unwrap();
        let path = folder.write("private.pem", private_key.as_bytes());
        let public_key = openssl(&["pkey", "-pubout", "-in", utf8(&path)]).unwrap();
        let public_key = folder.write("public.pem", &public_key);
        Self { folder, private_key, public_key }
    }

    pub(super) fn admits(&self, request: &Request) -> bool {
        let Some((resource, mut given)) = split(request) else { return false };
        let mut take = |name: &str| given.remove(name);
        let (Some(signature), Some(key_pair_id)) = (take("Signature"), take("Key-Pair-Id")) else {
            return false;
        };
        let digest = match take("Hash-Algorithm").as_deref() {
            None => "-sha1",
            Some("SHA256") => "-sha256",
            Some(_) => return false,
        };
        let (policy, is_canned) = match (take("Policy"), take("Expires")) {
            (Some(policy), None) => (decode(&policy), false),
            (None, Some(ends)) => (Some(canned(&resource, &ends).into_bytes()), true),
            _ => return false,
        };
        let (Some(policy), Some(signature)) = (policy, decode(&signature)) else { return false };
        key_pair_id == KEY_PAIR_ID
            && self.is_signed(digest, &policy, &signature)
            && is_allowed(&policy, &resource, is_canned, request)
    }

    fn is_signed(&self, digest: &str, message: &[u8], signature: &[u8]) -> bool {
        let name = random_name();
        let message = self.folder.write(&format!("{name}.json"), message);
        let signature = self.folder.write(&format!("{name}.sig"), signature);
        let [key, signature, message] =
            [&self.public_key, &signature, &message].map(|path| utf8(path));
        openssl(&["dgst", digest, "-verify", key, "-signature", signature, message]).is_some()
    }
}

/// What `openssl` prints; none when it fails.
fn openssl(arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("openssl").args(arguments).output().expect("openssl is installed");
    output.status.success().then_some(output.stdout)
}

fn utf8(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The address without what signs it, and what signs it, by its name in a query.
fn split(request: &Request) -> Option<(String, BTreeMap<String, String>)> {
    const SIGNING: [&str; 5] = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];
    let (resource, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
    let mut resource = resource.to_owned();
    let mut given = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !SIGNING.contains(&name) {
            resource.push(if resource.contains('?') { '&' } else { '?' });
            resource.push_str(pair);
        } else if given.insert(name.to_owned(), value.to_owned()).is_some() {
            return None;
        }
    }
    if given.is_empty() {
        let cookie = |(name, value): (&String, &String)| {
            Some((name.strip_prefix("CloudFront-")?.to_owned(), value.clone()))
        };
        given = request.cookies.iter().filter_map(cookie).collect();
    }
    Some((resource, given))
}

/// The policy that CloudFront writes for an address by itself.
fn canned(resource: &str, ends: &str) -> String {
    let condition = format!("{{\"DateLessThan\":{{\"AWS:EpochTime\":{ends}}}}}");
    format!("{{\"Statement\":[{{\"Resource\":\"{resource}\",\"Condition\":{condition}}}]}}")
}

fn is_allowed(policy: &[u8], resource: &str, is_canned: bool, request: &Request) -> bool {
    let policy: Value = serde_json::from_slice(policy).unwrap();
    let [statement] = policy["Statement"].as_array().unwrap().as_slice() else { return false };
    let pattern = statement["Resource"].as_str().unwrap();
    let matches = match is_canned {
        true => pattern == resource,
        false => is_match(pattern.as_bytes(), resource.as_bytes()),
    };
    let condition = statement["Condition"].as_object().unwrap();
    let time = |name: &str| condition.get(name).map(|it| it["AWS:EpochTime"].as_u64().unwrap());
    let range = condition.get("IpAddress").map(|it| it["AWS:SourceIp"].as_str().unwrap());
    matches
        && time("DateLessThan").is_some_and(|ends| request.now < ends)
        && time("DateGreaterThan").is_none_or(|begins| request.now > begins)
        && range.is_none_or(|range| is_inside(request.address, range))
}

/// `*` stands for any characters, `?` for any one.
fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        ([b'*', pattern @ ..], text) => {
            (0..=text.len()).any(|skipped| is_match(pattern, &text[skipped..]))
        }
        ([b'?', pattern @ ..], [_, text @ ..]) => is_match(pattern, text),
        ([one, pattern @ ..], [other, text @ ..]) => one == other && is_match(pattern, text),
        _ => false,
    }
}

fn is_inside(address: Ipv4Addr, range: &str) -> bool {
    let (first, bits) = range.split_once('/').unwrap();
    let first: Ipv4Addr = first.parse().unwrap();
    let rest = 32 - bits.parse::<u32>().unwrap();
    let network = |address: Ipv4Addr| u64::from(address.to_bits()) >> rest;
    network(address) == network(first)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.replace('-', "+").replace('_', "=").replace('~', "/")).ok()
}

fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
}

/// A custom policy, changed.
pub(super) fn changed(policy: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut policy: Value = serde_json::from_slice(&decode(policy).unwrap()).unwrap();
    change(&mut policy["Statement"][0]);
    encode(policy.to_string().as_bytes())
}

//! Links and cookies for CloudFront. What is signed is checked by `openssl`, and what it allows by
//! an [`Edge`] that reads it as AWS documents it. No test has a store, a network or a runtime.

mod edge;
mod keys;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use casier::ErrorKind;
use casier::access::Policy;
use casier::storage::{CdnOptions, CloudFront, Scope, Storage, StorageConfig, UserStorage};
use casier::token::User;
use serde_json::Value;

use self::edge::{EC_PKCS8, EC_SEC1, Edge, KEY_PAIR_ID, RSA_PKCS1, RSA_PKCS8, Request, changed};

const DOMAIN: &str = "cdn.example.com";
const KEY: &str = "user_1/files/a.txt";

/// 2026, in seconds since 1970.
const NOW: u64 = 1_767_225_600;

const INSIDE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 0, 3, 7);

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn files(private_key: &str) -> UserStorage {
    files_of("1", private_key, None)
}

fn files_of(user_id: &str, private_key: &str, tier: Option<&str>) -> UserStorage {
    let mut config = StorageConfig::new("files", None);
    config.cloudfront = Some(CloudFront::new(DOMAIN, KEY_PAIR_ID, private_key).unwrap());
    let user = tier.map(|tier| {
        let mut user = User::new(user_id);
        user.subscription = tier.to_owned();
        Arc::new(user)
    });
    let scope = Scope::new(user_id).unwrap();
    Storage::new(config).unwrap().scoped(scope, user, Arc::new(Policy::builtin()))
}

/// A minute.
fn canned() -> CdnOptions {
    let mut options = CdnOptions::default();
    options.expires_in = Some(60);
    options
}

/// A minute, of which the first ten seconds do not count, for 256 addresses.
fn custom() -> CdnOptions {
    let mut options = canned();
    options.starts_at = Some(at(NOW + 10));
    options.ip_range = Some("192.0.2.0/24".to_owned());
    options
}

fn request(url: impl Into<String>) -> Request {
    Request { url: url.into(), cookies: BTreeMap::new(), address: INSIDE, now: NOW + 30 }
}

/// The request of a link to [`KEY`].
fn link(files: &UserStorage, options: CdnOptions) -> Request {
    request(files.cdn_url_at(KEY, options, at(NOW)).unwrap().url)
}

/// The request for [`KEY`] with cookies.
fn with_cookies(files: &UserStorage, options: CdnOptions) -> Request {
    let cookies = files.cdn_cookies_at(options, at(NOW)).unwrap().cookies;
    Request { cookies, ..request(format!("https://{DOMAIN}/{KEY}")) }
}

#[test]
fn keys_of_every_form_sign_links_and_cookies() {
    for recipe in [RSA_PKCS1, RSA_PKCS8, EC_SEC1, EC_PKCS8] {
        let edge = Edge::new(recipe);
        for private_key in [
            edge.private_key.clone(),
            edge.private_key.replace('\n', "\\n"),
            edge.private_key.replace('\n', "\r\n"),
            format!("\n  {}\n", edge.private_key),
        ] {
            let files = files(&private_key);
            assert!(edge.admits(&link(&files, canned())), "{recipe:?}");
            assert!(edge.admits(&link(&files, custom())), "{recipe:?}");
            assert!(edge.admits(&with_cookies(&files, custom())), "{recipe:?}");
        }
    }
}

#[test]
fn a_link_says_what_it_allows() {
    let edge = Edge::new(EC_PKCS8);
    let files = files(&edge.private_key);
    let link = files.cdn_url_at(KEY, canned(), at(NOW) + Duration::from_millis(900)).unwrap();
    let (address, query) = link.url.split_once('?').unwrap();
    assert_eq!(address, "https://cdn.example.com/user_1/files/a.txt");
    let names: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
    assert_eq!(names, ["Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm"]);
    assert!(query.starts_with(&format!("Expires={}&", NOW + 60)), "{query}");
    assert!(query.ends_with("&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256"), "{query}");
    assert_eq!((link.expires_in, link.expires_at), (60, at(NOW + 60)));

    let mut without_start = custom();
    without_start.starts_at = None;
    for options in [custom(), without_start] {
        let link = files.cdn_url_at(KEY, options, at(NOW)).unwrap();
        let query = link.url.split_once('?').unwrap().1;
        let names: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
        assert_eq!(names, ["Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]);
        assert_eq!((link.expires_in, link.expires_at), (60, at(NOW + 60)));
    }
}

#[test]
fn a_changed_link_is_refused() {
    for recipe in [RSA_PKCS8, EC_PKCS8] {
        let edge = Edge::new(recipe);
        let files = files(&edge.private_key);
        let good = link(&files, canned());
        let ends = format!("Expires={}", NOW + 60);
        for (from, to) in [
            ("a.txt", "b.txt"),
            ("user_1/", "user_2/"),
            ("https://cdn.", "https://www."),
            (ends.as_str(), &format!("Expires={}", NOW + 600)),
            ("Signature=", "Signature=A"),
            ("&Hash-Algorithm=SHA256", ""),
            (KEY_PAIR_ID, "K2JCJMDEHXQW5G"),
            ("?", "?versionId=1&"),
        ] {
            assert!(good.url.contains(from), "{from}");
            assert!(!edge.admits(&request(good.url.replacen(from, to, 1))), "{from} to {to}");
        }
        assert!(edge.admits(&good));
        assert!(!edge.admits(&Request { now: NOW + 60, ..good.clone() }));
        assert!(!Edge::new(recipe).admits(&good));
        assert!(edge.admits(&Request { address: OUTSIDE, ..good }));
    }
}

#[test]
fn a_changed_policy_is_refused() {
    for recipe in [RSA_PKCS8, EC_PKCS8] {
        let edge = Edge::new(recipe);
        let files = files(&edge.private_key);
        let good = link(&files, custom());
        let cookies = with_cookies(&files, custom());
        for good in [&good, &cookies] {
            assert!(edge.admits(good));
            assert!(!edge.admits(&Request { now: NOW + 10, ..good.clone() }));
            assert!(!edge.admits(&Request { now: NOW + 60, ..good.clone() }));
            assert!(!edge.admits(&Request { address: OUTSIDE, ..good.clone() }));
            assert!(!Edge::new(recipe).admits(good));
        }
        let changes: [fn(&mut Value); 5] = [
            |it| it["Resource"] = "https://cdn.example.com/*".into(),
            |it| it["Condition"]["DateLessThan"]["AWS:EpochTime"] = (NOW + 600).into(),
            |it| it["Condition"]["DateGreaterThan"]["AWS:EpochTime"] = NOW.into(),
            |it| it["Condition"]["IpAddress"]["AWS:SourceIp"] = "0.0.0.0/0".into(),
            |it| drop(it["Condition"].as_object_mut().unwrap().remove("IpAddress")),
        ];
        for change in changes {
            let (_, rest) = good.url.split_once("Policy=").unwrap();
            let (policy, _) = rest.split_once('&').unwrap();
            let url = good.url.replace(policy, &changed(policy, change));
            assert!(!edge.admits(&Request { url, ..good.clone() }));
            let mut other = cookies.clone();
            let policy = other.cookies.get_mut("CloudFront-Policy").unwrap();
            *policy = changed(policy, change);
            assert!(!edge.admits(&other));
        }
    }
}

#[test]
fn cookies_open_their_scope_alone() {
    let edge = Edge::new(EC_PKCS8);
    let files = files(&edge.private_key);
    let good = with_cookies(&files, canned());
    let expected = ["Hash-Algorithm", "Key-Pair-Id", "Policy", "Signature"];
    let names: Vec<_> = good.cookies.keys().map(|name| &name["CloudFront-".len()..]).collect();
    assert_eq!(names, expected);
    for (path, admitted) in [
        ("user_1/files/a.txt", true),
        ("user_1/books/2024/%E6%97%A5%2A.pdf", true),
        ("user_1/", true),
        ("user_1", false),
        ("user_10/files/a.txt", false),
        ("user_2/files/a.txt", false),
        ("user_2/user_1/files/a.txt", false),
        ("org_1/files/a.txt", false),
        (".casier/incoming/user_1/a", false),
        ("", false),
    ] {
        let url = format!("https://{DOMAIN}/{path}");
        assert_eq!(edge.admits(&Request { url, ..good.clone() }), admitted, "{path}");
    }
    let url = good.url.replace(DOMAIN, "www.example.com");
    assert!(!edge.admits(&Request { url, ..good.clone() }));
    for name in expected {
        let mut lacking = good.clone();
        lacking.cookies.remove(&format!("CloudFront-{name}")).unwrap();
        assert!(!edge.admits(&lacking), "{name}");
    }

    // What the bucket's other users are called does not matter.
    let other = files_of("auth0|*?", &edge.private_key, None);
    let cookies = other.cdn_cookies_at(canned(), at(NOW)).unwrap();
    assert_eq!(cookies.path, "/user_auth0.7C.2A.3F/");
    assert_eq!((cookies.expires_in, cookies.expires_at), (60, at(NOW + 60)));
    let request = Request { cookies: cookies.cookies, ..good };
    assert!(!edge.admits(&request));
    let url = format!("https://{DOMAIN}/user_auth0.7C.2A.3F/files/a.txt");
    assert!(edge.admits(&Request { url, ..request }));
}

#[test]
fn cookies_are_set_where_the_cdn_sees_them() {
    let files = files(&Edge::new(EC_PKCS8).private_key);
    let cookies = files.cdn_cookies(canned()).unwrap();
    assert_eq!(cookies.domain, DOMAIN);
    for domain in [DOMAIN, "example.com"] {
        let headers = cookies.set_cookie_headers(domain).unwrap();
        assert_eq!(headers.len(), 4);
        for (header, (name, value)) in headers.iter().zip(&cookies.cookies) {
            let attributes =
                format!("; Domain={domain}; Path=/user_1/; Secure; HttpOnly; SameSite=Lax");
            assert_eq!(*header, format!("{name}={value}{attributes}"));
            // RFC 6265 §4.1.1.
            assert!(!value.contains([' ', '"', ',', ';', '\\']), "{value}");
        }
    }
    for domain in ["", ".", ".com", "ample.com", "app.example.com", "example.com; Max-Age=9", "*"] {
        let error = cookies.set_cookie_headers(domain).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{domain}");
    }
}

/// Attack 79, of CloudFront.
#[test]
fn links_and_cookies_live_as_long_as_they_may() {
    let edge = Edge::new(EC_PKCS8);
    for (tier, asked, lives) in [
        (None, None, 3600),
        (None, Some(1), 1),
        (None, Some(604_800), 604_800),
        (Some("free"), Some(60), 60),
        (Some("free"), Some(604_800), 3600),
        (Some("pro"), Some(604_800), 86_400),
        (Some("enterprise"), Some(604_800), 604_800),
        (Some("unheard-of"), Some(604_800), 3600),
    ] {
        let files = files_of("1", &edge.private_key, tier);
        let mut options = CdnOptions::default();
        options.expires_in = asked;
        let link = files.cdn_url_at(KEY, options.clone(), at(NOW)).unwrap();
        assert_eq!((link.expires_in, link.expires_at), (lives, at(NOW + lives)));
        let cookies = files.cdn_cookies_at(options, at(NOW)).unwrap();
        assert_eq!((cookies.expires_in, cookies.expires_at), (lives, at(NOW + lives)));
        let good = request(link.url);
        assert!(edge.admits(&Request { now: NOW + lives - 1, ..good.clone() }));
        assert!(!edge.admits(&Request { now: NOW + lives, ..good }));
    }
}

#[test]
fn what_cannot_be_signed_is_refused() {
    let edge = Edge::new(EC_PKCS8);
    let files = files_of("1", &edge.private_key, Some("free"));
    let with = |change: fn(&mut CdnOptions)| {
        let mut options = canned();
        change(&mut options);
        options
    };
    for options in [
        with(|it| it.expires_in = Some(0)),
        with(|it| it.expires_in = Some(604_801)),
        with(|it| it.expires_in = Some(u64::MAX)),
        with(|it| it.starts_at = Some(at(NOW + 60))),
        with(|it| it.starts_at = Some(at(NOW + 61))),
        // The tier ends it before.
        with(|it| (it.expires_in, it.starts_at) = (Some(604_800), Some(at(NOW + 3600)))),
        with(|it| it.starts_at = Some(UNIX_EPOCH - Duration::from_secs(1))),
        with(|it| it.ip_range = Some("2001:db8::/32".to_owned())),
        with(|it| it.ip_range = Some("192.0.2.0/24\",\"x\":\"".to_owned())),
    ] {
        let error = files.cdn_url_at(KEY, options.clone(), at(NOW)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{options:?}");
        let error = files.cdn_cookies_at(options, at(NOW)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
    for now in [UNIX_EPOCH - Duration::from_secs(1), at(253_402_300_800)] {
        let error = files.cdn_url_at(KEY, canned(), now).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    }
    for (key, kind) in [
        ("user_2/files/a.txt", ErrorKind::NotOwner),
        ("user_10/files/a.txt", ErrorKind::NotOwner),
        ("user_1/../user_2/files/a.txt", ErrorKind::InvalidKey),
        ("user_1/%2e%2e/user_2/a", ErrorKind::InvalidKey),
        ("", ErrorKind::InvalidKey),
    ] {
        assert_eq!(files.cdn_url(key, canned()).unwrap_err().kind(), kind, "{key}");
    }
}

#[test]
fn without_a_distribution_it_is_named() {
    let storage = Storage::new(StorageConfig::new("files", None)).unwrap();
    let files = storage.scoped(Scope::new("1").unwrap(), None, Arc::new(Policy::builtin()));
    for error in
        [files.cdn_url(KEY, canned()).unwrap_err(), files.cdn_cookies(canned()).unwrap_err()]
    {
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(error.message().starts_with("CLOUDFRONT_DOMAIN is not set"), "{error}");
    }
    // Another's key is another's, whatever is configured.
    let error = files.cdn_url("user_2/files/a.txt", canned()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotOwner);
}

/// Attack 86, of CloudFront.
#[test]
fn nothing_secret_is_shown() {
    let edge = Edge::new(RSA_PKCS8);
    let files = files(&edge.private_key);
    let link = files.cdn_url(KEY, canned()).unwrap();
    let cookies = files.cdn_cookies(canned()).unwrap();
    let shown = format!("{files:?} {link:?} {cookies:?}");
    assert!(shown.contains("cdn.example.com/user_1/files/a.txt"), "{shown}");
    assert!(shown.contains("CloudFront-Signature"), "{shown}");
    let (_, query) = link.url.split_once('?').unwrap();
    let line = edge.private_key.lines().nth(3).unwrap();
    let values = cookies.cookies.iter().filter(|(name, _)| *name != "CloudFront-Key-Pair-Id");
    for secret in values.map(|(_, value)| value.as_str()).chain([query, line]) {
        assert!(!shown.contains(secret), "{secret}");
    }
}

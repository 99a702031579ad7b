//! Keys that hold what means something in an address, in JSON or in CloudFront's patterns.

use std::sync::LazyLock;

use casier::storage::{Scope, UserStorage};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::edge::{EC_PKCS8, Edge, Request};
use super::{DOMAIN, NOW, at, canned, custom, files, request};

const ODD: [&str; 20] = [
    "a b.txt",
    "a+b.txt",
    "a%20b%2B.txt",
    "100%.txt",
    "*",
    "a*.txt",
    "?",
    "a?b.txt",
    "what?Expires=1&Signature=x",
    "a#b&c=d;e,f@g$h:i!.txt",
    "it's \"quoted\"",
    "\"}],\"x\":[",
    "<tag>`^{|}[]",
    "~tilde-_.txt",
    "é.txt",
    "e\u{301}.txt",
    "日.png",
    "👩\u{200D}💻.txt",
    "2024/nested/a.txt",
    " blanks ",
];

/// Attack 85. Attack 69, of CloudFront.
#[test]
fn a_link_to_an_odd_key_opens_that_file_alone() {
    let edge = Edge::new(EC_PKCS8);
    let files = files(&edge.private_key);
    let address = |rest: &str| {
        let link = files.cdn_url_at(&format!("user_1/{rest}"), canned(), at(NOW)).unwrap();
        link.url.split_once('?').unwrap().0.to_owned()
    };
    let all: Vec<String> = ODD.iter().map(|rest| address(rest)).collect();
    for (rest, own) in ODD.iter().zip(&all) {
        let key = format!("user_1/{rest}");
        let path = own.strip_prefix("https://cdn.example.com/").unwrap();
        assert_eq!(percent_decode_str(path).decode_utf8().unwrap(), key);
        assert!(path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)));
        for options in [canned(), custom()] {
            let link = files.cdn_url_at(&key, options, at(NOW)).unwrap();
            // A browser sends it as it is.
            assert_eq!(url::Url::parse(&link.url).unwrap().as_str(), link.url);
            let good = request(&link.url);
            assert!(edge.admits(&good), "{rest}");
            let (_, query) = link.url.split_once('?').unwrap();
            let others = all.iter().filter(|other| *other != own).cloned();
            let raw = format!("https://{DOMAIN}/{key}");
            let near = [own.replace("%2A", "b"), own.replace("%3F", "b"), format!("{own}b"), raw];
            for other in others.chain(near).filter(|other| other != own) {
                let url = format!("{other}?{query}");
                assert!(!edge.admits(&Request { url, ..good.clone() }), "{rest}: {other}");
            }
        }
    }
    assert_eq!(address("a b+c/日.png"), "https://cdn.example.com/user_1/a%20b%2Bc/%E6%97%A5.png");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Attack 85.
    #[test]
    fn no_key_gets_out_of_its_address(rest in "[*?\"\\\\+% #&{}/a\u{e9}\u{1f469}]{1,12}|.{1,40}") {
        let key = format!("user_1/{rest}");
        if Scope::new("1").unwrap().parse(&key).is_err() {
            return Ok(());
        }
        let link = FILES.cdn_url_at(&key, canned(), at(NOW)).unwrap();
        let (address, _) = link.url.split_once('?').unwrap();
        prop_assert!(!address.contains(['*', '?', '"', '\\', ' ', '+', '#']));
        let path = address.strip_prefix("https://cdn.example.com/").unwrap();
        prop_assert_eq!(percent_decode_str(path).decode_utf8().unwrap(), key);
        let parsed = url::Url::parse(&link.url).unwrap();
        prop_assert_eq!(parsed.as_str(), link.url);
    }
}

static FILES: LazyLock<UserStorage> = LazyLock::new(|| files(&Edge::new(EC_PKCS8).private_key));

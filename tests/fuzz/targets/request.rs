//! Heads of requests. An input is one byte that chooses the rules, then the method and the headers,
//! one `name: value` to a line.
#![no_main]

use casier::token::{RequestHead, RequestRules, RequestToken, TokenSource, extract_token};
use casier_fuzz::quiet::assert_quiet;
use casier_fuzz::{ISSUER, NOW, at};
use libfuzzer_sys::{Corpus, fuzz_target};
use percent_encoding::percent_decode_str;
use url::Url;

const ALLOWED: [&str; 2] = ["https://listed.example.com", "capacitor://localhost"];
const MAX_TOKEN_BYTES: usize = 16 * 1024;

type Header = (String, String);

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((options, text)) = data.split_first() else { return Corpus::Reject };
    let Ok(text) = std::str::from_utf8(text) else { return Corpus::Reject };
    let mut lines = text.split('\n');
    let method = lines.next().unwrap_or_default();
    let headers: Vec<Header> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let rules = rules(*options);
    let extract = |headers: &[Header]| {
        let head = match options & 8 {
            0 => RequestHead::new(method, headers.to_vec()),
            _ => RequestHead::without_method(headers.to_vec()),
        };
        extract_token(&head, &rules, at(NOW))
    };
    let found = extract(&headers);
    assert_same(&found, &extract(&headers));
    assert_same(&found, &extract(&shouted(&headers)));
    assert_same(&found, &extract(&[&forwarded(), &headers[..]].concat()));
    match &found {
        Ok(found) => {
            let is_change = match options & 8 {
                0 => !matches!(method, "GET" | "HEAD" | "OPTIONS"),
                _ => values(&headers, "origin").next().is_some(),
            };
            assert_found(found, &headers);
            if found.source == TokenSource::Cookie && is_change {
                assert!(is_from_here(&headers, &rules), "a cookie signs in across sites");
            }
        }
        Err(error) => assert_quiet(error, text),
    }
    Corpus::Keep
});

fn rules(options: u8) -> RequestRules {
    let mut rules = RequestRules::default();
    if options & 1 != 0 {
        rules.cookie_suffix = Some("sfx".to_owned());
        rules.issuer = Some(ISSUER.to_owned());
    }
    rules.is_development = options & 2 != 0;
    if options & 4 != 0 {
        rules.allowed_origins = ALLOWED.map(str::to_owned).to_vec();
    }
    rules
}

fn assert_same(one: &casier::Result<RequestToken>, other: &casier::Result<RequestToken>) {
    match (one, other) {
        (Ok(one), Ok(other)) => assert!(one == other, "two tokens in one request"),
        (Err(one), Err(other)) => assert_eq!(one.code(), other.code()),
        _ => panic!("two verdicts on one request"),
    }
}

/// Names of headers are the same in any case.
fn shouted(headers: &[Header]) -> Vec<Header> {
    let shout = |(name, value): &Header| (name.to_ascii_uppercase(), value.clone());
    headers.iter().map(shout).collect()
}

/// What proxies say counts for nothing.
fn forwarded() -> [Header; 3] {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    [
        header("X-Forwarded-Host", "evil.example"),
        header("X-Forwarded-Proto", "https"),
        header("Forwarded", "host=evil.example"),
    ]
}

fn values<'a>(headers: &'a [Header], name: &'a str) -> impl Iterator<Item = &'a str> {
    let own = headers.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name));
    own.map(|(_, value)| value.trim_matches([' ', '\t']))
}

/// A token is a part of what the request brought, from the source that it names.
fn assert_found(found: &RequestToken, headers: &[Header]) {
    let token = found.token.as_str();
    assert!(!token.is_empty() && token.is_ascii() && token.len() <= MAX_TOKEN_BYTES);
    let authorizations: Vec<&str> = values(headers, "authorization").collect();
    assert!(authorizations.len() <= 1, "one of two Authorization headers is taken");
    match found.source {
        TokenSource::Header => {
            let own = values(headers, "x-clerk-auth-token").chain(authorizations);
            assert!(own.into_iter().any(|value| value.ends_with(token)));
        }
        _ => {
            let is_bearer = |value: &&str| {
                value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "))
            };
            assert!(!authorizations.iter().any(is_bearer), "a cookie goes before a bearer token");
            assert_eq!(values(headers, "x-clerk-auth-token").count(), 0);
            let mut cookies = values(headers, "cookie").flat_map(|value| value.split(';'));
            assert!(cookies.any(|cookie| holds(cookie, token)), "a token from nowhere");
        }
    }
}

fn holds(cookie: &str, token: &str) -> bool {
    let Some((name, value)) = cookie.split_once('=') else { return false };
    let decoded = percent_decode_str(value).decode_utf8();
    name.trim().starts_with("__session")
        && (value.contains(token) || decoded.is_ok_and(|decoded| decoded.contains(token)))
}

/// What a browser on the site itself sends. `null` never proves anything.
fn is_from_here(headers: &[Header], rules: &RequestRules) -> bool {
    let one = |name: &'static str| {
        let all: Vec<&str> = values(headers, name).collect();
        if all.len() > 1 { Err(()) } else { Ok(all.first().copied()) }
    };
    let (Ok(origin), Ok(site), Ok(host)) = (one("origin"), one("sec-fetch-site"), one("host"))
    else {
        return false;
    };
    let origin = origin.filter(|origin| *origin != "null");
    let is_listed = origin.is_some_and(|origin| {
        let url = |text: &str| Url::parse(text).map(|url| url.origin());
        rules.allowed_origins.iter().any(|listed| {
            listed == origin
                || url(listed).is_ok_and(|own| own.is_tuple() && url(origin) == Ok(own))
        })
    });
    let names_host = || {
        let (Some(origin), Some(host)) = (origin, host) else { return false };
        let Ok(origin) = Url::parse(origin) else { return false };
        let own = Url::parse(&format!("{}://{host}", origin.scheme()));
        own.is_ok_and(|own| own.origin().is_tuple() && own.origin() == origin.origin())
    };
    is_listed || site.map_or_else(names_host, |site| site == "same-origin")
}

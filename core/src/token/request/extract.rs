//! The token of a request: where it may stand, and which one counts.

use std::fmt;
use std::time::SystemTime;

use super::cookie::{Cookies, session_cookie};
use super::cross_site::refuse_cross_site;
use crate::token::issuer::TokenSource;
use crate::token::jws::{MAX_TOKEN_BYTES, malformed};
use crate::{Error, ErrorKind, Result};

/// What Casier needs of a request: its method and its headers as they came.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RequestHead {
    /// The method, in upper case as on the wire.
    pub method: String,
    /// Name and value of each header, names in any case, repeated headers repeated.
    pub headers: Vec<(String, String)>,
    /// The client's address, which the audit tells: the framework's word for it, behind a trusted
    /// proxy the one that the proxy names. Nothing is decided by it. Defaults to `None`.
    pub address: Option<String>,
}

/// How a token is looked for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RequestRules {
    /// The suffix of this Clerk instance's cookies (`__session_<suffix>`). Defaults to `None`:
    /// only `__session` is read.
    pub cookie_suffix: Option<String>,
    /// The primary issuer, to tell its `__session` cookie from another instance's on the same
    /// domain. Defaults to `None`: every cookie counts as its own.
    pub issuer: Option<String>,
    /// Whether this is a Clerk development instance (`pk_test_`), whose cookies are less reliable.
    /// Defaults to `false`.
    pub is_development: bool,
    /// Origins that may change things by cookie, for example `https://app.example.com`. Defaults
    /// to none beside the site itself.
    pub allowed_origins: Vec<String>,
}

/// A token as a request brought it, not verified.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestToken {
    /// The token, a secret.
    pub token: String,
    /// Where it stood.
    pub source: TokenSource,
}

impl RequestHead {
    /// A request of this method with these headers.
    pub fn new(method: impl Into<String>, headers: Vec<(String, String)>) -> Self {
        Self { method: method.into(), headers, address: None }
    }

    /// A request whose method is not told, as in Next.js' server components. It counts as reading
    /// unless it has an `Origin` header, which browsers send with every method but GET and HEAD;
    /// then it counts as a change.
    ///
    /// <https://fetch.spec.whatwg.org/#append-a-request-origin-header>
    pub fn without_method(headers: Vec<(String, String)>) -> Self {
        let has_origin = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Origin"));
        Self::new(if has_origin { "POST" } else { "GET" }, headers)
    }

    /// The values of a header, in order, without the white space around them.
    pub(crate) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_matches([' ', '\t']))
    }

    /// The value of a header that may stand once.
    pub(crate) fn single(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.values(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(repeated(name));
        }
        Ok(first)
    }
}

/// Finds the token of a request, as of `now`. The first source that is present decides:
/// `Authorization: Bearer <token>`, `Authorization: <token>`, `X-Clerk-Auth-Token: <token>`, then
/// Clerk's session cookie. A request that changes things and is signed in by cookie must come from
/// the site itself.
///
/// # Errors
/// `token-missing`; `token-invalid` for a token that is repeated, not ASCII or longer than 16 KiB;
/// `cross-site-request`.
pub fn extract_token(
    request: &RequestHead,
    rules: &RequestRules,
    now: SystemTime,
) -> Result<RequestToken> {
    if let Some(token) = from_headers(request)? {
        return checked(token, TokenSource::Header);
    }
    let cookies = Cookies::parse(request.values("cookie"), rules.cookie_suffix.as_deref())?;
    let Some(token) = session_cookie(&cookies, rules, now) else {
        return Err(missing());
    };
    refuse_cross_site(request, &rules.allowed_origins)?;
    checked(token, TokenSource::Cookie)
}

fn from_headers(request: &RequestHead) -> Result<Option<&str>> {
    let authorization = match request.single("Authorization")? {
        Some(value) if is_joined(value) => return Err(repeated("Authorization")),
        value => value.and_then(in_authorization),
    };
    let own = request.single("X-Clerk-Auth-Token")?;
    Ok(authorization.or(own))
}

/// The token of an `Authorization` value; another scheme than Bearer counts as absent.
fn in_authorization(value: &str) -> Option<&str> {
    match value.split_once([' ', '\t']) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => {
            Some(token.trim_matches([' ', '\t']))
        }
        Some(_) => None,
        None if value.eq_ignore_ascii_case("Bearer") => Some(""),
        None => Some(value).filter(|value| value.split('.').count() == 3),
    }
}

/// Whether several `Authorization` headers, one of them with a token, have become one: WSGI servers
/// join repeated headers by commas. The parts of other schemes that look like it have an `=`.
fn is_joined(value: &str) -> bool {
    let is_token = |part: &str| {
        let part = part.trim_matches([' ', '\t']);
        !part.contains('=') && in_authorization(part).is_some()
    };
    value.contains(',') && value.split(',').any(is_token)
}

fn repeated(name: &str) -> Error {
    malformed(&format!("the request has two {name} headers"))
}

fn checked(token: &str, source: TokenSource) -> Result<RequestToken> {
    if token.is_empty() {
        return Err(missing());
    }
    if token.len() > MAX_TOKEN_BYTES || !token.is_ascii() {
        return Err(malformed("the token is longer than 16 KiB or not ASCII"));
    }
    Ok(RequestToken { token: token.to_owned(), source })
}

fn missing() -> Error {
    Error::new(ErrorKind::TokenMissing, "the request carries no token")
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("headers", &names)
            .finish()
    }
}

impl fmt::Debug for RequestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestToken").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    fn request(method: &str, headers: &[(&str, &str)]) -> RequestHead {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        RequestHead::new(method, headers.collect())
    }

    fn extract(headers: &[(&str, &str)]) -> Result<RequestToken> {
        extract_token(&request("GET", headers), &RequestRules::default(), UNIX_EPOCH)
    }

    fn token(headers: &[(&str, &str)]) -> String {
        extract(headers).unwrap().token
    }

    fn code(headers: &[(&str, &str)]) -> &'static str {
        extract(headers).unwrap_err().code()
    }

    #[test]
    fn every_header_form_is_found() {
        for headers in [
            ("Authorization", "Bearer a.b.c"),
            ("authorization", "bearer a.b.c"),
            ("AUTHORIZATION", " BEARER   a.b.c "),
            ("Authorization", "Bearer\ta.b.c"),
            ("Authorization", "a.b.c"),
            ("X-Clerk-Auth-Token", "a.b.c"),
            ("x-clerk-auth-token", " a.b.c"),
        ] {
            let found = extract(&[headers]).unwrap();
            assert_eq!((found.token.as_str(), found.source), ("a.b.c", TokenSource::Header));
        }
        let found = extract(&[("Cookie", "a=b; __session=a.b.c; c=d")]).unwrap();
        assert_eq!((found.token.as_str(), found.source), ("a.b.c", TokenSource::Cookie));
    }

    #[test]
    fn the_first_source_that_is_present_decides() {
        let own = ("X-Clerk-Auth-Token", "own");
        let cookie = ("Cookie", "__session=cookie");
        assert_eq!(token(&[cookie, own, ("Authorization", "Bearer bearer")]), "bearer");
        assert_eq!(token(&[cookie, own]), "own");
        assert_eq!(token(&[cookie, own, ("Authorization", "Basic dXNlcjpwYXNz")]), "own");
        assert_eq!(token(&[cookie, ("Authorization", "Token a.b.c")]), "cookie");
        assert_eq!(token(&[cookie, ("Authorization", "opaque")]), "cookie");
        assert_eq!(token(&[cookie, ("Authorization", "Bearer junk")]), "junk");
        for empty in
            [("Authorization", "Bearer"), ("Authorization", "Bearer  "), ("X-Clerk-Auth-Token", "")]
        {
            assert_eq!(code(&[empty, cookie]), "token-missing", "{empty:?}");
        }
        for nothing in [vec![], vec![("Authorization", "")], vec![("Cookie", "__session=")]] {
            assert_eq!(code(&nothing), "token-missing");
        }
    }

    /// Attack 28, among others.
    #[test]
    fn repeated_long_or_foreign_tokens_are_refused() {
        let bearer = ("Authorization", "Bearer a.b.c");
        assert_eq!(code(&[bearer, bearer]), "token-invalid");
        assert_eq!(code(&[bearer, ("authorization", "Basic x")]), "token-invalid");
        let cookie = ("Cookie", "__session=cookie");
        for joined in [
            "Bearer a.b.c,Bearer a.b.c",
            "Basic x,Bearer a.b.c",
            "a.b.c,Bearer a.b.c",
            "Basic x, a.b.c",
            "a.b.c,Basic x",
            "Bearer ,Basic x",
        ] {
            assert_eq!(code(&[("Authorization", joined), cookie]), "token-invalid", "{joined}");
        }
        let digest = r#"Digest username="ada", realm="www.app.test", qop=auth"#;
        assert_eq!(token(&[("Authorization", digest), cookie]), "cookie");
        let own = ("X-Clerk-Auth-Token", "a.b.c");
        assert_eq!(code(&[own, own]), "token-invalid");
        assert_eq!(code(&[("Cookie", "__session=a; __session=b")]), "token-invalid");
        assert_eq!(code(&[("Cookie", "__session=a"), ("cookie", "__session=b")]), "token-invalid");
        assert_eq!(token(&[("Cookie", "__session=a; __session=a")]), "a");
        let long = format!("Bearer {}", "a".repeat(MAX_TOKEN_BYTES + 1));
        assert_eq!(code(&[("Authorization", &long)]), "token-invalid");
        assert_eq!(code(&[("X-Clerk-Auth-Token", &long)]), "token-invalid");
        for letter in ["a", "%41", ","] {
            let cookie = format!("__session={}", letter.repeat(MAX_TOKEN_BYTES + 1));
            assert_eq!(code(&[("Cookie", &cookie)]), "token-invalid");
        }
        let longest = "a".repeat(MAX_TOKEN_BYTES);
        assert_eq!(token(&[("Cookie", &format!("__session={longest}"))]), longest);
        assert_eq!(code(&[("Authorization", "Bearer a.b.ç")]), "token-invalid");
        assert_eq!(code(&[("Cookie", "__session=a.b.ç")]), "token-invalid");
        assert_eq!(token(&[("Cookie", "name=Éric; __session=a")]), "a");
    }

    /// Cookies are split first and decoded then.
    #[test]
    fn an_encoded_semicolon_begins_no_cookie() {
        assert_eq!(token(&[("Cookie", "a=1%3B__session=evil; __session=b")]), "b");
        assert_eq!(code(&[("Cookie", "a=1%3B%20__session%3Devil")]), "token-missing");
    }

    #[test]
    fn a_cookie_signs_in_across_sites_only_to_read() {
        let rules = RequestRules::default();
        let headers = [("Cookie", "__session=a"), ("Origin", "https://evil.test")];
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(extract_token(&request(method, &headers), &rules, UNIX_EPOCH).is_ok());
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "get", "", "QUERY"] {
            let error = extract_token(&request(method, &headers), &rules, UNIX_EPOCH).unwrap_err();
            assert_eq!(error.code(), "cross-site-request", "{method}");
        }
        let headers = [("Authorization", "Bearer a"), ("Origin", "https://evil.test")];
        assert!(extract_token(&request("POST", &headers), &rules, UNIX_EPOCH).is_ok());
    }

    #[test]
    fn without_a_method_an_origin_tells_a_change() {
        let extract = |more: &[(&str, &str)]| {
            let mut headers = vec![("Cookie", "__session=a"), ("Host", "app.test")];
            headers.extend(more);
            let RequestHead { headers, .. } = request("", &headers);
            let head = RequestHead::without_method(headers);
            let allowed_origins = vec!["https://listed.test".to_owned()];
            let rules = RequestRules { allowed_origins, ..RequestRules::default() };
            extract_token(&head, &rules, UNIX_EPOCH).map_err(|error| error.code())
        };
        // Whether each origin passes with each word of the browser's about the site, in this order.
        let sites = ["same-origin", "same-site", "cross-site", "none", "", "Same-Origin"];
        let only_same = [true, false, false, false, false, false];
        let own = "https://app.test";
        let listed = "https://listed.test";
        let evil = "https://evil.test";
        for (origins, alone, with_site) in [
            (&[][..], true, [true; 6]),
            (&[own], true, only_same),
            (&[listed], true, [true; 6]),
            (&[evil], false, only_same),
            (&["null"], false, only_same),
            (&[""], false, only_same),
            (&["http://app.test"], true, only_same),
            (&["https://app.test.evil.test"], false, only_same),
            (&[own, evil], false, [false; 6]),
            (&[listed, listed], false, [false; 6]),
        ] {
            for name in ["Origin", "origin", "ORIGIN"] {
                let origin: Vec<_> = origins.iter().map(|origin| (name, *origin)).collect();
                let check = |more: &[(&str, &str)], passes: bool| {
                    let answer = extract(&[&origin, more].concat()).map(|found| found.token);
                    let expected =
                        if passes { Ok("a".to_owned()) } else { Err("cross-site-request") };
                    assert_eq!(answer, expected, "{origin:?} {more:?}");
                };
                check(&[], alone);
                for (site, passes) in sites.into_iter().zip(with_site) {
                    check(&[("Sec-Fetch-Site", site)], passes);
                    check(&[("sec-fetch-site", site), ("Sec-Fetch-Mode", "navigate")], passes);
                }
                let twice = [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "same-origin")];
                check(&twice, origins.is_empty());
            }
        }
        let headers = vec![
            ("Authorization".to_owned(), "Bearer a".to_owned()),
            ("Origin".to_owned(), "https://evil.test".to_owned()),
        ];
        let head = RequestHead::without_method(headers);
        assert!(extract_token(&head, &RequestRules::default(), UNIX_EPOCH).is_ok());
    }

    #[test]
    fn debug_shows_no_token() {
        let head = request("GET", &[("Authorization", "Bearer quiet"), ("Cookie", "quiet=1")]);
        let found = extract_token(&head, &RequestRules::default(), UNIX_EPOCH);
        assert!(!format!("{head:?} {found:?}").contains("quiet"));
    }

    proptest! {
        #[test]
        fn any_header_is_taken(name in "(?i)authorization|cookie|x-clerk-auth-token", value in "\\PC{0,80}") {
            let rules = RequestRules { cookie_suffix: Some("abc".into()), ..RequestRules::default() };
            if let Ok(found) = extract_token(&request("POST", &[(&name, &value)]), &rules, UNIX_EPOCH) {
                prop_assert!(!found.token.is_empty() && found.token.is_ascii());
                prop_assert!(found.source == TokenSource::Header);
            }
        }
    }
}

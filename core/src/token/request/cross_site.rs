//! Requests signed in by a cookie, which browsers send along from any site.

use url::{Origin, Url};

use super::extract::RequestHead;
use crate::{Error, ErrorKind, Result};

/// Methods that change nothing (RFC 9110 §9.2.1).
const SAFE_METHODS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// Refuses a request that may change things and does not come from the site itself. A listed
/// `Origin` passes; else the browser's own word, `Sec-Fetch-Site`, must be `same-origin`; only a
/// browser too old for that is judged by whether `Origin` names the host that it speaks to.
/// `Forwarded` and `X-Forwarded-*` are never read, since anybody can send them.
pub(crate) fn refuse_cross_site(request: &RequestHead, allowed_origins: &[String]) -> Result<()> {
    if SAFE_METHODS.contains(&request.method.as_str()) || is_from_here(request, allowed_origins) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CrossSiteRequest,
        "a request that is signed in by cookie and changes something must come from the site itself",
    ))
}

fn is_from_here(request: &RequestHead, allowed_origins: &[String]) -> bool {
    let (Ok(origin), Ok(site), Ok(host)) =
        (request.single("Origin"), request.single("Sec-Fetch-Site"), request.single("Host"))
    else {
        return false;
    };
    let origin = origin.filter(|origin| *origin != "null");
    if origin.is_some_and(|origin| allowed_origins.iter().any(|own| is_same(own, origin))) {
        return true;
    }
    match (site, origin, host) {
        (Some(site), _, _) => site == "same-origin",
        (None, Some(origin), Some(host)) => names_host(origin, host),
        _ => false,
    }
}

/// Whether a configured origin is the one of a request. `https://app.test/` and
/// `https://app.test:443` are written differently and the same; origins of other schemes, as apps
/// use, must be written the same.
fn is_same(configured: &str, origin: &str) -> bool {
    configured == origin
        || matches!(
            (web_origin(configured), web_origin(origin)),
            (Some(own), Some(theirs)) if own == theirs
        )
}

fn names_host(origin: &str, host: &str) -> bool {
    let Some(Origin::Tuple(scheme, name, port)) = web_origin(origin) else { return false };
    // The scheme is the origin's: behind a proxy the server does not know its own.
    match web_origin(&format!("{scheme}://{host}")) {
        Some(Origin::Tuple(_, own_name, own_port)) if !host.contains('/') => {
            (own_name, own_port) == (name, port)
        }
        _ => false,
    }
}

/// The origin of an http or https address that is nothing but an origin.
fn web_origin(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok()?;
    let is_bare = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !text.contains(['@', '\\'])
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_bare.then(|| url.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(allowed: &[&str], headers: &[(&str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let allowed: Vec<_> = allowed.iter().map(|origin| origin.to_string()).collect();
        refuse_cross_site(&RequestHead::new("POST", headers.collect()), &allowed).is_ok()
    }

    #[test]
    fn a_listed_origin_passes() {
        let allowed = ["https://app.test", "https://other.test:443/", "capacitor://localhost"];
        for origin in ["https://app.test", "https://other.test", "capacitor://localhost"] {
            let headers = [("origin", origin), ("Sec-Fetch-Site", "cross-site")];
            assert!(passes(&allowed, &headers), "{origin}");
        }
        for origin in [
            "http://app.test",
            "https://app.test.evil.test",
            "https://evil.test/https://app.test",
            "https://app.test@evil.test",
            "https://app.test:444",
            "https://xapp.test",
            "capacitor://localhost.evil",
            "null",
            "",
            "https://app.test https://evil.test",
            "https://app.test\\",
            "https://@app.test",
        ] {
            assert!(!passes(&allowed, &[("Origin", origin)]), "{origin}");
        }
        assert!(!passes(&["null"], &[("Origin", "null")]));
    }

    #[test]
    fn the_browsers_word_comes_before_the_host() {
        let same = [("Origin", "https://app.test"), ("Host", "app.test")];
        for (site, expected) in [
            ("same-origin", true),
            ("same-site", false),
            ("cross-site", false),
            ("none", false),
            ("", false),
        ] {
            assert_eq!(
                passes(&[], &[same[0], same[1], ("sec-fetch-site", site)]),
                expected,
                "{site}"
            );
        }
        assert!(passes(&[], &[("Sec-Fetch-Site", "same-origin")]));
    }

    #[test]
    fn without_it_origin_must_name_the_host() {
        for (origin, host, expected) in [
            ("https://app.test", "app.test", true),
            ("https://app.test", "APP.test:443", true),
            ("http://localhost:3000", "localhost:3000", true),
            ("https://app.test:8443", "app.test:8443", true),
            ("https://[::1]:1", "[::1]:1", true),
            ("https://app.test", "app.test:8443", false),
            ("http://app.test", "app.test:443", false),
            ("https://app.test.evil", "app.test", false),
            ("https://evil.test", "app.test", false),
            ("https://evil.test", "app.test@evil.test", false),
            ("https://evil.test", "evil.test/", false),
            ("null", "null", false),
            ("file://", "", false),
        ] {
            let passed = passes(&[], &[("Origin", origin), ("Host", host)]);
            assert_eq!(passed, expected, "{origin} {host}");
        }
        assert!(!passes(&[], &[("Host", "app.test")]));
        assert!(!passes(&[], &[("Origin", "https://app.test")]));
        assert!(!passes(&[], &[]));
    }

    #[test]
    fn forwarded_and_repeated_headers_do_not_help() {
        let evil = ("Origin", "https://evil.test");
        for name in ["X-Forwarded-Host", "Forwarded", "X-Original-Host"] {
            assert!(!passes(&[], &[evil, ("Host", "app.test"), (name, "evil.test")]));
        }
        let own = ("Origin", "https://app.test");
        assert!(!passes(&["https://app.test"], &[own, evil]));
        let site = ("Sec-Fetch-Site", "same-origin");
        assert!(!passes(&[], &[site, ("Sec-Fetch-Site", "cross-site")]));
        assert!(!passes(&[], &[own, ("Host", "app.test"), ("Host", "evil.test")]));
    }
}

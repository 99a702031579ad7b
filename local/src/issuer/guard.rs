//! Who may mint and break things: a local program that knows the bearer, never a web page.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

/// Why a request was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) reason: &'static str,
}

/// Lets a request pass that was made to this very loopback address, by no web page, with the
/// bearer, by a method that is `allowed`, and whose body, if it is a `POST`, is JSON.
///
/// A page of another site could otherwise reach the port through the browser, directly (`Origin`,
/// `Sec-Fetch-Site`) or under a name that it points at 127.0.0.1 (`Host`, DNS rebinding).
pub(super) fn check(
    request: &Parts,
    port: u16,
    bearer: &str,
    allowed: &[Method],
) -> Result<(), Refusal> {
    let refuse = |status, reason| Err(Refusal { status, reason });
    if !is_for_this_host(request, port) {
        return refuse(StatusCode::FORBIDDEN, "the Host header names no loopback address of ours");
    }
    if comes_from_a_page(request) {
        return refuse(StatusCode::FORBIDDEN, "web pages are not answered here");
    }
    if !allowed.contains(&request.method) {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "this method is not taken here");
    }
    if !has_bearer(request, bearer) {
        return refuse(StatusCode::UNAUTHORIZED, "the mint bearer is missing or wrong");
    }
    if request.method == Method::POST && !is_json(request) {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body has to be application/json");
    }
    Ok(())
}

fn is_for_this_host(request: &Parts, port: u16) -> bool {
    let ours = |authority: &str| {
        ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|host| authority.eq_ignore_ascii_case(&format!("{host}:{port}")))
    };
    let host = only(request, &HOST).is_some_and(ours);
    host && request.uri.authority().is_none_or(|authority| ours(authority.as_str()))
}

fn comes_from_a_page(request: &Parts) -> bool {
    let sites = request.headers.get_all(HeaderName::from_static("sec-fetch-site"));
    request.headers.contains_key(ORIGIN) || sites.iter().any(|site| site != "none")
}

fn has_bearer(request: &Parts, bearer: &str) -> bool {
    only(request, &AUTHORIZATION)
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .is_some_and(|(_, given)| {
            verify_slices_are_equal(given.trim().as_bytes(), bearer.as_bytes()).is_ok()
        })
}

fn is_json(request: &Parts) -> bool {
    only(request, &CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The text of a header that stands exactly once.
fn only<'a>(request: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    let mut values = request.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEARER: &str = "s3cret";

    fn status(uri: &str, method: Method, headers: &[(&str, &str)]) -> u16 {
        let mut request = hyper::Request::builder().uri(uri).method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(&parts, 4321, BEARER, &[Method::POST, Method::PATCH])
            .map_or_else(|refusal| refusal.status.as_u16(), |()| 200)
    }

    const GOOD: [(&str, &str); 3] = [
        ("host", "127.0.0.1:4321"),
        ("authorization", "Bearer s3cret"),
        ("content-type", "application/json; charset=utf-8"),
    ];

    fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
        let kept = GOOD.into_iter().filter(|(known, _)| *known != name);
        kept.chain([(name, value)]).collect()
    }

    #[test]
    fn loopback_names_pass() {
        assert_eq!(status("/mint", Method::POST, &GOOD), 200);
        for host in ["localhost:4321", "LocalHost:4321", "[::1]:4321"] {
            assert_eq!(status("/mint", Method::POST, &with("host", host)), 200, "{host}");
        }
        assert_eq!(status("/mint", Method::POST, &with("sec-fetch-site", "none")), 200);
    }

    #[test]
    fn other_hosts_are_refused() {
        for host in [
            "evil.example:4321",
            "127.0.0.1.evil.example:4321",
            "localhost.:4321",
            "127.0.0.1:4322",
            "127.0.0.1",
            "127.1:4321",
            "0.0.0.0:4321",
            "user@127.0.0.1:4321",
            "",
        ] {
            assert_eq!(status("/mint", Method::POST, &with("host", host)), 403, "{host}");
        }
        let twice = [&GOOD[..], &[("host", "evil.example:4321")]].concat();
        assert_eq!(status("/mint", Method::POST, &twice), 403);
        assert_eq!(status("/mint", Method::POST, &GOOD[1..]), 403);
        assert_eq!(status("http://evil.example:4321/mint", Method::POST, &GOOD), 403);
    }

    #[test]
    fn pages_are_refused() {
        for origin in ["https://evil.example", "http://127.0.0.1:4321", "null"] {
            assert_eq!(status("/mint", Method::POST, &with("origin", origin)), 403, "{origin}");
            assert_eq!(status("/mint", Method::OPTIONS, &with("origin", origin)), 403);
        }
        for site in ["cross-site", "same-site", "same-origin", ""] {
            assert_eq!(status("/mint", Method::POST, &with("sec-fetch-site", site)), 403);
        }
    }

    #[test]
    fn method_bearer_and_type_are_checked() {
        for method in [Method::GET, Method::PUT, Method::OPTIONS, Method::HEAD] {
            assert_eq!(status("/mint", method, &GOOD), 405);
        }
        assert_eq!(status("/mint", Method::PATCH, &with("content-type", "text/plain")), 200);
        for value in ["Bearer s3cre", "Bearer s3cret2", "Basic s3cret", "s3cret", "Bearer ", ""] {
            assert_eq!(status("/mint", Method::POST, &with("authorization", value)), 401);
        }
        let twice = [&GOOD[..], &[("authorization", "Bearer s3cret")]].concat();
        assert_eq!(status("/mint", Method::POST, &twice), 401);
        for value in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            assert_eq!(status("/mint", Method::POST, &with("content-type", value)), 415);
        }
    }
}

//! The layer before s3s: it refuses what s3s lets pass and AWS does not.
//!
//! s3s 0.14.1 accepts Signature Version 2, any region, lifetimes of presigned links up to 2^32
//! seconds, `x-amz-*` headers that nobody signed, session tokens of any kind, signed header
//! lists without `host` or with headers that are not there, and DeleteObjects without a digest.
//! Of forms it asks what POST policies ask: `form.rs`. What is sound passes on to s3s, which checks the signature itself.

mod cors;
mod credential;
mod date;
mod digest;
mod form;
mod gate;
mod header;
mod query;
mod refusal;
mod signed;

use std::time::SystemTime;

use http::request::Parts;
use http::{Method, header as names};
use percent_encoding::percent_decode_str;
use s3s::dto::Range;

pub(crate) use date::show as show_date;
pub(crate) use gate::{Arrival, Gate};
use query::Query;
pub(crate) use refusal::Refusal;
use signed::Signed;

use crate::sts::{self, Key, Keys};

/// What the server knows: its keys, one region.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) keys: Keys,
    pub(crate) region: String,
}

/// How a request says who sends it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mechanism {
    Header,
    Query,
    QueryV2,
}

/// Judges a request by all but its signature and body.
fn judge(rules: &Rules, request: &Parts, now: SystemTime) -> Result<Signed, Refusal> {
    let query = Query::parse(request.uri.query().unwrap_or_default());
    let mut mechanisms = Vec::new();
    for _ in request.headers.get_all(names::AUTHORIZATION) {
        mechanisms.push(Mechanism::Header);
    }
    if query.has_any(&["X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential"]) {
        mechanisms.push(Mechanism::Query);
    }
    if query.has_any(&["Signature", "AWSAccessKeyId"]) {
        mechanisms.push(Mechanism::QueryV2);
    }
    match mechanisms.as_slice() {
        [] => Err(Refusal::access_denied("Access Denied")),
        [Mechanism::Header] => header::judge(rules, request, &query, now),
        [Mechanism::Query] => query::judge(rules, request, &query, now),
        [Mechanism::QueryV2] => Err(Refusal::old_signature()),
        _ => Err(Refusal::two_mechanisms()),
    }
}

/// The service that a signature has to name.
fn service(request: &Parts) -> &'static str {
    match sts::is_meant(&request.method, &request.uri, &request.headers) {
        true => "sts",
        false => "s3",
    }
}

/// The key of a session comes with the session's token, once, and until the session ends; the
/// server's own key comes with none.
fn judge_session_token(key: &Key, tokens: &[&str], now: SystemTime) -> Result<(), Refusal> {
    match (key, tokens) {
        (Key::Root, []) => Ok(()),
        (Key::Session(session), [token]) if *token == session.token => {
            if now < session.ends {
                Ok(())
            } else {
                Err(Refusal::expired_token())
            }
        }
        _ => Err(Refusal::invalid_token()),
    }
}

/// Every session token of a request: in its headers, and in its query under any case of letters.
fn session_tokens<'a>(request: &'a Parts, query: &'a Query) -> Vec<&'a str> {
    let headers = request.headers.get_all("x-amz-security-token").iter();
    headers
        .map(|token| token.to_str().unwrap_or_default())
        .chain(query.values_of("X-Amz-Security-Token"))
        .collect()
}

/// S3 answers a range that it cannot read, and more than one, with the whole object; s3s refuses
/// both. A signed one has to stay for the signature's sake.
fn drop_odd_range(request: &mut Parts, signed: &Signed) {
    let range = request.headers.get(names::RANGE).map(|range| range.to_str().unwrap_or_default());
    if range.is_some_and(|range| Range::parse(range).is_err()) && !signed.has("range") {
        request.headers.remove(names::RANGE);
    }
}

/// Whether the body is a document that the request must bring a digest of.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html>
fn needs_digest(request: &Parts) -> bool {
    let query = Query::parse(request.uri.query().unwrap_or_default());
    let path = percent_decode_str(request.uri.path()).decode_utf8_lossy();
    let bucket = path.trim_start_matches('/');
    let asked = match request.method {
        Method::POST => query.has("delete"),
        Method::PUT => query.has("cors") || query.has("lifecycle"),
        _ => false,
    };
    asked && bucket.split_once('/').is_none_or(|(_, key)| key.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    fn judged(query: &str, headers: &[(&str, &str)]) -> Option<&'static str> {
        let mut request =
            http::Request::builder().method("GET").uri(format!("/bucket/key?{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).ok()?.into_parts();
        let rules = Rules { keys: Keys::new("AK", "secret"), region: "r".to_owned() };
        Some(judge(&rules, &parts, UNIX_EPOCH).map_or_else(|refusal| refusal.code, |_| ""))
    }

    const LINK: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
                        &X-Amz-Credential=AK%2F19700101%2Fr%2Fs3%2Faws4_request\
                        &X-Amz-Date=19700101T000000Z&X-Amz-Expires=60\
                        &X-Amz-SignedHeaders=host&X-Amz-Signature=00";

    #[test]
    fn a_sound_link_passes() {
        assert_eq!(judged(LINK, &[("host", "h")]), Some(""));
    }

    proptest! {
        #[test]
        fn no_authorization_is_too_odd_to_be_judged(value in "[ -~]{0,200}", date in "[ -~]{0,20}") {
            let value = format!("AWS4-HMAC-SHA256 {value}");
            let headers =
                [("host", "h"), ("authorization", value.as_str()), ("x-amz-date", date.as_str())];
            prop_assert_ne!(judged("", &headers), Some(""));
        }

        #[test]
        fn a_link_with_one_odd_value_is_refused(
            name in "X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders)",
            value in "[A-Za-z0-9%+/;_-]{0,30}",
        ) {
            let mut pairs: Vec<String> = LINK.split('&').map(str::to_owned).collect();
            for pair in &mut pairs {
                if pair.starts_with(&format!("{name}=")) {
                    *pair = format!("{name}={value}");
                }
            }
            let number = name == "X-Amz-Expires" && value.parse::<u32>().is_ok();
            prop_assert!(number || judged(&pairs.join("&"), &[("host", "h")]) != Some(""));
        }
    }
}

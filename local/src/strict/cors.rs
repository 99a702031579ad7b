//! Cross-origin requests: a browser's question before one, and what it may see of the answer.
//!
//! A bucket without rules answers as if CORS did not exist.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use percent_encoding::percent_decode_str;
use s3s::Body;

use super::refusal::Refusal;
use crate::store::{CorsRule, Store, StoreError};

/// Answers a browser's question whether it may send a request.
pub(super) fn preflight(store: &Store, request: &Parts) -> Result<Response<Body>, Refusal> {
    let Some(origin) = text(&request.headers, &header::ORIGIN) else {
        return Err(Refusal::bad_request(
            "Insufficient information. Origin request header needed.",
        ));
    };
    let method = text(&request.headers, &header::ACCESS_CONTROL_REQUEST_METHOD);
    let Some(method) = method.filter(|method| CorsRule::METHODS.contains(method)) else {
        return Err(Refusal::bad_request(format!(
            "Invalid Access-Control-Request-Method: {}",
            method.unwrap_or("null")
        )));
    };
    let rules = match store.bucket(&bucket(request)) {
        Ok(bucket) => bucket.cors,
        Err(StoreError::NoSuchBucket) => return Err(Refusal::no_such_bucket()),
        Err(_) => return Err(Refusal::internal()),
    };
    if rules.is_empty() {
        return Err(Refusal::cors("CORSResponse: CORS is not enabled for this bucket."));
    }
    let asked = text(&request.headers, &header::ACCESS_CONTROL_REQUEST_HEADERS);
    let asked: Vec<String> = asked
        .into_iter()
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let rule = rules.iter().find(|rule| {
        rule.allows(origin, method) && asked.iter().all(|name| allows_header(rule, name))
    });
    let rule = rule.ok_or_else(|| {
        Refusal::cors(
            "CORSResponse: This CORS request is not allowed. This is usually because the \
             evalution of Origin, request method / Access-Control-Request-Method or \
             Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
        )
    })?;
    let mut response = Response::new(Body::empty());
    admit(response.headers_mut(), rule, origin);
    if !asked.is_empty() {
        set(response.headers_mut(), header::ACCESS_CONTROL_ALLOW_HEADERS, &asked.join(", "));
    }
    Ok(response)
}

/// Lets the page that sent a request see the answer, where the bucket's rules allow it.
pub(super) fn reveal(store: &Store, request: &Origin, response: &mut Response<Body>) {
    let Some(origin) = request.origin.as_deref() else { return };
    let Ok(bucket) = store.bucket(&request.bucket) else { return };
    let rule = bucket.cors.iter().find(|rule| rule.allows(origin, &request.method));
    if let Some(rule) = rule {
        admit(response.headers_mut(), rule, origin);
    }
}

/// What the rules go by.
pub(super) struct Origin {
    origin: Option<String>,
    bucket: String,
    method: String,
}

impl Origin {
    pub(super) fn of(request: &Parts) -> Self {
        Self {
            origin: text(&request.headers, &header::ORIGIN).map(str::to_owned),
            bucket: bucket(request),
            method: request.method.as_str().to_owned(),
        }
    }
}

impl CorsRule {
    /// What a rule may allow.
    pub(crate) const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];

    fn allows(&self, origin: &str, method: &str) -> bool {
        self.methods.iter().any(|allowed| allowed == method)
            && self.origins.iter().any(|pattern| matches(pattern, origin))
    }
}

fn allows_header(rule: &CorsRule, name: &str) -> bool {
    rule.headers.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), name))
}

/// Whether a pattern with at most one `*` is this text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

fn admit(headers: &mut HeaderMap, rule: &CorsRule, origin: &str) {
    if rule.origins.iter().any(|pattern| pattern == "*") {
        set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    } else {
        set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &rule.methods.join(", "));
    if !rule.exposed.is_empty() {
        set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &rule.exposed.join(", "));
    }
    if let Some(seconds) = rule.max_age_seconds {
        set(headers, header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    let vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
    set(headers, header::VARY, vary);
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn bucket(request: &Parts) -> String {
    let path = percent_decode_str(request.uri.path()).decode_utf8_lossy();
    let path = path.strip_prefix('/').unwrap_or(&path);
    path.split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_once() {
        for (pattern, text, expected) in [
            ("*", "https://a.example", true),
            ("https://*.example", "https://a.example", true),
            ("https://*.example", "https://example", false),
            ("https://a.example", "https://a.example", true),
            ("https://a.example", "https://A.example", false),
            ("https://a.example", "https://a.example.evil", false),
            ("aba*aba", "aba", false),
            ("x-amz-*", "x-amz-meta-a", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}

//! The one form of every answer.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::request_id::request_id;
use super::time::rfc3339;
use crate::{Error, ErrorKind};

/// An HTTP answer: a status, headers, and a body of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Name and value of each header, `Content-Type` included.
    pub headers: Vec<(String, String)>,
    /// The body: JSON text, or empty.
    pub body: String,
}

/// What an answer of success holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Success {
    /// The status. Defaults to 200.
    pub status: u16,
    /// A sentence for people.
    pub message: String,
    /// What was asked for.
    pub data: Value,
    /// What belongs to it without being part of it: cursors, pages. Defaults to none.
    pub metadata: Option<Value>,
}

impl Success {
    /// An answer of status 200.
    pub fn new(message: impl Into<String>, data: Value) -> Self {
        Self { status: 200, message: message.into(), data, metadata: None }
    }
}

/// What an answer holds with which an application refuses a request for reasons of its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The status.
    pub status: u16,
    /// A code of the application's own.
    pub code: String,
    /// A sentence for people, told as it stands whatever the status.
    pub message: String,
    /// The facts that belong to it. Defaults to none.
    pub details: Option<Value>,
}

impl Failure {
    /// An answer of this status, without details.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), details: None }
    }
}

impl Answer {
    /// `{"success": true, "message", "data", "timestamp", "metadata"?}`.
    pub fn success(success: Success, request_id: &str, now: SystemTime) -> Self {
        let mut body = json!({
            "success": true,
            "message": success.message,
            "data": success.data,
            "timestamp": rfc3339(now),
        });
        if let Some(metadata) = success.metadata {
            body["metadata"] = metadata;
        }
        Self::json(success.status, &body, request_id)
    }

    /// The data of a success, without an envelope.
    pub(super) fn bare(success: &Success, request_id: &str) -> Self {
        Self::json(success.status, &success.data, request_id)
    }

    /// `{"success": false, "error": {"code", "message", "details"?}, "timestamp"}`, with the status
    /// of the error's code, `Retry-After` and `WWW-Authenticate` where they belong. Of a fault on
    /// the server's side (5xx) the body tells nothing but the code and its meaning; the rest goes to
    /// the log under the request id.
    pub fn error(error: &Error, request_id: &str, now: SystemTime) -> Self {
        let id = sendable(request_id);
        report(error, &id);
        let challenge = challenge(error.kind());
        let mut answer = Self::refusal(error.status(), public(error), challenge, &id, now);
        if let Some(wait) = error.details().retry_after {
            answer.add("Retry-After", whole_seconds(wait).to_string());
        }
        answer
    }

    fn refusal(
        status: u16,
        error: Value,
        challenge: &str,
        request_id: &str,
        now: SystemTime,
    ) -> Self {
        let body = json!({"success": false, "error": error, "timestamp": rfc3339(now)});
        let mut answer = Self::json(status, &body, request_id);
        if status == 401 {
            answer.add("WWW-Authenticate", challenge.to_owned());
        }
        answer
    }

    fn add(&mut self, name: &str, value: String) {
        self.headers.push((name.to_owned(), value));
    }

    fn json(status: u16, body: &Value, id: &str) -> Self {
        let mut answer = Self { status, headers: Vec::new(), body: body.to_string() };
        answer.add("Content-Type", "application/json".to_owned());
        answer.add("X-Content-Type-Options", "nosniff".to_owned());
        // Lists and links are one person's; a cache on the way knows a request by its address alone.
        answer.add("Cache-Control", "no-store".to_owned());
        answer.add("X-Request-Id", sendable(id));
        answer
    }

    /// An error answer of the application's own, in the form of [`error`](Self::error).
    pub fn failure(failure: Failure, request_id: &str, now: SystemTime) -> Self {
        let mut error = json!({"code": failure.code, "message": failure.message});
        if let Some(details) = failure.details {
            error["details"] = details;
        }
        Self::refusal(failure.status, error, "Bearer", request_id, now)
    }
}

/// The id itself, or a new one in the place of one that no header may hold.
fn sendable(id: &str) -> String {
    request_id(Some(id))
}

/// What a client may know of an error.
pub(super) fn public(error: &Error) -> Value {
    let details = public_details(error);
    let message = if is_ours(error) { error.kind().meaning() } else { error.message() };
    let mut shown = json!({"code": error.code(), "message": message});
    if !details.is_empty() {
        shown["details"] = Value::Object(details);
    }
    shown
}

/// Logs what a client may not know.
pub(super) fn report(error: &Error, request_id: &str) {
    if is_ours(error) {
        // `Debug` escapes line breaks.
        tracing::error!(request_id, code = error.code(), error = ?error, "a call failed");
    }
}

fn public_details(error: &Error) -> Map<String, Value> {
    let details = error.details();
    let of_client = (!is_ours(error)).then_some(details);
    let fields = [
        ("required", of_client.and_then(|it| it.required.clone()).map(Value::from)),
        ("actual", of_client.and_then(|it| it.actual.clone()).map(Value::from)),
        ("limit", of_client.and_then(|it| it.limit).map(Value::from)),
        ("used", of_client.and_then(|it| it.used).map(Value::from)),
        ("retry_after", details.retry_after.map(whole_seconds).map(Value::from)),
    ];
    let present = |(name, value): (&str, Option<Value>)| Some((name.to_owned(), value?));
    fields.into_iter().filter_map(present).collect()
}

/// Whether the fault is the server's, of which clients are told nothing.
fn is_ours(error: &Error) -> bool {
    error.status() >= 500
}

/// Rounded up: who comes too early is refused again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// RFC 6750, section 3.1: a request without a token is not told an error.
fn challenge(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TokenMissing | ErrorKind::WebhookSignatureInvalid => "Bearer",
        _ => "Bearer error=\"invalid_token\"",
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
        let mut values = answer.headers.iter().filter(|(own, _)| own == name);
        let first = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} stands twice");
        first
    }

    fn body(answer: &Answer) -> Value {
        serde_json::from_str(&answer.body).unwrap()
    }

    #[test]
    fn success_has_its_envelope() {
        let mut success = Success::new("Done.", json!([1]));
        let answer = Answer::success(success.clone(), "id-1", UNIX_EPOCH);
        let expected = json!({
            "success": true, "message": "Done.", "data": [1], "timestamp": "1970-01-01T00:00:00Z",
        });
        assert_eq!((answer.status, body(&answer)), (200, expected));
        assert_eq!(header(&answer, "Content-Type"), Some("application/json"));
        assert_eq!(header(&answer, "X-Request-Id"), Some("id-1"));
        assert_eq!(header(&answer, "Cache-Control"), Some("no-store"));
        assert_eq!(header(&answer, "X-Content-Type-Options"), Some("nosniff"));

        success.status = 201;
        success.metadata = Some(json!({"next_cursor": null}));
        assert_eq!(Answer::bare(&success, "id-1").body, "[1]");
        let answer = Answer::success(success, "id-1", UNIX_EPOCH);
        assert_eq!(answer.status, 201);
        assert_eq!(body(&answer)["metadata"], json!({"next_cursor": null}));
    }

    #[test]
    fn an_error_tells_its_code_and_the_details_that_it_has() {
        let error = Error::new(ErrorKind::FileTooLarge, "too large").with_limit(10, 11);
        let answer = Answer::error(&error, "id-1", UNIX_EPOCH);
        let expected = json!({
            "success": false,
            "error": {
                "code": "file-too-large",
                "message": "too large",
                "details": {"limit": 10, "used": 11},
            },
            "timestamp": "1970-01-01T00:00:00Z",
        });
        assert_eq!((answer.status, body(&answer)), (413, expected));
        assert_eq!(header(&answer, "Retry-After"), None);
        assert_eq!(header(&answer, "WWW-Authenticate"), None);

        let error = Error::new(ErrorKind::RoleRequired, "no").with_required("admin");
        let details = &body(&Answer::error(&error, "a", UNIX_EPOCH))["error"]["details"];
        assert_eq!(details, &json!({"required": "admin"}));
        let error = Error::new(ErrorKind::NotOwner, "no");
        let answer = Answer::error(&error, "a", UNIX_EPOCH);
        assert_eq!(body(&answer)["error"], json!({"code": "not-owner", "message": "no"}));
    }

    #[test]
    fn an_application_refuses_in_the_same_form() {
        let mut failure = Failure::new(402, "card-declined", "the card was declined");
        failure.details = Some(json!({"card": 1}));
        let answer = Answer::failure(failure, "id-1", UNIX_EPOCH);
        let expected = json!({
            "success": false,
            "error": {
                "code": "card-declined",
                "message": "the card was declined",
                "details": {"card": 1},
            },
            "timestamp": "1970-01-01T00:00:00Z",
        });
        assert_eq!((answer.status, body(&answer)), (402, expected));
        assert_eq!(header(&answer, "X-Request-Id"), Some("id-1"));
        let answer = Answer::failure(Failure::new(401, "a", "b"), "id-1", UNIX_EPOCH);
        assert_eq!(header(&answer, "WWW-Authenticate"), Some("Bearer"));
    }

    #[test]
    fn who_is_not_signed_in_is_challenged() {
        let challenge = |kind| {
            let answer = Answer::error(&Error::new(kind, "no"), "a", UNIX_EPOCH);
            header(&answer, "WWW-Authenticate").unwrap().to_owned()
        };
        assert_eq!(challenge(ErrorKind::TokenMissing), "Bearer");
        assert_eq!(challenge(ErrorKind::TokenExpired), "Bearer error=\"invalid_token\"");
    }

    #[test]
    fn waits_are_whole_seconds_rounded_up() {
        for (millis, seconds) in [(0, "0"), (1, "1"), (1000, "1"), (1001, "2")] {
            let error = Error::new(ErrorKind::RateLimited, "wait")
                .with_retry_after(Duration::from_millis(millis));
            let answer = Answer::error(&error, "a", UNIX_EPOCH);
            assert_eq!(header(&answer, "Retry-After"), Some(seconds));
            let details = &body(&answer)["error"]["details"];
            assert_eq!(details["retry_after"].to_string(), seconds);
        }
    }

    #[test]
    fn faults_of_the_server_tell_only_their_meaning() {
        for kind in ErrorKind::ALL.iter().filter(|kind| kind.status() >= 500) {
            let error = Error::new(*kind, "hush: S3_ENDPOINT_URL http://10.0.0.1")
                .with_required("hush")
                .with_actual("hush")
                .with_limit(4711, 4712)
                .with_retry_after(Duration::from_secs(3))
                .with_source(std::io::Error::other("hush"));
            let answer = Answer::error(&error, "a", UNIX_EPOCH);
            let expected = json!({
                "code": kind.code(), "message": kind.meaning(), "details": {"retry_after": 3},
            });
            assert_eq!(body(&answer)["error"], expected);
            assert_eq!(header(&answer, "Retry-After"), Some("3"));
        }
    }

    #[test]
    fn no_id_breaks_out_of_its_header() {
        let answer = Answer::success(Success::new("", Value::Null), "a\r\nb: c", UNIX_EPOCH);
        assert!(header(&answer, "X-Request-Id").unwrap().bytes().all(|b| b.is_ascii_hexdigit()));
    }
}

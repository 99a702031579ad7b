//! The one form of every answer.

use std::time::SystemTime;

use serde_json::Value;

use crate::Error;

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
        let _ = (success, now);
        Self {
            status: 200,
            headers: vec![("X-Request-Id".into(), request_id.into())],
            body: String::new(),
        }
    }

    /// `{"success": false, "error": {"code", "message", "details"?}, "timestamp"}`, with the status
    /// of the error's code, `Retry-After` and `WWW-Authenticate` where they belong. Of a fault on
    /// the server's side (5xx) the body tells nothing but the code and its meaning; the rest goes to
    /// the log under the request id.
    pub fn error(error: &Error, request_id: &str, now: SystemTime) -> Self {
        let _ = now;
        Self {
            status: error.status(),
            headers: vec![("X-Request-Id".into(), request_id.into())],
            body: String::new(),
        }
    }

    /// An error answer of the application's own, in the form of [`error`](Self::error).
    pub fn failure(failure: Failure, request_id: &str, now: SystemTime) -> Self {
        let _ = now;
        Self {
            status: failure.status,
            headers: vec![("X-Request-Id".into(), request_id.into())],
            body: String::new(),
        }
    }
}

/// The id of a request: the incoming one when it is 1 to 64 of `A-Z a-z 0-9 . _ -`, else a new one.
pub fn request_id(incoming: Option<&str>) -> String {
    incoming.unwrap_or_default().to_owned()
}

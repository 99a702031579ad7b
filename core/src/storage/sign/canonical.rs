//! The canonical form of a request, which is what a signature is made of.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

/// What stands for the body's digest where the body is not known.
pub(super) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The headers that are signed: one line for each, and their names.
pub(super) struct SignedHeaders {
    lines: String,
    pub(super) names: String,
}

impl SignedHeaders {
    /// The host and others, whose names are in lower case and differ.
    pub(super) fn new(host: &str, others: &[(&str, &str)]) -> Self {
        let mut headers = Vec::with_capacity(others.len() + 1);
        headers.push(("host", host));
        headers.extend_from_slice(others);
        headers.sort_unstable();
        let (mut lines, mut names) = (String::with_capacity(64), String::new());
        for (at, (name, value)) in headers.into_iter().enumerate() {
            if at > 0 {
                names.push(';');
            }
            names.push_str(name);
            lines.push_str(name);
            lines.push(':');
            push_trimmed(&mut lines, value);
            lines.push('\n');
        }
        Self { lines, names }
    }
}

/// The request as it is signed. Path and query are encoded, and the query is in order.
pub(super) fn canonical_request(
    method: &str,
    path: &str,
    query: &str,
    headers: &SignedHeaders,
    payload: &str,
) -> String {
    let lines = [method, path, query, &headers.lines, &headers.names, payload];
    lines.join("\n")
}

/// Adds a value without the spaces at its ends, and with one for each run of them.
fn push_trimmed(text: &mut String, value: &str) {
    let value = value.trim_matches(' ');
    if !value.contains("  ") {
        return text.push_str(value);
    }
    for (at, word) in value.split(' ').filter(|word| !word.is_empty()).enumerate() {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
}

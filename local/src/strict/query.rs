//! Presigned links: requests that are signed in the query string.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::time::{Duration, SystemTime};

use http::request::Parts;
use url::form_urlencoded;

use super::credential::Credential;
use super::header::MAX_SKEW;
use super::refusal::Refusal;
use super::signed::{self, Signed};
use super::{Rules, date, judge_session_token, service, session_tokens};

/// The longest life of a link: seven days, in seconds.
const MAX_LIFE_SECONDS: i64 = 604_800;

/// A query string, decoded.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// Whether any of the names is there, in any case of letters.
    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(found, _)| names.iter().any(|name| found.eq_ignore_ascii_case(name)))
    }

    /// The values of a name, in any case of letters.
    pub(super) fn values_of(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.0.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a name that is there exactly once.
    fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(found, _)| found == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

pub(super) fn judge(
    rules: &Rules,
    request: &Parts,
    query: &Query,
    now: SystemTime,
) -> Result<Signed, Refusal> {
    let required = |name: &str| {
        query.only(name).ok_or_else(|| {
            Refusal::malformed_query(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, \
                 X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and \
                 X-Amz-Expires parameters.",
            )
        })
    };
    let (algorithm, credential) = (required("X-Amz-Algorithm")?, required("X-Amz-Credential")?);
    let (amz_date, expires) = (required("X-Amz-Date")?, required("X-Amz-Expires")?);
    let signed_headers = required("X-Amz-SignedHeaders")?;
    required("X-Amz-Signature")?;
    if algorithm != "AWS4-HMAC-SHA256" {
        return Err(Refusal::malformed_query("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
    }
    let credential = Credential::parse(credential).ok_or_else(|| {
        Refusal::malformed_query(
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; \
             expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        )
    })?;
    let time = date::parse(amz_date).ok_or_else(|| {
        Refusal::malformed_query(
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
        )
    })?;
    let life = life(expires)?;
    let key = credential.judge(rules, service(request), amz_date, |message| {
        Refusal::malformed_query(format!("Error parsing the X-Amz-Credential parameter; {message}"))
    })?;
    judge_session_token(&key, &session_tokens(request, query), now)?;
    if time.duration_since(now).is_ok_and(|ahead| ahead > MAX_SKEW) {
        return Err(
            Refusal::access_denied("Request is not yet valid").with("ServerTime", date::show(now))
        );
    }
    let end = time + life;
    if now > end {
        return Err(Refusal::access_denied("Request has expired")
            .with("X-Amz-Expires", expires)
            .with("Expires", date::show(end))
            .with("ServerTime", date::show(now)));
    }
    signed::judge(request, signed_headers)
}

fn life(expires: &str) -> Result<Duration, Refusal> {
    let digits = expires.strip_prefix('-').unwrap_or(expires);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::malformed_query("X-Amz-Expires should be a number"));
    }
    if expires.starts_with('-') || digits.bytes().all(|byte| byte == b'0') {
        return Err(Refusal::malformed_query("X-Amz-Expires must be greater than zero"));
    }
    match digits.parse::<i64>() {
        Ok(seconds) if seconds <= MAX_LIFE_SECONDS => {
            Ok(Duration::from_secs(seconds.unsigned_abs()))
        }
        _ => Err(Refusal::malformed_query(format!(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given \
             X-Amz-Expires must be less than {MAX_LIFE_SECONDS} seconds"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_one_second_to_seven_days() {
        assert_eq!(life("1").unwrap(), Duration::from_secs(1));
        assert_eq!(life("604800").unwrap(), Duration::from_secs(604_800));
        for bad in [
            "",
            "-",
            "0",
            "00",
            "-1",
            "604801",
            "4294967296",
            "99999999999999999999",
            "1.5",
            "+5",
            "1h",
            " 5",
        ] {
            assert_eq!(life(bad).unwrap_err().code, "AuthorizationQueryParametersError", "{bad}");
        }
    }

    #[test]
    fn names_count_in_any_case_and_values_only_once() {
        let query = Query::parse("x-amz-security-token=t&a=1&a=2&b=%2B+&c");
        assert!(query.has_any(&["X-Amz-Security-Token"]));
        assert!(!query.has("X-Amz-Security-Token"));
        assert_eq!(query.only("a"), None);
        assert_eq!(query.only("b"), Some("+ "));
        assert_eq!(query.only("c"), Some(""));
    }
}

//! Requests that are signed in the `Authorization` header.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use std::time::{Duration, SystemTime};

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::credential::Credential;
use super::query::Query;
use super::refusal::Refusal;
use super::signed::{self, Signed};
use super::{Rules, date, judge_session_token, service, session_tokens};

/// The most that a request's time may differ from the server's.
pub(super) const MAX_SKEW: Duration = Duration::from_secs(15 * 60);

pub(super) fn judge(
    rules: &Rules,
    request: &Parts,
    query: &Query,
    now: SystemTime,
) -> Result<Signed, Refusal> {
    let value = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let authorization = Authorization::parse(value.unwrap_or_default())?;
    let credential = Credential::parse(authorization.credential).ok_or_else(|| {
        Refusal::malformed_header(
            "the Credential is mal-formed; expecting \
             \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        )
    })?;
    let mut dates = request.headers.get_all("x-amz-date").iter();
    let (amz_date, more) = (dates.next().and_then(|date| date.to_str().ok()), dates.next());
    let Some((amz_date, time)) =
        amz_date.filter(|_| more.is_none()).and_then(|text| Some((text, date::parse(text)?)))
    else {
        return Err(Refusal::access_denied(
            "AWS authentication requires a valid Date or x-amz-date header",
        ));
    };
    let key = credential.judge(rules, service(request), amz_date, Refusal::malformed_header)?;
    judge_session_token(&key, &session_tokens(request, query), now)?;
    if now.duration_since(time).unwrap_or_else(|error| error.duration()) > MAX_SKEW {
        return Err(Refusal::skewed()
            .with("RequestTime", amz_date)
            .with("ServerTime", date::show(now))
            .with("MaxAllowedSkewMilliseconds", MAX_SKEW.as_millis().to_string()));
    }
    signed::judge(request, authorization.signed_headers)
}

struct Authorization<'a> {
    credential: &'a str,
    signed_headers: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(value: &'a str) -> Result<Self, Refusal> {
        let (algorithm, rest) = value.split_once(' ').unwrap_or((value, ""));
        match algorithm {
            "AWS4-HMAC-SHA256" => {}
            "AWS" => return Err(Refusal::old_signature()),
            _ => return Err(Refusal::invalid_argument("Unsupported Authorization Type")),
        }
        let field = |name: &str| {
            let mut found = rest
                .split(',')
                .filter_map(|field| field.trim().split_once('='))
                .filter(|(field, _)| *field == name);
            match (found.next(), found.next()) {
                (Some((_, value)), None) => Ok(value),
                _ => Err(Refusal::malformed_header(format!(
                    "the authorization header requires three components: Credential, \
                     SignedHeaders, and Signature; {name} is missing or repeated."
                ))),
            }
        };
        field("Signature")?;
        Ok(Self { credential: field("Credential")?, signed_headers: field("SignedHeaders")? })
    }
}

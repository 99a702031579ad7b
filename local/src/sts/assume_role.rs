//! AssumeRole.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use s3s::route::S3Route;
use s3s::{Body, S3Error, S3Request, S3Response, S3Result, s3_error};
use url::form_urlencoded;

use super::error::refusal;
use super::keys::{Key, Keys, Session};
use super::policy::{MAX_CHARS, Policy};
use super::{ROLE_ARN, is_meant};
use crate::strict::{Arrival, show_date};

const API_VERSION: &str = "2011-06-15";

/// In seconds; the role allows the longest.
const LIFE: RangeInclusive<u64> = 900..=43_200;
const DEFAULT_LIFE: u64 = 3600;

/// In characters.
const SESSION_NAME: RangeInclusive<usize> = 2..=64;

/// A policy of 2,048 characters, each escaped.
const MAX_FORM_BYTES: usize = 16 << 10;

/// What answers the requests to STS.
pub(crate) struct Sts {
    pub(crate) keys: Keys,
}

#[async_trait::async_trait]
impl S3Route for Sts {
    fn is_match(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        _: &mut Extensions,
    ) -> bool {
        is_meant(method, uri, headers)
    }

    /// The server's own key may assume the role; a session may not.
    async fn check_access(&self, request: &mut S3Request<Body>) -> S3Result<()> {
        let known = request.credentials.as_ref().map(|it| self.keys.find(&it.access_key));
        match known.flatten() {
            Some(Key::Root) => Ok(()),
            _ => Err(denied()),
        }
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let arrival = request.extensions.get::<Arrival>().copied();
        let Arrival(now) = arrival.ok_or_else(|| s3_error!(InternalError))?;
        let form = Limited::new(request.input, MAX_FORM_BYTES).collect().await;
        let form = form.map_err(|_| invalid("the form cannot be read"))?.to_bytes();
        let asked = Asked::read(&form)?;
        let session = self.keys.begin(asked.policy, now, asked.life);
        let session = session.map_err(|_| s3_error!(InternalError))?;
        let mut response = S3Response::new(Body::from(answer(&session, &asked.session_name)));
        let xml = HeaderValue::from_static("text/xml");
        response.headers.insert(header::CONTENT_TYPE, xml);
        Ok(response)
    }
}

/// What a form asks for.
#[derive(Debug)]
struct Asked {
    session_name: String,
    policy: Option<Policy>,
    life: Duration,
}

impl Asked {
    fn read(form: &Bytes) -> S3Result<Self> {
        let [mut action, mut version, mut role, mut session_name, mut policy, mut seconds] =
            [const { None }; 6];
        for (name, value) in form_urlencoded::parse(form) {
            let field = match &*name {
                "Action" => &mut action,
                "Version" => &mut version,
                "RoleArn" => &mut role,
                "RoleSessionName" => &mut session_name,
                "Policy" => &mut policy,
                "DurationSeconds" => &mut seconds,
                _ => return Err(invalid("a parameter is not understood")),
            };
            if field.replace(value.into_owned()).is_some() {
                return Err(invalid("a parameter is there twice"));
            }
        }
        if action.as_deref() != Some("AssumeRole") || version.as_deref() != Some(API_VERSION) {
            let why = "only AssumeRole of version 2011-06-15 is answered";
            return Err(refusal(StatusCode::BAD_REQUEST, "InvalidAction", why));
        }
        let session_name = session_name.filter(|name| is_session_name(name));
        let session_name = session_name.ok_or_else(|| {
            invalid("RoleSessionName must be 2 to 64 of A-Z a-z 0-9 _ + = , . @ -")
        })?;
        let life = seconds.map_or(Some(DEFAULT_LIFE), |seconds| seconds.parse().ok());
        let life = life.filter(|life| LIFE.contains(life));
        let life = life.ok_or_else(|| invalid("DurationSeconds must be 900 to 43200"))?;
        let policy = policy.map(|text| read_policy(&text)).transpose()?;
        match role.ok_or_else(|| invalid("RoleArn is missing"))? {
            role if role == ROLE_ARN => {}
            _ => return Err(denied()),
        }
        Ok(Self { session_name, policy, life: Duration::from_secs(life) })
    }
}

fn is_session_name(name: &str) -> bool {
    SESSION_NAME.contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

fn read_policy(text: &str) -> S3Result<Policy> {
    let is_taken = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    if !(1..=MAX_CHARS).contains(&text.chars().count()) || !text.chars().all(is_taken) {
        return Err(invalid("Policy must have 1 to 2048 characters up to U+00FF"));
    }
    Policy::parse(text)
        .map_err(|why| refusal(StatusCode::BAD_REQUEST, "MalformedPolicyDocument", &why))
}

fn invalid(message: &str) -> S3Error {
    refusal(StatusCode::BAD_REQUEST, "ValidationError", message)
}

fn denied() -> S3Error {
    let message = "Not authorized to perform sts:AssumeRole on this role";
    refusal(StatusCode::FORBIDDEN, "AccessDenied", message)
}

/// The session's keys. Nothing in it needs to be escaped.
fn answer(session: &Session, name: &str) -> String {
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleResult><AssumedRoleUser>\
         <AssumedRoleId>AROALOCAL:{name}</AssumedRoleId>\
         <Arn>arn:aws:sts::000000000000:assumed-role/casier-local/{name}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
         <SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>\
         </AssumeRoleResult></AssumeRoleResponse>",
        session.access_key_id,
        session.secret_access_key,
        session.token,
        show_date(session.ends),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 6] = [
        ("Action", "AssumeRole"),
        ("Version", API_VERSION),
        ("RoleArn", ROLE_ARN),
        ("RoleSessionName", "user_1"),
        (
            "Policy",
            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\
             \"Resource\":\"*\"}]}",
        ),
        ("DurationSeconds", "900"),
    ];

    fn code(pairs: &[(&str, &str)]) -> String {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        match Asked::read(&Bytes::from(form)) {
            Ok(_) => String::new(),
            Err(error) => error.code().as_str().to_owned(),
        }
    }

    fn with(name: &str, value: &str) -> String {
        code(&GOOD.map(|(known, good)| (known, if known == name { value } else { good })))
    }

    #[test]
    fn a_form_is_read_strictly() {
        assert_eq!(code(&GOOD), "");
        assert_eq!(code(&GOOD[..4]), "");
        for left_out in 0..4 {
            let mut fewer = GOOD.to_vec();
            fewer.remove(left_out);
            assert_ne!(code(&fewer), "", "{left_out}");
        }
        let invalid = "ValidationError";
        for (name, value, expected) in [
            ("Action", "GetSessionToken", "InvalidAction"),
            ("Version", "2010-05-08", "InvalidAction"),
            ("RoleArn", "arn:aws:iam::000000000000:role/other", "AccessDenied"),
            ("RoleSessionName", "a", invalid),
            ("RoleSessionName", "a b", invalid),
            ("RoleSessionName", "user_é", invalid),
            ("DurationSeconds", "899", invalid),
            ("DurationSeconds", "43201", invalid),
            ("DurationSeconds", "-1", invalid),
            ("Policy", "", invalid),
            ("Policy", "{\"a\":\"\u{100}\"}", invalid),
            ("Policy", &" ".repeat(2049), invalid),
            ("Policy", "{}", "MalformedPolicyDocument"),
        ] {
            assert_eq!(with(name, value), expected, "{name}={value}");
        }
        let twice = [GOOD.as_slice(), &[("Policy", "{}")]].concat();
        assert_eq!(code(&twice), invalid);
        let more = [GOOD.as_slice(), &[("PolicyArns.member.1.arn", "arn")]].concat();
        assert_eq!(code(&more), invalid);
    }
}

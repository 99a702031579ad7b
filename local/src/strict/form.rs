//! Uploads from forms: requests that are signed in a policy.
//!
//! s3s checks the signature and compares the fields with the conditions. It knows no clock but the
//! system's and no region, lets fields about encryption pass that no condition names, takes a field
//! that comes twice, and stores `${filename}` as it stands.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use futures::TryStreamExt as _;
use http::request::Parts;
use http::{Method, header};
use http_body_util::BodyStream;
use hyper::body::Frame;
use multer::{Constraints, Multipart, SizeLimit};
use s3s::Body;
use s3s::dto::Timestamp;
use s3s::post_policy::{PostPolicy, PostPolicyCondition};

use super::credential::Credential;
use super::gate::Shared;
use super::query::Query;
use super::refusal::Refusal;
use super::{Rules, date, judge_session_token};
use crate::faults::BoxError;

/// The most that the fields before the file may take, in bytes.
const MAX_FIELDS_BYTES: usize = 20 * 1024;

/// What S3 replaces by the name that the browser gives the file.
const FILENAME_VARIABLE: &str = "${filename}";

/// Whether a request is an upload from a form.
pub(super) fn is_upload(request: &Parts) -> bool {
    request.method == Method::POST
        && request.headers.get_all(header::CONTENT_TYPE).iter().any(|kind| {
            let kind = kind.as_bytes();
            let form = b"multipart/form-data";
            kind.get(..form.len()).is_some_and(|start| start.eq_ignore_ascii_case(form))
        })
}

/// Judges a form by all but its signature and its file, and gives the body as it came.
pub(super) async fn judge(
    rules: &Rules,
    request: &Parts,
    body: Shared,
    now: SystemTime,
) -> Result<Body, Refusal> {
    let query = Query::parse(request.uri.query().unwrap_or_default());
    if request.headers.contains_key(header::AUTHORIZATION)
        || query.has_any(&["X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential", "Signature"])
    {
        return Err(Refusal::two_mechanisms());
    }
    let names = request.headers.keys().map(|name| name.as_str());
    let unsigned: Vec<_> = names.filter(|name| name.starts_with("x-amz-")).collect();
    if !unsigned.is_empty() {
        return Err(Refusal::unsigned(&unsigned));
    }
    let replayed = Replayed { read: Arc::default(), rest: body };
    let fields = read_fields(request, &replayed).await?;
    judge_fields(rules, &fields, now)?;
    Ok(Body::http_body(replayed))
}

/// The fields before the file, by their names in lower case.
async fn read_fields(
    request: &Parts,
    body: &Replayed,
) -> Result<BTreeMap<String, String>, Refusal> {
    let malformed = || {
        Refusal::malformed_form(
            "The body of your POST request is not well-formed multipart/form-data.",
        )
    };
    let kind = request.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = multer::parse_boundary(kind.unwrap_or_default()).map_err(|_| malformed())?;
    let kept = Arc::clone(&body.read);
    let chunks = BodyStream::new(body.rest.clone()).try_filter_map(move |frame: Frame<Bytes>| {
        let chunk = frame.into_data().ok();
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(chunk.clone());
        std::future::ready(Ok::<_, BoxError>(chunk))
    });
    let limits = SizeLimit::new().per_field(MAX_FIELDS_BYTES as u64);
    let limits = Constraints::new().size_limit(limits);
    let mut form = Multipart::with_constraints(chunks, boundary, limits);
    let mut fields = BTreeMap::new();
    let mut size = 0;
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        let name = field.name().ok_or_else(malformed)?.to_ascii_lowercase();
        if name == "file" {
            return Ok(fields);
        }
        let value = field.text().await.map_err(|error| match error {
            multer::Error::FieldSizeExceeded { .. } => Refusal::long_form(),
            _ => malformed(),
        })?;
        size += name.len() + value.len();
        if size > MAX_FIELDS_BYTES {
            return Err(Refusal::long_form());
        }
        if fields.insert(name, value).is_some() {
            return Err(Refusal::invalid_argument("POST requires each field to be there once."));
        }
    }
    Err(Refusal::invalid_argument("POST requires exactly one file upload per request."))
}

fn judge_fields(
    rules: &Rules,
    fields: &BTreeMap<String, String>,
    now: SystemTime,
) -> Result<(), Refusal> {
    let required = |name: &str| {
        let message = format!("Bucket POST must contain a field named '{name}'.");
        fields.get(name).ok_or_else(|| Refusal::invalid_argument(&message))
    };
    required("key")?;
    let policy = required("policy")?;
    let algorithm = required("x-amz-algorithm")?;
    let (credential, amz_date) = (required("x-amz-credential")?, required("x-amz-date")?);
    required("x-amz-signature")?;
    if algorithm != "AWS4-HMAC-SHA256" {
        return Err(Refusal::invalid_argument(
            "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"",
        ));
    }
    if date::parse(amz_date).is_none() {
        return Err(Refusal::invalid_argument("X-Amz-Date must be formatted as ISO8601."));
    }
    let credential = Credential::parse(credential);
    let credential = credential
        .ok_or_else(|| Refusal::invalid_argument("The x-amz-credential field is mal-formed."))?;
    let key = credential.judge(rules, "s3", amz_date, |message| {
        Refusal::invalid_argument(&format!("Error parsing the X-Amz-Credential field; {message}"))
    })?;
    let token: Vec<_> =
        fields.get("x-amz-security-token").map(String::as_str).into_iter().collect();
    judge_session_token(&key, &token, now)?;
    let policy = PostPolicy::from_base64(policy)
        .map_err(|error| Refusal::malformed_policy(&error.to_string()))?;
    if Timestamp::from(now) >= policy.expiration {
        return Err(Refusal::access_denied("Invalid according to Policy: Policy expired."));
    }
    let conditions: BTreeSet<_> = policy.conditions.iter().filter_map(field_of).collect();
    for (name, value) in fields {
        let is_free =
            matches!(name.as_str(), "policy" | "x-amz-signature") || name.starts_with("x-ignore-");
        if !is_free && !conditions.contains(name.as_str()) {
            let message = format!("Invalid according to Policy: Extra input fields: {name}");
            return Err(Refusal::access_denied(&message));
        }
        if value.contains(FILENAME_VARIABLE) {
            return Err(replaced(name, &policy));
        }
    }
    Ok(())
}

/// What becomes of a field whose value S3 would replace before it looks at the conditions: one that
/// is bound to a value is another then.
fn replaced(name: &str, policy: &PostPolicy) -> Refusal {
    let exact = |condition: &PostPolicyCondition| matches!(condition, PostPolicyCondition::Eq { field, .. } if field == name);
    if policy.conditions.iter().any(exact) {
        return Refusal::access_denied("Invalid according to Policy: Policy Condition failed");
    }
    Refusal::not_implemented("The variable ${filename} is not implemented.")
}

/// The field that a condition is about.
fn field_of(condition: &PostPolicyCondition) -> Option<&str> {
    match condition {
        PostPolicyCondition::Eq { field, .. } | PostPolicyCondition::StartsWith { field, .. } => {
            Some(field)
        }
        PostPolicyCondition::ContentLengthRange { .. } => None,
    }
}

/// A body of which a part has been read already.
struct Replayed {
    read: Arc<Mutex<VecDeque<Bytes>>>,
    rest: Shared,
}

impl hyper::body::Body for Replayed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let next = self.read.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match next {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }
}

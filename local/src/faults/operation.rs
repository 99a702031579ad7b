//! Which operation a request asks for, by its line and its headers alone: faults come before
//! anything else is read.

use http::request::Parts;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::sts;

/// The names that a rule may use.
pub(super) const OPERATIONS: &[&str] = &[
    "AbortMultipartUpload",
    "AssumeRole",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteBucketCors",
    "DeleteBucketLifecycle",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "GetBucketCors",
    "GetBucketLifecycleConfiguration",
    "GetBucketLocation",
    "GetBucketVersioning",
    "GetObject",
    "GetObjectAttributes",
    "GetObjectTagging",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    OTHER,
    "PostObject",
    PREFLIGHT,
    "PutBucketCors",
    "PutBucketLifecycleConfiguration",
    "PutBucketVersioning",
    "PutObject",
    "PutObjectTagging",
    "RestoreObject",
    "UploadPart",
    "UploadPartCopy",
];

/// A browser's question before a request to another origin.
const PREFLIGHT: &str = "Preflight";

/// What the server does not answer.
const OTHER: &str = "Other";

/// What a request asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) operation: &'static str,
    /// Decoded; empty for an operation on a bucket.
    pub(super) key: String,
    pub(super) has_body: bool,
}

impl Asked {
    pub(super) fn of(request: &Parts, has_body: bool) -> Self {
        let path = percent_decode_str(request.uri.path()).decode_utf8_lossy();
        let path = path.strip_prefix('/').unwrap_or(&path);
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let query = request.uri.query().unwrap_or_default();
        let names: Vec<String> =
            form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect();
        let has = |name: &str| names.iter().any(|known| known == name);
        let operation = match (bucket, key) {
            _ if request.method == Method::OPTIONS => PREFLIGHT,
            ("", _) if request.method == Method::GET => "ListBuckets",
            ("", _) if sts::is_meant(&request.method, &request.uri, &request.headers) => {
                "AssumeRole"
            }
            ("", _) => OTHER,
            (_, "") => on_bucket(&request.method, &request.headers, has),
            _ => on_object(&request.method, &request.headers, has),
        };
        Self { operation, key: key.to_owned(), has_body }
    }
}

fn on_bucket(method: &Method, headers: &HeaderMap, has: impl Fn(&str) -> bool) -> &'static str {
    match *method {
        Method::GET if has("location") => "GetBucketLocation",
        Method::GET if has("versioning") => "GetBucketVersioning",
        Method::GET if has("cors") => "GetBucketCors",
        Method::GET if has("lifecycle") => "GetBucketLifecycleConfiguration",
        Method::GET if has("uploads") => "ListMultipartUploads",
        Method::GET if has("versions") => "ListObjectVersions",
        Method::GET if has("list-type") => "ListObjectsV2",
        Method::GET => "ListObjects",
        Method::HEAD => "HeadBucket",
        Method::PUT if has("versioning") => "PutBucketVersioning",
        Method::PUT if has("cors") => "PutBucketCors",
        Method::PUT if has("lifecycle") => "PutBucketLifecycleConfiguration",
        Method::PUT => "CreateBucket",
        Method::DELETE if has("cors") => "DeleteBucketCors",
        Method::DELETE if has("lifecycle") => "DeleteBucketLifecycle",
        Method::DELETE => "DeleteBucket",
        Method::POST if has("delete") => "DeleteObjects",
        Method::POST if is_form(headers) => "PostObject",
        _ => OTHER,
    }
}

fn on_object(method: &Method, headers: &HeaderMap, has: impl Fn(&str) -> bool) -> &'static str {
    let copies = headers.contains_key("x-amz-copy-source");
    match *method {
        Method::GET if has("tagging") => "GetObjectTagging",
        Method::GET if has("attributes") => "GetObjectAttributes",
        Method::GET if has("uploadId") => "ListParts",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::PUT if has("tagging") => "PutObjectTagging",
        Method::PUT if has("uploadId") && copies => "UploadPartCopy",
        Method::PUT if has("uploadId") => "UploadPart",
        Method::PUT if copies => "CopyObject",
        Method::PUT => "PutObject",
        Method::DELETE if has("tagging") => "DeleteObjectTagging",
        Method::DELETE if has("uploadId") => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        Method::POST if has("uploads") => "CreateMultipartUpload",
        Method::POST if has("uploadId") => "CompleteMultipartUpload",
        Method::POST if has("restore") => "RestoreObject",
        _ => OTHER,
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers.get(http::header::CONTENT_TYPE).is_some_and(|kind| {
        let form = b"multipart/form-data";
        kind.as_bytes().get(..form.len()).is_some_and(|start| start.eq_ignore_ascii_case(form))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Header = Option<(&'static str, &'static str)>;

    const FORM: Header = Some(("content-type", "multipart/form-data; boundary=x"));
    const QUERY_FORM: Header = Some(("content-type", "application/x-www-form-urlencoded"));
    const COPY: Header = Some(("x-amz-copy-source", "b/k"));

    fn asked(method: &str, target: &str, header: Header) -> Asked {
        let mut request = http::Request::builder().method(method).uri(target);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        Asked::of(&request.body(()).unwrap().into_parts().0, false)
    }

    #[test]
    fn every_name_is_found_and_no_other() {
        let cases = [
            ("GET", "/", None, "ListBuckets"),
            ("POST", "/", None, "Other"),
            ("POST", "/", QUERY_FORM, "AssumeRole"),
            ("POST", "/b", QUERY_FORM, "Other"),
            ("GET", "/b", None, "ListObjects"),
            ("GET", "/b/?list-type=2&prefix=a", None, "ListObjectsV2"),
            ("GET", "/b?location", None, "GetBucketLocation"),
            ("GET", "/b?versioning", None, "GetBucketVersioning"),
            ("GET", "/b?cors", None, "GetBucketCors"),
            ("GET", "/b?lifecycle", None, "GetBucketLifecycleConfiguration"),
            ("GET", "/b?uploads", None, "ListMultipartUploads"),
            ("GET", "/b?versions", None, "ListObjectVersions"),
            ("HEAD", "/b", None, "HeadBucket"),
            ("PUT", "/b", None, "CreateBucket"),
            ("PUT", "/b?versioning", None, "PutBucketVersioning"),
            ("PUT", "/b?cors=", None, "PutBucketCors"),
            ("PUT", "/b?lifecycle", None, "PutBucketLifecycleConfiguration"),
            ("DELETE", "/b", None, "DeleteBucket"),
            ("DELETE", "/b?cors", None, "DeleteBucketCors"),
            ("DELETE", "/b?lifecycle", None, "DeleteBucketLifecycle"),
            ("POST", "/b?delete", None, "DeleteObjects"),
            ("POST", "/b", FORM, "PostObject"),
            ("POST", "/b", None, "Other"),
            ("OPTIONS", "/b/k", None, "Preflight"),
            ("GET", "/b/k", None, "GetObject"),
            ("GET", "/b/k?tagging", None, "GetObjectTagging"),
            ("GET", "/b/k?attributes", None, "GetObjectAttributes"),
            ("GET", "/b/k?uploadId=1", None, "ListParts"),
            ("HEAD", "/b/k", None, "HeadObject"),
            ("PUT", "/b/k", None, "PutObject"),
            ("PUT", "/b/k", COPY, "CopyObject"),
            ("PUT", "/b/k?tagging", None, "PutObjectTagging"),
            ("PUT", "/b/k?partNumber=1&uploadId=1", None, "UploadPart"),
            ("PUT", "/b/k?partNumber=1&uploadId=1", COPY, "UploadPartCopy"),
            ("DELETE", "/b/k", None, "DeleteObject"),
            ("DELETE", "/b/k?tagging", None, "DeleteObjectTagging"),
            ("DELETE", "/b/k?uploadId=1", None, "AbortMultipartUpload"),
            ("POST", "/b/k?uploads", None, "CreateMultipartUpload"),
            ("POST", "/b/k?uploadId=1", None, "CompleteMultipartUpload"),
            ("POST", "/b/k?restore", None, "RestoreObject"),
            ("PATCH", "/b/k", None, "Other"),
        ];
        for (method, target, header, operation) in cases {
            assert_eq!(asked(method, target, header).operation, operation, "{method} {target}");
        }
        for operation in OPERATIONS {
            assert!(cases.iter().any(|case| case.3 == *operation), "{operation}");
        }
    }

    #[test]
    fn keys_are_decoded() {
        assert_eq!(asked("GET", "/b/a%2Fb%20%C3%A9/c", None).key, "a/b é/c");
        assert_eq!(asked("GET", "/b/", None).key, "");
    }
}

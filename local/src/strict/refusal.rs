//! A refusal in AWS's own words and form.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use http::{HeaderValue, Response, StatusCode, header};
use s3s::Body;

/// Why a request goes no further.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    pub(super) code: &'static str,
    message: String,
    /// More elements of the body.
    details: Vec<(&'static str, String)>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    pub(super) fn access_denied(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    pub(super) fn not_implemented(message: &str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    pub(super) fn malformed_form(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MalformedPOSTRequest", message)
    }

    pub(super) fn malformed_policy(why: &str) -> Self {
        let message = format!("Invalid Policy: {why}");
        Self::new(StatusCode::BAD_REQUEST, "InvalidPolicyDocument", message)
    }

    pub(super) fn long_form() -> Self {
        let message = "Your POST request fields preceding the upload file were too large.";
        Self::new(StatusCode::BAD_REQUEST, "MaxPostPreDataLengthExceededError", message)
    }

    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }

    pub(super) fn invalid_argument(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    pub(super) fn old_signature() -> Self {
        Self::invalid_request(
            "The authorization mechanism you have provided is not supported. Please use \
             AWS4-HMAC-SHA256.",
        )
    }

    pub(super) fn two_mechanisms() -> Self {
        Self::invalid_argument(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, \
             Signature query string parameter or the Authorization header should be specified",
        )
    }

    pub(super) fn malformed_header(message: impl Into<String>) -> Self {
        let message = format!("The authorization header is malformed; {}", message.into());
        Self::new(StatusCode::BAD_REQUEST, "AuthorizationHeaderMalformed", message)
    }

    pub(super) fn malformed_query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "AuthorizationQueryParametersError", message)
    }

    pub(super) fn unknown_key(access_key_id: &str) -> Self {
        let message = "The AWS Access Key Id you provided does not exist in our records.";
        Self::new(StatusCode::FORBIDDEN, "InvalidAccessKeyId", message)
            .with("AWSAccessKeyId", access_key_id)
    }

    pub(super) fn invalid_token() -> Self {
        let message = "The provided token is malformed or otherwise invalid.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidToken", message)
    }

    pub(super) fn expired_token() -> Self {
        let message = "The provided token has expired.";
        Self::new(StatusCode::BAD_REQUEST, "ExpiredToken", message)
    }

    pub(super) fn skewed() -> Self {
        let message = "The difference between the request time and the current time is too large.";
        Self::new(StatusCode::FORBIDDEN, "RequestTimeTooSkewed", message)
    }

    pub(super) fn signature_mismatch() -> Self {
        let message = "The request signature we calculated does not match the signature you provided. \
             Check your key and signing method.";
        Self::new(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message)
    }

    pub(super) fn unsigned(names: &[&str]) -> Self {
        Self::access_denied("There were headers present in the request which were not signed")
            .with("HeadersNotSigned", names.join(", "))
    }

    pub(super) fn bad_digest(what: &str) -> Self {
        let message = format!("The {what} you specified did not match what we received.");
        Self::new(StatusCode::BAD_REQUEST, "BadDigest", message)
    }

    pub(super) fn invalid_digest() -> Self {
        let message = "The Content-MD5 you specified was invalid.";
        Self::new(StatusCode::BAD_REQUEST, "InvalidDigest", message)
    }

    pub(super) fn incomplete_body() -> Self {
        let message = "You did not provide the number of bytes specified by the Content-Length \
                       HTTP header";
        Self::new(StatusCode::BAD_REQUEST, "IncompleteBody", message)
    }

    pub(super) fn malformed_xml() -> Self {
        let message = "The XML you provided was not well-formed or did not validate against our \
                       published schema";
        Self::new(StatusCode::BAD_REQUEST, "MalformedXML", message)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(super) fn no_such_bucket() -> Self {
        let message = "The specified bucket does not exist";
        Self::new(StatusCode::NOT_FOUND, "NoSuchBucket", message)
    }

    pub(super) fn cors(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessForbidden", message)
    }

    pub(crate) fn unavailable() -> Self {
        let message = "Service is unable to handle request.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }

    pub(crate) fn slow_down() -> Self {
        let message = "Please reduce your request rate.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", message)
    }

    pub(crate) fn internal() -> Self {
        let message = "We encountered an internal error. Please try again.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// The same body under status 200, as operations fail whose answer has begun already.
    pub(crate) fn in_success(self) -> Self {
        Self { status: StatusCode::OK, ..self }
    }

    pub(super) fn into_response(self, request_id: &str) -> Response<Body> {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
        element(&mut xml, "Code", self.code);
        element(&mut xml, "Message", &self.message);
        for (name, value) in &self.details {
            element(&mut xml, name, value);
        }
        element(&mut xml, "RequestId", request_id);
        xml.push_str("</Error>");
        let mut response = Response::new(Body::from(xml));
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        response
    }
}

fn element(xml: &mut String, name: &str, value: &str) {
    xml.push_str(&format!("<{name}>"));
    for character in value.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\t' | '\n' => xml.push(character),
            control if control.is_control() => xml.push('\u{fffd}'),
            other => xml.push(other),
        }
    }
    xml.push_str(&format!("</{name}>"));
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_is_well_formed_whatever_is_in_it() {
        let refusal = Refusal::unknown_key("<&\"'>\u{1}é");
        let response = refusal.into_response("42");
        assert_eq!(response.status(), 403);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = std::str::from_utf8(&body).unwrap();
        assert!(body.contains("<AWSAccessKeyId>&lt;&amp;&quot;'&gt;\u{fffd}é</AWSAccessKeyId>"));
        assert!(body.contains("<RequestId>42</RequestId></Error>"));
    }
}

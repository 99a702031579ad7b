//! Errors as STS tells them.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>

use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use s3s::{Body, S3Error, S3ErrorCode};

/// More than any error has.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// A refusal by STS itself.
pub(super) fn refusal(status: StatusCode, code: &'static str, message: &str) -> S3Error {
    let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InvalidRequest);
    let mut error = S3Error::with_message(code, message.to_owned());
    error.set_status_code(status);
    error
}

/// An answer of STS: where it is an error in the form of S3's, the same in its own.
pub(crate) async fn in_its_form(response: Response<Body>) -> Response<Body> {
    if response.status().is_success() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_ERROR_BYTES).collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    let element = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0)
    };
    let code = match element("Code") {
        Some("InvalidAccessKeyId") => "InvalidClientTokenId",
        Some(code) => code,
        None => "InternalFailure",
    };
    let fault = if parts.status.is_server_error() { "Receiver" } else { "Sender" };
    // What is taken over is escaped as it is.
    let message = element("Message").unwrap_or_default();
    let xml = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
         <Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         </ErrorResponse>"
    );
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    Response::from_parts(parts, Body::from(xml))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(status: u16, body: &str) -> String {
        let mut response = Response::new(Body::from(body.to_owned()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let body = in_its_form(response).await.into_body().collect().await.unwrap();
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn errors_are_wrapped_and_successes_left() {
        assert_eq!(text(200, "<a/>").await, "<a/>");
        let error = "<Error><Code>InvalidAccessKeyId</Code><Message>a &amp; b</Message></Error>";
        let wrapped = text(403, error).await;
        assert!(wrapped.starts_with("<ErrorResponse xmlns="));
        assert!(wrapped.contains("<Type>Sender</Type><Code>InvalidClientTokenId</Code>"));
        assert!(wrapped.contains("<Message>a &amp; b</Message>"));
        assert!(text(500, "").await.contains("<Type>Receiver</Type><Code>InternalFailure</Code>"));
    }
}

//! Receiving the body of an upload: hashed while it is written, refused when it is not what the
//! request says, and then gone again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3Result, TrailingHeaders, s3_error};

use super::checksum::{Algorithm, Claim, Sums};
use super::error::{broken, custom};
use crate::store::{BlobWriter, Checksums, Segment, Store};

/// The largest body of one PUT, in bytes.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MAX_PUT_BYTES: u64 = 5 << 30;

/// A body that arrived whole and is what the request says.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) writer: BlobWriter,
    pub(super) md5: [u8; 16],
    pub(super) checksums: Checksums,
}

impl Received {
    /// The MD5 in hexadecimal, which is the ETag.
    pub(super) fn etag(&self) -> String {
        hex(&self.md5)
    }

    pub(super) fn size(&self) -> u64 {
        self.writer.written()
    }

    /// Where the bytes are, none for an empty body.
    pub(super) fn segments(&self) -> Vec<Segment> {
        vec![Segment { blob: self.writer.id(), size: self.size() }]
    }
}

/// What the request says of its body.
#[derive(Debug)]
pub(super) struct Expected {
    length: u64,
    md5: Option<[u8; 16]>,
    claim: Claim,
    trailers: Option<TrailingHeaders>,
    /// What to calculate when the request claims nothing.
    otherwise: Option<Algorithm>,
}

impl Expected {
    /// Reads the headers of an upload.
    pub(super) fn read(
        headers: &HeaderMap,
        length: Option<i64>,
        content_md5: Option<&str>,
        trailers: Option<TrailingHeaders>,
        otherwise: Option<Algorithm>,
    ) -> S3Result<Self> {
        let length = length.and_then(|length| u64::try_from(length).ok());
        let length = length.ok_or_else(|| {
            s3_error!(MissingContentLength, "You must provide the Content-Length HTTP header.")
        })?;
        if length > MAX_PUT_BYTES {
            return Err(s3_error!(
                EntityTooLarge,
                "Your proposed upload exceeds the maximum allowed size"
            ));
        }
        let md5 = content_md5.map(parse_md5).transpose()?;
        Ok(Self { length, md5, claim: Claim::read(headers)?, trailers, otherwise })
    }

    pub(super) fn claimed(&self) -> Option<Algorithm> {
        self.claim.algorithm()
    }
}

/// Writes a body to the store and checks it. An error leaves nothing behind.
pub(super) async fn receive(
    store: &Store,
    body: Option<StreamingBlob>,
    expected: Expected,
) -> S3Result<Received> {
    let mut writer = store.writer()?;
    let algorithm = expected.claim.algorithm().or(expected.otherwise);
    let mut sums = Sums::new(algorithm);
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| body_error(&error.to_string()))?;
            if writer.written() + chunk.len() as u64 > expected.length {
                return Err(incomplete());
            }
            sums.update(&chunk);
            writer.write(&chunk).map_err(broken)?;
        }
    }
    if writer.written() != expected.length {
        return Err(incomplete());
    }
    let (md5, checksums) = sums.finish();
    if expected.md5.is_some_and(|claimed| claimed != md5) {
        return Err(s3_error!(
            BadDigest,
            "The Content-MD5 you specified did not match what we received."
        ));
    }
    if let Some(calculated) = algorithm.and_then(|algorithm| algorithm.of(&checksums)) {
        let trailers = expected.trailers.and_then(|trailers| trailers.take());
        expected.claim.verify(calculated, trailers.as_ref())?;
    }
    writer.seal().map_err(broken)?;
    Ok(Received { writer, md5, checksums })
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse_md5(value: &str) -> S3Result<[u8; 16]> {
    let bytes = BASE64.decode(value).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid."))
}

/// s3s tells apart by text alone why a body that it checks is broken.
fn body_error(reason: &str) -> S3Error {
    if reason.contains("Sha256Mismatch") {
        custom(
            "XAmzContentSHA256Mismatch",
            StatusCode::BAD_REQUEST,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    } else if reason.contains("SignatureMismatch") {
        s3_error!(
            SignatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided."
        )
    } else {
        incomplete()
    }
}

fn incomplete() -> S3Error {
    s3_error!(
        IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header"
    )
}

//! GetObject and HeadObject.

use std::ops::Range;

use futures::stream;
use http::{HeaderMap, HeaderValue, StatusCode};
use s3s::dto::{
    ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Metadata,
    Range as Requested, StreamingBlob, Timestamp, TimestampFormat,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::attributes::{not_implemented, owner, readable, version};
use super::condition::ReadCondition;
use super::error::custom;
use super::{Backend, timestamp};
use crate::store::{Checksums, ObjectReader, ObjectRecord};

/// How much is read from the store at a time, in bytes.
pub(super) const READ_BYTES: usize = 256 << 10;

/// The fields that GetObject and HeadObject answer alike.
macro_rules! output {
    ($kind:ident, $input:expr, $record:expr, $slice:expr, $version:expr) => {{
        let (record, slice) = ($record, $slice);
        let whole = slice.part.is_none() && slice.content_range.is_none();
        let asked = $input.checksum_mode.as_ref().is_some_and(|mode| mode.as_str() == "ENABLED");
        let sums = if asked && whole { record.checksums.clone() } else { Checksums::default() };
        let kept = record.attributes;
        let user: Metadata = kept.user.into_iter().collect();
        $kind {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: $input.response_cache_control.or(kept.cache_control),
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            checksum_type: sums.kind.map(Into::into),
            content_disposition: $input.response_content_disposition.or(kept.content_disposition),
            content_encoding: $input.response_content_encoding.or(kept.content_encoding),
            content_language: $input.response_content_language.or(kept.content_language),
            content_length: i64::try_from(slice.bytes.end - slice.bytes.start).ok(),
            content_range: slice.content_range,
            content_type: $input.response_content_type.or(kept.content_type),
            e_tag: Some(ETag::Strong(record.etag)),
            expires: $input.response_expires.or_else(|| parse_date(kept.expires.as_deref())),
            last_modified: Some(timestamp(record.modified)),
            metadata: (!user.is_empty()).then_some(user),
            parts_count: slice.part,
            server_side_encryption: kept.encryption.map(Into::into),
            ssekms_key_id: kept.kms_key,
            storage_class: kept.storage_class.filter(|class| class != "STANDARD").map(Into::into),
            version_id: $version,
            website_redirect_location: kept.website_redirect,
            ..Default::default()
        }
    }};
}

impl Backend {
    pub(super) fn get(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        owner(input.expected_bucket_owner.as_deref())?;
        let wanted = input.version_id.as_deref();
        version(wanted)?;
        if input.sse_customer_algorithm.is_some() {
            return Err(not_implemented());
        }
        let reader = self.store.open_object(&input.bucket, &input.key, wanted)?;
        ReadCondition {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.as_ref(),
            if_unmodified_since: input.if_unmodified_since.as_ref(),
        }
        .check_read(&reader.record)?;
        readable(&reader.record.attributes)?;
        let slice = Slice::of(&reader.record, input.range.as_ref(), input.part_number)?;
        let partial = slice.content_range.is_some();
        let bytes = slice.bytes.clone();
        let shown = self.shown_version(&input.bucket, &reader.record)?;
        let tags = reader.record.tags.len();
        let mut output = output!(GetObjectOutput, input, reader.record.clone(), slice, shown);
        output.body = Some(body(reader, bytes));
        Ok(answer(output, partial, tags))
    }

    pub(super) fn head(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        owner(input.expected_bucket_owner.as_deref())?;
        let wanted = input.version_id.as_deref();
        version(wanted)?;
        if input.sse_customer_algorithm.is_some() {
            return Err(not_implemented());
        }
        let record = self.store.object(&input.bucket, &input.key, wanted)?;
        ReadCondition {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.as_ref(),
            if_unmodified_since: input.if_unmodified_since.as_ref(),
        }
        .check_read(&record)?;
        let slice = Slice::of(&record, input.range.as_ref(), input.part_number)?;
        let partial = slice.content_range.is_some();
        let (shown, tags) = (self.shown_version(&input.bucket, &record)?, record.tags.len());
        Ok(answer(output!(HeadObjectOutput, input, record, slice, shown), partial, tags))
    }
}

/// The bytes that a request asks for.
#[derive(Debug, PartialEq)]
struct Slice {
    bytes: Range<u64>,
    content_range: Option<String>,
    /// How many parts the object has, when one of them was asked for.
    part: Option<i32>,
}

impl Slice {
    fn of(object: &ObjectRecord, range: Option<&Requested>, part: Option<i32>) -> S3Result<Self> {
        let size = object.size;
        let (bytes, part) = match (range, part) {
            (None, None) => {
                return Ok(Self { bytes: 0..size, content_range: None, part: None });
            }
            (Some(_), Some(_)) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "Cannot specify both Range header and partNumber query parameter"
                ));
            }
            (Some(range), None) => {
                let bytes = range.check(size).map_err(|_| unsatisfiable(size))?;
                (bytes, None)
            }
            (None, Some(number)) => {
                let (bytes, count) = part_of(object, number)?;
                (bytes, (!object.parts.is_empty()).then_some(count))
            }
        };
        if bytes.is_empty() {
            return match part {
                None if range.is_some() => Err(unsatisfiable(size)),
                _ => Ok(Self { bytes, content_range: None, part }),
            };
        }
        let content_range = format!("bytes {}-{}/{size}", bytes.start, bytes.end - 1);
        Ok(Self { bytes, content_range: Some(content_range), part })
    }
}

fn part_of(object: &ObjectRecord, number: i32) -> S3Result<(Range<u64>, i32)> {
    let whole = [object.size];
    let parts = if object.parts.is_empty() { &whole[..] } else { &object.parts };
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let found = index.and_then(|index| Some((parts.get(..index)?, parts.get(index)?)));
    let (before, size) = found.ok_or_else(|| {
        custom(
            "InvalidPartNumber",
            StatusCode::RANGE_NOT_SATISFIABLE,
            "The requested partnumber is not satisfiable",
        )
    })?;
    let start: u64 = before.iter().sum();
    Ok((start..start + size, i32::try_from(parts.len()).unwrap_or(i32::MAX)))
}

fn unsatisfiable(size: u64) -> S3Error {
    let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{size}")) {
        error.set_headers(HeaderMap::from_iter([(http::header::CONTENT_RANGE, range)]));
    }
    error
}

fn answer<T>(output: T, partial: bool, tags: usize) -> S3Response<T> {
    let mut response = S3Response::new(output);
    if partial {
        response.status = Some(StatusCode::PARTIAL_CONTENT);
    }
    if tags > 0 {
        response.headers.insert("x-amz-tagging-count", HeaderValue::from(tags));
    }
    response
}

fn body(reader: ObjectReader, bytes: Range<u64>) -> StreamingBlob {
    StreamingBlob::wrap(stream::try_unfold((reader, bytes), |(reader, mut left)| {
        let limit = usize::try_from(left.end - left.start).unwrap_or(READ_BYTES).min(READ_BYTES);
        let next = match limit {
            0 => Ok(None),
            _ => reader.read(left.start, limit).map(|chunk| {
                left.start += chunk.len() as u64;
                (!chunk.is_empty()).then_some((chunk, (reader, left)))
            }),
        };
        std::future::ready(next)
    }))
}

fn parse_date(date: Option<&str>) -> Option<Timestamp> {
    Timestamp::parse(TimestampFormat::HttpDate, date?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(size: u64, parts: &[u64]) -> ObjectRecord {
        ObjectRecord {
            size,
            etag: String::new(),
            modified: 0,
            attributes: Default::default(),
            checksums: Default::default(),
            parts: parts.to_vec(),
            version: Default::default(),
            tags: Default::default(),
        }
    }

    #[test]
    fn ranges() {
        let slice = |header: &str, size| {
            Slice::of(&object(size, &[]), Some(&Requested::parse(header).unwrap()), None)
        };
        let found = slice("bytes=2-4", 10).unwrap();
        assert_eq!((found.bytes, found.content_range.unwrap().as_str()), (2..5, "bytes 2-4/10"));
        assert_eq!(slice("bytes=8-100", 10).unwrap().bytes, 8..10);
        assert_eq!(slice("bytes=3-", 10).unwrap().bytes, 3..10);
        assert_eq!(slice("bytes=-3", 10).unwrap().bytes, 7..10);
        assert_eq!(slice("bytes=-30", 10).unwrap().bytes, 0..10);
        for (header, size) in
            [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-1", 0)]
        {
            let error = slice(header, size).unwrap_err();
            assert_eq!(error.code().as_str(), "InvalidRange", "{header} of {size}");
        }
    }

    #[test]
    fn parts() {
        let of = |parts: &[u64], number| {
            Slice::of(&object(parts.iter().sum(), parts), None, Some(number))
        };
        let second = of(&[5, 3], 2).unwrap();
        assert_eq!((second.bytes, second.part), (5..8, Some(2)));
        assert!(of(&[5, 3], 3).is_err());
        assert!(of(&[5, 3], 0).is_err());
        let whole = Slice::of(&object(4, &[]), None, Some(1)).unwrap();
        assert_eq!((whole.bytes, whole.part), (0..4, None));
        assert!(Slice::of(&object(4, &[]), None, Some(2)).is_err());
    }
}

//! A file in parts: several on their way at a time, each sent again by itself when it fails.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadError;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::checksum::{Crc, SignedWith};
use super::handle;
use super::held::{HeldPart, HeldParts};
use super::meter::{Meter, PieceMeter};
use super::parts::Parts;
use super::piece::{Contents, Piece};
use super::plan::PARTS_IN_FLIGHT;
use super::request::NewFile;
use super::unfinished::Unfinished;
use super::withdraw::{Made, corrupted};
use crate::storage::file;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::s3::{S3, StoreClock};
use crate::storage::user_storage::OwnKey;
use crate::{Error, ErrorKind, Result};

/// A part that has arrived at the store.
#[derive(Clone, Debug)]
pub(super) struct SentPart {
    pub(super) etag: String,
    pub(super) crc: Crc,
}

/// The parts that have arrived, by their numbers.
pub(super) type SentParts = BTreeMap<u32, SentPart>;

/// Begins an upload at the store, and tells when that was at the earliest, by the store's clock. A
/// checksum that is declared here has to come with every part.
pub(super) async fn begin(
    s3: &Arc<S3>,
    file: &NewFile,
    checksum: Option<ChecksumAlgorithm>,
) -> Result<(Unfinished, SystemTime)> {
    let (asked, clock) = (Instant::now(), StoreClock::default());
    let call = file
        .describe_parts(s3.client().await?.create_multipart_upload())
        .bucket(&s3.config.bucket)
        .set_checksum_type(checksum.as_ref().map(|_| ChecksumType::FullObject))
        .set_checksum_algorithm(checksum)
        .customize()
        .interceptor(clock.clone());
    let upload = Unfinished::begin(s3, file.key.as_str(), call.send()).await?;
    // The store began it no earlier than it was asked to.
    let begun = clock.time().checked_sub(asked.elapsed()).unwrap_or(UNIX_EPOCH);
    Ok((upload, begun))
}

/// Sends the parts that the store does not hold yet, and gives all of them.
pub(super) async fn send_parts(
    upload: &Unfinished,
    mut parts: Parts,
    held: &HeldParts,
    meter: &Arc<Meter>,
) -> Result<SentParts> {
    let mut sent = SentParts::new();
    let mut on_their_way = FuturesUnordered::new();
    let mut is_last = false;
    loop {
        tokio::select! {
            next = parts.next(), if !is_last && on_their_way.len() < PARTS_IN_FLIGHT => {
                match next? {
                    Some((number, contents)) => {
                        let held = held.get(&number);
                        on_their_way.push(send_part(upload, number, contents, held, meter));
                    }
                    None => is_last = true,
                }
            }
            Some(part) = on_their_way.next() => {
                let (number, part) = part?;
                sent.insert(number, part);
            }
            else => break,
        }
    }
    Ok(sent)
}

/// Makes the parts a file and gives its tag.
pub(super) async fn complete(
    upload: &Unfinished,
    file: &NewFile,
    sent: &SentParts,
) -> Result<Option<String>> {
    let whole = sent.values().fold(Crc::EMPTY, |whole, part| whole.then(part.crc));
    let named = sent.iter().map(|(number, part)| {
        CompletedPart::builder()
            .part_number(i32::try_from(*number).unwrap_or(i32::MAX))
            .e_tag(&part.etag)
            .checksum_crc64_nvme(part.crc.header())
            .build()
    });
    let parts = CompletedMultipartUpload::builder().set_parts(Some(named.collect())).build();
    let s3 = upload.s3();
    let answer = s3
        .client()
        .await?
        .complete_multipart_upload()
        .bucket(&s3.config.bucket)
        .key(upload.key())
        .upload_id(upload.id())
        .set_if_none_match(file.create_only.then(|| "*".to_owned()))
        .checksum_crc64_nvme(whole.header())
        .checksum_type(ChecksumType::FullObject)
        .mpu_object_size(i64::try_from(whole.bytes()).unwrap_or(i64::MAX))
        .multipart_upload(parts)
        .send()
        .await;
    match answer {
        Ok(answer) if !whole.agrees_with(answer.checksum_crc64_nvme()) => {
            let made = Made { etag: answer.e_tag, version: answer.version_id };
            Err(s3.withdraw(&file.key, made).await)
        }
        Ok(answer) if answer.e_tag().is_some() => Ok(file::etag(answer.e_tag())),
        other => {
            let error = match other {
                Ok(_) => failure::unreadable(),
                Err(error) => refused_completion(&error),
            };
            let Some(mark) = &file.mark else { return Err(error) };
            settle(s3, &file.key, mark, error).await
        }
    }
}

/// Whether a completion that failed was done all the same, and only its answer lost: gives the tag
/// of what it made, or the error that it is.
pub(super) async fn settle(
    s3: &S3,
    key: &OwnKey,
    mark: &str,
    error: Error,
) -> Result<Option<String>> {
    match s3.recognise(key, mark).await {
        Ok(Some(etag)) => Ok(etag),
        // It may be this very call that has ended the upload, or that is in its own way.
        Err(asked)
            if error.kind() == ErrorKind::UploadNotFound
                || (error.kind() == ErrorKind::FileExists && asked.is_retryable()) =>
        {
            Err(failure::unavailable("the store does not say whether the file has been stored"))
        }
        _ => Err(error),
    }
}

/// The error of a completion. A 404 whose body was lost can only mean the upload.
pub(super) fn refused_completion(
    error: &SdkError<CompleteMultipartUploadError, HttpResponse>,
) -> Error {
    match failure::from_sdk(error, OnCondition::Exists) {
        error if error.kind() == ErrorKind::FileNotFound => handle::not_found(),
        error => error,
    }
}

async fn send_part(
    upload: &Unfinished,
    number: u32,
    contents: Contents,
    held: Option<&HeldPart>,
    meter: &Arc<Meter>,
) -> Result<(u32, SentPart)> {
    let piece = Piece::new(contents).await?;
    let progress = PieceMeter::new(meter);
    if let Some(held) = held
        && held.is(&piece).await?
    {
        progress.reached(piece.size());
        return Ok((number, SentPart { etag: held.etag.clone(), crc: piece.sums.crc }));
    }
    let s3 = upload.s3();
    let answer = s3
        .client()
        .await?
        .upload_part()
        .bucket(&s3.config.bucket)
        .key(upload.key())
        .upload_id(upload.id())
        .part_number(i32::try_from(number).unwrap_or(i32::MAX))
        .content_length(i64::try_from(piece.size()).unwrap_or(i64::MAX))
        .checksum_crc64_nvme(piece.sums.crc.header())
        .body(piece.body(&progress))
        .customize()
        .interceptor(SignedWith(piece.sums.sha256.clone()))
        .send()
        .await
        .map_err(|error| failure::from_sdk(&error, OnCondition::Changed))?;
    let crc = piece.sums.crc;
    if !crc.agrees_with(answer.checksum_crc64_nvme()) {
        return Err(corrupted());
    }
    let etag = answer.e_tag().ok_or_else(failure::unreadable)?.to_owned();
    progress.reached(piece.size());
    Ok((number, SentPart { etag, crc }))
}

//! The parts of an upload that the store holds already, and whether they are the file's.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_sdk_s3::operation::list_parts::ListPartsOutput;
use aws_sdk_s3::types::Part;

use super::handle::{self, Handle};
use super::piece::Piece;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::s3::{S3, StoreClock};
use crate::storage::user_storage::OwnKey;
use crate::{Error, ErrorKind, Result};

/// How many parts S3 lists at a time.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>
const PAGE_PARTS: u32 = 1000;

/// A part that the store lists.
#[derive(Clone, Debug)]
pub(super) struct HeldPart {
    /// As the store tells it.
    pub(super) etag: String,
    pub(super) size: u64,
    crc64: Option<String>,
}

/// The parts that the store lists and that are as long as they should be, by their numbers.
pub(super) type HeldParts = BTreeMap<u32, HeldPart>;

impl HeldPart {
    /// Whether the part has these bytes: by the checksum that the store has kept, else by its tag,
    /// which is an MD5 on most stores. Where it is neither, the part is sent again.
    ///
    /// # Errors
    /// `io-failed` when the file cannot be read.
    pub(super) async fn is(&self, piece: &Piece) -> Result<bool> {
        if self.size != piece.size() {
            return Ok(false);
        }
        match &self.crc64 {
            Some(crc64) => Ok(*crc64 == piece.sums.crc.header()),
            None => Ok(self.etag.trim_matches('"').eq_ignore_ascii_case(&piece.md5().await?)),
        }
    }
}

impl S3 {
    /// What the store holds of an upload whose parts go to `at`; none when it has no such upload, which may have been
    /// completed.
    ///
    /// # Errors
    /// `upload-not-found` when the handle has ended, by the store's clock.
    pub(super) async fn held_parts(
        &self,
        at: &OwnKey,
        upload: &Handle,
    ) -> Result<Option<HeldParts>> {
        let pages = upload.part_count().div_ceil(PAGE_PARTS);
        self.until(self.end_of_many(pages as usize), self.list_parts(at, upload)).await
    }

    async fn list_parts(&self, at: &OwnKey, upload: &Handle) -> Result<Option<HeldParts>> {
        let clock = StoreClock::default();
        let client = self.client().await?;
        let mut held = HeldParts::new();
        let mut after = 0;
        loop {
            let answer = client
                .list_parts()
                .bucket(&self.config.bucket)
                .key(at.as_str())
                .upload_id(&upload.upload_id)
                .part_number_marker(after.to_string())
                .customize()
                .interceptor(clock.clone())
                .send()
                .await
                .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed));
            let page = match answer {
                Ok(page) => page,
                Err(error) if error.kind() == ErrorKind::UploadNotFound => {
                    return require_live(upload, clock.time()).map(|()| None);
                }
                Err(error) => return Err(error),
            };
            require_live(upload, clock.time())?;
            match read(&page, upload, after, &mut held)? {
                Some(last) => after = last,
                None => return Ok(Some(held)),
            }
        }
    }
}

/// Takes the parts of a page that can be the upload's; gives the last one when more follow.
fn read(
    page: &ListPartsOutput,
    upload: &Handle,
    after: u32,
    held: &mut HeldParts,
) -> Result<Option<u32>> {
    let mut last = after;
    for part in page.parts() {
        last = number(part).filter(|&number| number > last).ok_or_else(out_of_order)?;
        let size = part.size().and_then(|size| u64::try_from(size).ok());
        if let (Some(size), Some(etag)) = (size, part.e_tag())
            && Some(size) == upload.size_of_part(last)
        {
            let crc64 = part.checksum_crc64_nvme().map(str::to_owned);
            held.insert(last, HeldPart { etag: etag.to_owned(), size, crc64 });
        }
    }
    match page.is_truncated() {
        Some(true) if last == after => Err(out_of_order()),
        Some(true) => Ok(Some(last)),
        _ => Ok(None),
    }
}

fn require_live(upload: &Handle, now: SystemTime) -> Result<()> {
    if now < upload.expires_at() { Ok(()) } else { Err(handle::not_found()) }
}

fn number(part: &Part) -> Option<u32> {
    part.part_number().and_then(|number| u32::try_from(number).ok())
}

fn out_of_order() -> Error {
    failure::unavailable("the store does not list parts in order")
}

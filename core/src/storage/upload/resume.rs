//! Going on with an upload in parts that another call, or another process, began.

use std::time::SystemTime;

use aws_sdk_s3::types::Part;

use super::handle::{self, Handle};
use super::plan::PartPlan;
use crate::storage::file;
use crate::storage::s3::StoreClock;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::UserStorage;
use crate::{ErrorKind, Result};

/// How many parts S3 lists at a time.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>
const PAGE_PARTS: u32 = 1000;

/// How far an upload in parts is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadState {
    /// The full key that the file will have.
    pub key: String,
    /// The last segment of the key.
    pub filename: String,
    /// The kind of the file.
    pub kind: Option<String>,
    /// The size of the file, in bytes.
    pub size: u64,
    /// The size of every part but the last, in bytes.
    pub part_size: u64,
    /// How many parts the file has.
    pub part_count: u32,
    /// The numbers of the parts that the store holds, from 1, in order.
    pub parts: Vec<u32>,
    /// How many bytes these parts have.
    pub sent: u64,
    /// When the upload ends, by the store's clock.
    pub expires_at: SystemTime,
}

impl UserStorage {
    /// How far an upload is that `on_begin` told of.
    ///
    /// # Errors
    /// `upload-not-found` when the handle is not of this scope, bucket and endpoint, was changed, or
    /// has ended, and when the upload is over; what [`UserStorage`] says.
    pub async fn upload_state(&self, upload_id: &str) -> Result<UploadState> {
        let upload = self.open(upload_id)?;
        let parts = self.held_parts(&upload).await?;
        let own = self.listed(&upload.key).ok_or_else(handle::not_found)?.file(upload.size);
        Ok(UploadState {
            key: own.key,
            filename: own.filename,
            kind: own.kind,
            size: upload.size,
            part_size: upload.part_size,
            part_count: upload.part_count(),
            sent: parts.iter().map(|part| file::size(part.size())).sum(),
            parts: parts.iter().filter_map(number).collect(),
            expires_at: upload.expires_at(),
        })
    }

    /// Gives an upload up: its parts are deleted, and no file comes of it. One that is over already,
    /// completed or given up, stays as it is.
    ///
    /// # Errors
    /// `upload-not-found` when the handle is not of this scope, bucket and endpoint, was changed, or
    /// has ended; what [`UserStorage`] says.
    pub async fn abort_upload(&self, upload_id: &str) -> Result<()> {
        let upload = self.open(upload_id)?;
        let clock = StoreClock::default();
        let call = async {
            self.s3
                .client()
                .await?
                .abort_multipart_upload()
                .bucket(&self.s3.config.bucket)
                .key(&upload.key)
                .upload_id(&upload.upload_id)
                .customize()
                .interceptor(clock.clone())
                .send()
                .await
                .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))
        };
        match self.s3.in_time(call).await {
            Err(error) if error.kind() != ErrorKind::UploadNotFound => Err(error),
            _ => upload.require_live(clock.time()),
        }
    }

    /// The parts of an upload that the store holds and that are as long as they should be, in order.
    async fn held_parts(&self, upload: &Handle) -> Result<Vec<Part>> {
        let end = self.s3.end_of_many(upload.part_count().div_ceil(PAGE_PARTS) as usize);
        self.s3.until(end, self.list_parts(upload)).await
    }

    async fn list_parts(&self, upload: &Handle) -> Result<Vec<Part>> {
        let clock = StoreClock::default();
        let client = self.s3.client().await?;
        let mut held = Vec::new();
        let mut after = 0;
        loop {
            let page = client
                .list_parts()
                .bucket(&self.s3.config.bucket)
                .key(&upload.key)
                .upload_id(&upload.upload_id)
                .part_number_marker(after.to_string())
                .customize()
                .interceptor(clock.clone())
                .send()
                .await
                .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))
                .map_err(|error| match error.kind() {
                    ErrorKind::UploadNotFound => handle::not_found(),
                    _ => error,
                })?;
            upload.require_live(clock.time())?;
            for part in page.parts() {
                let listed = number(part).filter(|&number| number > after).ok_or_else(unordered)?;
                after = listed;
                if part.size().and_then(|size| u64::try_from(size).ok()) == upload.bytes_of(listed)
                {
                    held.push(part.clone());
                }
            }
            match page.is_truncated() {
                Some(true) if page.parts().is_empty() => return Err(unordered()),
                Some(true) => {}
                _ => return Ok(held),
            }
        }
    }
}

impl Handle {
    fn plan(&self) -> PartPlan {
        PartPlan { part_size: self.part_size }
    }

    fn part_count(&self) -> u32 {
        self.plan().count(self.size)
    }

    /// How long a part has to be; none when there is no such part.
    fn bytes_of(&self, number: u32) -> Option<u64> {
        let range = self.plan().range(number, self.size);
        Some(range.end - range.start).filter(|&bytes| bytes > 0)
    }

    /// # Errors
    /// `upload-not-found` when the handle has ended at `now`, by the store's clock.
    fn require_live(&self, now: SystemTime) -> Result<()> {
        if now >= self.expires_at() { Err(handle::not_found()) } else { Ok(()) }
    }
}

fn number(part: &Part) -> Option<u32> {
    part.part_number().and_then(|number| u32::try_from(number).ok())
}

fn unordered() -> crate::Error {
    failure::unavailable("the store does not list parts in order")
}

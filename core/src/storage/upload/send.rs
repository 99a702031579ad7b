//! Sending a file that has been admitted: in one PUT, or in parts.

use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;

use super::deadline::Deadline;
use super::handle::{self, Handle, Sender};
use super::held::HeldParts;
use super::meter::Meter;
use super::multipart;
use super::options::OnBegin;
use super::parts::{Parts, Source};
use super::piece::{Contents, Piece};
use super::plan::{MULTIPART_FROM, PartPlan};
use super::request::NewFile;
use super::single;
use super::unfinished::Unfinished;
use crate::limits::ReservationId;
use crate::storage::file::StoredFile;
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

/// An upload that has been admitted.
pub(super) struct Upload<'a> {
    pub(super) storage: &'a UserStorage,
    pub(super) file: NewFile,
    pub(super) size: Option<u64>,
    pub(super) plan: PartPlan,
    pub(super) meter: Arc<Meter>,
    pub(super) on_begin: Option<OnBegin>,
}

/// The tag of what was stored, and its size.
pub(super) type Stored = (Option<String>, u64);

impl Upload<'_> {
    /// Sends the file until the deadline.
    pub(super) async fn send(self, source: Source, deadline: Deadline) -> Result<StoredFile> {
        let sent = Box::pin(self.send_all(source, deadline));
        let (etag, size) = self.meter.watch(sent).await?;
        self.storage.s3.note_bucket();
        Ok(self.file.stored(size, etag))
    }

    async fn send_all(&self, source: Source, mut deadline: Deadline) -> Result<Stored> {
        let prepare = async {
            self.storage.s3.require_encryption().await?;
            if self.file.tags.is_some() {
                self.storage.s3.require_tags(&self.file.key).await?;
            }
            self.small_or_large(source).await
        };
        let whole = deadline.run(|| self.bytes(), prepare).await?;
        let reserved = self.reserve(self.most(&whole), &mut deadline).await?;
        let sent = match whole {
            Whole::Small(contents) => deadline.run(|| self.bytes(), self.put(contents)).await,
            Whole::Large(source) => {
                let parts = Parts::new(source, self.plan);
                self.send_parts(parts, &deadline).await
            }
        };
        self.storage.conclude(reserved.as_ref(), &sent, |(_, size)| *size).await;
        sent
    }

    /// The most bytes that the file may have. One of unknown size that is too large for one part may
    /// have as much as its stream lets through.
    fn most(&self, whole: &Whole) -> u64 {
        self.size.unwrap_or_else(|| match whole {
            Whole::Small(Contents::Memory(bytes)) => bytes.len() as u64,
            Whole::Large(Source::Inflow(_, inflow)) => inflow.most,
            _ => self.plan.most(),
        })
    }

    /// Reserves what the file may have, until the end of the upload.
    async fn reserve(&self, most: u64, deadline: &mut Deadline) -> Result<Option<ReservationId>> {
        let given = deadline.given().unwrap_or_default().min(self.storage.s3.config.upload_life);
        let ends = SystemTime::now() + given;
        let NewFile { key, content_type, .. } = &self.file;
        deadline.run_aside(self.storage.reserve(key, content_type, most, ends)).await
    }

    async fn put(&self, contents: Contents) -> Result<Stored> {
        let s3 = &self.storage.s3;
        if self.file.create_only {
            s3.require_creates_only().await?;
        }
        let piece = Piece::new(contents).await?;
        let etag = single::put(s3, &self.file, &piece, &self.meter).await?;
        Ok((etag, piece.size()))
    }

    async fn send_parts(&self, parts: Parts, deadline: &Deadline) -> Result<Stored> {
        let s3 = &self.storage.s3;
        let begin = async {
            if self.file.create_only {
                s3.require_creates_only_in_parts().await?;
            }
            multipart::begin(s3, &self.file, Some(ChecksumAlgorithm::Crc64Nvme)).await
        };
        let (upload, begun) = deadline.run(|| self.bytes(), begin).await?;
        if let (Some(on_begin), Some(size)) = (&self.on_begin, self.size) {
            on_begin.tell(&self.storage.seal(&self.handle(upload.id(), size, begun)?)?);
        }
        let resumable = self.on_begin.is_some() && self.size.is_some();
        self.finish(upload, parts, &HeldParts::new(), resumable, deadline).await
    }

    /// Sends the parts that the store does not hold, and makes all of them a file.
    pub(super) async fn finish(
        &self,
        upload: Unfinished,
        parts: Parts,
        held: &HeldParts,
        resumable: bool,
        deadline: &Deadline,
    ) -> Result<Stored> {
        let send = async {
            let sent = multipart::send_parts(&upload, parts, held, &self.meter).await?;
            let etag = multipart::complete(&upload, &self.file, &sent).await?;
            Ok((etag, sent.values().map(|part| part.crc.bytes()).sum()))
        };
        let sent = deadline.run(|| self.bytes(), send).await;
        match &sent {
            Ok(_) => upload.keep(),
            Err(error) if resumable && is_passing(error) => upload.keep(),
            // Beyond the deadline it goes on alone.
            Err(_) => {
                let aborted = async {
                    upload.abort().await;
                    Ok(())
                };
                let _ = deadline.run(|| self.bytes(), aborted).await;
            }
        }
        sent
    }

    /// How many bytes there is time for: a file of unknown size has it as its bytes move.
    fn bytes(&self) -> u64 {
        self.size.unwrap_or_else(|| self.meter.moved())
    }

    fn handle(&self, upload_id: &str, size: u64, begun: SystemTime) -> Result<Handle> {
        let mark = self.file.mark.clone();
        let mark =
            mark.ok_or_else(|| Error::new(ErrorKind::Internal, "an upload in parts has no mark"))?;
        Ok(Handle {
            key: self.file.key.as_str().to_owned(),
            upload_id: upload_id.to_owned(),
            size,
            part_size: self.plan.part_size,
            content_type: self.file.content_type.clone(),
            overwrite: !self.file.create_only,
            mark,
            expires_at: handle::end(begun, self.storage.s3.config.upload_life),
            sender: Sender::Server,
        })
    }

    /// Whether the file goes in one PUT. A stream of unknown length is gathered up to one part first.
    async fn small_or_large(&self, source: Source) -> Result<Whole> {
        let is_small = |size| size <= MULTIPART_FROM;
        Ok(match source {
            Source::Bytes(bytes) if self.size.is_some_and(is_small) => {
                Whole::Small(Contents::Memory(bytes))
            }
            Source::File(file) if is_small(file.size()) => {
                let range = 0..file.size();
                Whole::Small(Contents::Disk(file, range))
            }
            Source::Inflow(mut buffer, mut inflow) if self.size.is_none_or(is_small) => {
                let most = self.size.unwrap_or(self.plan.part_size);
                inflow.fill(&mut buffer, usize::try_from(most).unwrap_or(usize::MAX)).await?;
                match inflow.at_end().await? {
                    true => Whole::Small(Contents::Memory(Bytes::from(buffer))),
                    false => Whole::Large(Source::Inflow(buffer, inflow)),
                }
            }
            source => Whole::Large(source),
        })
    }
}

enum Whole {
    Small(Contents),
    Large(Source),
}

/// Whether the upload can be gone on with later.
fn is_passing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageUnavailable | ErrorKind::Timeout)
}

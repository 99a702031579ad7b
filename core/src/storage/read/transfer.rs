//! Bytes of one version of a file, in their order, whatever breaks on the way.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::conditions::Conditions;
use super::get::{given, other_range};
use crate::storage::s3::S3;
use crate::storage::s3::failure;
use crate::storage::user_storage::OwnKey;
use crate::{Error, ErrorKind, Result};

/// How often a transfer is taken up again without [`PROGRESS`] between.
const RESUMPTIONS: u32 = 4;

/// After so many bytes a transfer may break off as often as at first: a long one meets more cuts.
const PROGRESS: u64 = 8 * 1024 * 1024;

/// How long a transfer waits that breaks off for the second time, at most; then twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// One version of a file.
pub(super) struct Source {
    pub(super) s3: Arc<S3>,
    pub(super) key: OwnKey,
    /// As the header has it.
    pub(super) etag: String,
    pub(super) size: u64,
    /// Whether the caller asked for this version.
    pub(super) is_named: bool,
}

/// A part of a file on its way. What is short or breaks off is taken up where it ended, if the file
/// is still the same.
pub(super) struct Transfer {
    source: Arc<Source>,
    /// An answer that is being read, and where it ends.
    body: Option<(ByteStream, u64)>,
    at: u64,
    end: u64,
    breaks: u32,
    /// How far it had come when it last broke off.
    broke_at: u64,
}

impl Transfer {
    /// Goes on from an answer that brings `range`.
    pub(super) fn begun(source: Arc<Source>, body: ByteStream, range: Range<u64>) -> Self {
        Self {
            source,
            body: Some((body, range.end)),
            at: range.start,
            end: range.end,
            breaks: 0,
            broke_at: range.start,
        }
    }

    /// The next bytes; none when all have come.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        while self.at < self.end {
            match self.receive().await {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Broken(error)) => self.pause(error).await?,
            }
        }
        Ok(None)
    }

    pub(super) fn is_over(&self) -> bool {
        self.at == self.end
    }

    async fn receive(&mut self) -> Result<Bytes, Failure> {
        let (body, end) = match &mut self.body {
            Some(body) => body,
            none => {
                let answer = self.source.open(self.at..self.end).await.map_err(Failure::Final)?;
                none.insert((answer, self.end))
            }
        };
        match body.next().await {
            Some(Ok(bytes)) => {
                self.at += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                if self.at > *end {
                    let why = "the store sent more than it announced";
                    return Err(Failure::Final(failure::unavailable(why)));
                }
                Ok(bytes)
            }
            Some(Err(error)) => Err(Failure::Broken(failure::from_stream(&error))),
            None => {
                Err(Failure::Broken(failure::unavailable("the store sent less than it announced")))
            }
        }
    }

    /// Waits until the transfer may be taken up again, or gives `error` when it broke too often.
    async fn pause(&mut self, error: Error) -> Result<()> {
        self.body = None;
        if self.at - self.broke_at >= PROGRESS {
            self.breaks = 0;
        }
        self.broke_at = self.at;
        self.breaks += 1;
        match self.breaks {
            1 => Ok(()),
            breaks if breaks > RESUMPTIONS => Err(error),
            breaks => {
                tokio::time::sleep(PAUSE * (1 << (breaks - 2))).await;
                Ok(())
            }
        }
    }
}

/// Why no bytes came.
enum Failure {
    /// It is of no use to ask again.
    Final(Error),
    Broken(Error),
}

impl Source {
    /// Asks for a part of this version.
    async fn open(&self, range: Range<u64>) -> Result<ByteStream> {
        let conditions = Conditions::version(&self.etag);
        let answer = self.s3.get(&self.key, Some(range.clone().into()), &conditions).await;
        let answer = answer.map_err(|error| match error.kind() {
            // A file that has become shorter may be judged by the range before the version.
            ErrorKind::PreconditionFailed | ErrorKind::RangeInvalid => self.changed(),
            _ => error,
        })?;
        if !conditions.hold(&answer) {
            return Err(self.changed());
        }
        if answer.content_range().is_none() || given(&answer) != Some((range, self.size)) {
            return Err(other_range());
        }
        Ok(answer.body)
    }

    fn changed(&self) -> Error {
        match self.is_named {
            true => failure::condition(failure::OnCondition::Changed),
            false => {
                Error::new(ErrorKind::Conflict, "the file was replaced while it was being read")
            }
        }
    }
}

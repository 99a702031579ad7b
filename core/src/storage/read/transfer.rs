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
use crate::storage::s3::retry::back_off;
use crate::storage::user_storage::OwnKey;
use crate::{Error, ErrorKind, Result};

/// How often a transfer is taken up again within [`PROGRESS`].
const RESUMPTIONS: u32 = 4;

/// After so many bytes a transfer may break off as often as at first: a long one meets more cuts.
const PROGRESS: u64 = 8 * 1024 * 1024;

/// How long a transfer waits at most that breaks off for the second time; then twice as long, and
/// so on.
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
    /// What came beyond `end`.
    rest: Bytes,
    at: u64,
    end: u64,
    /// How often it broke off, and from where on that is counted.
    breaks: u32,
    counted_from: u64,
}

impl Transfer {
    /// Will ask for `range`.
    pub(super) fn new(source: Arc<Source>, range: Range<u64>) -> Self {
        Self {
            source,
            body: None,
            rest: Bytes::new(),
            at: range.start,
            end: range.end,
            breaks: 0,
            counted_from: range.start,
        }
    }

    /// Goes on from an answer that brings `range`.
    pub(super) fn begun(source: Arc<Source>, body: ByteStream, range: Range<u64>) -> Self {
        Self { body: Some((body, range.end)), ..Self::new(source, range) }
    }

    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Brings the bytes up to `end`, and keeps what has come beyond it until it is wanted.
    pub(super) fn extend_to(&mut self, end: u64) {
        self.end = end;
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
        let mut bytes = match std::mem::take(&mut self.rest) {
            rest if rest.is_empty() => self.read_on().await?,
            rest => rest,
        };
        let wanted = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        if bytes.len() > wanted {
            self.rest = bytes.split_off(wanted);
        }
        self.at += length(&bytes);
        Ok(bytes)
    }

    async fn read_on(&mut self) -> Result<Bytes, Failure> {
        self.body.take_if(|(_, end)| *end == self.at);
        let (body, end) = match &mut self.body {
            Some(body) => body,
            none => {
                let answer = self.source.ask(self.at..self.end).await.map_err(Failure::Final)?;
                none.insert((answer, self.end))
            }
        };
        match body.next().await {
            Some(Ok(bytes)) if length(&bytes) > *end - self.at => {
                Err(Failure::Final(failure::unavailable("the store sent more than it announced")))
            }
            Some(Ok(bytes)) => Ok(bytes),
            Some(Err(error)) => Err(Failure::Broken(failure::from_stream(&error))),
            None => {
                Err(Failure::Broken(failure::unavailable("the store sent less than it announced")))
            }
        }
    }

    /// Waits until the transfer may be taken up again, or gives `error` when it broke too often.
    async fn pause(&mut self, error: Error) -> Result<()> {
        self.body = None;
        if self.at - self.counted_from >= PROGRESS {
            (self.breaks, self.counted_from) = (0, self.at);
        }
        self.breaks += 1;
        match self.breaks {
            1 => Ok(()),
            breaks if breaks > RESUMPTIONS => Err(error),
            breaks => {
                back_off(PAUSE, breaks - 1).await;
                Ok(())
            }
        }
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Why no bytes came.
enum Failure {
    /// It is of no use to ask again.
    Final(Error),
    Broken(Error),
}

impl Source {
    /// Asks for a part of this version.
    async fn ask(&self, range: Range<u64>) -> Result<ByteStream> {
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

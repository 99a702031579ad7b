//! How a transfer is watched and limited, and how bytes come from Swift while they are sent.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use casier::storage::{OnBegin, OnProgress, UploadContents};
use casier::{Error, ErrorKind};
use futures_util::stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::error::Result;

/// Who is told how far a transfer has come: implemented in Swift.
#[uniffi::export(callback_interface)]
pub(crate) trait ProgressListener: Send + Sync {
    fn moved(&self, bytes: u64, total: Option<u64>);
}

pub(crate) fn on_progress(listener: Box<dyn ProgressListener>) -> OnProgress {
    OnProgress::new(move |bytes, total| listener.moved(bytes, total))
}

/// Who is told the id of an upload in parts: implemented in Swift.
#[uniffi::export(callback_interface)]
pub(crate) trait BeginListener: Send + Sync {
    fn begun(&self, upload_id: String);
}

pub(crate) fn on_begin(listener: Box<dyn BeginListener>) -> OnBegin {
    OnBegin::new(move |upload_id| listener.begun(upload_id.to_owned()))
}

/// How long something may take, in seconds. What is no number is no limit.
pub(crate) fn deadline(seconds: Option<f64>) -> Option<Duration> {
    let seconds = seconds.filter(|seconds| !seconds.is_nan())?;
    Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

/// Bytes that Swift sends piece by piece. One piece waits here at most, so that Swift gets no
/// further ahead.
#[derive(uniffi::Object)]
pub(crate) struct UploadPipe {
    sender: Mutex<Option<Sender<io::Result<Bytes>>>>,
    receiver: Mutex<Option<Receiver<io::Result<Bytes>>>>,
    /// Set when Swift has said that this was all: a pipe that is let go of before has no end.
    is_whole: Arc<AtomicBool>,
    size: Option<u64>,
}

#[uniffi::export]
impl UploadPipe {
    /// `size` is how many bytes will come, where that is known.
    #[uniffi::constructor]
    fn new(size: Option<u64>) -> Result<Self> {
        let (sender, receiver) = channel(1);
        let (sender, receiver) = (Mutex::new(Some(sender)), Mutex::new(Some(receiver)));
        Ok(Self { sender, receiver, is_whole: Arc::default(), size })
    }

    /// Waits until there is room. Whether more is wanted: not once the upload has ended.
    async fn push(&self, piece: Vec<u8>) -> Result<bool> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(sender) = sender else { return Ok(false) };
        Ok(sender.send(Ok(piece.into())).await.is_ok())
    }

    /// All has been sent.
    fn finish(&self) -> Result<()> {
        self.is_whole.store(true, Ordering::Release);
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(())
    }

    /// Swift cannot go on: nothing is stored.
    async fn fail(&self) -> Result<()> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Only an upload that has ended receives nothing.
            let _ = sender.send(Err(io::Error::other("the sequence threw"))).await;
        }
        Ok(())
    }
}

impl UploadPipe {
    pub(crate) fn contents(&self) -> Result<UploadContents> {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let receiver = receiver
            .ok_or_else(|| Error::new(ErrorKind::Internal, "the pipe has been used already"))?;
        let state = (receiver, Arc::clone(&self.is_whole));
        let pieces = stream::unfold(state, async |(mut receiver, is_whole)| {
            let piece = match receiver.recv().await {
                Some(piece) => piece,
                None if is_whole.load(Ordering::Acquire) => return None,
                None => Err(io::Error::other("the sequence broke off")),
            };
            Some((piece, (receiver, is_whole)))
        });
        Ok(UploadContents::stream(pieces, self.size))
    }
}

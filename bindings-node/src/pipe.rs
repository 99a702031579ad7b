//! Bytes that JavaScript sends while they are uploaded.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use casier::storage::UploadContents;
use futures_util::stream;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::call::{now, soon};
use crate::convert::{Js, contents, must_be};
use crate::error::Outcome;

/// Takes the bytes of an upload piece by piece. One piece waits here at most, so that JavaScript
/// gets no further ahead. `UserStorage.uploadFileObject` makes them.
#[napi]
#[derive(Debug)]
pub struct UploadPipe {
    sender: Mutex<Option<Sender<Bytes>>>,
    receiver: Mutex<Option<Receiver<Bytes>>>,
    is_whole: Arc<AtomicBool>,
}

#[napi]
impl UploadPipe {
    /// A pipe for one upload.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until there is room. Whether more is wanted: not once the upload has ended.
    #[napi(ts_args_type = "piece: Contents", ts_return_type = "Promise<boolean>")]
    pub fn push(&self, env: Env, piece: Unknown<'_>) -> napi::Result<Js> {
        let sender = lock(&self.sender).clone();
        let begin = || {
            let piece = contents(piece, "a piece of the data")?;
            Ok((None, async move {
                match sender {
                    Some(sender) => Ok(sender.send(piece).await.is_ok()),
                    None => Ok(false),
                }
            }))
        };
        soon(&env, begin, |_, wanted| Ok(wanted))
    }

    /// All has been sent.
    #[napi]
    pub fn finish(&self, env: Env) -> napi::Result<()> {
        self.is_whole.store(true, Ordering::Release);
        self.fail(env)
    }

    /// There will be no more, and what came is not the whole: the upload fails, as it does when the
    /// pipe is lost.
    #[napi]
    pub fn fail(&self, env: Env) -> napi::Result<()> {
        now(&env, || {
            lock(&self.sender).take();
            Ok(())
        })
    }
}

impl Default for UploadPipe {
    fn default() -> Self {
        let (sender, receiver) = channel(1);
        let (sender, receiver) = (Mutex::new(Some(sender)), Mutex::new(Some(receiver)));
        Self { sender, receiver, is_whole: Arc::default() }
    }
}

impl UploadPipe {
    /// What is uploaded, of `size` bytes where that is known.
    pub(crate) fn contents(&self, size: Option<u64>) -> Outcome<UploadContents> {
        let Some(receiver) = lock(&self.receiver).take() else {
            return must_be("data", "a pipe that no other upload has");
        };
        let is_whole = Arc::clone(&self.is_whole);
        let pieces = stream::unfold(Some(receiver), move |receiver| {
            let is_whole = Arc::clone(&is_whole);
            async move {
                let mut receiver = receiver?;
                match receiver.recv().await {
                    Some(piece) => Some((Ok(piece), Some(receiver))),
                    None if is_whole.load(Ordering::Acquire) => None,
                    None => Some((Err(io::Error::other("the source of the data failed")), None)),
                }
            }
        });
        Ok(UploadContents::stream(pieces, size))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

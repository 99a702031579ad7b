//! What JavaScript iterates over while it comes.

use std::sync::Arc;

use casier::{Cancellation, ErrorKind, Result};
use futures_util::stream::{BoxStream, Stream, StreamExt as _};
use tokio::sync::Mutex;

/// Things that come one after the other, until somebody closes it.
pub(crate) struct Flow<T> {
    rest: Arc<Mutex<Option<BoxStream<'static, Result<T>>>>>,
    over: Cancellation,
}

impl<T: Send + 'static> Flow<T> {
    pub(crate) fn new(stream: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        Self { rest: Arc::new(Mutex::new(Some(stream.boxed()))), over: Cancellation::new() }
    }

    /// The next; none after the last, after an error, and once it is closed.
    pub(crate) fn next(&self) -> impl Future<Output = Result<Option<T>>> + Send + 'static {
        let (rest, over) = (Arc::clone(&self.rest), self.over.clone());
        async move {
            let mut rest = rest.lock().await;
            let Some(stream) = rest.as_mut() else { return Ok(None) };
            let next = over.run(async { stream.next().await.transpose() }).await;
            if !matches!(next, Ok(Some(_))) {
                *rest = None;
            }
            match next {
                Err(error) if error.kind() == ErrorKind::Cancelled => Ok(None),
                next => next,
            }
        }
    }

    /// Ends it, whoever waits for it.
    pub(crate) fn close(&self) -> impl Future<Output = Result<()>> + Send + 'static {
        self.over.cancel();
        let rest = Arc::clone(&self.rest);
        async move {
            rest.lock().await.take();
            Ok(())
        }
    }
}

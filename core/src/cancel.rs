//! Giving up a call from outside of it.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::{Error, ErrorKind, Result};

/// Gives up calls from outside, for languages that cannot drop a future. Clones cancel together,
/// and once cancelled they stay so.
///
/// In Rust itself, dropping a call's future does the same.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(CancellationToken);

impl Cancellation {
    /// A handle that nothing listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives up every call that runs under this handle, and every one that will.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Runs a call until it ends or is given up, whichever comes first.
    ///
    /// # Errors
    /// `cancelled` when it is given up; what the call gives otherwise.
    pub async fn run<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let given_up = || Err(Error::new(ErrorKind::Cancelled, "the call was given up"));
        self.0.run_until_cancelled(call).await.unwrap_or_else(given_up)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_call_ends_by_itself_or_is_given_up() {
        let handle = Cancellation::new();
        assert_eq!(handle.run(ready(Ok(1))).await.unwrap(), 1);

        let waiting = tokio::spawn({
            let handle = handle.clone();
            async move { handle.run(pending::<Result<()>>()).await }
        });
        handle.cancel();
        assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Cancelled);

        let late = handle.run(pending::<Result<()>>()).await;
        assert_eq!(late.unwrap_err().kind(), ErrorKind::Cancelled);
    }
}

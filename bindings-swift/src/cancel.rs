//! Giving up a call, which UniFFI's async Swift functions cannot do by themselves.

use std::future::Future;

use casier::{Error, ErrorKind};

use crate::error::Result;
use crate::runtime::runtime;

/// What a cancelled task in Swift cancels: each call that waits runs under one.
#[derive(uniffi::Object)]
pub(crate) struct Cancellation(casier::Cancellation);

#[uniffi::export]
impl Cancellation {
    #[uniffi::constructor]
    fn new() -> Result<Self> {
        Ok(Self(casier::Cancellation::new()))
    }

    fn cancel(&self) -> Result<()> {
        self.0.cancel();
        Ok(())
    }
}

impl Cancellation {
    /// Runs a call on the runtime's own threads, since Swift has few and lets none of them wait.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = casier::Result<T>> + Send + 'static,
    ) -> Result<T> {
        let cancellation = self.0.clone();
        let task = runtime()?.spawn(async move { cancellation.run(call).await });
        let panicked =
            |_| Err(Error::new(ErrorKind::Internal, "a call panicked; this is a fault in Casier"));
        Ok(task.await.unwrap_or_else(panicked)?)
    }
}

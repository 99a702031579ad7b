//! Giving up a call, which UniFFI's async Swift functions cannot do by themselves.

use std::future::Future;

use crate::error::Result;

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
    pub(crate) async fn run<T>(&self, call: impl Future<Output = casier::Result<T>>) -> Result<T> {
        Ok(self.0.run(call).await?)
    }
}

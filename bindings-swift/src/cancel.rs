//! Giving up a call, which UniFFI's async Swift functions cannot do by themselves.

use std::future::Future;
use std::task::{Context, Poll, Waker};

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
        spawned(guarded(self.0.clone(), call)).await
    }

    /// Runs a call that seldom waits: what it can do at once, it does on the calling thread.
    pub(crate) async fn run_here<T: Send + 'static>(
        &self,
        call: impl Future<Output = casier::Result<T>> + Send + 'static,
    ) -> Result<T> {
        let mut call = Box::pin(guarded(self.0.clone(), call));
        let polled = {
            let _context = runtime()?.enter();
            call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
        match polled {
            Poll::Ready(outcome) => Ok(outcome?),
            Poll::Pending => spawned(call).await,
        }
    }
}

async fn guarded<T>(
    cancellation: casier::Cancellation,
    call: impl Future<Output = casier::Result<T>>,
) -> casier::Result<T> {
    cancellation.run(call).await
}

async fn spawned<T: Send + 'static>(
    call: impl Future<Output = casier::Result<T>> + Send + 'static,
) -> Result<T> {
    let panicked =
        |_| Err(Error::new(ErrorKind::Internal, "a call panicked; this is a fault in Casier"));
    Ok(runtime()?.spawn(call).await.unwrap_or_else(panicked)?)
}

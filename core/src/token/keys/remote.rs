//! The keys of one issuer that are fetched over HTTP: one fetch at a time, whoever waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;

use super::cache::{Answer, KeyCache, SettledKeys};
use super::endpoint::{Endpoint, KeySetFault, failed};
use super::key::VerificationKey;
use super::set::KeySet;
use crate::token::algorithm::Algorithm;
use crate::token::flight::Flight;
use crate::token::jws::unknown_key;
use crate::{Error, ErrorKind, Result};

/// How many fetches one token waits for at most: two, and one more if a fetch is given up.
const MAX_WAITS: usize = 3;

/// The keys behind one address, with their cache.
#[derive(Debug)]
pub(crate) struct RemoteKeys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    endpoint: Endpoint,
    algorithms: Vec<Algorithm>,
    /// What is settled in `state`, for those who need nothing else and must not wait for its lock.
    settled: ArcSwapOption<SettledKeys>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cache: KeyCache,
    flight: Option<Flight>,
    flights: u64,
}

impl RemoteKeys {
    pub(crate) fn new(endpoint: Endpoint, algorithms: Vec<Algorithm>) -> Self {
        let (settled, state) = (ArcSwapOption::empty(), Mutex::default());
        Self(Arc::new(Shared { endpoint, algorithms, settled, state }))
    }

    /// The key of this id while its set is fresh, or cannot be renewed for now: at once and without
    /// a lock, the common case. `None` says nothing but to ask [`RemoteKeys::key`]. The keys of one
    /// set are the same `Arc`s for as long as the set is used.
    pub(crate) fn current(
        &self,
        key_id: Option<&str>,
        now: SystemTime,
    ) -> Option<Arc<VerificationKey>> {
        self.0.settled.load().as_ref()?.key(key_id, now)
    }

    /// The key for a token, fetched if it must be. A token that names none has no key in a set, and
    /// causes no fetch.
    pub(crate) async fn key(
        &self,
        key_id: Option<&str>,
        now: SystemTime,
    ) -> Result<Arc<VerificationKey>> {
        if let Some(key) = self.current(key_id, now) {
            return Ok(key);
        }
        let key_id = key_id.ok_or_else(unknown_key)?;
        for waits in 0..=MAX_WAITS {
            match self.ask(key_id, now, waits > 0)? {
                Next::Use(key) => return Ok(key),
                Next::WaitFor(flight) if waits < MAX_WAITS => self.0.wait_for(flight).await,
                Next::WaitFor(_) => break,
            }
        }
        Err(failed("too many attempts were given up"))
    }

    fn ask(&self, key_id: &str, now: SystemTime, has_waited: bool) -> Result<Next> {
        let mut state = self.0.lock();
        let flight = state.flight(now);
        let answer = state.cache.decide(key_id, now, flight.is_some());
        self.0.publish(&state);
        match answer {
            Answer::Use(key) => Ok(Next::Use(key)),
            // Whoever can not begin a fetch here does without; the answer does not depend on it.
            Answer::UseAndRefresh(key) => {
                self.0.begin(&mut state, now).ok();
                Ok(Next::Use(key))
            }
            Answer::Fetch => Ok(Next::WaitFor(match flight {
                Some(flight) => flight,
                None => self.0.begin(&mut state, now)?,
            })),
            Answer::Refuse(error) => {
                if has_waited && error.kind() == ErrorKind::JwkKidMismatch {
                    state.cache.note_absent(key_id, now);
                }
                Err(error)
            }
            Answer::RefuseAndRefresh(error) => {
                self.0.begin(&mut state, now).ok();
                Err(error)
            }
        }
    }
}

enum Next {
    Use(Arc<VerificationKey>),
    WaitFor(Flight),
}

impl Shared {
    /// Begins a fetch in a task of its own.
    fn begin(self: &Arc<Self>, state: &mut State, now: SystemTime) -> Result<Flight> {
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(ErrorKind::Internal, "keys can be fetched only inside a Tokio runtime")
        })?;
        state.flights += 1;
        state.cache.begin(now);
        let (shared, number) = (Arc::clone(self), state.flights);
        let flight = Flight::begin(&runtime, number, now, async move {
            let outcome = shared.fetch().await;
            shared.end(number, outcome, now);
        });
        state.flight = Some(flight.clone());
        Ok(flight)
    }

    async fn fetch(&self) -> Result<KeySet, KeySetFault> {
        let document = self.endpoint.fetch().await?;
        KeySet::from_jwks(&document, &self.algorithms).map_err(KeySetFault::unusable)
    }

    /// Notes how a fetch ended, unless it was given up before.
    fn end(&self, number: u64, outcome: Result<KeySet, KeySetFault>, began: SystemTime) {
        let mut state = self.lock();
        if state.flight.take_if(|flight| flight.number() == number).is_none() {
            return;
        }
        match outcome {
            Ok(keys) => state.cache.succeed(keys, began),
            Err(fault) => {
                tracing::warn!(
                    code = fault.error.code(),
                    reason = fault.error.message(),
                    "the keys of an issuer could not be renewed"
                );
                state.cache.fail(fault.error, fault.is_refusal);
            }
        }
        self.publish(&state);
    }

    /// Lets those who take no lock see what is settled now.
    fn publish(&self, state: &State) {
        let settled = state.cache.settled();
        if settled.as_ref() != self.settled.load().as_deref() {
            self.settled.store(settled.map(Arc::new));
        }
    }

    /// Waits until the fetch has ended; one that does not end in time is given up.
    async fn wait_for(&self, flight: Flight) {
        if !flight.wait().await {
            self.lock().flight.take_if(|current| current.number() == flight.number());
        }
    }

    /// The lock is never held across a wait, and what it guards is whole after every step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn flight(&self, now: SystemTime) -> Option<Flight> {
        self.flight.as_ref().filter(|flight| flight.is_under_way(now)).cloned()
    }
}

//! Faults on demand: what goes wrong between an S3 client and the server, injected where it
//! really happens on the wire.

mod body;
mod layer;
mod operation;
mod rule;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

pub(crate) use body::{Arriving, BoxError};
pub(crate) use layer::Layer;
pub use rule::{Fault, FaultRule};
use serde::Serialize;

/// The most injections that are remembered one by one; older ones are forgotten first.
const MAX_LOGGED: usize = 10_000;

/// The faults of one S3 server, and what it was asked; clones are the same.
///
/// A request meets the first rule, in the order in which they were added, that matches it, is not
/// skipping and is not used up. Nothing is random: the same requests in the same order meet the
/// same faults. The requests are counted, those that the server refuses included.
///
/// ```no_run
/// # async fn run() -> casier_local::Result<()> {
/// use casier_local::{Fault, FaultRule, LocalStack};
///
/// let stack = LocalStack::start().await?;
/// stack.faults().add(FaultRule::new(Fault::Unavailable).on("UploadPart").skip(1).times(2));
/// // ... upload something in parts ...
/// assert_eq!(stack.faults().log().len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Faults {
    shared: Arc<Shared>,
}

/// A fault that a request met.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Injection {
    /// The operation, by its name in S3's API, for example `UploadPart`.
    pub operation: &'static str,
    /// The object's key; empty for an operation on a bucket.
    pub key: String,
    /// What happened to it.
    #[serde(flatten)]
    pub fault: Fault,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Grows when the rules are cleared, so that what they hold up ends.
    round: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<FaultRule>,
    requests: BTreeMap<&'static str, u64>,
    log: VecDeque<Injection>,
    closed: bool,
}

impl Faults {
    pub(crate) fn new() -> Self {
        let (round, _) = watch::channel(0);
        Self { shared: Arc::new(Shared { state: Mutex::default(), round }) }
    }

    /// Adds a rule after those that are there.
    ///
    /// # Panics
    /// When the rule can never match, which would let a test pass for nothing: it names an
    /// operation that S3 does not have, or one that the fault is not for, or a figure that is
    /// out of range.
    #[track_caller]
    pub fn add(&self, rule: FaultRule) {
        if let Err(reason) = self.try_add(rule) {
            panic!("{reason}");
        }
    }

    pub(crate) fn try_add(&self, rule: FaultRule) -> Result<(), String> {
        rule.check()?;
        let mut state = self.state();
        if !state.closed {
            state.rules.push(rule);
        }
        Ok(())
    }

    /// Removes every rule, sets all counts to zero, and ends what is stalled.
    pub fn clear(&self) {
        *self.state() = State::default();
        self.shared.round.send_modify(|round| *round += 1);
    }

    /// The rules, with what is left of their `skip` and `times`.
    pub fn rules(&self) -> Vec<FaultRule> {
        self.state().rules.clone()
    }

    /// The faults that were injected since the start or the last [`clear`](Self::clear), in order;
    /// of more than 10,000 the last.
    pub fn log(&self) -> Vec<Injection> {
        self.state().log.iter().cloned().collect()
    }

    /// How often an operation was asked for since the start or the last [`clear`](Self::clear), by
    /// its name in S3's API, for example `PutObject`.
    pub fn requests(&self, operation: &str) -> u64 {
        self.state().requests.get(operation).copied().unwrap_or_default()
    }

    /// [`requests`](Self::requests) of every operation that was asked for at all.
    pub fn all_requests(&self) -> BTreeMap<&'static str, u64> {
        self.state().requests.clone()
    }

    /// All requests together.
    pub fn total_requests(&self) -> u64 {
        self.state().requests.values().sum()
    }

    /// Counts a request and gives the fault that it meets.
    fn draw(&self, request: &operation::Asked) -> Option<Fault> {
        let mut state = self.state();
        *state.requests.entry(request.operation).or_default() += 1;
        let fault = state.rules.iter_mut().find_map(|rule| rule.draw(request))?;
        if state.log.len() == MAX_LOGGED {
            state.log.pop_front();
        }
        let (operation, key) = (request.operation, request.key.clone());
        state.log.push_back(Injection { operation, key, fault });
        Some(fault)
    }

    /// Waits until the rules are cleared or the server stops.
    fn until_cleared(&self) -> impl Future<Output = ()> + Send + Sync + use<> {
        let mut round = self.shared.round.subscribe();
        async move {
            let _ = round.changed().await;
        }
    }

    /// Ends everything that is held up, and injects no more.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.closed = true;
        drop(state);
        self.shared.round.send_modify(|round| *round += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

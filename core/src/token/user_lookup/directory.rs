//! The users of one Clerk instance: one request at a time for each, whoever waits for it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{StatusCode, Url};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::UserLookup;
use super::cache::{Answer, ProfileCache};
use super::profile::Profile;
use crate::Result;
use crate::access::Policy;
use crate::token::fetch::{FetchFault, Fetcher, trusted_address};
use crate::token::flight::Flight;
use crate::token::provider::ClaimsMapping;
use crate::token::user::User;

/// How many requests to Clerk run at once; the others wait their turn. Clerk takes 1,000 in 10
/// seconds from a production instance and 100 from a development one.
const MAX_REQUESTS: usize = 32;
/// How many fetches one token waits for at most: one, and one more if that is given up.
const MAX_WAITS: usize = 2;
/// How often a failure is warned about.
const WARNING_PAUSE: Duration = Duration::from_secs(60);
/// What stays as it is in a path: never a dot, so that no id is a dot segment.
const UNESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// The users of one Clerk instance, as far as they were looked up.
#[derive(Debug)]
pub(crate) struct UserDirectory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    api_url: String,
    mapping: ClaimsMapping,
    fetcher: Fetcher,
    turns: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cache: ProfileCache,
    flights: HashMap<String, Flight>,
    flights_begun: u64,
    last_warning: Option<SystemTime>,
}

impl UserDirectory {
    /// Looks users up whose tokens are read by `mapping`.
    pub(crate) fn new(lookup: &UserLookup, mapping: ClaimsMapping) -> Result<Self> {
        let what = "the URL of Clerk's API";
        let api_url = lookup.api_url.trim_end_matches('/').to_owned();
        trusted_address(&api_url, what)?;
        Ok(Self(Arc::new(Shared {
            api_url,
            mapping,
            fetcher: Fetcher::new(Some(&lookup.secret_key))?,
            turns: Semaphore::new(MAX_REQUESTS),
            state: Mutex::default(),
        })))
    }

    /// The user with what Clerk knows of them; as they are, where that cannot be had. `id` is the
    /// token's `sub`.
    pub(crate) async fn complete(
        &self,
        user: Arc<User>,
        id: &str,
        policy: &Policy,
        now: SystemTime,
    ) -> Arc<User> {
        match self.profile(id, now).await {
            Some(profile) => Arc::new(profile.complete(&user, policy, &self.0.mapping)),
            None => user,
        }
    }

    async fn profile(&self, id: &str, now: SystemTime) -> Option<Arc<Profile>> {
        for _ in 0..MAX_WAITS {
            let flight = match self.0.ask(id, now) {
                Next::Use(profile) => return profile,
                Next::WaitFor(flight) => flight,
            };
            if !flight.wait().await {
                self.0.give_up(id, &flight);
            }
        }
        match self.0.ask(id, now) {
            Next::Use(profile) => profile,
            Next::WaitFor(_) => None,
        }
    }
}

enum Next {
    /// What there is, be it nothing.
    Use(Option<Arc<Profile>>),
    WaitFor(Flight),
}

impl Shared {
    fn ask(self: &Arc<Self>, id: &str, now: SystemTime) -> Next {
        let mut state = self.lock();
        if let Answer::Use(profile) = state.cache.decide(id, now) {
            return Next::Use(profile);
        }
        let under_way = state.flights.get(id).filter(|flight| flight.is_under_way(now));
        if let Some(flight) = under_way {
            return Next::WaitFor(flight.clone());
        }
        match (self.url(id), Handle::try_current()) {
            (Some(url), Ok(runtime)) => {
                Next::WaitFor(self.begin(&mut state, id, url, &runtime, now))
            }
            _ => Next::Use(None),
        }
    }

    /// The user's address; none for an id that is a dot segment, and would name something else.
    fn url(&self, id: &str) -> Option<Url> {
        let path = format!("/v1/users/{}", utf8_percent_encode(id, UNESCAPED));
        let url = Url::parse(&format!("{}{path}", self.api_url)).ok()?;
        url.path().ends_with(&path).then_some(url)
    }

    fn begin(
        self: &Arc<Self>,
        state: &mut State,
        id: &str,
        url: Url,
        runtime: &Handle,
        now: SystemTime,
    ) -> Flight {
        state.flights_begun += 1;
        let (shared, number, name) = (Arc::clone(self), state.flights_begun, id.to_owned());
        let flight = Flight::begin(runtime, number, now, async move {
            let outcome = shared.fetch(&name, url).await;
            shared.end(number, name, outcome, now);
        });
        state.flights.insert(id.to_owned(), flight.clone());
        flight
    }

    async fn fetch(&self, id: &str, url: Url) -> Result<Option<Profile>, LookupFault> {
        let _turn = self.turns.acquire().await;
        match self.fetcher.fetch(url).await {
            Ok(document) => Profile::read(&document, id).map(Some).ok_or(LookupFault::Unusable),
            Err(FetchFault::Status(StatusCode::NOT_FOUND)) => Ok(None),
            Err(fault) => Err(LookupFault::Fetch(fault)),
        }
    }

    /// Notes how a fetch ended, unless it was given up before.
    fn end(
        &self,
        number: u64,
        id: String,
        outcome: Result<Option<Profile>, LookupFault>,
        began: SystemTime,
    ) {
        let mut state = self.lock();
        if state.flights.get(&id).is_none_or(|flight| flight.number() != number) {
            return;
        }
        state.flights.remove(&id);
        match outcome {
            Ok(profile) => state.cache.succeed(id, profile.map(Arc::new), began),
            Err(fault) => {
                state.cache.fail(began, fault.is_refusal());
                state.warn(&fault, began);
            }
        }
    }

    fn give_up(&self, id: &str, flight: &Flight) {
        let mut state = self.lock();
        if state.flights.get(id).is_some_and(|current| current.number() == flight.number()) {
            state.flights.remove(id);
        }
    }

    /// The lock is never held across a wait, and what it guards is whole after every step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn warn(&mut self, fault: &LookupFault, now: SystemTime) {
        let is_recent =
            |last: SystemTime| now.duration_since(last).is_ok_and(|age| age < WARNING_PAUSE);
        if self.last_warning.is_some_and(is_recent) {
            return;
        }
        self.last_warning = Some(now);
        tracing::warn!(
            reason = %fault,
            "users cannot be looked up at Clerk; those whose tokens carry no metadata have the \
             lowest tier and role meanwhile"
        );
    }
}

/// Why a user could not be looked up.
#[derive(Debug)]
enum LookupFault {
    Fetch(FetchFault),
    Unusable,
}

impl LookupFault {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Fetch(fault) if fault.is_refusal())
    }
}

impl fmt::Display for LookupFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(FetchFault::Status(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) => f
                .write_str(
                    "Clerk refuses CLERK_SECRET_KEY: it is wrong, revoked, or of another instance",
                ),
            Self::Fetch(fault) => write!(f, "the answer could not be had: {fault}"),
            Self::Unusable => f.write_str("the answer is not the user who was asked for"),
        }
    }
}

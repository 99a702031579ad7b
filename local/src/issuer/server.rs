//! The running issuer.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::http;
use super::keys::SigningKey;
use super::mint::MintRequest;
use super::ring::KeyRing;
use crate::faults::Faults;
use crate::{Error, Result, random};

/// A token issuer on 127.0.0.1, with a fresh key. Dropping it stops it.
///
/// It serves `/.well-known/jwks.json` and `/.well-known/openid-configuration` to everybody, and
/// `POST /mint` and `POST /rotate` to local programs that send the bearer.
pub struct Issuer {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Issuer {
    /// Starts an issuer on `port`; 0 takes a free one.
    ///
    /// # Errors
    /// [`Error::Listen`] when the port cannot be had, [`Error::Crypto`] without randomness.
    pub async fn start(port: u16) -> Result<Self> {
        Self::start_with(port, None).await
    }

    /// An issuer that also serves `/faults`, to local programs that send the bearer.
    pub(crate) async fn start_with(port: u16, faults: Option<Faults>) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let cannot_listen = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
        let port = listener.local_addr().map_err(cannot_listen)?.port();
        let shared = Arc::new(Shared {
            url: format!("http://127.0.0.1:{port}"),
            port,
            bearer: random::hex(32)?,
            ring: KeyRing::generate()?,
            jwks_fetches: AtomicU64::new(0),
            jwks_failure: AtomicU16::new(0),
            faults,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, accepting })
    }

    /// The issuer's URL, the `iss` of its tokens, for example `http://127.0.0.1:49152`.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Where tokens are minted over HTTP.
    pub fn mint_url(&self) -> String {
        format!("{}/mint", self.shared.url)
    }

    /// The bearer that minting over HTTP needs, and what is beside it. A secret: whoever has it can
    /// be anybody.
    pub fn mint_bearer(&self) -> &str {
        &self.shared.bearer
    }

    /// A token as `request` describes it, as of now.
    ///
    /// # Errors
    /// [`Error::Mint`] when the request contradicts itself.
    pub fn mint(&self, request: &MintRequest) -> Result<String> {
        self.mint_at(request, SystemTime::now())
    }

    /// A token as `request` describes it, as of `now`.
    ///
    /// # Errors
    /// [`Error::Mint`] when the request contradicts itself.
    pub fn mint_at(&self, request: &MintRequest, now: SystemTime) -> Result<String> {
        self.shared.ring.mint(request, &self.shared.url, now)
    }

    /// The newest key, which signs.
    ///
    /// # Errors
    /// None in practice: an issuer always has a key.
    pub fn key(&self) -> Result<SigningKey> {
        self.shared.ring.key(None)
    }

    /// Publishes a fresh key in place of all others and returns its id.
    ///
    /// # Errors
    /// [`Error::Crypto`] without randomness.
    pub fn rotate(&self) -> Result<String> {
        self.shared.ring.add(false)
    }

    /// Publishes a fresh key beside the others and returns its id; it signs from now on.
    ///
    /// # Errors
    /// [`Error::Crypto`] without randomness.
    pub fn add_key(&self) -> Result<String> {
        self.shared.ring.add(true)
    }

    /// How often the key set was asked for, failures included.
    pub fn jwks_fetches(&self) -> u64 {
        self.shared.jwks_fetches.load(Ordering::SeqCst)
    }

    /// Makes the key set answer with that status (100 to 999), or properly again.
    pub fn fail_jwks(&self, status: Option<u16>) {
        self.shared.jwks_failure.store(status.unwrap_or(0), Ordering::SeqCst);
    }

    /// Stops listening and closes every connection.
    pub async fn shutdown(mut self) {
        self.accepting.abort();
        // The task can only end in one way that matters here: it is over.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("url", &self.shared.url).finish_non_exhaustive()
    }
}

/// What the handle and the connections share.
pub(super) struct Shared {
    pub(super) url: String,
    pub(super) port: u16,
    pub(super) bearer: String,
    pub(super) ring: KeyRing,
    pub(super) jwks_fetches: AtomicU64,
    /// The status to fail with; 0 is none.
    jwks_failure: AtomicU16,
    /// Those of the S3 server beside this issuer, if there is one.
    pub(super) faults: Option<Faults>,
}

impl Shared {
    pub(super) fn jwks_failure(&self) -> Option<u16> {
        Some(self.jwks_failure.load(Ordering::SeqCst)).filter(|status| *status != 0)
    }
}

/// How long a client may take to send the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How long to wait when the system has no file descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // The set ends its connections when this task is aborted.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service =
        service_fn(|request| async { Ok::<_, Infallible>(http::answer(&shared, request).await) });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the issuer broke off");
    }
}

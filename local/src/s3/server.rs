//! Starting and stopping the server.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::config::{S3Config as ProtocolConfig, StaticConfigProvider};
use s3s::service::S3ServiceBuilder;
use s3s::validation::{AwsNameValidation, NameValidation as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Backend, seconds};
use crate::clock::Clock;
use crate::faults::{Faults, Layer};
use crate::store::{CorsRule, Store, StoreError};
use crate::strict::{Gate, Rules};
use crate::sts::{self, Access, Keys, Sts};
use crate::{Error, Result};

/// How long [`S3Server::shutdown`] waits for requests that are under way.
const GRACE: Duration = Duration::from_secs(5);

/// How long a client may take to send a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// What an S3 server needs to start.
#[derive(Clone)]
#[non_exhaustive]
pub struct S3Config {
    /// A bucket that is there from the start. Pages of this machine may send to it and read from
    /// it, until it is given cross-origin rules of its own.
    pub bucket: String,
    /// The only region that signatures may name. Defaults to `us-east-1`.
    pub region: String,
    /// The only access key that the server knows at first; STS gives further ones.
    pub access_key_id: String,
    /// The secret of that key.
    pub secret_access_key: String,
    /// Where everything is kept over a restart. Defaults to `None`: in memory.
    pub data_dir: Option<PathBuf>,
    /// Where to listen, on loopback. Defaults to a free port on 127.0.0.1.
    pub addr: SocketAddr,
    /// The time that expiry and dates go by. Defaults to the system's.
    pub clock: Clock,
}

impl S3Config {
    /// A server in memory, on a free port of 127.0.0.1, in `us-east-1`.
    pub fn new(
        bucket: impl Into<String>,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Self {
        Self {
            bucket: bucket.into(),
            region: "us-east-1".to_owned(),
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            data_dir: None,
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::system(),
        }
    }
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Config")
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .field("data_dir", &self.data_dir)
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}

/// An S3 server that runs until it is shut down or dropped.
///
/// At the level `debug`, s3s logs whole requests with their signatures: a log that is kept should
/// not include its target `s3s`.
#[derive(Debug)]
pub struct S3Server {
    addr: SocketAddr,
    faults: Faults,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl S3Server {
    /// Starts a server on the tokio runtime of the caller.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`], [`Error::Listen`] or [`Error::Data`] when the bucket's name, the address
    /// or the data folder cannot be used.
    pub async fn start(config: S3Config) -> Result<Self> {
        Self::start_with(config, Faults::new()).await
    }

    pub(crate) async fn start_with(config: S3Config, faults: Faults) -> Result<Self> {
        if !AwsNameValidation::new().validate_bucket_name(&config.bucket) {
            return Err(Error::Setting(format!(
                "\"{}\" is not a valid bucket name",
                config.bucket
            )));
        }
        if !config.addr.ip().is_loopback() {
            return Err(Error::Setting(format!("{} is not a loopback address", config.addr)));
        }
        let store = match &config.data_dir {
            None => Store::in_memory(),
            Some(path) => Store::in_folder(path),
        };
        let store = store.map_err(data_error)?;
        match store.create_bucket(&config.bucket, seconds(config.clock.now())) {
            Ok(()) => store
                .configure_bucket(&config.bucket, |bucket| bucket.cors = vec![CorsRule::loopback()])
                .map_err(data_error)?,
            Err(StoreError::BucketExists) => {}
            Err(error) => return Err(data_error(error)),
        }
        let listen = |source| Error::Listen { address: config.addr, source };
        let listener = TcpListener::bind(config.addr).await.map_err(listen)?;
        let addr = listener.local_addr().map_err(listen)?;
        let service = service(store, &config, faults.clone());
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, service, stopped));
        Ok(Self { addr, faults, stop, task: Some(task) })
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The endpoint for S3 clients, path-style: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The role whose sessions STS gives, at the same endpoint.
    pub fn role_arn(&self) -> &'static str {
        sts::ROLE_ARN
    }

    /// What goes wrong on demand, and how often the server was asked for what.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Stops accepting, ends what a fault stalls, lets requests under way end (at most 5 seconds), and releases the folder.
    pub async fn shutdown(mut self) {
        self.faults.close();
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

fn data_error(error: StoreError) -> Error {
    Error::Data(Box::new(error))
}

fn service(store: Store, config: &S3Config, faults: Faults) -> Layer {
    let mut protocol = ProtocolConfig::default();
    // Dates are judged before s3s, by the clock of the configuration.
    protocol.presigned_url_max_skew_time_secs = u32::MAX;
    let store = Arc::new(store);
    let mut builder = S3ServiceBuilder::new(Backend {
        store: Arc::clone(&store),
        region: config.region.clone(),
        clock: config.clock.clone(),
    });
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(protocol))));
    let keys = Keys::new(&config.access_key_id, &config.secret_access_key);
    builder.set_auth(keys.clone());
    builder.set_access(Access { keys: keys.clone() });
    builder.set_route(Sts { keys: keys.clone() });
    let rules = Rules { keys, region: config.region.clone() };
    let gate = Gate::new(rules, store, builder.build());
    Layer::new(faults, config.clock.clone(), gate)
}

async fn accept(listener: TcpListener, service: Layer, mut stopped: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder.http2().timer(TokioTimer::new());
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let connection =
                        builder.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
                    let connection = graceful.watch(connection);
                    connections.spawn(async move {
                        if let Err(error) = connection.await {
                            tracing::debug!(error, "a connection ended early");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = stop(&mut stopped) => break,
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    connections.shutdown().await;
}

async fn stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

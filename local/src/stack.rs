//! The whole stack: S3 server and token issuer, started and stopped as one.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::issuer::{Issuer, MintRequest};
use crate::{Clock, Faults, Result, S3Config, S3Server, random};

/// A running S3 server with one bucket, and a running token issuer, both on 127.0.0.1.
///
/// Every start has a fresh signing key and fresh secrets. Dropping the stack stops it at once;
/// [`shutdown`](Self::shutdown) lets requests end first.
///
/// ```no_run
/// # async fn run() -> casier_local::Result<()> {
/// use casier_local::{LocalStack, MintRequest};
///
/// let stack = LocalStack::start().await?;
/// let token = stack.mint(&MintRequest::new("user_1").with_tier("pro"))?;
/// for (name, value) in stack.env() {
///     println!("{name}={value}");
/// }
/// stack.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct LocalStack {
    s3: S3Server,
    issuer: Issuer,
    endpoint: String,
    bucket: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    sealing_secret: String,
}

impl LocalStack {
    /// A stack in memory, on free ports, with the bucket `casier-local`.
    ///
    /// # Errors
    /// Those of [`LocalStackBuilder::start`].
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// A stack with settings of its own.
    pub fn builder() -> LocalStackBuilder {
        LocalStackBuilder::default()
    }

    /// The S3 endpoint, for example `http://127.0.0.1:49152`.
    pub fn s3_endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The region that signatures have to name.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The access key of the S3 server.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret of that key.
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// The role that STS gives sessions of, at the S3 endpoint.
    pub fn role_arn(&self) -> &'static str {
        self.s3.role_arn()
    }

    /// The token issuer.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The issuer's URL, the `iss` of its tokens.
    pub fn issuer_url(&self) -> &str {
        self.issuer.url()
    }

    /// What goes wrong on demand at the S3 server, and how often it was asked for what.
    pub fn faults(&self) -> &Faults {
        self.s3.faults()
    }

    /// Where the faults are set over HTTP, with the bearer of the issuer: `POST` adds a rule,
    /// `DELETE` clears them, `GET` tells of them and of the requests.
    pub fn faults_url(&self) -> String {
        format!("{}/faults", self.issuer.url())
    }

    /// A token of this issuer.
    ///
    /// # Errors
    /// [`Error::Mint`](crate::Error::Mint) when the request contradicts itself.
    pub fn mint(&self, request: &MintRequest) -> Result<String> {
        self.issuer.mint(request)
    }

    /// The environment in which Casier, or any S3 client, uses this stack; the values need no
    /// quoting in a shell or a `.env` file. It holds secrets, which end with the stack.
    pub fn env(&self) -> Vec<(String, String)> {
        let (mint_url, faults_url) = (self.issuer.mint_url(), self.faults_url());
        [
            ("CASIER_LOCAL", "1"),
            ("CLERK_ISSUER", self.issuer.url()),
            ("S3_ENDPOINT_URL", &self.endpoint),
            ("S3_BUCKET_NAME", &self.bucket),
            ("AWS_ACCESS_KEY_ID", &self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            ("AWS_REGION", &self.region),
            ("S3_GRANT_ROLE_ARN", self.s3.role_arn()),
            ("STS_ENDPOINT_URL", &self.endpoint),
            ("CASIER_SECRET", &self.sealing_secret),
            ("CASIER_LOCAL_MINT_URL", &mint_url),
            ("CASIER_LOCAL_MINT_TOKEN", self.issuer.mint_bearer()),
            ("CASIER_LOCAL_FAULTS_URL", &faults_url),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// Stops both servers; requests to S3 that are under way may end (at most 5 seconds).
    pub async fn shutdown(self) {
        self.issuer.shutdown().await;
        self.s3.shutdown().await;
    }
}

impl std::fmt::Debug for LocalStack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalStack")
            .field("s3_endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// The settings of a [`LocalStack`].
#[derive(Clone, Debug)]
#[must_use]
pub struct LocalStackBuilder {
    s3_port: u16,
    issuer_port: u16,
    data_dir: Option<PathBuf>,
    bucket: String,
    region: String,
    clock: Clock,
}

impl LocalStackBuilder {
    /// The S3 server's port; 0 takes a free one. Defaults to 0.
    pub fn s3_port(mut self, port: u16) -> Self {
        self.s3_port = port;
        self
    }

    /// The issuer's port; 0 takes a free one. Defaults to 0.
    pub fn issuer_port(mut self, port: u16) -> Self {
        self.issuer_port = port;
        self
    }

    /// The folder in which objects are kept over a restart. Defaults to none: in memory.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// The bucket. Defaults to `casier-local`.
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.bucket = name.into();
        self
    }

    /// The region that signatures have to name. Defaults to `us-east-1`.
    pub fn region(mut self, name: impl Into<String>) -> Self {
        self.region = name.into();
        self
    }

    /// The time that the S3 server goes by, for tests that let links expire; tokens are always
    /// minted by the system's. Defaults to the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts both servers on the tokio runtime of the caller.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting), [`Error::Listen`](crate::Error::Listen) or
    /// [`Error::Data`](crate::Error::Data) when the bucket's name, a port or the folder cannot be
    /// used; nothing is left running then.
    pub async fn start(self) -> Result<LocalStack> {
        let faults = Faults::new();
        let issuer = Issuer::start_with(self.issuer_port, Some(faults.clone())).await?;
        let access_key_id = format!("CASIERLOCAL{}", random::hex(5)?.to_uppercase());
        let secret_access_key = random::hex(20)?;
        let mut config = S3Config::new(&self.bucket, &access_key_id, &secret_access_key);
        config.region.clone_from(&self.region);
        config.data_dir = self.data_dir;
        config.addr = SocketAddr::from((Ipv4Addr::LOCALHOST, self.s3_port));
        config.clock = self.clock;
        let s3 = S3Server::start_with(config, faults).await?;
        Ok(LocalStack {
            endpoint: s3.endpoint(),
            s3,
            issuer,
            bucket: self.bucket,
            region: self.region,
            access_key_id,
            secret_access_key,
            // It is wanted in base64, which hexadecimal is as well.
            sealing_secret: random::hex(32)?,
        })
    }
}

impl Default for LocalStackBuilder {
    fn default() -> Self {
        Self {
            s3_port: 0,
            issuer_port: 0,
            data_dir: None,
            bucket: "casier-local".to_owned(),
            region: "us-east-1".to_owned(),
            clock: Clock::system(),
        }
    }
}

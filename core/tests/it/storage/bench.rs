//! A store to test on, and a user that no other test shares.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use casier::access::Policy;
use casier::storage::{Scope, StaticCredentials, Storage, StorageConfig, UserStorage};
use casier::token::User;
use casier_local::{Clock, Faults, S3Config, S3Server};

use crate::support::{Folder, random_name, within_limit};

pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR a picture of very little";
pub(crate) const PDF: &[u8] = b"%PDF-1.7\n% a document of very little\n";

/// The local store's; MinIO takes any.
const ROLE: &str = "arn:aws:iam::000000000000:role/casier-local";

pub(crate) struct Bench {
    pub(crate) config: StorageConfig,
    pub(crate) storage: Storage,
    pub(crate) scope: Scope,
    /// Sees the whole bucket.
    pub(crate) raw: Client,
    /// The local server's; a real one's cannot be moved.
    pub(crate) clock: Option<Clock>,
    server: Option<S3Server>,
}

/// Runs a test on a bench of its own, within the time limit, and cleans up after it.
pub(crate) fn on_bench<F: Future<Output = Bench>>(test: impl FnOnce(Bench) -> F) {
    within_limit(async {
        let bench = test(Bench::new().await).await;
        bench.clean_up().await;
    });
}

/// [`on_bench`], but always on the local server, whose faults the test sets.
pub(crate) fn on_local_bench<F: Future<Output = Bench>>(test: impl FnOnce(Bench) -> F) {
    within_limit(async {
        let bench = test(Bench::local(local_server()).await).await;
        bench.clean_up().await;
    });
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(local_server()).await
    }

    /// A bench for files that are not to be in memory: where the store is the local one, it keeps
    /// them in the folder.
    pub(crate) async fn on_disk(folder: &Folder) -> Self {
        let mut server = local_server();
        server.data_dir = Some(folder.path().join("store"));
        Self::with(server).await
    }

    async fn with(local: S3Config) -> Self {
        match from_environment() {
            Some(config) => Self::of(config, None, None),
            None => Self::local(local).await,
        }
    }

    async fn local(local: S3Config) -> Self {
        let clock = local.clock.clone();
        let server = S3Server::start(local).await.unwrap();
        let config = config("casier-test", server.endpoint(), "AKIATEST", "secret", None);
        Self::of(config, Some(server), Some(clock))
    }

    fn of(config: StorageConfig, server: Option<S3Server>, clock: Option<Clock>) -> Self {
        Self {
            storage: Storage::new(config.clone()).unwrap(),
            scope: Scope::new(format!("test-{}", random_name())).unwrap(),
            raw: raw_client(&config),
            config,
            clock,
            server,
        }
    }

    /// The faults of the local store, where it is the one.
    pub(crate) fn faults(&self) -> Option<&Faults> {
        self.server.as_ref().map(S3Server::faults)
    }

    /// The files of the bench's user, as trusted server code sees them.
    pub(crate) fn files(&self) -> UserStorage {
        self.files_of(&self.scope)
    }

    /// The same files, reached in another way.
    pub(crate) fn files_with(&self, config: StorageConfig) -> UserStorage {
        let storage = Storage::new(config).unwrap();
        storage.scoped(self.scope.clone(), None, Arc::new(Policy::builtin()))
    }

    /// Those of another user.
    pub(crate) fn files_of(&self, scope: &Scope) -> UserStorage {
        self.storage.scoped(scope.clone(), None, Arc::new(Policy::builtin()))
    }

    /// The files of the bench's user in a tier.
    pub(crate) fn files_in_tier(&self, tier: &str) -> UserStorage {
        let mut user = User::new(self.scope.user_id());
        user.subscription = tier.to_owned();
        let policy = Arc::new(Policy::builtin());
        self.storage.scoped(self.scope.clone(), Some(Arc::new(user)), policy)
    }

    pub(crate) fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.scope.prefix())
    }

    pub(crate) async fn put_raw(&self, key: &str, bytes: &[u8]) {
        self.raw
            .put_object()
            .bucket(&self.config.bucket)
            .key(key)
            .body(bytes.to_vec().into())
            .send()
            .await
            .unwrap();
    }

    /// Puts a key that not every store takes, and tells whether this one did.
    pub(crate) async fn put_if_taken(&self, key: &str) -> bool {
        let put = self.raw.put_object().bucket(&self.config.bucket).key(key).send().await;
        let status = put.as_ref().err().map(|e| e.raw_response().unwrap().status().as_u16());
        assert!(matches!(status, None | Some(400)), "{put:?}");
        put.is_ok()
    }

    pub(crate) async fn bytes_of(&self, key: &str) -> Vec<u8> {
        let got = self.raw.get_object().bucket(&self.config.bucket).key(key).send().await.unwrap();
        got.body.collect().await.unwrap().to_vec()
    }

    /// Begins an upload in parts, and gives its id.
    pub(crate) async fn begin_upload(&self, key: &str) -> String {
        let create = self.raw.create_multipart_upload().bucket(&self.config.bucket).key(key);
        create.send().await.unwrap().upload_id.unwrap()
    }

    /// Every key under a prefix.
    pub(crate) async fn keys_under(&self, prefix: &str) -> Vec<String> {
        let mut pages = self
            .raw
            .list_objects_v2()
            .bucket(&self.config.bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            keys.extend(page.unwrap().contents().iter().map(|o| o.key().unwrap().to_owned()));
        }
        keys
    }

    /// Whether the scope holds neither an object nor an upload that was begun.
    pub(crate) async fn is_empty(&self) -> bool {
        let uploads = self.raw.list_multipart_uploads().bucket(&self.config.bucket);
        let uploads = uploads.prefix(self.scope.prefix()).send().await.unwrap();
        uploads.uploads().is_empty() && self.keys_under(self.scope.prefix()).await.is_empty()
    }

    /// Asserts that the scope holds no object and no upload that was begun.
    pub(crate) async fn assert_nothing_left(&self) {
        assert_eq!(self.keys_under(self.scope.prefix()).await, Vec::<String>::new());
        assert_eq!(self.uploads_under(self.scope.prefix()).await, Vec::<String>::new());
        self.assert_nothing_waits().await;
    }

    /// Asserts that nothing of the scope waits to replace a file, and nothing is on its way there.
    pub(crate) async fn assert_nothing_waits(&self) {
        assert_eq!(self.keys_under(&self.incoming()).await, Vec::<String>::new());
        assert_eq!(self.uploads_under(&self.incoming()).await, Vec::<String>::new());
    }

    /// What the keys begin with of what is to replace a file of the scope.
    pub(crate) fn incoming(&self) -> String {
        format!(".casier/incoming/{}", self.scope.prefix())
    }

    /// The key of every unfinished upload under a prefix.
    pub(crate) async fn uploads_under(&self, prefix: &str) -> Vec<String> {
        self.unfinished(prefix).await.into_iter().map(|(key, _)| key).collect()
    }

    /// Deletes what there is under a prefix, finished or not.
    pub(crate) async fn delete_under(&self, prefix: &str) {
        let bucket = &self.config.bucket;
        for keys in self.keys_under(prefix).await.chunks(1000) {
            let object = |key| ObjectIdentifier::builder().key(key).build().unwrap();
            let objects = keys.iter().map(object).collect();
            let delete = Delete::builder().quiet(true).set_objects(Some(objects)).build().unwrap();
            let deleted = self.raw.delete_objects().bucket(bucket).delete(delete).send().await;
            assert!(deleted.unwrap().errors().is_empty());
        }
        for (key, id) in self.unfinished(prefix).await {
            let abort = self.raw.abort_multipart_upload().bucket(bucket).key(key);
            abort.upload_id(id).send().await.unwrap();
        }
    }

    /// Key and id of every unfinished upload under a prefix. The whole bucket is listed: not every
    /// store finds them by a prefix.
    pub(crate) async fn unfinished(&self, prefix: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let list = self.raw.list_multipart_uploads().bucket(&self.config.bucket);
            let list = list.set_key_marker(key_marker).set_upload_id_marker(id_marker);
            let page = list.send().await.unwrap();
            let uploads = page.uploads().iter().map(|upload| {
                (upload.key().unwrap().to_owned(), upload.upload_id().unwrap().to_owned())
            });
            found.extend(uploads.filter(|(key, _)| key.starts_with(prefix)));
            if page.is_truncated() != Some(true) {
                return found;
            }
            (key_marker, id_marker) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    pub(crate) async fn clean_up(self) {
        self.delete_under(self.scope.prefix()).await;
        self.delete_under(&self.incoming()).await;
        if let Some(server) = self.server {
            server.shutdown().await;
        }
    }
}

fn local_server() -> S3Config {
    S3Config::new("casier-test", "AKIATEST", "secret")
}

pub(crate) fn config(
    bucket: &str,
    endpoint: String,
    access_key_id: &str,
    secret_access_key: &str,
    region: Option<String>,
) -> StorageConfig {
    let mut config = StorageConfig::new(bucket, Some(endpoint));
    config.region = region;
    config.credentials = Some(StaticCredentials::new(access_key_id, secret_access_key));
    config.grant_role_arn = Some(ROLE.to_owned());
    config
}

/// The store that the environment names.
pub(crate) fn from_environment() -> Option<StorageConfig> {
    let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut config = config(
        &read("S3_BUCKET_NAME")?,
        read("S3_ENDPOINT_URL")?,
        &read("AWS_ACCESS_KEY_ID")?,
        &read("AWS_SECRET_ACCESS_KEY")?,
        read("AWS_REGION"),
    );
    config.grant_role_arn = read("S3_GRANT_ROLE_ARN").or(config.grant_role_arn);
    config.sts_endpoint = read("STS_ENDPOINT_URL");
    Some(config)
}

pub(crate) fn raw_client(config: &StorageConfig) -> Client {
    let keys = config.credentials.as_ref().unwrap();
    let settings = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(config.endpoint.as_ref().unwrap())
        .region(Region::new(config.region.clone().unwrap_or_else(|| "us-east-1".to_owned())))
        .credentials_provider(Credentials::new(
            &keys.access_key_id,
            &keys.secret_access_key,
            None,
            None,
            "test",
        ))
        .force_path_style(true)
        .request_checksum_calculation(aws_sdk_s3::config::RequestChecksumCalculation::WhenRequired)
        .build();
    Client::from_conf(settings)
}

pub(crate) fn metadata(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

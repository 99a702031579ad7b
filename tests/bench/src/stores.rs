//! Those whom Casier's storage is compared with: object_store, and AWS's own client as it comes.
//! All store the same headers, and each keeps its own way with checksums.

use std::env;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use casier::Casier;
use casier::storage::{LinkOptions, ListOptions, ReadOptions, UploadOptions, UserStorage};
use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer as _};
use object_store::{Attribute, Attributes, ObjectStore as _, ObjectStoreExt as _, PutOptions};

use crate::Result;

/// Whose files they are.
const USER: &str = "bench";
const KIND: &str = "book";
const TYPE: &str = "text/plain";
const LINK_TYPE: &str = "text/plain; charset=utf-8";
const LINK_LIFE: Duration = Duration::from_secs(3600);
const METADATA: (&str, &str) = ("project", "casier");

/// A client of S3, and what every one of them does with the files of one user and one kind.
#[derive(Debug)]
pub(crate) enum Files {
    Casier(UserStorage),
    ObjectStore(AmazonS3),
    Sdk { client: Client, bucket: String },
}

impl Files {
    pub(crate) fn casier() -> Result<Self> {
        Ok(Self::Casier(Casier::builder().environment()?.build()?.storage_for(USER)?))
    }

    pub(crate) fn object_store() -> Result<Self> {
        let builder = AmazonS3Builder::new()
            .with_endpoint(env::var("S3_ENDPOINT_URL")?)
            .with_bucket_name(env::var("S3_BUCKET_NAME")?)
            .with_region(env::var("AWS_REGION")?)
            .with_access_key_id(env::var("AWS_ACCESS_KEY_ID")?)
            .with_secret_access_key(env::var("AWS_SECRET_ACCESS_KEY")?)
            .with_allow_http(true);
        Ok(Self::ObjectStore(builder.build()?))
    }

    pub(crate) fn sdk() -> Result<Self> {
        let keys = Credentials::new(
            env::var("AWS_ACCESS_KEY_ID")?,
            env::var("AWS_SECRET_ACCESS_KEY")?,
            None,
            None,
            "bench",
        );
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(env::var("S3_ENDPOINT_URL")?)
            .region(Region::new(env::var("AWS_REGION")?))
            .credentials_provider(keys)
            .force_path_style(true);
        let client = Client::from_conf(config.build());
        Ok(Self::Sdk { client, bucket: env::var("S3_BUCKET_NAME")? })
    }

    pub(crate) async fn put(&self, name: &str, body: &Bytes) -> Result<()> {
        let disposition = format!("inline; filename=\"{name}\"");
        match self {
            Self::Casier(files) => {
                let mut options = UploadOptions::default();
                options.metadata.insert(METADATA.0.to_owned(), METADATA.1.to_owned());
                files.upload_file_object(body.clone(), name, KIND, options).await?;
            }
            Self::ObjectStore(store) => {
                let attributes = Attributes::from_iter(
                    [
                        (Attribute::ContentType, TYPE),
                        (Attribute::ContentDisposition, &disposition),
                        (Attribute::Metadata(METADATA.0.into()), METADATA.1),
                    ]
                    .map(|(name, value)| (name, value.to_owned())),
                );
                let options = PutOptions::from(attributes);
                store.put_opts(&path(name), body.clone().into(), options).await?;
            }
            Self::Sdk { client, bucket } => {
                let call = client.put_object().bucket(bucket).key(key(name)).content_type(TYPE);
                let call = call.content_disposition(disposition).metadata(METADATA.0, METADATA.1);
                call.body(ByteStream::from(body.clone())).send().await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Bytes> {
        Ok(match self {
            Self::Casier(files) => files.read(&key(name), ReadOptions::default()).await?,
            Self::ObjectStore(store) => store.get(&path(name)).await?.bytes().await?,
            Self::Sdk { client, bucket } => {
                let answer = client.get_object().bucket(bucket).key(key(name)).send().await?;
                answer.body.collect().await?.into_bytes()
            }
        })
    }

    pub(crate) async fn head(&self, name: &str) -> Result<u64> {
        Ok(match self {
            Self::Casier(files) => files.metadata(&key(name)).await?.size,
            Self::ObjectStore(store) => store.head(&path(name)).await?.size,
            Self::Sdk { client, bucket } => {
                let answer = client.head_object().bucket(bucket).key(key(name)).send().await?;
                answer.content_length().unwrap_or_default().unsigned_abs()
            }
        })
    }

    /// A link to read the file for an hour, which the store answers as text to be shown.
    pub(crate) async fn link(&self, key: &str) -> Result<String> {
        // Casier makes it of the key.
        let disposition = || {
            let name = key.rsplit('/').next().unwrap_or_default();
            format!("inline; filename=\"{name}\"")
        };
        Ok(match self {
            Self::Casier(files) => files.presigned_url(key, LinkOptions::default()).await?.url,
            Self::ObjectStore(store) => {
                let options = SignedUrlOptions::new().with_query([
                    ("response-content-disposition", disposition()),
                    ("response-content-type", LINK_TYPE.to_owned()),
                ]);
                let path = Path::from(key);
                store.signed_url_opts(Method::GET, &path, LINK_LIFE, &options).await?.into()
            }
            Self::Sdk { client, bucket } => {
                let call = client.get_object().bucket(bucket).key(key);
                let call = call.response_content_disposition(disposition());
                let call = call.response_content_type(LINK_TYPE);
                let signed = call.presigned(PresigningConfig::expires_in(LINK_LIFE)?).await?;
                signed.uri().to_owned()
            }
        })
    }

    /// Lists everything, which has to be one page.
    pub(crate) async fn list(&self) -> Result<usize> {
        Ok(match self {
            Self::Casier(files) => {
                let mut options = ListOptions::default();
                options.kind = Some(KIND.to_owned());
                files.list(options).await?.items.len()
            }
            Self::ObjectStore(store) => {
                store.list(Some(&path(""))).try_collect::<Vec<_>>().await?.len()
            }
            Self::Sdk { client, bucket } => {
                let answer = client.list_objects_v2().bucket(bucket).prefix(key("")).send().await?;
                answer.contents().len()
            }
        })
    }
}

fn key(name: &str) -> String {
    format!("user_{USER}/{KIND}s/{name}")
}

fn path(name: &str) -> Path {
    Path::from(key(name))
}

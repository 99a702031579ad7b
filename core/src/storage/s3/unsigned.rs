//! Whether a store refuses what a link's holder adds to it. With `x-amz-copy-source` a PUT becomes a
//! copy of any object that our own keys may read, another user's included. AWS refuses headers of
//! S3's that are not signed; MinIO, for example, takes this one.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>

use std::time::Duration;

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, SdkError};
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;

use super::S3;
use super::failure::{self, OnCondition};
use super::probe::Probe;
use crate::{Error, ErrorKind, Result};

/// Signed into a link to upload, it lets every copy fail, since no object has such a tag, and means
/// nothing to an upload.
pub(in crate::storage) const BARS_COPIES: (&str, &str) = ("x-amz-copy-source-if-match", "none");

const COPY_SOURCE: &str = "x-amz-copy-source";

/// How long the links live that the store is asked with.
const LINK_LIFE: Duration = Duration::from_secs(60);

impl S3 {
    /// Whether links to upload have to bear [`BARS_COPIES`], because the store would make copies of
    /// them. AWS is known not to.
    ///
    /// # Errors
    /// What the calls to the store may answer.
    pub(in crate::storage) async fn must_bar_copies(&self) -> Result<bool> {
        if self.config.is_on_aws() {
            return Ok(false);
        }
        self.ask_once(&self.abilities.copies_by_link, copies_by_link).await
    }
}

/// Sends one link as it is, then another with the header that makes it a copy of the first.
async fn copies_by_link(probe: Probe) -> Result<bool> {
    let copy = format!("{}-copy", probe.key);
    let answer = async {
        send(&probe, &probe.key, None).await?.map_err(|error| read(&error))?;
        let source = format!("{}/{}", probe.bucket, probe.key);
        match send(&probe, &copy, Some(source)).await? {
            Ok(_) => Ok(true),
            Err(error) => match error.raw_response().map(|raw| raw.status().as_u16()) {
                Some(400 | 403) => Ok(false),
                _ => Err(read(&error)),
            },
        }
    };
    let answer = answer.await;
    probe.remove().await;
    Probe { key: copy, ..probe }.remove().await;
    answer
}

type Sent = Result<PutObjectOutput, SdkError<PutObjectError>>;

/// Sends a link to upload, as a client does that has nothing else.
async fn send(probe: &Probe, key: &str, copy_source: Option<String>) -> Result<Sent> {
    let Probe { client, bucket, .. } = probe;
    let put = || client.put_object().bucket(bucket).key(key);
    let life = PresigningConfig::expires_in(LINK_LIFE).map_err(|_| unsigned())?;
    let link = put().presigned(life).await.map_err(|error| read(&error))?;
    let as_link = AsLink { address: link.uri().to_owned(), copy_source };
    let body = ByteStream::from_static(b"probe");
    Ok(put().body(body).customize().interceptor(as_link).send().await)
}

/// Makes of a request what the holder of a link sends.
#[derive(Debug)]
struct AsLink {
    address: String,
    copy_source: Option<String>,
}

impl Intercept for AsLink {
    fn name(&self) -> &'static str {
        "AsLink"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.set_uri(self.address.as_str())?;
        let headers = request.headers_mut();
        let own: Vec<String> = headers
            .iter()
            .map(|(name, _)| name.to_owned())
            .filter(|name| name == "authorization" || name.starts_with("x-amz-"))
            .collect();
        for name in own {
            headers.remove(name);
        }
        if let Some(source) = &self.copy_source {
            headers.insert(COPY_SOURCE, source.clone());
        }
        Ok(())
    }
}

fn read(error: &SdkError<PutObjectError>) -> Error {
    failure::from_sdk(error, OnCondition::Changed)
}

fn unsigned() -> Error {
    Error::new(ErrorKind::Internal, "the store cannot be asked with a link")
}

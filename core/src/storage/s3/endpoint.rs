//! Where requests go: one address for a client's whole life.

use std::sync::OnceLock;

use aws_sdk_s3::config::endpoint::{
    DefaultResolver, Endpoint, EndpointFuture, Params, ResolveEndpoint,
};

/// What the names of S3's directory buckets end in, and no others.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-bucket-naming-rules.html>
const DIRECTORY_BUCKET: &str = "--x-s3";

/// S3's rules of endpoints, asked once. They go by the bucket, the region, the endpoint and the
/// switches of the client, which stay as they are, and the SDK would evaluate them for each key.
/// Directory buckets are left to the SDK: there the call that opens a session has rules of its own.
#[derive(Debug, Default)]
pub(super) struct OneEndpoint {
    rules: DefaultResolver,
    found: OnceLock<Endpoint>,
}

impl ResolveEndpoint for OneEndpoint {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        if params.bucket().is_some_and(|bucket| bucket.ends_with(DIRECTORY_BUCKET)) {
            return self.rules.resolve_endpoint(params);
        }
        if let Some(found) = self.found.get() {
            return EndpointFuture::ready(Ok(found.clone()));
        }
        EndpointFuture::new(async move {
            let found = self.rules.resolve_endpoint(params).await?;
            Ok(self.found.get_or_init(|| found).clone())
        })
    }
}

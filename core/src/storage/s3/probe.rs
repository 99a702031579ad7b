//! What a store is asked once, because stores do not say what they leave out: with an object or an
//! upload under `.casier/`, which is in nobody's scope and is gone afterwards.

use std::future::Future;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use tokio::sync::OnceCell;

use super::S3;
use crate::Result;
use crate::random::random_name;

/// What the store was found to do. Empty until it has been asked.
#[derive(Debug, Default)]
pub(in crate::storage) struct Abilities {
    /// Whether a PUT under `If-None-Match: *` overwrites nothing.
    pub(super) creates_only: OnceCell<bool>,
    /// The same for the completion of an upload in parts.
    pub(super) creates_only_in_parts: OnceCell<bool>,
    /// The same for a copy.
    pub(super) copies_create_only: OnceCell<bool>,
    /// Whether it holds temporary credentials to their session policy.
    pub(super) confines: OnceCell<bool>,
    /// Whether it makes a copy of a link to upload that is sent with an unsigned header.
    pub(super) copies_by_link: OnceCell<bool>,
    /// Whether it encrypts as the configuration asks.
    pub(super) encrypts: OnceCell<bool>,
    /// Whether it finds unfinished uploads by what their keys begin with.
    pub(in crate::storage) finds_uploads_by_prefix: OnceCell<bool>,
    /// Set when it was found to have tags.
    pub(in crate::storage) has_tags: OnceCell<()>,
}

/// A key that nobody else has, to ask the store with.
pub(in crate::storage) struct Probe {
    pub(in crate::storage) client: Client,
    pub(in crate::storage) bucket: String,
    pub(in crate::storage) key: String,
}

impl S3 {
    /// The answer to a question about the store, which is asked at the first time only. An error is
    /// no answer: then the next call asks again.
    ///
    /// # Errors
    /// Those of the question; `timeout`.
    pub(in crate::storage) async fn ask_once<F>(
        &self,
        known: &OnceCell<bool>,
        question: impl FnOnce(Probe) -> F,
    ) -> Result<bool>
    where
        F: Future<Output = Result<bool>> + Send + 'static,
    {
        let ask = || async {
            let probe = Probe {
                client: self.client().await?.clone(),
                bucket: self.config.bucket.clone(),
                key: format!(".casier/probe-{}", random_name()?),
            };
            // Nothing is left even if the caller does not wait.
            self.in_time(self.to_its_end(question(probe))).await
        };
        known.get_or_try_init(ask).await.copied()
    }
}

impl Probe {
    /// The request that stores a small object under the key.
    pub(in crate::storage) fn put(&self) -> PutObjectFluentBuilder {
        let body = ByteStream::from_static(b"probe");
        self.client.put_object().bucket(&self.bucket).key(&self.key).body(body)
    }

    /// Removes the object, as well as can be.
    pub(in crate::storage) async fn remove(&self) {
        let _ = self.client.delete_object().bucket(&self.bucket).key(&self.key).send().await;
    }
}

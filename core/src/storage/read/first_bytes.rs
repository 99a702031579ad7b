//! What a file begins with, by which its type is told.

use crate::Result;
use crate::storage::content::sniff::HEAD_BYTES;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::OwnKey;

impl S3 {
    /// The first bytes of a file of `size` bytes, if it is of the tag `etag`.
    ///
    /// # Errors
    /// `precondition-failed` when it is another by now; what the call to the store may answer.
    pub(in crate::storage) async fn first_bytes(
        &self,
        key: &OwnKey,
        size: u64,
        etag: Option<&str>,
    ) -> Result<Vec<u8>> {
        // There is no range in an empty file.
        if size == 0 {
            return Ok(Vec::new());
        }
        let call = self.client().await?.get_object().bucket(&self.config.bucket);
        let answer = call
            .key(key.as_str())
            .range(format!("bytes=0-{}", HEAD_BYTES - 1))
            .set_if_match(etag.map(str::to_owned))
            .send()
            .await;
        let mut body = match answer {
            Ok(answer) => answer.body,
            Err(error) => return Err(failure::from_sdk(&error, OnCondition::Changed)),
        };
        let mut head = Vec::with_capacity(HEAD_BYTES);
        // A store may not know ranges and send the whole file.
        while head.len() < HEAD_BYTES
            && let Some(piece) = body.next().await
        {
            head.extend_from_slice(&piece.map_err(|error| failure::from_stream(&error))?);
        }
        head.truncate(HEAD_BYTES);
        Ok(head)
    }
}

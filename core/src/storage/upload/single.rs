//! A file in one PUT.

use std::sync::Arc;

use super::checksum::SignedWith;
use super::meter::{Meter, PieceMeter};
use super::piece::Piece;
use super::request::NewFile;
use super::withdraw::Made;
use crate::storage::file;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::{ErrorKind, Result};

/// Puts the file and gives its tag.
pub(super) async fn put(
    s3: &Arc<S3>,
    file: &NewFile,
    piece: &Piece,
    meter: &Arc<Meter>,
) -> Result<Option<String>> {
    let progress = PieceMeter::new(meter);
    let size = piece.size();
    let call = file
        .describe_put(s3.client().await?.put_object())
        .bucket(&s3.config.bucket)
        .content_length(i64::try_from(size).unwrap_or(i64::MAX))
        .checksum_crc64_nvme(piece.sums.crc.header())
        .set_if_none_match(file.create_only.then(|| "*".to_owned()))
        .body(piece.body(&progress))
        .customize()
        .interceptor(SignedWith(piece.sums.sha256.clone()));
    let answer = call.send().await;
    if let Ok(answer) = &answer
        && !piece.sums.crc.agrees_with(answer.checksum_crc64_nvme())
    {
        let (etag, version) = (answer.e_tag.clone(), answer.version_id.clone());
        return Err(s3.withdraw(&file.key, Made { etag, version }).await);
    }
    let answer = answer
        .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Exists))
        // Every store tells the tag of what it has taken; a proxy that says yes to all does not.
        .and_then(|answer| file::etag(answer.e_tag()).ok_or_else(failure::unreadable));
    let etag = match (answer, &file.mark) {
        (Ok(etag), _) => Some(etag),
        // The first try may have arrived, or still be at it (409).
        (Err(error), Some(mark))
            if matches!(error.kind(), ErrorKind::FileExists | ErrorKind::Conflict) =>
        {
            s3.recognise(&file.key, mark).await.ok().flatten().ok_or(error)?
        }
        (Err(error), _) => return Err(error),
    };
    progress.reached(size);
    Ok(etag)
}

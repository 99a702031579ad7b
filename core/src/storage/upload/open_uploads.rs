//! What the store lists of uploads in parts that are neither completed nor aborted.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::time::SystemTime;

use aws_sdk_s3::operation::list_multipart_uploads::ListMultipartUploadsOutput;
use aws_sdk_s3::types::EncodingType;

use crate::Result;
use crate::storage::file;
use crate::storage::list::listing::{decoded, leads_nowhere};
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::s3::probe::Probe;
use crate::storage::s3::{S3, StoreClock};

/// An upload in parts that the store holds open.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::storage) struct OpenUpload {
    pub(in crate::storage) key: String,
    pub(in crate::storage) id: String,
    pub(in crate::storage) initiated: Option<SystemTime>,
}

/// Some of the open uploads under a prefix, by their keys.
#[derive(Debug, Default)]
pub(in crate::storage) struct OpenUploads {
    pub(in crate::storage) uploads: Vec<OpenUpload>,
    /// Behind which more are to be found.
    pub(in crate::storage) more_after: Option<Marker>,
    /// When the store listed them, by its own clock; none when it does not tell the time.
    pub(in crate::storage) listed_at: Option<SystemTime>,
}

/// A place in the listing: a key, and the id of an upload of that key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::storage) struct Marker {
    key: String,
    id: Option<String>,
    /// The ids that earlier pages have ended with at this key.
    ends: HashSet<String>,
}

impl S3 {
    /// Asks for up to 1,000 open uploads, behind `after`, and gives those of them whose keys begin
    /// with `prefix`. MinIO finds uploads by whole keys only; where that is so, those of the whole
    /// bucket are asked for.
    ///
    /// # Errors
    /// `storage-unavailable` when the answer is not one to such a question, or leads nowhere.
    pub(in crate::storage) async fn open_uploads(
        &self,
        prefix: &str,
        after: Option<&Marker>,
    ) -> Result<OpenUploads> {
        let clock = StoreClock::default();
        let by_prefix = self.finds_uploads_by_prefix().await?;
        let answer = self
            .client()
            .await?
            .list_multipart_uploads()
            .bucket(&self.config.bucket)
            .set_prefix(by_prefix.then(|| prefix.to_owned()))
            .set_key_marker(after.map(|after| after.key.clone()))
            .set_upload_id_marker(after.and_then(|after| after.id.clone()))
            // Keys may hold characters that XML cannot.
            .encoding_type(EncodingType::Url)
            .customize()
            .interceptor(clock.clone())
            .send()
            .await
            .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))?;
        self.note_bucket();
        Ok(OpenUploads { listed_at: clock.told(), ..read(&answer, prefix, after)? })
    }

    /// Whether the store finds open uploads by what their keys begin with.
    async fn finds_uploads_by_prefix(&self) -> Result<bool> {
        self.ask_once(&self.abilities.finds_uploads_by_prefix, begin_and_find).await
    }
}

impl Marker {
    /// The next place after this one, if it lies ahead. AWS lists the uploads of one key by their
    /// age, not by their ids, so that all that can be asked of an id is that it is a new one.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>
    fn behind(last: Option<&Self>, key: String, id: Option<String>) -> Option<Self> {
        let mut ends = match last.map(|last| (key.cmp(&last.key), last)) {
            None | Some((Ordering::Greater, _)) => HashSet::new(),
            Some((Ordering::Equal, last)) => last.ends.clone(),
            Some((Ordering::Less, _)) => return None,
        };
        let is_new = id.as_ref().is_none_or(|id| ends.insert(id.clone()));
        let stays = id.is_none() && last.is_some_and(|last| last.key == key);
        (is_new && !stays).then_some(Self { key, id, ends })
    }
}

async fn begin_and_find(Probe { client, bucket, key: prefix }: Probe) -> Result<bool> {
    let key = format!("{prefix}/upload");
    let begin = client.create_multipart_upload().bucket(&bucket).key(&key).send().await;
    let begun =
        begin.map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))?;
    let id = begun.upload_id().ok_or_else(failure::unreadable)?;
    let found = client.list_multipart_uploads().bucket(&bucket).prefix(prefix).send().await;
    let _ = client.abort_multipart_upload().bucket(&bucket).key(&key).upload_id(id).send().await;
    let found =
        found.map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))?;
    Ok(found.uploads().iter().any(|upload| upload.upload_id() == Some(id)))
}

/// Reads the store's answer, and believes of it only what can be: keys under the prefix, and a
/// listing that goes on.
fn read(
    answer: &ListMultipartUploadsOutput,
    prefix: &str,
    after: Option<&Marker>,
) -> Result<OpenUploads> {
    let encoding = answer.encoding_type();
    let uploads = answer.uploads().iter().filter_map(|upload| {
        let key = text(upload.key()?, encoding).filter(|key| key.starts_with(prefix))?;
        let id = upload.upload_id()?.to_owned();
        Some(OpenUpload { key, id, initiated: file::time(upload.initiated()) })
    });
    let mut page = OpenUploads { uploads: uploads.collect(), ..OpenUploads::default() };
    if answer.is_truncated().ok_or_else(failure::unreadable)? {
        let key = answer.next_key_marker().and_then(|key| text(key, encoding));
        let id = answer.next_upload_id_marker().filter(|id| !id.is_empty()).map(str::to_owned);
        let key = key.ok_or_else(leads_nowhere)?;
        page.more_after = Some(Marker::behind(after, key, id).ok_or_else(leads_nowhere)?);
    }
    Ok(page)
}

/// A key of the listing; none when it is no text.
fn text(listed: &str, encoding: Option<&EncodingType>) -> Option<String> {
    String::from_utf8(decoded(listed, encoding)).ok()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::MultipartUpload;

    use super::*;
    use crate::ErrorKind;

    fn answer(
        uploads: &[(&str, &str)],
        next: Option<(&str, Option<&str>)>,
    ) -> ListMultipartUploadsOutput {
        let mut answer = ListMultipartUploadsOutput::builder()
            .is_truncated(next.is_some())
            .set_next_key_marker(next.map(|(key, _)| key.to_owned()))
            .set_next_upload_id_marker(next.and_then(|(_, id)| id).map(str::to_owned))
            .encoding_type(EncodingType::Url);
        for (key, id) in uploads {
            answer = answer.uploads(MultipartUpload::builder().key(*key).upload_id(*id).build());
        }
        answer.build()
    }

    #[test]
    fn foreign_keys_are_not_passed_on_and_others_are_decoded() {
        let answer = answer(&[("user_1%2Fa+b%2Bc", "1"), ("user_10/a", "2"), ("x", "3")], None);
        let page = read(&answer, "user_1/", None).unwrap();
        let upload =
            OpenUpload { key: "user_1/a b+c".to_owned(), id: "1".to_owned(), initiated: None };
        assert_eq!((page.uploads, page.more_after), (vec![upload], None));
    }

    /// Attack 115.
    #[test]
    fn a_listing_that_does_not_go_on_is_an_error() {
        let at = |key: &str, id: Option<&str>| {
            Marker::behind(None, key.to_owned(), id.map(str::to_owned)).unwrap()
        };
        let next = |after: &Marker, next| {
            read(&answer(&[], Some(next)), "user_1/", Some(after))
                .map(|page| page.more_after.unwrap())
        };
        for (after, to) in [
            (at("b", Some("2")), ("b", Some("2"))),
            (at("b", Some("2")), ("a", Some("3"))),
            (at("b", Some("2")), ("b", None)),
            (at("b", None), ("b", None)),
        ] {
            let error = next(&after, to).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{after:?} {to:?}");
        }
        for to in [("b", Some("3")), ("b%2F", Some("1")), ("c", None)] {
            assert!(next(&at("b", Some("2")), to).is_ok());
        }
        // By age, as AWS lists the uploads of one key: any new id goes on, and none comes back.
        let second = next(&at("b", Some("2")), ("b", Some("1"))).unwrap();
        assert!(next(&second, ("b", Some("2"))).is_err());
        assert!(next(&second, ("b", Some("0"))).is_ok());
        let mut lost = answer(&[("user_1/a", "1")], Some(("", None)));
        lost.next_key_marker = None;
        assert!(read(&lost, "user_1/", None).is_err());
        lost.is_truncated = None;
        assert!(read(&lost, "user_1/", None).is_err());
    }
}

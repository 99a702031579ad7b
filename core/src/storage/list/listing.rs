//! What the store lists, read with mistrust: only what lies under the prefix, in order, behind the
//! place that was asked for.

use std::time::SystemTime;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, Object};
use percent_encoding::percent_decode;

use crate::storage::file::{self, StoredFile};
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::s3::{S3, StoreClock};
use crate::storage::user_storage::OwnKey;
use crate::{Error, Result};

/// Asked for a single object under a prefix that is itself a key (that of a folder that a console
/// made), MinIO gives that one and says that there is no more.
const FEWEST_ASKED_FOR: u32 = 2;

/// Some objects under a prefix, in the order of the bytes of their keys.
#[derive(Debug, Default)]
pub(in crate::storage) struct Listing {
    /// Each object with its key, which need not be one that could be read.
    pub(in crate::storage) objects: Vec<(String, Object)>,
    /// The objects under the prefix whose keys are no text, which S3 does not allow.
    pub(in crate::storage) unnamed: Vec<Object>,
    /// How many objects the store named that do not lie under the prefix.
    pub(in crate::storage) foreign: u64,
    /// The key behind which more is to be found.
    pub(in crate::storage) more_after: Option<String>,
    /// When the store listed them, by its own clock; none when it does not tell the time.
    pub(in crate::storage) listed_at: Option<SystemTime>,
}

impl S3 {
    /// Asks for up to `limit` objects under `prefix`, behind the key `after`.
    ///
    /// # Errors
    /// `storage-unavailable` when the answer is not one to such a question, or leads nowhere.
    pub(in crate::storage) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Listing> {
        let clock = StoreClock::default();
        let answer = self
            .client()
            .await?
            .list_objects_v2()
            .bucket(&self.config.bucket)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .max_keys(i32::try_from(limit.max(FEWEST_ASKED_FOR)).unwrap_or(i32::MAX))
            // Keys may hold characters that XML cannot.
            .encoding_type(EncodingType::Url)
            .customize()
            .interceptor(clock.clone())
            .send()
            .await
            .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))?;
        self.note_bucket();
        Ok(Listing { listed_at: clock.told(), ..read(answer, prefix, after, limit)? })
    }
}

/// What a listing tells of a file.
pub(in crate::storage) fn stored_file(key: &OwnKey, object: &Object) -> StoredFile {
    StoredFile {
        etag: file::etag(object.e_tag()),
        last_modified: file::time(object.last_modified()),
        storage_class: object.storage_class().map(|class| class.as_str().to_owned()),
        ..key.file(file::size(object.size()))
    }
}

/// A key or a marker of a listing, in the form-encoding that was asked for if the store followed.
/// The bytes need not be text.
pub(in crate::storage) fn decoded(listed: &str, encoding: Option<&EncodingType>) -> Vec<u8> {
    match encoding {
        Some(EncodingType::Url) => percent_decode(listed.replace('+', " ").as_bytes()).collect(),
        _ => listed.as_bytes().to_owned(),
    }
}

fn read(
    answer: ListObjectsV2Output,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Listing> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let listed_count = answer.contents().len();
    let truncated = answer.is_truncated().ok_or_else(failure::unreadable)? || listed_count > limit;
    if answer.key_count().is_some_and(|count| usize::try_from(count) != Ok(listed_count)) {
        return Err(failure::unreadable());
    }
    let encoding = answer.encoding_type().cloned();
    let mut listing = Listing::default();
    let mut last = after.map(str::to_owned);
    for object in answer.contents.unwrap_or_default().into_iter().take(limit) {
        let key = decoded(object.key().ok_or_else(failure::unreadable)?, encoding.as_ref());
        if !key.starts_with(prefix.as_bytes()) {
            listing.foreign += 1;
            continue;
        }
        let Ok(key) = String::from_utf8(key) else {
            listing.unnamed.push(object);
            continue;
        };
        if last.as_ref().is_some_and(|last| key <= *last) {
            return Err(out_of_order());
        }
        last = Some(key.clone());
        listing.objects.push((key, object));
    }
    if truncated {
        let progress = last.filter(|last| Some(last.as_str()) != after);
        listing.more_after = Some(progress.ok_or_else(leads_nowhere)?);
    }
    Ok(listing)
}

fn out_of_order() -> Error {
    failure::unavailable("the store does not list in order")
}

/// What a listing is told that says there is more, but does not go on.
pub(in crate::storage) fn leads_nowhere() -> Error {
    failure::unavailable("the store says that there is more, but lists nothing")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn answer(keys: &[&str], truncated: bool) -> ListObjectsV2Output {
        let mut answer = ListObjectsV2Output::builder().is_truncated(truncated);
        for key in keys {
            answer = answer.contents(Object::builder().key(*key).size(1).build());
        }
        answer.build()
    }

    /// Attack 64.
    #[test]
    fn foreign_keys_are_not_in_it() {
        let keys = ["user_1//a", "user_1/b", "user_10/c", "user_2/d", "x"];
        let listing = read(answer(&keys, false), "user_1/", None, 1000).unwrap();
        let own: Vec<_> = listing.objects.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(own, ["user_1//a", "user_1/b"]);
        assert_eq!((listing.foreign, listing.more_after), (3, None));
    }

    #[test]
    fn what_is_no_text_is_judged_by_its_bytes() {
        let mut answer = answer(&["user_1/%ff", "user_2/%ff"], false);
        answer.encoding_type = Some(EncodingType::Url);
        let listing = read(answer, "user_1/", None, 1000).unwrap();
        assert_eq!((listing.unnamed.len(), listing.foreign), (1, 1));
    }

    #[test]
    fn what_is_beyond_the_limit_is_in_the_next_page() {
        let keys = ["user_1/a", "user_1/b"];
        let listing = read(answer(&keys, false), "user_1/", None, 1).unwrap();
        assert_eq!(listing.objects.len(), 1);
        assert_eq!(listing.more_after.as_deref(), Some("user_1/a"));
    }

    /// Attack 115.
    #[test]
    fn a_listing_that_does_not_go_on_is_an_error() {
        for (keys, after) in [
            (&[][..], None),
            (&[][..], Some("user_1/a")),
            (&["user_1/a"][..], Some("user_1/a")),
            (&["user_1/b", "user_1/a"][..], None),
            (&["user_2/a"][..], None),
        ] {
            let error = read(answer(keys, true), "user_1/", after, 1000).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{keys:?}");
        }
    }

    #[test]
    fn encoded_keys_are_decoded_once() {
        assert_eq!(decoded("a+b%2Bc%2525", Some(&EncodingType::Url)), b"a b+c%25");
        assert_eq!(decoded("a+b%2Bc%2525", None), b"a+b%2Bc%2525");
    }
}

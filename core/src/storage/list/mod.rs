//! Listing a scope, page by page.

mod cursor;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, Object};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use percent_encoding::percent_decode_str;

use crate::storage::file::{self, StoredFile};
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// The most files of a page, which S3 sets.
pub const MAX_PAGE_FILES: u32 = 1000;

/// How many files are asked for at a time when their metadata are wanted.
const PARALLEL_HEADS: usize = 8;

/// What is to be listed. The default is the first 1,000 files of the scope.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListOptions {
    /// Only files of this kind. Defaults to all.
    pub kind: Option<String>,
    /// The most files of the page, 1 to 1000. Defaults to 1000.
    pub limit: u32,
    /// Where to go on: [`Page::next_cursor`] of the page before, with the same kind. Defaults to the
    /// beginning.
    pub cursor: Option<String>,
    /// Whether content types and user metadata are wanted, which takes one more call for each file.
    /// Defaults to false.
    pub with_metadata: bool,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { kind: None, limit: MAX_PAGE_FILES, cursor: None, with_metadata: false }
    }
}

/// Some files of a scope, in the order of the bytes of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The files.
    pub items: Vec<StoredFile>,
    /// Where the next page begins, when there is more.
    pub next_cursor: Option<String>,
    /// How many objects were left out because their keys cannot be read: those of folders that
    /// consoles make, of other tools.
    pub skipped: u64,
}

impl UserStorage {
    /// Lists files of the scope. A page may hold fewer than its limit, even none, and yet have a
    /// next one. With metadata it has a tenth of a second more for each file.
    ///
    /// # Errors
    /// `invalid-kind`; `invalid-request` when the limit is not 1 to 1000; `invalid-cursor` when the
    /// cursor is not of such a listing; what [`UserStorage`] says.
    pub async fn list(&self, options: ListOptions) -> Result<Page> {
        let prefix = self.scope.list_prefix(options.kind.as_deref())?;
        if !(1..=MAX_PAGE_FILES).contains(&options.limit) {
            return Err(Error::new(ErrorKind::InvalidRequest, "a page has 1 to 1000 files")
                .with_limit(MAX_PAGE_FILES.into(), options.limit.into()));
        }
        let after = match &options.cursor {
            Some(cursor) => Some(cursor::decode(self.scope.prefix(), &prefix, cursor)?),
            None => None,
        };
        let answer =
            self.s3.in_time(self.list_objects(&prefix, after.as_deref(), options.limit)).await?;
        self.s3.note_bucket();
        let mut page = self.page(&answer, &prefix, after.as_deref())?;
        if options.with_metadata {
            let end = self.s3.end_of_many(page.items.len());
            page.items = self.s3.until(end, self.with_metadata(page.items)).await?;
        }
        Ok(page)
    }

    async fn list_objects(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ListObjectsV2Output> {
        self.s3
            .client()
            .await?
            .list_objects_v2()
            .bucket(&self.s3.config.bucket)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .max_keys(i32::try_from(limit).unwrap_or(i32::MAX))
            // Keys may hold characters that XML cannot.
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))
    }

    /// Reads the store's answer, and believes of it only what can be: keys of this listing, in
    /// order, behind the cursor.
    fn page(
        &self,
        answer: &ListObjectsV2Output,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Page> {
        let truncated = answer.is_truncated().ok_or_else(failure::unreadable)?;
        let listed_count = answer.contents().len();
        if answer.key_count().is_some_and(|count| usize::try_from(count) != Ok(listed_count)) {
            return Err(failure::unreadable());
        }
        let mut page = Page::default();
        let mut last = after.map(str::to_owned);
        for object in answer.contents() {
            let Some(key) = object_key(object, answer.encoding_type()) else {
                page.skipped += 1;
                continue;
            };
            if !key.starts_with(prefix) {
                page.skipped += 1;
                continue;
            }
            if last.as_ref().is_some_and(|last| key <= *last) {
                return Err(failure::unavailable("the store does not list in order"));
            }
            match self.listed(&key) {
                Some(own) => page.items.push(listed(&own, object)),
                None => page.skipped += 1,
            }
            last = Some(key);
        }
        if truncated {
            let progress = last.filter(|last| Some(last.as_str()) != after).ok_or_else(|| {
                failure::unavailable("the store says that there is more, but lists nothing")
            })?;
            page.next_cursor = cursor::encode(self.scope.prefix(), &progress);
        }
        Ok(page)
    }

    /// Asks for each file, several at a time; what has been deleted meanwhile is left out.
    async fn with_metadata(&self, items: Vec<StoredFile>) -> Result<Vec<StoredFile>> {
        let heads = items.into_iter().map(|item| async move {
            match self.metadata(&item.key).await {
                Ok(item) => Ok(Some(item)),
                Err(error) if error.kind() == ErrorKind::FileNotFound => Ok(None),
                Err(error) => Err(error),
            }
        });
        stream::iter(heads)
            .buffered(PARALLEL_HEADS)
            .try_filter_map(|item| async { Ok(item) })
            .try_collect()
            .await
    }
}

fn listed(key: &OwnKey, object: &Object) -> StoredFile {
    StoredFile {
        etag: file::etag(object.e_tag()),
        last_modified: file::time(object.last_modified()),
        storage_class: object.storage_class().map(|class| class.as_str().to_owned()),
        ..key.file(file::size(object.size()))
    }
}

/// The key of a listed object, in the form-encoding that was asked for if the store followed.
fn object_key(object: &Object, encoding: Option<&EncodingType>) -> Option<String> {
    let key = object.key()?;
    match encoding {
        Some(EncodingType::Url) => {
            let spaced = key.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8().ok().map(|key| key.into_owned())
        }
        _ => Some(key.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::access::Policy;
    use crate::storage::{Scope, Storage, StorageConfig};

    fn storage() -> UserStorage {
        Storage::new(StorageConfig::new("bucket", None)).unwrap().scoped(
            Scope::new("1").unwrap(),
            None,
            Arc::new(Policy::builtin()),
        )
    }

    fn answer(keys: &[&str], truncated: bool) -> ListObjectsV2Output {
        let mut answer = ListObjectsV2Output::builder().is_truncated(truncated);
        for key in keys {
            answer = answer.contents(Object::builder().key(*key).size(1).build());
        }
        answer.build()
    }

    /// Attack 64.
    #[test]
    fn foreign_and_unreadable_keys_are_never_passed_on() {
        let keys = ["user_1//a", "user_1/a/../b", "user_1/b", "user_10/c", "user_2/d", "x"];
        let page = storage().page(&answer(&keys, false), "user_1/", None).unwrap();
        assert_eq!(page.items.iter().map(|f| f.key.as_str()).collect::<Vec<_>>(), ["user_1/b"]);
        assert_eq!(page.skipped, 5);
        assert_eq!(page.next_cursor, None);
    }

    #[test]
    fn a_page_of_unreadable_keys_has_a_next_one() {
        let page = storage().page(&answer(&["user_1//a"], true), "user_1/", None).unwrap();
        let cursor = page.next_cursor.unwrap();
        assert_eq!(cursor::decode("user_1/", "user_1/", &cursor).unwrap(), "user_1//a");
    }

    /// Attack 115.
    #[test]
    fn a_listing_that_does_not_go_on_is_an_error() {
        let storage = storage();
        for (keys, after) in [
            (&[][..], None),
            (&[][..], Some("user_1/a")),
            (&["user_1/a"][..], Some("user_1/a")),
            (&["user_1/b", "user_1/a"][..], None),
            (&["user_2/a"][..], None),
        ] {
            let error = storage.page(&answer(keys, true), "user_1/", after).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{keys:?}");
        }
    }

    #[test]
    fn encoded_keys_are_decoded_once() {
        let object = Object::builder().key("user_1/a+b%2Bc%2525").build();
        let key = object_key(&object, Some(&EncodingType::Url));
        assert_eq!(key.as_deref(), Some("user_1/a b+c%25"));
        let key = object_key(&object, None);
        assert_eq!(key.as_deref(), Some("user_1/a+b%2Bc%2525"));
    }
}

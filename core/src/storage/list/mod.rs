//! Listing a scope: page by page, as a stream, the newest.

mod all;
mod cursor;
pub(in crate::storage) mod listing;
mod newest;
mod search;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

pub use self::all::FileList;
use self::listing::{Listing, stored_file};
pub use self::newest::MAX_NEWEST_FILES;
use self::search::Search;
use crate::storage::file::StoredFile;
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

/// The most files of a page, which S3 sets.
pub const MAX_PAGE_FILES: u32 = 1000;

/// The longest text to search for, in bytes: the longest filename in its longest written form.
const MAX_SEARCH_BYTES: usize = 1024;

/// How many files are asked for at a time when their metadata are wanted.
const PARALLEL_HEADS: usize = 8;

/// What is to be listed. The default is the first 1,000 files of the scope.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListOptions {
    /// Only files of this kind. Defaults to all.
    pub kind: Option<String>,
    /// Only files whose filename contains this, whatever the case and however accents are written;
    /// no pattern. S3 cannot search: everything is listed, and what does not match left out.
    /// Defaults to all.
    pub search: Option<String>,
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
        Self { kind: None, search: None, limit: MAX_PAGE_FILES, cursor: None, with_metadata: false }
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
    /// consoles make, of other tools. What a search leaves out is not counted.
    pub skipped: u64,
}

impl UserStorage {
    /// Lists files of the scope. A page may hold fewer than its limit, even none, and yet have a
    /// next one. With metadata it has a tenth of a second more for each file.
    ///
    /// A cursor is the last key of its page: it stays good while files come and go, before it and
    /// behind it.
    ///
    /// # Errors
    /// `invalid-kind`; `invalid-request` when the limit is not 1 to 1000 or the search is longer
    /// than 1,024 bytes; `invalid-cursor` when the cursor is not of such a listing; what
    /// [`UserStorage`] says.
    pub async fn list(&self, options: ListOptions) -> Result<Page> {
        let query = self.query(&options)?;
        self.page(&query, options.cursor.as_deref()).await
    }

    /// Checks what is asked for.
    fn query(&self, options: &ListOptions) -> Result<Query> {
        let prefix = self.scope.list_prefix(options.kind.as_deref())?;
        if !(1..=MAX_PAGE_FILES).contains(&options.limit) {
            return Err(Error::new(ErrorKind::InvalidRequest, "a page has 1 to 1000 files")
                .with_limit(MAX_PAGE_FILES.into(), options.limit.into()));
        }
        if let Some(search) = options.search.as_ref().filter(|it| it.len() > MAX_SEARCH_BYTES) {
            return Err(Error::new(ErrorKind::InvalidRequest, "a search has 1,024 bytes at most")
                .with_count(MAX_SEARCH_BYTES, search.len()));
        }
        Ok(Query {
            prefix,
            search: options.search.as_deref().map(Search::new),
            limit: options.limit,
            with_metadata: options.with_metadata,
        })
    }

    async fn page(&self, query: &Query, cursor: Option<&str>) -> Result<Page> {
        let after = match cursor {
            Some(cursor) => Some(cursor::decode(self.scope.prefix(), &query.prefix, cursor)?),
            None => None,
        };
        let listing = self.s3.list(&query.prefix, after.as_deref(), query.limit);
        let mut page = self.readable(self.s3.in_time(listing).await?, query.search.as_ref());
        if query.with_metadata {
            let end = self.s3.end_of_many(page.items.len());
            page.items = self.s3.until(end, self.with_metadata(page.items)).await?;
        }
        Ok(page)
    }

    /// The files of a listing that can be read and are searched for.
    fn readable(&self, listing: Listing, search: Option<&Search>) -> Page {
        let mut page = Page {
            skipped: listing.foreign + listing.unnamed.len() as u64,
            next_cursor: listing
                .more_after
                .and_then(|key| cursor::encode(self.scope.prefix(), &key)),
            ..Page::default()
        };
        for (key, object) in &listing.objects {
            match self.listed(key) {
                Some(own) if search.is_none_or(|search| search.finds(own.filename())) => {
                    page.items.push(stored_file(&own, object));
                }
                Some(_) => {}
                None => page.skipped += 1,
            }
        }
        page
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

/// What is to be listed, checked.
#[derive(Clone, Debug)]
struct Query {
    prefix: String,
    search: Option<Search>,
    limit: u32,
    with_metadata: bool,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_sdk_s3::types::Object;

    use super::*;
    use crate::access::Policy;
    use crate::storage::{Scope, Storage, StorageConfig};

    fn page(keys: &[&str], more_after: Option<&str>, search: Option<&str>) -> Page {
        let storage = Storage::new(StorageConfig::new("bucket", None)).unwrap().scoped(
            Scope::new("1").unwrap(),
            None,
            Arc::new(Policy::builtin()),
        );
        let objects =
            keys.iter().map(|key| ((*key).to_owned(), Object::builder().build())).collect();
        let more_after = more_after.map(str::to_owned);
        let listing = Listing { objects, foreign: 2, more_after, ..Listing::default() };
        storage.readable(listing, search.map(Search::new).as_ref())
    }

    fn keys(page: &Page) -> Vec<&str> {
        page.items.iter().map(|item| item.key.as_str()).collect()
    }

    /// Attack 64.
    #[test]
    fn what_cannot_be_read_is_never_passed_on() {
        let listed = ["user_1//a", "user_1/a/../b", "user_1/b", "user_10/c"];
        let page = page(&listed, None, None);
        assert_eq!(keys(&page), ["user_1/b"]);
        assert_eq!((page.skipped, page.next_cursor), (5, None));
    }

    #[test]
    fn a_page_of_unreadable_keys_has_a_next_one() {
        let page = page(&["user_1//a"], Some("user_1//a"), None);
        let cursor = page.next_cursor.unwrap();
        assert_eq!(cursor::decode("user_1/", "user_1/", &cursor).unwrap(), "user_1//a");
    }

    #[test]
    fn a_search_looks_at_names_only() {
        let page = page(&["user_1/books/a.pdf", "user_1/books/book.pdf"], None, Some("BOOK"));
        assert_eq!(keys(&page), ["user_1/books/book.pdf"]);
        assert_eq!(page.skipped, 2);
    }
}

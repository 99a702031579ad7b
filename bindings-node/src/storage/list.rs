//! Listings.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use casier::storage::{self, ListOptions};
use futures_util::stream;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::read::iterator_result;
use super::{SIGNAL, UserStorage};
use crate::call::{later, now, soon};
use crate::convert::{Js, count, text_if_given, to_f64};
use crate::error::Outcome;
use crate::file::{Page, StoredFile};
use crate::flow::Flow;
use crate::options::Options;

#[napi]
impl UserStorage {
    /// Lists files of the scope, in the order of their keys.
    ///
    /// A page may hold fewer files than its limit, even none, and yet have a next one: go on until
    /// `nextCursor` is null. `listAll` does.
    ///
    /// @param kind Only files of this kind. Defaults to all.
    /// @throws {CasierError} `invalid-kind`, `invalid-cursor`; `invalid-request` for the limit.
    #[napi(
        ts_args_type = "kind?: string | null, options?: ListOptions",
        ts_return_type = "Promise<Page>"
    )]
    pub fn list(&self, env: Env, kind: Unknown<'_>, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &LIST)?;
            let options = list_options(kind, &given)?;
            Ok((given.signal()?, async move { files.list(options).await }))
        };
        later(&env, begin, Page::new)
    }

    /// Every file of the scope, or of a kind, in the order of their keys, one page in memory at a
    /// time:
    ///
    /// ```js
    /// for await (const file of files.listAll('image')) show(file)
    /// ```
    ///
    /// Nothing is sent before the first file is asked for.
    ///
    /// @param kind Only files of this kind. Defaults to all.
    /// @param options As for `list`; `limit` is of a page.
    /// @throws {CasierError} While it is iterated: what `list` throws.
    #[napi(ts_args_type = "kind?: string | null, options?: ListOptions")]
    pub fn list_all(
        &self,
        env: Env,
        kind: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<FileList> {
        now(&env, || {
            let given = Options::new(options, &LIST)?;
            given.signal()?;
            Ok(FileList::new(self.0.list_all(list_options(kind, &given)?)))
        })
    }

    /// The files that were stored last, the newest first. The whole scope, or kind, is listed for
    /// it.
    ///
    /// @param count How many, 1 to 1000.
    /// @param kind Only files of this kind. Defaults to all.
    /// @throws {CasierError} `invalid-kind`; `invalid-request` for the count.
    #[napi(
        ts_args_type = "count: number | bigint, kind?: string | null, options?: CallOptions",
        ts_return_type = "Promise<Array<StoredFile>>"
    )]
    pub fn newest(
        &self,
        env: Env,
        count: Unknown<'_>,
        kind: Unknown<'_>,
        options: Unknown<'_>,
    ) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let count = usize::try_from(self::count(count, "count")?).unwrap_or(usize::MAX);
            let (kind, signal) = (text_if_given(kind, "kind")?, Options::signal_of(options)?);
            Ok((signal, async move { files.newest(count, kind.as_deref()).await }))
        };
        later(&env, begin, StoredFile::all)
    }
}

/// Files one after the other: an async iterable. Leaving a loop over it ends the listing.
#[napi]
pub struct FileList {
    files: Flow<storage::StoredFile>,
    skipped: Arc<AtomicU64>,
}

impl FileList {
    fn new(list: storage::FileList) -> Self {
        let skipped = Arc::<AtomicU64>::default();
        let files = stream::unfold((list, Arc::clone(&skipped)), async |(mut list, skipped)| {
            let next = list.next().await;
            skipped.store(list.skipped(), Ordering::Relaxed);
            Some((next?, (list, skipped)))
        });
        Self { files: Flow::new(files), skipped }
    }
}

#[napi]
impl FileList {
    /// How many objects have been left out so far because their keys cannot be read.
    #[napi(getter)]
    pub fn skipped(&self) -> f64 {
        to_f64(self.skipped.load(Ordering::Relaxed))
    }

    /// The next file.
    #[napi(ts_args_type = "", ts_return_type = "Promise<IteratorResult<StoredFile, undefined>>")]
    pub fn next(&self, env: Env, options: Unknown<'_>) -> napi::Result<Js> {
        // Files of a page that has come are given here and now.
        let begin = || Ok((Options::signal_of(options)?, self.files.next()));
        soon(&env, begin, |env, file| {
            iterator_result(env, file.map(|file| StoredFile::new(env, file)).transpose()?)
        })
    }

    /// Ends the listing.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close(&self, env: Env) -> napi::Result<Js> {
        soon(&env, || Ok((None, self.files.close())), |_, ()| Ok(()))
    }
}

impl fmt::Debug for FileList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileList").field("skipped", &self.skipped).finish_non_exhaustive()
    }
}

const LIST: [&str; 5] = ["search", "limit", "cursor", "withMetadata", SIGNAL];

fn list_options(kind: Unknown<'_>, given: &Options<'_>) -> Outcome<ListOptions> {
    let mut options = ListOptions::default();
    options.kind = text_if_given(kind, "kind")?;
    options.search = given.text("search")?;
    let limit = given.count("limit")?;
    options.limit = limit.map_or(options.limit, |limit| limit.try_into().unwrap_or(u32::MAX));
    options.cursor = given.text("cursor")?;
    options.with_metadata = given.flag("withMetadata")?.unwrap_or_default();
    Ok(options)
}

//! A whole scope as a stream.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::Stream;

use super::{ListOptions, Page, Query};
use crate::Result;
use crate::storage::file::StoredFile;
use crate::storage::user_storage::UserStorage;

impl UserStorage {
    /// Lists every file of the scope, or of a kind, in the order of the bytes of their keys. One
    /// page is held in memory, of [`ListOptions::limit`] files; [`ListOptions::cursor`] says where
    /// to begin. Nothing is sent before the first file is asked for, and each page has the time of
    /// one [`list`](Self::list).
    ///
    /// What comes or goes meanwhile, behind the place that has been reached, is seen; all else that
    /// is there from the beginning to the end comes exactly once.
    ///
    /// # Errors
    /// The list gives those of [`list`](Self::list), and ends behind the first.
    pub fn list_all(&self, options: ListOptions) -> FileList {
        let state = match self.query(&options) {
            Ok(query) => State::Between { query, cursor: options.cursor },
            Err(error) => State::Refused(error),
        };
        FileList { files: self.clone(), page: VecDeque::new(), skipped: 0, state }
    }
}

/// Files one after the other, from [`UserStorage::list_all`]. Dropping it ends the listing.
#[must_use = "nothing is listed before it is asked"]
pub struct FileList {
    files: UserStorage,
    page: VecDeque<StoredFile>,
    skipped: u64,
    state: State,
}

enum State {
    /// Before a page.
    Between {
        query: Query,
        cursor: Option<String>,
    },
    /// While a page is on its way.
    Waiting(BoxFuture<'static, (Query, Result<Page>)>),
    /// What was asked for cannot be listed.
    Refused(crate::Error),
    Over,
}

impl FileList {
    /// The next file; none behind the last, or behind an error. When the future is dropped, nothing
    /// is lost: the next call goes on.
    pub async fn next(&mut self) -> Option<Result<StoredFile>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// How many objects have been left out so far because their keys cannot be read.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }
}

impl Stream for FileList {
    type Item = Result<StoredFile>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<StoredFile>>> {
        loop {
            if let Some(file) = self.page.pop_front() {
                return Poll::Ready(Some(Ok(file)));
            }
            self.state = match mem::replace(&mut self.state, State::Over) {
                State::Between { query, cursor } => {
                    let files = self.files.clone();
                    State::Waiting(Box::pin(async move {
                        let page = files.page(&query, cursor.as_deref()).await;
                        (query, page)
                    }))
                }
                State::Waiting(mut waiting) => match waiting.as_mut().poll(context) {
                    Poll::Pending => {
                        self.state = State::Waiting(waiting);
                        return Poll::Pending;
                    }
                    Poll::Ready((_, Err(error))) => State::Refused(error),
                    Poll::Ready((query, Ok(page))) => {
                        self.page = page.items.into();
                        self.skipped += page.skipped;
                        match page.next_cursor {
                            Some(cursor) => State::Between { query, cursor: Some(cursor) },
                            None => State::Over,
                        }
                    }
                },
                State::Refused(error) => return Poll::Ready(Some(Err(error))),
                State::Over if self.page.is_empty() => return Poll::Ready(None),
                State::Over => State::Over,
            };
        }
    }
}

impl fmt::Debug for FileList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileList").field("scope", self.files.scope()).finish_non_exhaustive()
    }
}

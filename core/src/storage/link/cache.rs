//! Links that are handed out again.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use quick_cache::sync::Cache;

use super::read::{AnsweredHeaders, Link};
use crate::storage::sign::Signer;

/// How many links are remembered; each takes about a kilobyte.
const MAX_LINKS: usize = 10_000;

/// The links of a bucket that may be handed out again. Those that have not been asked for the
/// longest make room for others.
pub(in crate::storage) struct LinkCache(Cache<Asked, Given>);

/// What a link was asked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) key: String,
    pub(super) headers: AnsweredHeaders,
    pub(super) seconds: u64,
}

#[derive(Clone)]
struct Given {
    link: Link,
    begin: SystemTime,
    signer: Arc<Signer>,
}

impl Default for LinkCache {
    fn default() -> Self {
        Self(Cache::new(MAX_LINKS))
    }
}

impl LinkCache {
    /// An earlier link by the same signer of which at least three quarters are left at `now`, with
    /// the life that it still has.
    pub(super) fn find(
        &self,
        asked: &Asked,
        signer: &Arc<Signer>,
        now: SystemTime,
    ) -> Option<Link> {
        let Given { mut link, begin, signer: by } = self.0.get(asked)?;
        let left = link.expires_at.duration_since(now).ok()?;
        let is_fresh = begin <= now && left.as_millis() * 4 >= u128::from(link.expires_in) * 3000;
        link.expires_in = left.as_secs();
        (is_fresh && Arc::ptr_eq(&by, signer)).then_some(link)
    }

    pub(super) fn keep(&self, asked: Asked, signer: &Arc<Signer>, link: &Link, begin: SystemTime) {
        self.0.insert(asked, Given { link: link.clone(), begin, signer: Arc::clone(signer) });
    }
}

impl fmt::Debug for LinkCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkCache").field("links", &self.0.len()).finish()
    }
}

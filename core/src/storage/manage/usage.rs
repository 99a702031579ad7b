//! How much is stored.

use std::collections::BTreeMap;

use crate::Result;
use crate::storage::file;
use crate::storage::keys::kind_of_folder;
use crate::storage::list::MAX_PAGE_FILES;
use crate::storage::user_storage::UserStorage;

/// What a scope holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// How many objects, those of other tools included.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The same for each kind; what lies in no kind's folder is in the totals only.
    pub by_kind: BTreeMap<String, KindUsage>,
}

/// What a scope holds of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindUsage {
    /// How many objects.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl UserStorage {
    /// Counts what the scope holds, by listing it: one call for each 1,000 objects, each with a
    /// deadline of its own. Everything counts, also objects whose keys cannot be read; older
    /// versions and unfinished uploads do not, though the store may charge for them.
    ///
    /// # Errors
    /// What [`UserStorage`] says.
    pub async fn usage(&self) -> Result<Usage> {
        let prefix = self.scope.prefix();
        let mut usage = Usage::default();
        self.each_object(|key, bytes| usage.count(key.strip_prefix(prefix).unwrap_or(key), bytes))
            .await?;
        Ok(usage)
    }

    /// Tells the key and the size of every object in the scope; the key is empty where it is no
    /// text.
    pub(in crate::storage) async fn each_object(
        &self,
        mut tell: impl FnMut(&str, u64) + Send,
    ) -> Result<()> {
        let mut after: Option<String> = None;
        loop {
            let listing = self.s3.list(self.scope.prefix(), after.as_deref(), MAX_PAGE_FILES);
            let listing = self.s3.in_time(listing).await?;
            for (key, object) in &listing.objects {
                tell(key, file::size(object.size()));
            }
            for object in &listing.unnamed {
                tell("", file::size(object.size()));
            }
            match listing.more_after {
                Some(key) => after = Some(key),
                None => return Ok(()),
            }
        }
    }
}

impl Usage {
    /// Counts an object by its key without the scope's prefix.
    fn count(&mut self, relative: &str, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        let folder = relative.split_once('/').map_or("", |(folder, _)| folder);
        if let Some(kind) = kind_of_folder(folder) {
            let of_kind = self.by_kind.entry(kind.to_owned()).or_default();
            of_kind.files += 1;
            of_kind.bytes = of_kind.bytes.saturating_add(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_is_the_kind() {
        let mut usage = Usage::default();
        for (relative, bytes) in [
            ("books/a", 1),
            ("books/2024/b", 2),
            ("books/", 0),
            ("books//c", 4),
            ("Misc/d", 8),
            ("e", 16),
            ("", 32),
            ("images/f", 64),
        ] {
            usage.count(relative, bytes);
        }
        assert_eq!((usage.files, usage.bytes), (8, 127));
        let by_kind: Vec<_> = usage.by_kind.iter().map(|(k, u)| (&**k, u.files, u.bytes)).collect();
        assert_eq!(by_kind, [("book", 4, 7), ("image", 1, 64)]);
    }
}

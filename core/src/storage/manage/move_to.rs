//! Moving and renaming inside a scope: a copy, and then the original goes.

use super::copy::{CopyOptions, Plan};
use crate::storage::content::user_metadata;
use crate::storage::file::StoredFile;
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

impl UserStorage {
    /// Moves a file inside the scope. S3 cannot move: the file is [copied](Self::copy), and its
    /// original deleted once the copy is there for sure, if it is still what was copied. A file that
    /// is moved onto itself stays. What the tier stores in all is not asked: there is no more
    /// afterwards.
    ///
    /// A store that knows conditional deletes (AWS) never loses an original that was replaced in
    /// between. On others there is a gap: whoever replaces the file between the last look at it and
    /// the deletion, one request later, loses what they stored.
    ///
    /// # Errors
    /// Those of [`copy`](Self::copy). When the copy is there and the original cannot be deleted,
    /// there are two files, and the error says so; it is `conflict` when the original was replaced
    /// meanwhile. The same when the call is given up between the two.
    pub async fn move_to(&self, key: &str, options: CopyOptions) -> Result<StoredFile> {
        let plan = self.plan_copy(key, options).await?;
        let moved = self.carry_out(&plan).await?;
        if plan.source.as_str() == plan.target.as_str() {
            return Ok(moved);
        }
        match self.remove_original(&plan).await {
            Ok(()) => Ok(moved),
            Err(error) => {
                let why = format!(
                    "the file is copied to `{}`, but its original is not deleted: {}",
                    moved.key.escape_debug(),
                    error.message()
                );
                Err(Error::new(error.kind(), why).with_details(error.details().clone()))
            }
        }
    }

    /// Gives a file another name, in the folder of its kind. `overwrite` says whether a file that
    /// has the name is replaced; if not, it is `file-exists`.
    ///
    /// # Errors
    /// As [`move_to`](Self::move_to).
    pub async fn rename(&self, key: &str, filename: &str, overwrite: bool) -> Result<StoredFile> {
        let filename = Some(filename.to_owned());
        self.move_to(key, CopyOptions { filename, overwrite, ..CopyOptions::default() }).await
    }

    async fn remove_original(&self, plan: &Plan) -> Result<()> {
        let key = plan.source.as_str();
        let found = match self.s3.in_time(self.s3.head(&plan.source)).await {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::FileNotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mark = user_metadata::mark(found.metadata());
        if mark.is_some() && mark == plan.mark.as_ref() {
            // A store to which both names are one, such as one on a disk that ignores case.
            return Ok(());
        }
        let original = &plan.original;
        if found.e_tag() != original.e_tag() || found.last_modified() != original.last_modified() {
            return Err(replaced());
        }
        let delete = |if_match| self.s3.in_time(self.s3.delete_object(key, None, if_match));
        match delete(original.e_tag()).await {
            Err(error) if error.kind() == ErrorKind::PreconditionFailed => Err(replaced()),
            Err(error) if error.kind() == ErrorKind::StorageUnsupported => delete(None).await,
            deleted => deleted,
        }
    }
}

fn replaced() -> Error {
    Error::new(ErrorKind::Conflict, "it was replaced meanwhile")
}

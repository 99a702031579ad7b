//! Emptying a scope.

use std::collections::HashSet;

use super::delete::Deletion;
use super::delete_batch::Target;
use super::remains::{Form, Place, Remain};
use crate::storage::keys::INCOMING;
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

/// How often the scope is gone through until nothing more is found. The second time is the proof.
const PASSES: u32 = 10;

/// What [`UserStorage::delete_all`] has deleted.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Receipt {
    /// How many files: the current versions.
    pub files: u64,
    /// How many older versions.
    pub versions: u64,
    /// How many delete markers.
    pub delete_markers: u64,
    /// How many unfinished uploads, those included that waited to replace a file.
    pub uploads: u64,
    /// The bytes of the files and the older versions.
    pub bytes: u64,
    /// What is still there, and why; empty when all is gone. A key stands in it once for each
    /// version and each unfinished upload.
    pub failed: Vec<Deletion>,
}

impl UserStorage {
    /// Deletes everything in the scope: files, also those whose keys cannot be read, byte for byte;
    /// all their versions and delete markers; unfinished uploads. Goes through the scope until
    /// nothing more is found, ten times at most; what is written meanwhile may stay, and the receipt
    /// says so (under the scope's prefix, `conflict`) if it kept coming. Each page of 1,000 has its
    /// own deadline, as [`delete_many`](Self::delete_many) does.
    ///
    /// Safe to call again, after an error too: what is gone is gone, and the next call goes on.
    ///
    /// On AWS it needs `s3:ListBucketVersions`, `s3:DeleteObjectVersion`,
    /// `s3:ListBucketMultipartUploads` and `s3:AbortMultipartUpload` beside the usual rights. On a
    /// store that lists no versions the objects are deleted, and uploads where it lists them.
    ///
    /// # Errors
    /// What [`UserStorage`] says, when the scope cannot be listed or a request to delete is refused
    /// as a whole. What only single objects answer is in the receipt.
    pub async fn delete_all(&self) -> Result<Receipt> {
        let mut receipt = Receipt::default();
        for _ in 0..PASSES {
            let before = receipt.count();
            receipt.failed.clear();
            // Uploads first: one that is completed afterwards would be a new file.
            for prefix in [self.scope.prefix(), &self.scope.incoming_prefix()] {
                self.abort_all(prefix, &mut receipt).await?;
            }
            for prefix in [&self.scope.incoming_prefix(), self.scope.prefix()] {
                self.delete_everything(prefix, &mut receipt).await?;
            }
            if receipt.count() == before {
                return Ok(receipt);
            }
        }
        let error = Error::new(ErrorKind::Conflict, "files are being written all the while");
        let key = self.scope.prefix().to_owned();
        receipt.failed.push(Deletion { key, error: Some(error) });
        Ok(receipt)
    }

    /// Deletes all versions, and then the objects that are left: all of them where the store lists no
    /// versions, and on MinIO those whose keys end in a slash.
    async fn delete_everything(&self, prefix: &str, receipt: &mut Receipt) -> Result<()> {
        let mut place = Place::default();
        while !place.is_over {
            match self.s3.in_time(self.s3.versions(prefix, &mut place)).await {
                Err(error) if error.kind() == ErrorKind::StorageUnsupported => break,
                page => self.delete_page(page?, receipt).await?,
            }
        }
        // Without a version, what cannot be deleted would only be hidden.
        let stays: HashSet<String> = receipt.failed.iter().map(|it| it.key.clone()).collect();
        let mut place = Place::default();
        while !place.is_over {
            let mut page = self.s3.in_time(self.s3.objects(prefix, &mut place)).await?;
            page.retain(|remain| !stays.contains(&remain.target.key));
            self.delete_page(page, receipt).await?;
        }
        Ok(())
    }

    async fn delete_page(&self, page: Vec<Remain>, receipt: &mut Receipt) -> Result<()> {
        if page.is_empty() {
            return Ok(());
        }
        let targets: Vec<Target> = page.iter().map(|remain| remain.target.clone()).collect();
        let outcomes = self.s3.delete_batch(&targets).await?;
        page.into_iter().zip(outcomes).for_each(|(it, error)| receipt.note(it, error));
        Ok(())
    }

    async fn abort_all(&self, prefix: &str, receipt: &mut Receipt) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.s3.open_uploads(prefix, after.as_ref());
            let page = match self.s3.in_time(page).await {
                Err(error) if error.kind() == ErrorKind::StorageUnsupported => return Ok(()),
                page => page?,
            };
            for (key, aborted) in self.s3.abort_all(page.uploads).await {
                match aborted {
                    Ok(aborted) => receipt.uploads += u64::from(aborted),
                    Err(error) => receipt.failed.push(Deletion { key, error: Some(error) }),
                }
            }
            match page.more_after {
                Some(marker) => after = Some(marker),
                None => return Ok(()),
            }
        }
    }
}

impl Receipt {
    /// How much has been deleted, of everything.
    fn count(&self) -> u64 {
        self.files + self.versions + self.delete_markers + self.uploads
    }

    fn note(&mut self, remain: Remain, error: Option<Error>) {
        if error.is_some() {
            self.failed.push(Deletion { key: remain.target.key, error });
            return;
        }
        if remain.target.key.starts_with(INCOMING) {
            self.uploads += 1;
            return;
        }
        self.bytes = self.bytes.saturating_add(remain.size);
        match remain.form {
            Form::File => self.files += 1,
            Form::Version => self.versions += 1,
            Form::DeleteMarker => self.delete_markers += 1,
        }
    }
}

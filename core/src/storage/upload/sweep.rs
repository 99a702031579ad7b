//! Sweeping what crashes left: uploads that nobody can go on with any more, in parts or put together
//! and waiting to replace a file.

use std::time::{Duration, SystemTime};

use crate::Result;
use crate::storage::keys::{INCOMING, is_in_a_scope};
use crate::storage::manage::remains::{Form, Place, Remain};
use crate::storage::s3::S3;
use crate::storage::user_storage::{Storage, UserStorage};

/// What the keys of ours outside of the scopes begin with.
const OUR_OWN: &str = ".casier/";

/// By how much the clocks of a store's machines may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweptUploads {
    /// How many uploads were ended, and what the store held of them deleted.
    pub aborted: u64,
    /// How many are open and may yet be gone on with.
    pub live: u64,
}

impl UserStorage {
    /// Aborts the uploads of this scope that were begun longer ago than
    /// [`StorageConfig::upload_life`](crate::storage::StorageConfig::upload_life), by the store's
    /// own clock: what a crash left, or a client that never came back. What such an upload had put
    /// together to replace a file, and not put in its place, is deleted. One that can yet be gone on
    /// with is never touched.
    ///
    /// This call has no deadline as a whole; each request of it has.
    ///
    /// # Errors
    /// What [`UserStorage`] says; what had been aborted by then is gone.
    pub async fn sweep_uploads(&self) -> Result<SweptUploads> {
        let mut swept = SweptUploads::default();
        let incoming = self.scope.incoming_prefix();
        self.s3.sweep(self.scope.prefix(), |key| self.listed(key).is_some(), &mut swept).await?;
        self.s3.sweep(&incoming, |_| true, &mut swept).await?;
        self.s3.sweep_waiting(&incoming, &mut swept).await?;
        Ok(swept)
    }
}

impl Storage {
    /// [`UserStorage::sweep_uploads`] for all scopes, and for what Casier itself keeps in the bucket
    /// under `.casier/`. The uploads of other tools to other keys are left alone.
    ///
    /// # Errors
    /// As there.
    pub async fn sweep_uploads(&self) -> Result<SweptUploads> {
        // The whole bucket is listed: not every store finds uploads by a part of their keys.
        let is_ours = |key: &str| key.starts_with(OUR_OWN) || is_in_a_scope(key);
        let mut swept = SweptUploads::default();
        self.s3.sweep("", is_ours, &mut swept).await?;
        self.s3.sweep_waiting(INCOMING, &mut swept).await?;
        Ok(swept)
    }
}

impl S3 {
    /// Ends the uploads in parts.
    async fn sweep(
        &self,
        prefix: &str,
        is_ours: impl Fn(&str) -> bool,
        swept: &mut SweptUploads,
    ) -> Result<()> {
        let life = self.config.upload_life;
        let mut after = None;
        loop {
            let page = self.in_time(self.open_uploads(prefix, after.as_ref())).await?;
            let ours = page.uploads.into_iter().filter(|upload| is_ours(&upload.key));
            let (ended, live): (Vec<_>, Vec<_>) =
                ours.partition(|upload| has_ended(upload.initiated, life, page.listed_at));
            swept.live += live.len() as u64;
            for (_, aborted) in self.abort_all(ended).await {
                swept.aborted += u64::from(aborted?);
            }
            match page.more_after {
                Some(marker) => after = Some(marker),
                None => return Ok(()),
            }
        }
    }

    /// Deletes what has been put together, and waits no longer to replace a file.
    async fn sweep_waiting(&self, prefix: &str, swept: &mut SweptUploads) -> Result<()> {
        let life = self.config.upload_life;
        let mut place = Place::default();
        while !place.is_over {
            let page = self.remains(prefix, &mut place).await?;
            let now = place.listed_at;
            let (ended, live): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|remain| has_ended(remain.modified, life, now));
            let waiting = |remains: &[Remain]| {
                remains.iter().filter(|remain| remain.form != Form::DeleteMarker).count() as u64
            };
            swept.live += waiting(&live);
            if ended.is_empty() {
                continue;
            }
            swept.aborted += waiting(&ended);
            let targets: Vec<_> = ended.into_iter().map(|remain| remain.target).collect();
            let outcomes = self.delete_batch(&targets).await?;
            if let Some(error) = outcomes.into_iter().flatten().next() {
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Whether the handle of an upload has ended for sure. It began no later than the store says, and
/// what is not told counts for the upload.
fn has_ended(begun: Option<SystemTime>, life: Duration, now: Option<SystemTime>) -> bool {
    let life = life.saturating_add(CLOCKS_DIFFER);
    let end = begun.and_then(|begun| begun.checked_add(life));
    end.zip(now).is_some_and(|(end, now)| now > end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_ended_for_sure_is_swept() {
        let hours = |hours: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(hours * 3600);
        let ended = |begun, now, life| has_ended(begun, life, now);
        let day = Duration::from_secs(24 * 3600);
        assert!(ended(Some(hours(0)), Some(hours(25)), day));
        assert!(!ended(Some(hours(0)), Some(hours(24)), day));
        assert!(!ended(Some(hours(0)), Some(hours(24) + CLOCKS_DIFFER), day));
        assert!(!ended(Some(hours(30)), Some(hours(25)), day));
        assert!(!ended(None, Some(hours(25)), day));
        assert!(!ended(Some(hours(0)), None, day));
        assert!(!ended(Some(hours(0)), Some(hours(25)), Duration::MAX));
    }
}

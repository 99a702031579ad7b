//! All that the store keeps under a prefix, the hidden included: versions and delete markers. Keys
//! from the store are sent back here and nowhere else but for unfinished uploads, so each is checked,
//! byte for byte, to lie under the prefix.

use std::collections::HashSet;
use std::time::SystemTime;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{EncodingType, Object};

use super::delete_batch::Target;
use crate::storage::file;
use crate::storage::list::MAX_PAGE_FILES;
use crate::storage::list::listing::{decoded, leads_nowhere};
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::s3::{S3, StoreClock};
use crate::{ErrorKind, Result};

/// Something that can be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Remain {
    pub(in crate::storage) target: Target,
    pub(in crate::storage) form: Form,
    pub(in crate::storage) size: u64,
    pub(in crate::storage) modified: Option<SystemTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storage) enum Form {
    /// The current version.
    File,
    /// An older one.
    Version,
    DeleteMarker,
}

/// How far a listing has come.
#[derive(Debug, Default)]
pub(in crate::storage) struct Place {
    pub(in crate::storage) is_over: bool,
    /// When the store listed the last page, by its own clock; none when it does not tell the time.
    pub(in crate::storage) listed_at: Option<SystemTime>,
    /// The store lists no versions.
    without_versions: bool,
    /// The last key, and the last version of it.
    key: Option<String>,
    id: Option<String>,
    /// The versions of this key that pages have ended with.
    ends: HashSet<String>,
}

impl S3 {
    /// The next page of all versions under `prefix`; of the objects, where the store lists no
    /// versions.
    pub(in crate::storage) async fn remains(
        &self,
        prefix: &str,
        place: &mut Place,
    ) -> Result<Vec<Remain>> {
        if !place.without_versions {
            match self.in_time(self.versions(prefix, place)).await {
                Err(error) if error.kind() == ErrorKind::StorageUnsupported => {
                    place.without_versions = true;
                }
                page => return page,
            }
        }
        self.in_time(self.objects(prefix, place)).await
    }

    /// The next page of the objects under `prefix`.
    pub(in crate::storage) async fn objects(
        &self,
        prefix: &str,
        place: &mut Place,
    ) -> Result<Vec<Remain>> {
        let listing = self.list(prefix, place.key.as_deref(), MAX_PAGE_FILES).await?;
        place.is_over = listing.more_after.is_none();
        place.key = listing.more_after;
        place.listed_at = listing.listed_at;
        let file = |(key, object): (String, Object)| Remain {
            target: Target { key, version: None },
            form: Form::File,
            size: file::size(object.size()),
            modified: file::time(object.last_modified()),
        };
        Ok(listing.objects.into_iter().map(file).collect())
    }

    /// The next page of all versions under `prefix`.
    pub(in crate::storage) async fn versions(
        &self,
        prefix: &str,
        place: &mut Place,
    ) -> Result<Vec<Remain>> {
        let clock = StoreClock::default();
        let answer = self
            .client()
            .await?
            .list_object_versions()
            .bucket(&self.config.bucket)
            .prefix(prefix)
            .set_key_marker(place.key.clone())
            .set_version_id_marker(place.id.clone())
            .max_keys(i32::try_from(MAX_PAGE_FILES).unwrap_or(i32::MAX))
            .encoding_type(EncodingType::Url)
            .customize()
            .interceptor(clock.clone())
            .send()
            .await
            .map_err(|error| failure::from_sdk_without_file(&error, OnCondition::Changed))?;
        self.note_bucket();
        place.listed_at = clock.told();
        read_versions(answer, prefix, place)
    }
}

fn read_versions(
    answer: ListObjectVersionsOutput,
    prefix: &str,
    place: &mut Place,
) -> Result<Vec<Remain>> {
    let encoding = answer.encoding_type().cloned();
    let target = |key: Option<&str>, version: Option<String>| {
        Some(Target { key: own(key?, encoding.as_ref(), prefix)?, version })
    };
    let next = answer.next_key_marker().map(|key| decoded(key, encoding.as_ref()));
    let id = answer.next_version_id_marker().map(str::to_owned);
    let truncated = answer.is_truncated();
    let versions = answer.versions.unwrap_or_default().into_iter().filter_map(|version| {
        let form = if version.is_latest == Some(true) { Form::File } else { Form::Version };
        let (size, modified) = (file::size(version.size()), file::time(version.last_modified()));
        let target = target(version.key.as_deref(), version.version_id)?;
        Some(Remain { target, form, size, modified })
    });
    let markers = answer.delete_markers.unwrap_or_default().into_iter().filter_map(|marker| {
        let modified = file::time(marker.last_modified());
        let target = target(marker.key.as_deref(), marker.version_id)?;
        Some(Remain { target, form: Form::DeleteMarker, size: 0, modified })
    });
    let remains = versions.chain(markers).collect();
    place.go_on(truncated, next, id, prefix)?;
    Ok(remains)
}

/// A listed key, if it lies under the prefix.
fn own(listed: &str, encoding: Option<&EncodingType>, prefix: &str) -> Option<String> {
    let key = decoded(listed, encoding);
    key.starts_with(prefix.as_bytes()).then(|| String::from_utf8(key).ok()).flatten()
}

impl Place {
    /// Moves on to where the answer says that more is, if that lies under the prefix and ahead.
    fn go_on(
        &mut self,
        truncated: Option<bool>,
        key: Option<Vec<u8>>,
        id: Option<String>,
        prefix: &str,
    ) -> Result<()> {
        if !truncated.ok_or_else(failure::unreadable)? {
            self.is_over = true;
            return Ok(());
        }
        let key = key.and_then(|key| String::from_utf8(key).ok()).ok_or_else(leads_nowhere)?;
        let goes_on = match self.key.as_ref().map(|last| key.cmp(last)) {
            _ if !key.starts_with(prefix) => false,
            None | Some(std::cmp::Ordering::Greater) => {
                self.ends.clear();
                true
            }
            Some(std::cmp::Ordering::Equal) => {
                id.as_ref().is_some_and(|id| !self.ends.contains(id))
            }
            Some(std::cmp::Ordering::Less) => false,
        };
        if !goes_on {
            return Err(leads_nowhere());
        }
        self.ends.extend(id.clone());
        (self.key, self.id) = (Some(key), id);
        Ok(())
    }
}

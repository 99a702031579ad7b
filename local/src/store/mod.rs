//! The ordered store behind the S3 server: an index, and the bytes beside it.
//!
//! Every change of the index is one transaction, so racing writers see each other whole or not at
//! all, and a kill at any moment leaves the state before or after a change, never between.

mod blobs;
mod buckets;
mod error;
mod index;
mod list;
mod objects;
mod record;
mod uploads;
mod version_list;
mod versions;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use redb::{Database, ReadableDatabase, ReadableTable};

pub(crate) use blobs::BlobWriter;
use blobs::Blobs;
pub(crate) use error::{Result, StoreError};
pub(crate) use list::{ListItem, ListQuery};
pub(crate) use objects::{Match, ObjectReader, WriteCondition};
pub(crate) use record::{
    AbortRule, Attributes, BucketRecord, Checksums, CorsRule, NULL, ObjectRecord, PartRecord,
    Segment, Tags, UploadRecord, Version, Versioning,
};
pub(crate) use uploads::{Completion, ListedUpload, NamedPart, UploadsQuery};
pub(crate) use version_list::{ListedVersion, VersionsQuery};
pub(crate) use versions::{Deleted, is_version_id};

/// Buckets, objects and multipart uploads.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    blobs: Arc<Blobs>,
    /// Read while a reader looks an object up and leases its blobs; written while blobs that the
    /// index no longer names are removed. So no reader finds a record whose bytes are gone.
    leasing: RwLock<()>,
}

impl Store {
    /// A store that lives as long as this value.
    pub(crate) fn in_memory() -> Result<Self> {
        Ok(Self {
            database: index::open_memory()?,
            blobs: Arc::new(Blobs::memory()),
            leasing: RwLock::default(),
        })
    }

    /// A store in a folder, which is made when it is not there.
    pub(crate) fn in_folder(path: &Path) -> Result<Self> {
        let blobs = Blobs::folder(path.join("blobs"))?;
        let database = index::open_file(&path.join("index.redb"))?;
        let store = Self { database, blobs: Arc::new(blobs), leasing: RwLock::default() };
        store.blobs.sweep(&store.known_blobs()?)?;
        Ok(store)
    }

    /// Begins to receive bytes, which nobody sees until an object or a part points at them.
    pub(crate) fn writer(&self) -> Result<BlobWriter> {
        Ok(self.blobs.writer()?)
    }

    fn known_blobs(&self) -> Result<HashSet<blobs::BlobId>> {
        let transaction = self.database.begin_read()?;
        let mut known = HashSet::new();
        for entry in transaction.open_table(index::OBJECTS)?.iter()? {
            let (_, value) = entry?;
            let segments: Vec<Segment> = serde_json::from_slice(value.value().1)?;
            known.extend(segments.iter().map(|segment| segment.blob));
        }
        for entry in transaction.open_table(index::VERSIONS)?.iter()? {
            let (_, value) = entry?;
            let segments: Vec<Segment> = serde_json::from_slice(value.value().1)?;
            known.extend(segments.iter().map(|segment| segment.blob));
        }
        for entry in transaction.open_table(index::PARTS)?.iter()? {
            let (_, value) = entry?;
            let part: PartRecord = serde_json::from_slice(value.value())?;
            known.extend(part.segments.iter().map(|segment| segment.blob));
        }
        Ok(known)
    }

    fn remove_blobs(&self, segments: &[Segment]) {
        let _guard = self.leasing.write().unwrap_or_else(PoisonError::into_inner);
        for segment in segments {
            self.blobs.remove(segment.blob);
        }
    }
}

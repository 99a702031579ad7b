//! The ordered index: a redb database in memory, or in a file that survives a kill.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::path::Path;

use redb::backends::{FileBackend, InMemoryBackend};
use redb::{BackendError, Builder, Database, StorageBackend, TableDefinition};

use super::error::Result;

/// (bucket, key)
pub(super) type ObjectKey = (&'static str, &'static [u8]);
/// (bucket, key, age)
pub(super) type VersionKey = (&'static str, &'static [u8], u64);
/// (object record, segments)
pub(super) type ObjectRow = (&'static [u8], &'static [u8]);

/// Bucket to bucket record.
pub(super) const BUCKETS: TableDefinition<&str, &[u8]> = TableDefinition::new("buckets");
/// (bucket, key) to (object record, segments).
pub(super) const OBJECTS: TableDefinition<ObjectKey, ObjectRow> = TableDefinition::new("objects");
/// (bucket, key, upload id) to upload record.
pub(super) const UPLOADS: TableDefinition<(&str, &[u8], &str), &[u8]> =
    TableDefinition::new("uploads");
/// (upload id, part number) to part record.
pub(super) const PARTS: TableDefinition<(&str, u32), &[u8]> = TableDefinition::new("parts");

/// (bucket, key, how old: less is newer) to (object record, segments), of all versions and delete
/// markers but the object that is current, which is in `objects`.
pub(super) const VERSIONS: TableDefinition<VersionKey, ObjectRow> =
    TableDefinition::new("versions");
/// Counts the versions that were made; its only key is empty.
pub(super) const SEQUENCE: TableDefinition<&str, u64> = TableDefinition::new("sequence");

const CACHE_BYTES: usize = 64 << 20;

pub(super) fn open_memory() -> Result<Database> {
    prepared(builder().create_with_backend(InMemoryBackend::new())?)
}

pub(super) fn open_file(path: &Path) -> Result<Database> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    prepared(builder().create_with_backend(UnsyncedFile::new(file)?)?)
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn prepared(database: Database) -> Result<Database> {
    let transaction = database.begin_write()?;
    transaction.open_table(BUCKETS)?;
    transaction.open_table(OBJECTS)?;
    transaction.open_table(UPLOADS)?;
    transaction.open_table(PARTS)?;
    transaction.open_table(VERSIONS)?;
    transaction.open_table(SEQUENCE)?;
    transaction.commit()?;
    Ok(database)
}

/// A database file that never waits for the disk.
///
/// A killed process loses nothing, since the system holds what was written; only a crash of the
/// machine may cost the last writes, which development and tests can bear.
#[derive(Debug)]
struct UnsyncedFile(FileBackend);

impl UnsyncedFile {
    fn new(file: File) -> Result<Self> {
        Ok(Self(FileBackend::new(file)?))
    }
}

impl StorageBackend for UnsyncedFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> std::result::Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn unlock_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> std::result::Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }
}

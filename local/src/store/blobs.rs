//! The bytes of objects and parts: in memory, or one file each in a folder.
//!
//! A blob is written once, never changed, and named by 128 random bits. It is known to nobody
//! until the index points at it, so what a broken upload leaves is only an orphan: dropped with
//! its writer, or swept at the next start after a kill.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

/// The name of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct BlobId(u128);

impl BlobId {
    fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("no random numbers"))?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }

    fn file_name(self) -> String {
        format!("{:032x}", self.0)
    }

    fn from_file_name(name: &str) -> Option<Self> {
        if name.len() != 32 {
            return None;
        }
        u128::from_str_radix(name, 16).ok().map(Self)
    }
}

/// Where the blobs are.
#[derive(Debug)]
pub(crate) enum Blobs {
    Memory(Mutex<HashMap<BlobId, Bytes>>),
    Folder(Folder),
}

/// A folder of blobs, and who reads which of them now.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    in_use: Mutex<HashMap<BlobId, Use>>,
}

#[derive(Debug, Default)]
struct Use {
    readers: usize,
    removed: bool,
}

impl Blobs {
    pub(crate) fn memory() -> Self {
        Self::Memory(Mutex::default())
    }

    pub(crate) fn folder(path: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&path)?;
        Ok(Self::Folder(Folder { path, in_use: Mutex::default() }))
    }

    /// Begins a new blob.
    pub(crate) fn writer(self: &Arc<Self>) -> io::Result<BlobWriter> {
        let id = BlobId::random()?;
        let sink = match &**self {
            Self::Memory(_) => Sink::Memory(BytesMut::new()),
            Self::Folder(folder) => Sink::File(
                fs::OpenOptions::new().write(true).create_new(true).open(folder.file(id))?,
            ),
        };
        Ok(BlobWriter { blobs: Arc::clone(self), id, sink, written: 0, kept: false })
    }

    /// Keeps `ids` readable until the lease is dropped, even when they are removed meanwhile.
    pub(crate) fn lease(self: &Arc<Self>, ids: impl IntoIterator<Item = BlobId>) -> Lease {
        let mut leased = HashMap::new();
        for id in ids {
            let bytes = match &**self {
                Self::Memory(blobs) => lock(blobs).get(&id).cloned(),
                Self::Folder(folder) => {
                    if !leased.contains_key(&id) {
                        lock(&folder.in_use).entry(id).or_default().readers += 1;
                    }
                    None
                }
            };
            leased.insert(id, bytes);
        }
        Lease { blobs: Arc::clone(self), leased }
    }

    /// Removes a blob, at once or when its last reader is done.
    pub(crate) fn remove(&self, id: BlobId) {
        match self {
            Self::Memory(blobs) => {
                lock(blobs).remove(&id);
            }
            Self::Folder(folder) => folder.remove(id),
        }
    }

    /// Removes every blob that is not in `known`.
    pub(crate) fn sweep(&self, known: &HashSet<BlobId>) -> io::Result<()> {
        let Self::Folder(folder) = self else { return Ok(()) };
        for entry in fs::read_dir(&folder.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let id = name.to_str().and_then(BlobId::from_file_name);
            if id.is_some_and(|id| !known.contains(&id)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Folder {
    fn file(&self, id: BlobId) -> PathBuf {
        self.path.join(id.file_name())
    }

    fn remove(&self, id: BlobId) {
        if let Some(used) = lock(&self.in_use).get_mut(&id) {
            used.removed = true;
            return;
        }
        unlink(&self.file(id));
    }

    fn release(&self, id: BlobId) {
        let mut in_use = lock(&self.in_use);
        let Some(used) = in_use.get_mut(&id) else { return };
        used.readers -= 1;
        if used.readers == 0 {
            let removed = used.removed;
            in_use.remove(&id);
            if removed {
                unlink(&self.file(id));
            }
        }
    }
}

/// Receives the bytes of one blob; dropped without [`BlobWriter::keep`], it leaves nothing.
#[derive(Debug)]
pub(crate) struct BlobWriter {
    blobs: Arc<Blobs>,
    id: BlobId,
    sink: Sink,
    written: u64,
    kept: bool,
}

#[derive(Debug)]
enum Sink {
    Memory(BytesMut),
    File(fs::File),
}

impl BlobWriter {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::Memory(buffer) => buffer.extend_from_slice(bytes),
            Sink::File(file) => file.write_all(bytes)?,
        }
        self.written += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn id(&self) -> BlobId {
        self.id
    }

    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Makes the bytes readable; still dropped again with this writer unless it is kept.
    pub(crate) fn seal(&mut self) -> io::Result<()> {
        if let (Sink::Memory(buffer), Blobs::Memory(blobs)) = (&mut self.sink, &*self.blobs) {
            lock(blobs).insert(self.id, std::mem::take(buffer).freeze());
        }
        Ok(())
    }

    /// Leaves the blob to the index, which points at it from now on.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if !self.kept {
            self.blobs.remove(self.id);
        }
    }
}

/// Blobs that stay readable as long as this lives.
#[derive(Debug)]
pub(crate) struct Lease {
    blobs: Arc<Blobs>,
    leased: HashMap<BlobId, Option<Bytes>>,
}

impl Lease {
    /// Reads `length` bytes of a blob from `offset`.
    pub(crate) fn read(&self, id: BlobId, offset: u64, length: usize) -> io::Result<Bytes> {
        match &*self.blobs {
            Blobs::Memory(_) => {
                let bytes = self.leased.get(&id).and_then(Option::as_ref);
                let bytes = bytes.ok_or(io::ErrorKind::NotFound)?;
                let start = usize::try_from(offset).map_err(io::Error::other)?;
                let end = start.saturating_add(length);
                if end > bytes.len() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(bytes.slice(start..end))
            }
            Blobs::Folder(folder) => {
                let mut file = fs::File::open(folder.file(id))?;
                file.seek(SeekFrom::Start(offset))?;
                let mut buffer = vec![0; length];
                file.read_exact(&mut buffer)?;
                Ok(buffer.into())
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Blobs::Folder(folder) = &*self.blobs {
            for id in self.leased.keys() {
                folder.release(*id);
            }
        }
    }
}

fn unlink(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a blob could not be removed; the next start sweeps it");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(blobs: &Arc<Blobs>, bytes: &[u8]) -> BlobId {
        let mut writer = blobs.writer().unwrap();
        writer.write(bytes).unwrap();
        writer.seal().unwrap();
        let id = writer.id();
        writer.keep();
        id
    }

    fn both(test: impl Fn(Arc<Blobs>, Box<dyn Fn() -> usize>)) {
        let memory = Arc::new(Blobs::memory());
        let counted = Arc::clone(&memory);
        test(
            memory,
            Box::new(move || match &*counted {
                Blobs::Memory(blobs) => lock(blobs).len(),
                Blobs::Folder(_) => unreachable!(),
            }),
        );
        let folder = crate::testing::TempDir::new();
        let path = folder.path().to_owned();
        test(
            Arc::new(Blobs::folder(path.clone()).unwrap()),
            Box::new(move || fs::read_dir(&path).unwrap().count()),
        );
    }

    #[test]
    fn a_dropped_writer_leaves_nothing() {
        both(|blobs, count| {
            let mut writer = blobs.writer().unwrap();
            writer.write(b"half").unwrap();
            drop(writer);
            let mut writer = blobs.writer().unwrap();
            writer.write(b"whole").unwrap();
            writer.seal().unwrap();
            drop(writer);
            assert_eq!(count(), 0);
        });
    }

    #[test]
    fn a_reader_keeps_what_is_removed_meanwhile() {
        both(|blobs, count| {
            let id = write(&blobs, b"0123456789");
            let lease = blobs.lease([id]);
            let second = blobs.lease([id]);
            blobs.remove(id);
            assert_eq!(&lease.read(id, 2, 3).unwrap()[..], b"234");
            drop(lease);
            assert_eq!(&second.read(id, 9, 1).unwrap()[..], b"9");
            drop(second);
            assert_eq!(count(), 0);
        });
    }

    #[test]
    fn a_sweep_removes_only_orphans() {
        let folder = crate::testing::TempDir::new();
        let blobs = Arc::new(Blobs::folder(folder.path().to_owned()).unwrap());
        let (kept, orphan) = (write(&blobs, b"kept"), write(&blobs, b"orphan"));
        fs::write(folder.path().join("note.txt"), b"not ours").unwrap();
        blobs.sweep(&HashSet::from([kept])).unwrap();
        assert!(folder.path().join(kept.file_name()).exists());
        assert!(!folder.path().join(orphan.file_name()).exists());
        assert!(folder.path().join("note.txt").exists());
    }
}

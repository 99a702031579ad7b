//! The memory that the parts of a file are read into, used again from part to part.
//!
//! Allocated anew for each part, from one thread or another, it would stay with the allocator: that
//! of glibc keeps a heap for each thread, and all of them together more than the parts on their way.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The buffers of one upload. There are as many as parts were ever on their way together.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// A buffer of this length, with whatever is in it.
    pub(super) fn take(&self, length: usize) -> Buffer {
        let spare = self.spare().pop().filter(|spare| spare.capacity() >= length);
        let mut bytes = spare.unwrap_or_else(|| Vec::with_capacity(length));
        bytes.resize(length, 0);
        Buffer { bytes, home: self.clone() }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Buffers")
    }
}

/// A buffer that goes back once nobody holds it any more, nor any `Bytes` made of it.
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    home: Buffers,
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Buffer> for Bytes {
    fn from(buffer: Buffer) -> Self {
        Self::from_owner(buffer)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.spare().push(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_once_it_is_free() {
        let buffers = Buffers::default();
        let first: Bytes = buffers.take(1000).into();
        let place = first.as_ptr();
        let rest = first.slice(10..);
        drop(first);
        assert_ne!(buffers.take(1000).bytes.as_ptr(), place, "a part of it is still held");
        drop(rest);
        let again = buffers.take(500);
        assert_eq!((again.bytes.as_ptr(), again.bytes.len()), (place, 500));
        assert_eq!(buffers.take(2000).bytes.len(), 2000);
    }
}

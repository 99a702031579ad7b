//! What a read may be asked for.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use crate::storage::progress::OnProgress;

/// How much [`UserStorage::read`](crate::storage::UserStorage::read) takes into memory when nobody
/// says otherwise: 64 MiB.
pub const MAX_READ_BYTES: u64 = 64 * 1024 * 1024;

/// No file is larger, and numbers beyond it are too large for some stores to read.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// What [`read`](crate::storage::UserStorage::read) and
/// [`stream`](crate::storage::UserStorage::stream) may be asked for. The default reads the whole
/// file, whatever its version.
///
/// Conditions that are not met are `precondition-failed`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadOptions {
    /// The most bytes to take into memory; more is `file-too-large`. A stream has no limit.
    /// Defaults to 64 MiB.
    pub limit: u64,
    /// The part of the file to read. Defaults to the whole.
    pub range: Option<ByteRange>,
    /// Only the version with this entity tag, as [`StoredFile::etag`] tells it.
    ///
    /// [`StoredFile::etag`]: crate::storage::StoredFile::etag
    pub if_match: Option<String>,
    /// Only another version than the one with this entity tag.
    pub if_none_match: Option<String>,
    /// Only if the file was stored after this time. Whole seconds count; the store looks at it only
    /// without `if_none_match`.
    pub if_modified_since: Option<SystemTime>,
    /// Only if the file was not stored after this time. Whole seconds count; the store looks at it
    /// only without `if_match`.
    pub if_unmodified_since: Option<SystemTime>,
    /// Is told how many bytes have come.
    pub on_progress: Option<OnProgress>,
    /// How long a read may take as a whole. Defaults to
    /// [`StorageConfig::deadline`](crate::storage::StorageConfig::deadline) and a second for each
    /// 128 KiB. For a stream, how long its next piece may take: defaults to
    /// `StorageConfig::deadline`.
    pub deadline: Option<Duration>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            limit: MAX_READ_BYTES,
            range: None,
            if_match: None,
            if_none_match: None,
            if_modified_since: None,
            if_unmodified_since: None,
            on_progress: None,
            deadline: None,
        }
    }
}

/// What [`download`](crate::storage::UserStorage::download) may be asked for. The default takes any
/// version.
///
/// Conditions that are not met are `precondition-failed`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DownloadOptions {
    /// Only the version with this entity tag, as [`StoredFile::etag`] tells it.
    ///
    /// [`StoredFile::etag`]: crate::storage::StoredFile::etag
    pub if_match: Option<String>,
    /// Only another version than the one with this entity tag.
    pub if_none_match: Option<String>,
    /// Only if the file was stored after this time. Whole seconds count; the store looks at it only
    /// without `if_none_match`.
    pub if_modified_since: Option<SystemTime>,
    /// Only if the file was not stored after this time. Whole seconds count; the store looks at it
    /// only without `if_match`.
    pub if_unmodified_since: Option<SystemTime>,
    /// Is told how many bytes have been written.
    pub on_progress: Option<OnProgress>,
    /// How long the download may take as a whole. Defaults to
    /// [`StorageConfig::deadline`](crate::storage::StorageConfig::deadline) and a second for each
    /// 128 KiB.
    pub deadline: Option<Duration>,
}

/// A read of the whole file under the same conditions.
impl From<DownloadOptions> for ReadOptions {
    fn from(options: DownloadOptions) -> Self {
        Self {
            if_match: options.if_match,
            if_none_match: options.if_none_match,
            if_modified_since: options.if_modified_since,
            if_unmodified_since: options.if_unmodified_since,
            on_progress: options.on_progress,
            deadline: options.deadline,
            ..Self::default()
        }
    }
}

/// A part of a file. What reaches beyond the end of the file ends there; a part that holds no byte
/// of it is `range-invalid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange(Part);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    From { start: u64, length: Option<u64> },
    Last(u64),
}

impl ByteRange {
    /// The `length` bytes from `start` on, or all from there to the end.
    pub const fn new(start: u64, length: Option<u64>) -> Self {
        Self(Part::From { start, length })
    }

    /// The last `length` bytes; the whole of a file that is shorter.
    pub const fn last(length: u64) -> Self {
        Self(Part::Last(length))
    }

    /// The bytes of a file of `size` bytes that are meant; none when there are none.
    pub(super) fn within(self, size: u64) -> Option<Range<u64>> {
        let range = match self.0 {
            Part::From { start, length } => {
                start..length.map_or(size, |length| start.saturating_add(length).min(size))
            }
            Part::Last(length) => size.saturating_sub(length)..size,
        };
        (range.start < range.end).then_some(range)
    }

    /// The header's value; none for a part that no file can have, or that has no byte, which the
    /// header cannot tell.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2>
    pub(super) fn header(self) -> Option<String> {
        let Range { start, end } = self.within(LARGEST)?;
        Some(match self.0 {
            Part::From { length: None, .. } => format!("bytes={start}-"),
            Part::From { .. } => format!("bytes={start}-{}", end - 1),
            Part::Last(_) => format!("bytes=-{}", end - start),
        })
    }
}

impl From<Range<u64>> for ByteRange {
    fn from(range: Range<u64>) -> Self {
        Self::new(range.start, Some(range.end.saturating_sub(range.start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_rfc_9110_makes_of_it() {
        for (range, header, of_ten) in [
            (ByteRange::new(0, None), Some("bytes=0-"), Some(0..10)),
            (ByteRange::new(9, None), Some("bytes=9-"), Some(9..10)),
            (ByteRange::new(10, None), Some("bytes=10-"), None),
            (ByteRange::new(2, Some(3)), Some("bytes=2-4"), Some(2..5)),
            (ByteRange::new(8, Some(3)), Some("bytes=8-10"), Some(8..10)),
            (ByteRange::new(2, Some(0)), None, None),
            (ByteRange::new(u64::MAX, Some(9)), None, None),
            (ByteRange::new(2, Some(u64::MAX)), Some("bytes=2-9223372036854775806"), Some(2..10)),
            (ByteRange::last(3), Some("bytes=-3"), Some(7..10)),
            (ByteRange::last(11), Some("bytes=-11"), Some(0..10)),
            (ByteRange::last(0), None, None),
            ((3..7).into(), Some("bytes=3-6"), Some(3..7)),
        ] {
            assert_eq!(range.header().as_deref(), header, "{range:?}");
            assert_eq!(range.within(10), of_ten, "{range:?}");
        }
        assert_eq!(ByteRange::new(0, None).within(0), None);
        assert_eq!(ByteRange::last(1).within(0), None);
    }
}

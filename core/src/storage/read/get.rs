//! The request for a file or a part of it, and whether the answer is one to it.

use std::ops::Range;
use std::sync::Arc;

use aws_sdk_s3::operation::get_object::GetObjectOutput;

use super::checksum::Checksum;
use super::conditions::Conditions;
use super::options::ByteRange;
use super::transfer::{Source, Transfer};
use crate::storage::content::user_metadata;
use crate::storage::file::{self, StoredFile};
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// A file whose bytes are about to come.
pub(super) struct Opened {
    pub(super) file: StoredFile,
    /// Which of its bytes.
    pub(super) range: Range<u64>,
    pub(super) transfer: Transfer,
    pub(super) checksum: Checksum,
    /// Whether the store says that it can be asked for parts of the file.
    pub(super) gives_ranges: bool,
}

impl UserStorage {
    /// Asks for a file, or the part of it that is wanted. One request: the answer tells what the
    /// file is, and its bytes follow.
    pub(super) async fn begin_reading(
        &self,
        key: &OwnKey,
        wanted: Option<ByteRange>,
        conditions: &Conditions,
    ) -> Result<Opened> {
        let mut answer = self.s3.get(key, wanted, conditions).await?;
        let (range, size) = given(&answer).ok_or_else(failure::unreadable)?;
        match wanted {
            Some(_) if answer.content_range().is_none() => return Err(no_ranges()),
            Some(wanted) => match wanted.within(size) {
                None => return Err(no_such_part()),
                Some(wanted) if wanted != range => return Err(other_range()),
                Some(_) => (),
            },
            None if range != (0..size) => return Err(other_range()),
            _ => (),
        }
        if !conditions.hold(&answer) {
            return Err(failure::condition(OnCondition::Changed));
        }
        let etag = answer.e_tag().ok_or_else(failure::unreadable)?.to_owned();
        let source = Arc::new(Source {
            s3: Arc::clone(&self.s3),
            key: key.clone(),
            etag,
            size,
            is_named: conditions.name_the_version(),
        });
        Ok(Opened {
            gives_ranges: answer.accept_ranges() == Some("bytes"),
            checksum: match wanted {
                None => Checksum::of_whole(&answer),
                Some(_) => Checksum::none(),
            },
            transfer: Transfer::begun(source, std::mem::take(&mut answer.body), range.clone()),
            file: StoredFile {
                content_type: answer.content_type().map(str::to_owned),
                etag: file::etag(answer.e_tag()),
                last_modified: file::time(answer.last_modified()),
                metadata: answer.metadata().map(user_metadata::decode).unwrap_or_default(),
                storage_class: answer.storage_class().map(|class| class.as_str().to_owned()),
                ..key.file(size)
            },
            range,
        })
    }
}

impl S3 {
    pub(super) async fn get(
        &self,
        key: &OwnKey,
        range: Option<ByteRange>,
        conditions: &Conditions,
    ) -> Result<GetObjectOutput> {
        let header = range.map(|range| range.header().ok_or_else(no_such_part)).transpose()?;
        let request = self
            .client()
            .await?
            .get_object()
            .bucket(&self.config.bucket)
            .key(key.as_str())
            .set_range(header);
        let whole = range.is_none();
        let answer = conditions
            .put_into(request)
            .customize()
            .mutate_request(move |request| {
                // Not by the SDK's own setting, which would have the SDK verify it as well.
                if whole {
                    request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
                }
            })
            .send()
            .await
            .map_err(|error| failure::from_sdk(&error, OnCondition::Changed))?;
        self.note_bucket();
        Ok(answer)
    }
}

/// Which bytes an answer brings, and the size of the file that they are of, by its own words; none
/// when these are missing or contradict each other.
pub(super) fn given(answer: &GetObjectOutput) -> Option<(Range<u64>, u64)> {
    let length = u64::try_from(answer.content_length()?).ok()?;
    let Some(header) = answer.content_range() else { return Some((0..length, length)) };
    let (range, size) = header.strip_prefix("bytes ")?.split_once('/')?;
    // Garage gives the last bytes of a file that has none.
    if length == 0 && size == "0" {
        return Some((0..0, 0));
    }
    let (first, last) = range.split_once('-')?;
    let (first, last, size): (u64, u64, u64) =
        (first.parse().ok()?, last.parse().ok()?, size.parse().ok()?);
    let fits = first <= last && last < size && last - first == length.checked_sub(1)?;
    fits.then(|| (first..last + 1, size))
}

/// An answer that is not to what was asked.
pub(super) fn other_range() -> Error {
    failure::unavailable("the store sent another part of the file than was asked for")
}

fn no_such_part() -> Error {
    Error::new(ErrorKind::RangeInvalid, "the file has no such part")
}

fn no_ranges() -> Error {
    Error::new(ErrorKind::StorageUnsupported, "the store does not give parts of files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_contradicts_itself_gives_nothing() {
        let given = |length: Option<i64>, range: Option<&str>| {
            let answer = GetObjectOutput::builder().set_content_length(length);
            given(&answer.set_content_range(range.map(str::to_owned)).build())
        };
        assert_eq!(given(Some(0), None), Some((0..0, 0)));
        assert_eq!(given(Some(9), None), Some((0..9, 9)));
        assert_eq!(given(Some(3), Some("bytes 2-4/9")), Some((2..5, 9)));
        assert_eq!(given(Some(0), Some("bytes 0-18446744073709551615/0")), Some((0..0, 0)));
        assert_eq!(given(None, None), None);
        assert_eq!(given(Some(-1), None), None);
        for (length, range) in [
            (3, "bytes 2-4/*"),
            (3, "bytes 2-5/9"),
            (3, "bytes 4-2/9"),
            (3, "bytes 2-4/4"),
            (3, "bytes */9"),
            (3, "2-4/9"),
            (3, "bytes 2-4"),
            (0, "bytes 0-0/1"),
            (1, "bytes 9-18446744073709551615/9"),
            (3, "bytes -2-0/9"),
            (1, "bytes 0-18446744073709551615/18446744073709551616"),
        ] {
            assert_eq!(given(Some(length), Some(range)), None, "{range}");
        }
    }
}

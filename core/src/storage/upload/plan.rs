//! Into which parts a file is cut, by the limits of S3.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>

use std::ops::Range;

use crate::{Error, ErrorKind, Result};

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// The largest file that goes in one PUT; larger ones go in parts. 16 MiB.
pub const MULTIPART_FROM: u64 = 16 * MIB;

/// The most parts that an upload may have.
const MAX_PARTS: u32 = 10_000;

/// The largest file that S3 holds: 10,000 parts of 5 GiB, which is 48.8 TiB.
pub const MAX_OBJECT_BYTES: u64 = MAX_PARTS as u64 * MAX_PART_BYTES;

/// How many parts of a file are on their way at a time.
pub(in crate::storage) const PARTS_IN_FLIGHT: usize = 4;

/// The largest part. The smallest is 5 MiB, save for the last, and every plan stays above that.
const MAX_PART_BYTES: u64 = 5 * GIB;

/// The part size of a file that does not need larger ones.
const USUAL_PART_BYTES: u64 = 8 * MIB;

/// The parts of a file: all of one size, as R2 wants it, but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storage) struct PartPlan {
    pub(super) part_size: u64,
}

impl PartPlan {
    /// The parts of a file of `size` bytes, or of one that may have as many.
    ///
    /// # Errors
    /// `file-too-large` when S3 does not hold such a file.
    pub(super) fn of(size: u64) -> Result<Self> {
        if size > MAX_OBJECT_BYTES {
            return Err(too_large(MAX_OBJECT_BYTES, size));
        }
        Ok(Self::with_parts_of(USUAL_PART_BYTES, size))
    }

    /// Parts of `part_size` bytes; larger ones, in whole MiB, where a file of `size` bytes would have
    /// more of them than S3 takes.
    pub(in crate::storage) fn with_parts_of(part_size: u64, size: u64) -> Self {
        let needed = size.div_ceil(u64::from(MAX_PARTS)).next_multiple_of(MIB);
        Self { part_size: needed.max(part_size) }
    }

    /// The parts of a file of which nobody knows the size.
    pub(super) fn of_unknown() -> Self {
        Self { part_size: USUAL_PART_BYTES }
    }

    /// The most bytes that parts of this size can hold.
    pub(super) fn most(self) -> u64 {
        self.part_size.saturating_mul(u64::from(MAX_PARTS)).min(MAX_OBJECT_BYTES)
    }

    /// How many parts a file of `size` bytes has.
    pub(in crate::storage) fn count(self, size: u64) -> u32 {
        u32::try_from(size.div_ceil(self.part_size)).unwrap_or(u32::MAX)
    }

    /// Where the bytes of part `number` are, counted from 1, in a file of `size` bytes.
    pub(in crate::storage) fn range(self, number: u32, size: u64) -> Range<u64> {
        let start = u64::from(number.saturating_sub(1)).saturating_mul(self.part_size).min(size);
        start..start.saturating_add(self.part_size).min(size)
    }
}

/// The error of a file that is larger than `limit`, which the store or the plan gives.
pub(in crate::storage) fn too_large(limit: u64, size: u64) -> Error {
    Error::new(ErrorKind::FileTooLarge, "the file is larger than S3 can hold it")
        .with_limit(limit, size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TIB: u64 = 1024 * GIB;

    #[test]
    fn part_sizes() {
        for (size, part_size, count) in [
            (0, 8 * MIB, 0),
            (1, 8 * MIB, 1),
            (MULTIPART_FROM + 1, 8 * MIB, 3),
            (8 * MIB * 10_000, 8 * MIB, 10_000),
            (8 * MIB * 10_000 + 1, 9 * MIB, 8_889),
            (TIB, 105 * MIB, 9_987),
            (MAX_OBJECT_BYTES - 1, 5 * GIB, 10_000),
            (MAX_OBJECT_BYTES, 5 * GIB, 10_000),
        ] {
            let plan = PartPlan::of(size).unwrap();
            assert_eq!((plan.part_size, plan.count(size)), (part_size, count), "{size}");
        }
        let error = PartPlan::of(MAX_OBJECT_BYTES + 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(error.details().limit, Some(53_687_091_200_000));
        assert_eq!(PartPlan::of_unknown().most(), 10_000 * 8 * MIB);
    }

    #[test]
    fn parts_of_another_size() {
        for (size, part_size, count) in [
            (GIB, GIB, 1),
            (GIB + 1, GIB, 2),
            (5 * GIB + 1, GIB, 6),
            (50_000 * GIB, 5 * GIB, 10_000),
        ] {
            let plan = PartPlan::with_parts_of(GIB, size);
            assert_eq!((plan.part_size, plan.count(size)), (part_size, count), "{size}");
        }
    }

    proptest! {
        #[test]
        fn parts_are_within_the_limits_and_cover_the_file(
            size in 1..=MAX_OBJECT_BYTES,
            part_size in prop_oneof![Just(USUAL_PART_BYTES), 5 * MIB..=MAX_PART_BYTES],
        ) {
            let plan = PartPlan::with_parts_of(part_size, size);
            let count = plan.count(size);
            prop_assert!((1..=MAX_PARTS).contains(&count));
            prop_assert!((5 * MIB..=MAX_PART_BYTES).contains(&plan.part_size));
            prop_assert!(size <= plan.most());
            prop_assert_eq!(plan.range(1, size).start, 0);
            prop_assert_eq!(plan.range(count, size).end, size);
            let (last, other) = (plan.range(count, size), plan.range(1 + count / 2, size));
            prop_assert!(!last.is_empty());
            prop_assert!(other == last || other.end - other.start == plan.part_size);
            if count > 1 {
                prop_assert_eq!(plan.range(count - 1, size).end, last.start);
            }
        }
    }
}

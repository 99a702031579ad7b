//! The checksum that the store keeps of a file, compared with what came.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::types::ChecksumType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;

use crate::{Error, ErrorKind, Result};

/// The checksum of what has come so far, and what that of the whole file has to be.
#[derive(Clone)]
pub(super) struct Checksum {
    digest: Digest,
    /// In Base64, as the header has it.
    expected: String,
}

#[derive(Clone)]
enum Digest {
    /// The store tells no checksum that could be compared.
    None,
    Crc32(crc_fast::Digest),
    Crc64(crc_fast::Digest),
    Sha(Context),
}

impl Checksum {
    /// What an answer with the whole file tells; the cheapest, if it tells several.
    ///
    /// A checksum of the parts' checksums (`COMPOSITE`) cannot be compared with bytes that are not
    /// read part by part, and counts as none.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>
    pub(super) fn of_whole(answer: &GetObjectOutput) -> Self {
        // Where the type is not told, the number of parts at the end marks a composite one.
        let told = |checksum: Option<&str>| {
            let whole = answer.checksum_type() != Some(&ChecksumType::Composite);
            checksum.filter(|value| whole && !value.contains('-')).map(str::to_owned)
        };
        let crc = |algorithm| crc_fast::Digest::new(algorithm);
        if let Some(expected) = told(answer.checksum_crc64_nvme()) {
            Self { digest: Digest::Crc64(crc(CrcAlgorithm::Crc64Nvme)), expected }
        } else if let Some(expected) = told(answer.checksum_crc32_c()) {
            Self { digest: Digest::Crc32(crc(CrcAlgorithm::Crc32Iscsi)), expected }
        } else if let Some(expected) = told(answer.checksum_crc32()) {
            Self { digest: Digest::Crc32(crc(CrcAlgorithm::Crc32IsoHdlc)), expected }
        } else if let Some(expected) = told(answer.checksum_sha256()) {
            Self { digest: Digest::Sha(Context::new(&SHA256)), expected }
        } else if let Some(expected) = told(answer.checksum_sha1()) {
            Self { digest: Digest::Sha(Context::new(&SHA1_FOR_LEGACY_USE_ONLY)), expected }
        } else {
            Self::none()
        }
    }

    /// For bytes that are no whole file.
    pub(super) fn none() -> Self {
        Self { digest: Digest::None, expected: String::new() }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.digest {
            Digest::None => (),
            Digest::Crc32(digest) | Digest::Crc64(digest) => digest.update(bytes),
            Digest::Sha(context) => context.update(bytes),
        }
    }

    /// Whether the checksums of pieces can be put together to that of the whole.
    pub(super) fn is_combinable(&self) -> bool {
        !matches!(self.digest, Digest::Sha(_))
    }

    /// The checksum of these bytes and the `next` ones, if it is combinable.
    pub(super) fn followed_by(mut self, next: Self) -> Self {
        match (&mut self.digest, &next.digest) {
            (Digest::Crc32(digest), Digest::Crc32(next))
            | (Digest::Crc64(digest), Digest::Crc64(next)) => digest.combine(next),
            _ => (),
        }
        self
    }

    /// # Errors
    /// `checksum-mismatch`.
    pub(super) fn check(self) -> Result<()> {
        let come = match self.digest {
            Digest::None => return Ok(()),
            // A sum of 32 bits stands in the lower half.
            Digest::Crc32(digest) => STANDARD.encode(&digest.finalize().to_be_bytes()[4..]),
            Digest::Crc64(digest) => STANDARD.encode(digest.finalize().to_be_bytes()),
            Digest::Sha(context) => STANDARD.encode(context.finish()),
        };
        if come == self.expected {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::ChecksumMismatch,
            "the bytes that came do not match the store's checksum",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the digits 1 to 9, as published:
    /// <https://reveng.sourceforge.io/crc-catalogue/all.htm>, and FIPS 180-4 for the SHAs.
    fn answers() -> [GetObjectOutput; 5] {
        let answer = GetObjectOutput::builder;
        [
            answer().checksum_crc64_nvme(STANDARD.encode(0xAE8B_1486_0A79_9888_u64.to_be_bytes())),
            answer().checksum_crc32_c(STANDARD.encode(0xE306_9283_u32.to_be_bytes())),
            answer().checksum_crc32(STANDARD.encode(0xCBF4_3926_u32.to_be_bytes())),
            answer().checksum_sha256("FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
            answer().checksum_sha1("98O8HYCOBHMq32eZZczDTKeuNEE="),
        ]
        .map(|answer| answer.build())
    }

    fn sum(answer: &GetObjectOutput, bytes: &[u8]) -> Checksum {
        let mut sum = Checksum::of_whole(answer);
        sum.update(bytes);
        sum
    }

    #[test]
    fn each_algorithm_knows_its_bytes() {
        for answer in answers() {
            sum(&answer, b"123456789").check().unwrap();
            for wrong in [&b"123456780"[..], b"12345678", b""] {
                let error = sum(&answer, wrong).check().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ChecksumMismatch, "{answer:?}");
            }
        }
    }

    #[test]
    fn the_sums_of_pieces_make_that_of_the_whole() {
        for answer in answers() {
            let pieces = [&b"12345"[..], b"", b"678", b"9"].map(|piece| sum(&answer, piece));
            let whole = pieces.into_iter().reduce(Checksum::followed_by).unwrap();
            let can = whole.is_combinable();
            assert_eq!(whole.check().is_ok(), can, "{answer:?}");
        }
        let [crc, ..] = answers();
        assert!(sum(&crc, b"9").followed_by(sum(&crc, b"12345678")).check().is_err());
    }

    #[test]
    fn a_checksum_of_checksums_is_not_compared() {
        let composite = GetObjectOutput::builder().checksum_crc32("AAAAAA==-2").build();
        assert!(sum(&composite, b"x").check().is_ok());
        let composite = GetObjectOutput::builder()
            .checksum_type(ChecksumType::Composite)
            .checksum_sha256("AAAA")
            .build();
        assert!(sum(&composite, b"x").check().is_ok());
    }
}

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

//! What is known of bytes that are sent: the SHA-256 that their request is signed with, which every
//! store compares with what arrives, and the CRC-64/NVME that the store keeps.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>

use aws_lc_rs::digest::{Context, SHA256};
use aws_runtime::auth::PayloadSigningOverride;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;

/// How many bytes both sums are taken of in turn: few enough to be still in the cache.
const STRIDE_BYTES: usize = 64 * 1024;

/// The checksums of a body.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    /// In hexadecimal.
    pub(super) sha256: String,
    pub(super) crc: Crc,
}

impl Sums {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }
}

/// Takes the checksums of a body piece by piece.
pub(super) struct Hasher {
    sha256: Context,
    crc: crc_fast::Digest,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self { sha256: Context::new(&SHA256), crc: crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme) }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        for stride in bytes.chunks(STRIDE_BYTES) {
            self.sha256.update(stride);
            self.crc.update(stride);
        }
    }

    pub(super) fn finish(self) -> Sums {
        Sums {
            sha256: hexadecimal(self.sha256.finish().as_ref()),
            crc: Crc { value: self.crc.finalize(), bytes: self.crc.get_amount() },
        }
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)]).collect()
}

/// The CRC-64/NVME of so many bytes. That of a whole follows from those of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crc {
    value: u64,
    bytes: u64,
}

impl Crc {
    /// Of nothing.
    pub(super) const EMPTY: Self = Self { value: 0, bytes: 0 };

    /// The CRC of these bytes and the next ones together.
    pub(super) fn then(self, next: Self) -> Self {
        let value =
            crc_fast::checksum_combine(CrcAlgorithm::Crc64Nvme, self.value, next.value, next.bytes);
        Self { value, bytes: self.bytes + next.bytes }
    }

    /// How many bytes it is of.
    pub(super) fn bytes(self) -> u64 {
        self.bytes
    }

    /// As `x-amz-checksum-crc64nvme` has it.
    pub(super) fn header(self) -> String {
        STANDARD.encode(self.value.to_be_bytes())
    }

    /// Whether a checksum that a store tells is this one. What is joined from those of parts
    /// (`…-3`, as some stores still do it) says nothing.
    pub(super) fn agrees_with(self, told: Option<&str>) -> bool {
        told.is_none_or(|told| told == self.header() || told.contains('-'))
    }
}

/// Signs a request with the SHA-256 of its body that is known already; the SDK would take it once
/// more, and only of what it has in memory.
#[derive(Debug)]
pub(super) struct SignedWith(pub(super) String);

impl Intercept for SignedWith {
    fn name(&self) -> &'static str {
        "SignedWith"
    }

    fn modify_before_signing(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(PayloadSigningOverride::Precomputed(self.0.clone()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        let sums = Sums::of(b"hello");
        assert_eq!(sums.sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert_eq!(sums.crc.header(), "M3eFcAZSQlc=");
        assert_eq!(Sums::of(b"").crc, Crc::EMPTY);
        assert_eq!(Crc::EMPTY.header(), "AAAAAAAAAAA=");
    }

    #[test]
    fn what_a_store_tells_is_compared_where_it_can_be() {
        let crc = Sums::of(b"hello").crc;
        assert!(crc.agrees_with(Some("M3eFcAZSQlc=")) && crc.agrees_with(None));
        assert!(crc.agrees_with(Some("sP7gLb80aAY=-4")));
        assert!(!crc.agrees_with(Some("AAAAAAAAAAA=")));
    }

    proptest! {
        #[test]
        fn parts_join_to_the_whole(bytes in any::<Vec<u8>>(), cut in any::<prop::sample::Index>()) {
            let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
            let joined = Crc::EMPTY.then(Sums::of(first).crc).then(Sums::of(second).crc);
            prop_assert_eq!(joined, Sums::of(&bytes).crc);
        }
    }
}

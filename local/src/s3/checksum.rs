//! Checksums: which to calculate, and whether they are what the request says.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::{S3Result, s3_error};

use crate::store::Checksums;

/// The type of a checksum that joins those of the parts.
pub(super) const COMPOSITE: &str = "COMPOSITE";
/// The type of a checksum over all bytes.
pub(super) const FULL_OBJECT: &str = "FULL_OBJECT";

/// An algorithm of `x-amz-checksum-*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] =
        [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// As in `x-amz-checksum-algorithm`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header or trailer that carries the value.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(super) fn from_name(name: &str) -> S3Result<Self> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        found
            .ok_or_else(|| s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported."))
    }

    /// The algorithm that these checksums are of.
    pub(super) fn stored(checksums: &Checksums) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.of(checksums).is_some())
    }

    fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The value of this algorithm among `checksums`.
    pub(super) fn of(self, checksums: &Checksums) -> Option<&str> {
        match self {
            Self::Crc32 => checksums.crc32.as_deref(),
            Self::Crc32c => checksums.crc32c.as_deref(),
            Self::Crc64Nvme => checksums.crc64nvme.as_deref(),
            Self::Sha1 => checksums.sha1.as_deref(),
            Self::Sha256 => checksums.sha256.as_deref(),
        }
    }

    /// Sets the value of this algorithm among `checksums`.
    pub(super) fn set(self, checksums: &mut Checksums, value: String) {
        let field = match self {
            Self::Crc32 => &mut checksums.crc32,
            Self::Crc32c => &mut checksums.crc32c,
            Self::Crc64Nvme => &mut checksums.crc64nvme,
            Self::Sha1 => &mut checksums.sha1,
            Self::Sha256 => &mut checksums.sha256,
        };
        *field = Some(value);
    }

    /// A hasher for this algorithm alone.
    pub(super) fn hasher(self) -> ChecksumHasher {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Self::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Self::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
        hasher
    }

    /// The finished value of a hasher made by [`Algorithm::hasher`], in base64.
    pub(super) fn finish(self, hasher: ChecksumHasher) -> String {
        let sums = hasher.finalize();
        let value = match self {
            Self::Crc32 => sums.checksum_crc32,
            Self::Crc32c => sums.checksum_crc32c,
            Self::Crc64Nvme => sums.checksum_crc64nvme,
            Self::Sha1 => sums.checksum_sha1,
            Self::Sha256 => sums.checksum_sha256,
        };
        value.unwrap_or_default()
    }
}

/// The sums over the bytes of one body or copy, made while they pass.
pub(super) struct Sums {
    md5: Md5,
    checksum: Option<(Algorithm, ChecksumHasher)>,
}

impl Sums {
    /// The MD5, and the checksum of `algorithm`.
    pub(super) fn new(algorithm: Option<Algorithm>) -> Self {
        let checksum = algorithm.map(|algorithm| (algorithm, algorithm.hasher()));
        Self { md5: Md5::new(), checksum }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        if let Some((_, hasher)) = &mut self.checksum {
            hasher.update(bytes);
        }
    }

    pub(super) fn finish(self) -> ([u8; 16], Checksums) {
        let mut checksums = Checksums::default();
        if let Some((algorithm, hasher)) = self.checksum {
            algorithm.set(&mut checksums, algorithm.finish(hasher));
            checksums.kind = Some(FULL_OBJECT.to_owned());
        }
        (self.md5.finalize(), checksums)
    }
}

/// What a request says about the checksum of its body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Claim {
    /// Nothing.
    None,
    /// The value, in a header.
    Header(Algorithm, String),
    /// The value follows the body.
    Trailer(Algorithm),
}

impl Claim {
    /// Reads the claim from a request's headers; more than one is refused.
    pub(super) fn read(headers: &HeaderMap) -> S3Result<Self> {
        let mut claims = Vec::new();
        for algorithm in Algorithm::ALL {
            if let Some(value) = headers.get(algorithm.header()) {
                let value = value.to_str().unwrap_or_default();
                claims.push(Self::Header(algorithm, checked(algorithm, value)?));
            }
            let trailers = headers.get_all("x-amz-trailer").iter();
            let names = trailers.filter_map(|names| names.to_str().ok());
            if names
                .flat_map(|names| names.split(','))
                .any(|name| name.trim().eq_ignore_ascii_case(algorithm.header()))
            {
                claims.push(Self::Trailer(algorithm));
            }
        }
        if claims.len() > 1 {
            return Err(s3_error!(
                InvalidRequest,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not \
                 allowed."
            ));
        }
        let claim = claims.pop().unwrap_or(Self::None);
        if let Some(named) = headers.get("x-amz-sdk-checksum-algorithm") {
            let named = Algorithm::from_name(named.to_str().unwrap_or_default())?;
            match claim.algorithm() {
                Some(algorithm) if algorithm == named => {}
                Some(_) => {
                    return Err(s3_error!(
                        InvalidRequest,
                        "Value for x-amz-sdk-checksum-algorithm header is invalid."
                    ));
                }
                None => {
                    return Err(s3_error!(
                        InvalidRequest,
                        "x-amz-sdk-checksum-algorithm specified, but no corresponding \
                         x-amz-checksum-* or x-amz-trailer headers were found."
                    ));
                }
            }
        }
        Ok(claim)
    }

    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::None => None,
            Self::Header(algorithm, _) | Self::Trailer(algorithm) => Some(*algorithm),
        }
    }

    /// Compares what was calculated over the body with what is claimed.
    pub(super) fn verify(&self, calculated: &str, trailers: Option<&HeaderMap>) -> S3Result<()> {
        let (algorithm, claimed) = match self {
            Self::None => return Ok(()),
            Self::Header(algorithm, value) => (*algorithm, value.clone()),
            Self::Trailer(algorithm) => {
                let value = trailers.and_then(|trailers| trailers.get(algorithm.header()));
                let value = value.and_then(|value| value.to_str().ok()).ok_or_else(|| {
                    super::error::custom(
                        "MalformedTrailerError",
                        http::StatusCode::BAD_REQUEST,
                        "The request contained trailing data that was not well-formed or did not \
                         conform to our published schema.",
                    )
                })?;
                (*algorithm, checked(*algorithm, value.trim())?)
            }
        };
        if claimed != calculated {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                algorithm.name()
            ));
        }
        Ok(())
    }
}

/// The checksum of the whole, from those of its parts and their lengths; `None` of an algorithm
/// that cannot be joined so.
pub(super) fn joined(algorithm: Algorithm, parts: &[(&str, u64)]) -> Option<String> {
    let (kind, bytes) = match algorithm {
        Algorithm::Crc32 => (CrcAlgorithm::Crc32IsoHdlc, 4),
        Algorithm::Crc32c => (CrcAlgorithm::Crc32Iscsi, 4),
        Algorithm::Crc64Nvme => (CrcAlgorithm::Crc64Nvme, 8),
        Algorithm::Sha1 | Algorithm::Sha256 => return None,
    };
    let mut whole = 0;
    for (value, length) in parts {
        let value = BASE64.decode(value).ok()?;
        let value = value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        whole = crc_fast::checksum_combine(kind, whole, value, *length);
    }
    Some(BASE64.encode(&whole.to_be_bytes()[8 - bytes..]))
}

/// The checksum of checksums that S3 gives an object of parts: `value-N`.
pub(super) fn composite(algorithm: Algorithm, parts: &[&str]) -> String {
    let mut hasher = algorithm.hasher();
    for part in parts {
        hasher.update(&BASE64.decode(part).unwrap_or_default());
    }
    format!("{}-{}", algorithm.finish(hasher), parts.len())
}

fn checked(algorithm: Algorithm, value: &str) -> S3Result<String> {
    match BASE64.decode(value) {
        Ok(bytes) if bytes.len() == algorithm.bytes() => Ok(value.to_owned()),
        _ => Err(s3_error!(InvalidRequest, "Value for {} header is invalid.", algorithm.header())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn known_values() {
        let values = [
            (Algorithm::Crc32, "NhCmhg=="),
            (Algorithm::Crc32c, "mnG7TA=="),
            (Algorithm::Crc64Nvme, "M3eFcAZSQlc="),
            (Algorithm::Sha1, "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
            (Algorithm::Sha256, "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
        ];
        for (algorithm, expected) in values {
            let mut hasher = algorithm.hasher();
            hasher.update(b"hello");
            assert_eq!(algorithm.finish(hasher), expected, "{algorithm:?}");
        }
    }

    #[test]
    fn parts_join_to_the_checksum_of_the_whole() {
        let of = |algorithm: Algorithm, bytes: &[u8]| {
            let mut hasher = algorithm.hasher();
            hasher.update(bytes);
            algorithm.finish(hasher)
        };
        let whole: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let pieces: Vec<_> =
                whole.chunks(33_000).map(|it| (of(algorithm, it), it.len() as u64)).collect();
            let pieces: Vec<_> = pieces.iter().map(|(sum, size)| (sum.as_str(), *size)).collect();
            assert_eq!(joined(algorithm, &pieces), Some(of(algorithm, &whole)), "{algorithm:?}");
            assert_eq!(joined(algorithm, &pieces[..1]), Some(of(algorithm, &whole[..33_000])));
        }
        assert_eq!(joined(Algorithm::Sha256, &[("", 0)]), None);
    }

    #[test]
    fn claims() {
        let crc = ("x-amz-checksum-crc32", "NhCmhg==");
        assert_eq!(Claim::read(&headers(&[])).unwrap(), Claim::None);
        let claim = Claim::read(&headers(&[crc])).unwrap();
        claim.verify("NhCmhg==", None).unwrap();
        assert!(claim.verify("AAAAAA==", None).is_err());
        let trailer = Claim::read(&headers(&[("x-amz-trailer", "x-amz-checksum-crc32")])).unwrap();
        assert!(trailer.verify("NhCmhg==", None).is_err());
        trailer.verify("NhCmhg==", Some(&headers(&[crc]))).unwrap();
        for bad in [
            vec![("x-amz-checksum-crc32", "NhCm")],
            vec![("x-amz-checksum-crc32", "no base64")],
            vec![crc, ("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00=")],
            vec![crc, ("x-amz-trailer", "x-amz-checksum-crc32")],
            vec![("x-amz-sdk-checksum-algorithm", "CRC32")],
            vec![crc, ("x-amz-sdk-checksum-algorithm", "SHA1")],
            vec![crc, ("x-amz-sdk-checksum-algorithm", "MD5")],
        ] {
            assert!(Claim::read(&headers(&bad)).is_err(), "{bad:?}");
        }
    }
}

//! The digest that some requests must carry, which s3s does not ask for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use s3s::crypto::{Checksum, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};

use super::refusal::Refusal;

/// Compares a body with its `Content-MD5` or `x-amz-checksum-*`.
pub(super) fn judge(headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let found = [
        compare::<Md5>(headers, "content-md5", "Content-MD5", body)?,
        compare::<Crc32>(headers, "x-amz-checksum-crc32", "CRC32", body)?,
        compare::<Crc32c>(headers, "x-amz-checksum-crc32c", "CRC32C", body)?,
        compare::<Crc64Nvme>(headers, "x-amz-checksum-crc64nvme", "CRC64NVME", body)?,
        compare::<Sha1>(headers, "x-amz-checksum-sha1", "SHA1", body)?,
        compare::<Sha256>(headers, "x-amz-checksum-sha256", "SHA256", body)?,
    ];
    if found.contains(&true) {
        return Ok(());
    }
    Err(Refusal::invalid_request(
        "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
    ))
}

/// Whether the header is there; an error when it is not the body's digest.
fn compare<C: Checksum>(
    headers: &HeaderMap,
    header: &str,
    name: &str,
    body: &[u8],
) -> Result<bool, Refusal> {
    let Some(claimed) = headers.get(header) else { return Ok(false) };
    let calculated = C::checksum(body);
    match BASE64.decode(claimed) {
        Ok(claimed) if claimed == calculated.as_ref() => Ok(true),
        Ok(claimed) if claimed.len() == calculated.as_ref().len() => Err(Refusal::bad_digest(name)),
        _ if header == "content-md5" => Err(Refusal::invalid_digest()),
        _ => Err(Refusal::invalid_request(format!("Value for {header} header is invalid."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(headers: &[(&'static str, &'static str)]) -> &'static str {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        judge(&headers, b"hello").map_or_else(|refusal| refusal.code, |()| "")
    }

    #[test]
    fn a_digest_is_needed_and_compared() {
        assert_eq!(code(&[("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")]), "");
        assert_eq!(code(&[("x-amz-checksum-crc32", "NhCmhg==")]), "");
        assert_eq!(code(&[]), "InvalidRequest");
        assert_eq!(code(&[("content-md5", "XUFAKrxLKna5cZ2REBfFkw==")]), "BadDigest");
        assert_eq!(code(&[("content-md5", "hello")]), "InvalidDigest");
        assert_eq!(code(&[("x-amz-checksum-crc32", "NhCmhw==")]), "BadDigest");
        assert_eq!(code(&[("x-amz-checksum-crc32", "NhCm")]), "InvalidRequest");
    }
}

//! Bytes that changed on the way, and the checksums that a store keeps.

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::SdkBody;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::{IGNORED, refusal};
use super::{Probe, Row, row};

/// What every catalogue of checksums gives its check value for.
const BODY: &[u8] = b"123456789";

const ALGORITHMS: [(ChecksumAlgorithm, &str, &[u8]); 5] = [
    (ChecksumAlgorithm::Crc32, "CRC32", b"\xcb\xf4\x39\x26"),
    (ChecksumAlgorithm::Crc32C, "CRC32C", b"\xe3\x06\x92\x83"),
    (ChecksumAlgorithm::Crc64Nvme, "CRC64NVME", b"\xae\x8b\x14\x86\x0a\x79\x98\x88"),
    (
        ChecksumAlgorithm::Sha1,
        "SHA-1",
        b"\xf7\xc3\xbc\x1d\x80\x8e\x04\x73\x2a\xdf\x67\x99\x65\xcc\xc3\x4c\xa7\xae\x34\x41",
    ),
    (
        ChecksumAlgorithm::Sha256,
        "SHA-256",
        b"\x15\xe2\xb0\xd3\xc3\x38\x91\xeb\xb0\xf1\xef\x60\x9e\xc4\x19\x42\
          \x0c\x20\xe3\x20\xce\x94\xc6\x5f\xbc\x8c\x33\x12\x44\x8e\xb2\x25",
    ),
];

pub(super) async fn find(probe: &Probe<'_>) -> Vec<Row> {
    let (mut refused, mut kept, mut of_parts) = (Vec::new(), Vec::new(), Vec::new());
    for (algorithm, name, value) in ALGORITHMS {
        let value = STANDARD.encode(value);
        if put(probe, &algorithm, &STANDARD.encode(vec![0; value.len() / 2])).await.is_err() {
            refused.push(name);
        }
        if let Ok(key) = put(probe, &algorithm, &value).await
            && told(probe, &key, &algorithm).await.is_some_and(|found| found == value)
        {
            kept.push(name);
        }
        if whole_of_parts(probe, &algorithm, &value).await {
            of_parts.push(name);
        }
    }
    vec![
        row(
            "a body that is not of the SHA-256 in the signature",
            "every upload: refused as `checksum-mismatch`",
            corrupted(probe).await,
        ),
        row("wrong checksums that are refused", "–", list(&refused)),
        row("checksums kept of `PutObject`", "verified when the file is read", list(&kept)),
        row(
            "checksums kept of a whole upload in parts",
            "verified when the file is read",
            list(&of_parts),
        ),
    ]
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Sends other bytes than were signed.
#[derive(Debug)]
struct Corrupt;

impl Intercept for Corrupt {
    fn name(&self) -> &'static str {
        "corrupt"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *context.request_mut().body_mut() = SdkBody::from("123456780");
        Ok(())
    }
}

async fn corrupted(probe: &Probe<'_>) -> String {
    let key = probe.key("corrupted");
    let put = probe.client.put_object().bucket(probe.bucket).key(key).body(BODY.to_vec().into());
    match put.customize().interceptor(Corrupt).send().await {
        Ok(_) => IGNORED.to_owned(),
        Err(error) => refusal(&error),
    }
}

async fn put(
    probe: &Probe<'_>,
    algorithm: &ChecksumAlgorithm,
    value: &str,
) -> Result<String, String> {
    let key = probe.key("checksum");
    let put = probe.client.put_object().bucket(probe.bucket).key(&key).body(BODY.to_vec().into());
    let value = value.to_owned();
    let put = match algorithm {
        ChecksumAlgorithm::Crc32 => put.checksum_crc32(value),
        ChecksumAlgorithm::Crc32C => put.checksum_crc32_c(value),
        ChecksumAlgorithm::Crc64Nvme => put.checksum_crc64_nvme(value),
        ChecksumAlgorithm::Sha1 => put.checksum_sha1(value),
        _ => put.checksum_sha256(value),
    };
    put.send().await.map(|_| key).map_err(|error| refusal(&error))
}

/// The checksum that the store tells of an object, without asking what kind it is.
async fn told(probe: &Probe<'_>, key: &str, algorithm: &ChecksumAlgorithm) -> Option<String> {
    let head = probe.client.head_object().bucket(probe.bucket).key(key);
    let head = head.checksum_mode(ChecksumMode::Enabled).send().await.ok()?;
    match algorithm {
        ChecksumAlgorithm::Crc32 => head.checksum_crc32,
        ChecksumAlgorithm::Crc32C => head.checksum_crc32_c,
        ChecksumAlgorithm::Crc64Nvme => head.checksum_crc64_nvme,
        ChecksumAlgorithm::Sha1 => head.checksum_sha1,
        _ => head.checksum_sha256,
    }
}

/// Whether an upload of one part ends with the checksum of the whole, as a PUT of it would.
async fn whole_of_parts(probe: &Probe<'_>, algorithm: &ChecksumAlgorithm, value: &str) -> bool {
    let key = probe.key("checksum-of-parts");
    let create = probe.client.create_multipart_upload().bucket(probe.bucket).key(&key);
    let create = create.checksum_algorithm(algorithm.clone());
    let Ok(created) = create.checksum_type(ChecksumType::FullObject).send().await else {
        return false;
    };
    let id = created.upload_id.unwrap();
    let whole = complete(probe, &key, &id, algorithm, value).await
        && told(probe, &key, algorithm).await.is_some_and(|found| found == value);
    let abort = probe.client.abort_multipart_upload().bucket(probe.bucket).key(&key);
    // One that is complete is not there any more.
    let _ = abort.upload_id(&id).send().await;
    whole
}

async fn complete(
    probe: &Probe<'_>,
    key: &str,
    id: &str,
    algorithm: &ChecksumAlgorithm,
    value: &str,
) -> bool {
    let part = probe.client.upload_part().bucket(probe.bucket).key(key).upload_id(id);
    let part = part.part_number(1).body(BODY.to_vec().into());
    let done = CompletedPart::builder().part_number(1);
    let complete = probe.client.complete_multipart_upload().bucket(probe.bucket).key(key);
    let complete = complete.upload_id(id).checksum_type(ChecksumType::FullObject);
    let value = value.to_owned();
    let (part, done, complete) = match algorithm {
        ChecksumAlgorithm::Crc32 => (
            part.checksum_crc32(&value),
            done.checksum_crc32(&value),
            complete.checksum_crc32(&value),
        ),
        ChecksumAlgorithm::Crc32C => (
            part.checksum_crc32_c(&value),
            done.checksum_crc32_c(&value),
            complete.checksum_crc32_c(&value),
        ),
        ChecksumAlgorithm::Crc64Nvme => (
            part.checksum_crc64_nvme(&value),
            done.checksum_crc64_nvme(&value),
            complete.checksum_crc64_nvme(&value),
        ),
        ChecksumAlgorithm::Sha1 => {
            (part.checksum_sha1(&value), done.checksum_sha1(&value), complete.checksum_sha1(&value))
        }
        _ => (
            part.checksum_sha256(&value),
            done.checksum_sha256(&value),
            complete.checksum_sha256(&value),
        ),
    };
    let Ok(sent) = part.send().await else { return false };
    let parts = CompletedMultipartUpload::builder().parts(done.set_e_tag(sent.e_tag).build());
    complete.multipart_upload(parts.build()).send().await.is_ok()
}

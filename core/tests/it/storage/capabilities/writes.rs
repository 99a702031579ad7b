//! Writing in one request.

use std::collections::HashMap;

use aws_sdk_s3::types::{ServerSideEncryption, StorageClass};

use super::answer::{IGNORED, YES, honoured, refusal, taken, together};
use super::{Probe, Row, row};

pub(super) async fn find(probe: &Probe<'_>) -> Vec<Row> {
    vec![
        row(
            "`PutObject` with `If-None-Match: *`",
            "`overwrite = false`, else `storage-unsupported`",
            create_only(probe).await,
        ),
        row(
            "SSE-S3 (`AES256`)",
            "`S3_SERVER_SIDE_ENCRYPTION`, else `storage-unsupported`",
            encryption(probe, ServerSideEncryption::Aes256).await,
        ),
        row(
            "SSE-KMS (`aws:kms`)",
            "`S3_SERVER_SIDE_ENCRYPTION`, else `storage-unsupported`",
            encryption(probe, ServerSideEncryption::AwsKms).await,
        ),
        row("storage classes", "`S3_STORAGE_CLASS`", storage_classes(probe).await),
        row("metadata in any script", "`metadata`", metadata(probe).await),
        row(
            "tags with `PutObject`",
            "`tags` of an upload, else `storage-unsupported`",
            tags_at_once(probe).await,
        ),
    ]
}

async fn create_only(probe: &Probe<'_>) -> String {
    let key = probe.key("create-only");
    let create = |text: &'static [u8]| {
        let put = probe.client.put_object().bucket(probe.bucket).key(&key).if_none_match("*");
        put.body(text.to_vec().into()).send()
    };
    if let Err(error) = create(b"first").await {
        return format!("no: {}", refusal(&error));
    }
    let finding = honoured(&create(b"second").await);
    let left = probe.text(&key).await;
    assert_eq!(left == "first", finding == YES, "{finding}, and then it is {left}");
    finding
}

async fn encryption(probe: &Probe<'_>, kind: ServerSideEncryption) -> String {
    let key = probe.key("encrypted");
    let put = probe.client.put_object().bucket(probe.bucket).key(&key);
    let put = put.server_side_encryption(kind.clone()).body(b"x".to_vec().into()).send().await;
    if let Err(error) = put {
        return format!("no: {}", refusal(&error));
    }
    let head = probe.client.head_object().bucket(probe.bucket).key(&key).send().await.unwrap();
    if head.server_side_encryption() == Some(&kind) { YES } else { IGNORED }.to_owned()
}

async fn storage_classes(probe: &Probe<'_>) -> String {
    let mut findings = Vec::new();
    for class in [StorageClass::ReducedRedundancy, StorageClass::StandardIa, StorageClass::Glacier]
    {
        let key = probe.key("class");
        let put = probe.client.put_object().bucket(probe.bucket).key(&key);
        let put = put.storage_class(class.clone()).body(b"x".to_vec().into()).send().await;
        let finding = match put {
            Err(error) => format!("no: {}", refusal(&error)),
            Ok(_) => {
                let head = probe.client.head_object().bucket(probe.bucket).key(&key).send().await;
                let kept = head.unwrap().storage_class() == Some(&class);
                if kept { YES } else { IGNORED }.to_owned()
            }
        };
        findings.push((class, finding));
    }
    let findings: Vec<_> =
        findings.iter().map(|(class, finding)| (class.as_str(), finding.clone())).collect();
    together(&findings)
}

/// Values as Casier writes them: RFC 2047 words where they are not ASCII, and empty ones.
async fn metadata(probe: &Probe<'_>) -> String {
    let key = probe.key("metadata");
    let sent: HashMap<String, String> =
        [("ascii", "a b; c=\"d\""), ("word", "=?UTF-8?B?w4l0w6kg5Lqs6YO9?="), ("empty", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    let put = probe.client.put_object().bucket(probe.bucket).key(&key);
    let put = put.set_metadata(Some(sent.clone())).body(b"x".to_vec().into()).send().await;
    if let Err(error) = put {
        return format!("no: {}", refusal(&error));
    }
    let head = probe.client.head_object().bucket(probe.bucket).key(&key).send().await.unwrap();
    let found = head.metadata().cloned().unwrap_or_default();
    let mut changed: Vec<_> = sent
        .iter()
        .filter(|(name, value)| found.get(*name) != Some(value))
        .map(|(name, _)| match found.get(name) {
            Some(value) => format!("{name} becomes `{value}`"),
            None => format!("{name} is lost"),
        })
        .collect();
    changed.sort();
    if changed.is_empty() { YES.to_owned() } else { changed.join("; ") }
}

async fn tags_at_once(probe: &Probe<'_>) -> String {
    let key = probe.key("tagged-at-once");
    let put = probe.client.put_object().bucket(probe.bucket).key(&key).tagging("colour=red");
    let put = put.body(b"x".to_vec().into()).send().await;
    if put.is_err() {
        return taken(&put);
    }
    let tags = probe.client.get_object_tagging().bucket(probe.bucket).key(&key).send().await;
    match tags {
        Ok(tags) if tags.tag_set().len() == 1 => YES.to_owned(),
        _ => IGNORED.to_owned(),
    }
}

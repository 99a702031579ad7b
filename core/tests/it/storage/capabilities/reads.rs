//! Reading, and the links that read.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::DateTime;

use super::answer::{YES, honoured, refusal, together};
use super::{Probe, Row, row};

pub(super) async fn find(probe: &Probe<'_>) -> Vec<Row> {
    let key = probe.put("read", "0123456789").await;
    vec![
        row(
            "conditions of `GetObject`",
            "the conditions of `read`, `stream` and `download`; parallel ranges, and going on \
             after a broken answer",
            conditions(probe, &key).await,
        ),
        row("ranges", "ranges of `read` and `stream`, parallel ranges", ranges(probe, &key).await),
        row("a range past the end", "`range-invalid`", past_the_end(probe, &key).await),
        row("a link that has expired", "– (any refusal will do)", expired(probe, &key).await),
        row(
            "a link with an unsigned `x-amz-…` header",
            "`presigned_upload`: no header more than its own",
            unsigned_headers(probe).await,
        ),
        row(
            "the same with `x-amz-copy-source`",
            "uploads by links; where it is taken, they are signed so that every copy fails",
            unsigned_copy(probe, &key).await,
        ),
    ]
}

async fn conditions(probe: &Probe<'_>, key: &str) -> String {
    let get = || probe.client.get_object().bucket(probe.bucket).key(key);
    let tag = get().send().await.unwrap().e_tag.unwrap();
    let day = Duration::from_secs(86_400);
    let (yesterday, just_now) =
        (DateTime::from(SystemTime::now() - day), DateTime::from(SystemTime::now()));
    // One that is in the future is no condition at all, by RFC 9110.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let findings = [
        ("`If-Match`", honoured(&get().if_match("\"another\"").send().await)),
        ("`If-None-Match`", honoured(&get().if_none_match(tag).send().await)),
        ("`If-Modified-Since`", honoured(&get().if_modified_since(just_now).send().await)),
        ("`If-Unmodified-Since`", honoured(&get().if_unmodified_since(yesterday).send().await)),
    ];
    together(&findings)
}

async fn ranges(probe: &Probe<'_>, key: &str) -> String {
    let mut findings = Vec::new();
    for (name, range, expected) in [
        ("from and to", "bytes=2-4", "234"),
        ("from", "bytes=7-", "789"),
        ("last", "bytes=-2", "89"),
        ("beyond the end", "bytes=8-100", "89"),
    ] {
        let got = probe.client.get_object().bucket(probe.bucket).key(key).range(range).send().await;
        let finding = match got {
            Err(error) => format!("no: {}", refusal(&error)),
            Ok(got) => {
                let text = got.body.collect().await.unwrap().to_vec();
                if text == expected.as_bytes() { YES } else { "wrong" }.to_owned()
            }
        };
        findings.push((name, finding));
    }
    together(&findings)
}

async fn past_the_end(probe: &Probe<'_>, key: &str) -> String {
    let get = probe.client.get_object().bucket(probe.bucket).key(key).range("bytes=10-");
    match get.send().await {
        Ok(_) => "taken".to_owned(),
        Err(error) => refusal(&error),
    }
}

/// What becomes of a link to upload that is sent with one header more.
async fn unsigned_headers(probe: &Probe<'_>) -> String {
    let settings = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let put = probe.client.put_object().bucket(probe.bucket).key(probe.key("more"));
    let link = put.presigned(settings).await.unwrap();
    let mut findings = Vec::new();
    for name in ["x-amz-meta-more", "x-amz-acl", "x-amz-tagging"] {
        let put = reqwest::Client::new().put(link.uri()).header(name, "a=b").send();
        let status = put.await.unwrap().status();
        let taken = if status.is_success() { "taken: " } else { "" };
        findings.push((name, format!("{taken}`{}`", status.as_u16())));
    }
    together(&findings)
}

/// Whether a link to upload copies what its holder names.
async fn unsigned_copy(probe: &Probe<'_>, source: &str) -> String {
    let settings = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let put = probe.client.put_object().bucket(probe.bucket).key(probe.key("copied"));
    let link = put.presigned(settings).await.unwrap();
    let source = format!("{}/{source}", probe.bucket);
    let put = reqwest::Client::new().put(link.uri()).header("x-amz-copy-source", source).send();
    let status = put.await.unwrap().status();
    let taken = if status.is_success() { "taken: " } else { "" };
    format!("{taken}`{}`", status.as_u16())
}

async fn expired(probe: &Probe<'_>, key: &str) -> String {
    let settings = PresigningConfig::builder()
        .start_time(SystemTime::now() - Duration::from_secs(120))
        .expires_in(Duration::from_secs(60))
        .build()
        .unwrap();
    let get = probe.client.get_object().bucket(probe.bucket).key(key);
    let link = get.presigned(settings).await.unwrap();
    let status = reqwest::get(link.uri()).await.unwrap().status().as_u16();
    format!("`{status}`")
}

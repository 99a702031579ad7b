//! Uploads in parts.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::answer::{YES, honoured, refusal, taken};
use super::{Probe, Row, row};

const MIB: usize = 1024 * 1024;

pub(super) async fn find(probe: &Probe<'_>) -> Vec<Row> {
    vec![
        row(
            "`CompleteMultipartUpload` with `If-None-Match: *`",
            "`overwrite = false` of uploads in parts, else `storage-unsupported`",
            create_only(probe).await,
        ),
        row(
            "`CompleteMultipartUpload` once more",
            "a lost answer; settled by a look at the object",
            complete_twice(probe).await,
        ),
        row(
            "a part below 5 MiB, not the last",
            "– (all parts are 8 MiB or more)",
            parts_of(probe, &[MIB, 1]).await,
        ),
        row(
            "parts of unequal size",
            "– (all parts but the last are equal)",
            parts_of(probe, &[5 * MIB, 6 * MIB, 1]).await,
        ),
        row(
            "`UploadPartCopy` of a range",
            "copies above 1 GiB, and those that must not overwrite",
            part_copy(probe).await,
        ),
        row(
            "an upload in parts, once another file of its key is stored",
            "`resume_upload`, else `upload-not-found`",
            stays(probe).await,
        ),
        row(
            "`ListMultipartUploads` by prefix",
            "`sweep_uploads`, `delete_all`",
            listed(probe, Some("uploads/")).await,
        ),
        row(
            "`ListMultipartUploads` of the bucket",
            "the sweep of the whole bucket",
            listed(probe, None).await,
        ),
    ]
}

/// An upload that was begun.
struct Begun<'a> {
    probe: &'a Probe<'a>,
    key: String,
    id: String,
    parts: Vec<CompletedPart>,
}

impl<'a> Begun<'a> {
    async fn new(probe: &'a Probe<'a>, name: &str) -> Self {
        let key = probe.key(name);
        let create = probe.client.create_multipart_upload().bucket(probe.bucket).key(&key);
        let id = create.send().await.unwrap().upload_id.unwrap();
        Self { probe, key, id, parts: Vec::new() }
    }

    async fn part(&mut self, body: Bytes) {
        let number = i32::try_from(self.parts.len() + 1).unwrap();
        let (client, bucket) = (self.probe.client, self.probe.bucket);
        let call = client.upload_part().bucket(bucket).key(&self.key).upload_id(&self.id);
        let sent = call.part_number(number).body(body.into()).send().await.unwrap();
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build();
        self.parts.push(part);
    }

    fn complete(
        &self,
    ) -> aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder
    {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts.clone()));
        let (client, bucket) = (self.probe.client, self.probe.bucket);
        let call = client.complete_multipart_upload().bucket(bucket).key(&self.key);
        call.upload_id(&self.id).multipart_upload(parts.build())
    }

    async fn abort(self) {
        let (client, bucket) = (self.probe.client, self.probe.bucket);
        let call = client.abort_multipart_upload().bucket(bucket).key(&self.key);
        // One that is complete is not there any more.
        let _ = call.upload_id(&self.id).send().await;
    }
}

async fn create_only(probe: &Probe<'_>) -> String {
    let key = probe.put("create-only-parts", "first").await;
    let mut upload = Begun::new(probe, "create-only-parts").await;
    upload.part(Bytes::from_static(b"second")).await;
    let finding = honoured(&upload.complete().if_none_match("*").send().await);
    let left = probe.text(&key).await;
    assert_eq!(left == "first", finding != super::answer::IGNORED, "{finding}: {left}");
    upload.abort().await;
    finding
}

async fn complete_twice(probe: &Probe<'_>) -> String {
    let mut upload = Begun::new(probe, "complete-twice").await;
    upload.part(Bytes::from_static(b"x")).await;
    upload.complete().send().await.unwrap();
    match upload.complete().send().await {
        Ok(_) => "succeeds".to_owned(),
        Err(error) => refusal(&error),
    }
}

async fn parts_of(probe: &Probe<'_>, sizes: &[usize]) -> String {
    let mut upload = Begun::new(probe, "parts").await;
    for size in sizes {
        upload.part(Bytes::from(vec![b'x'; *size])).await;
    }
    let answer = upload.complete().send().await;
    upload.abort().await;
    match answer {
        Ok(_) => "taken".to_owned(),
        Err(error) => refusal(&error),
    }
}

async fn stays(probe: &Probe<'_>) -> String {
    let mut upload = Begun::new(probe, "stays").await;
    upload.part(Bytes::from_static(b"parts")).await;
    probe.put("stays", "another").await;
    let finding = match upload.complete().send().await {
        Ok(_) => "stays".to_owned(),
        Err(error) => format!("is gone: {}", refusal(&error)),
    };
    upload.abort().await;
    finding
}

/// Of a file that is larger than what stores keep beside its name.
async fn part_copy(probe: &Probe<'_>) -> String {
    let source = probe.key("copied-from");
    let bytes: Vec<u8> = (0..2 * MIB).map(|at| (at % 251) as u8).collect();
    probe.bench.put_raw(&source, &bytes).await;
    let mut upload = Begun::new(probe, "copied-in-parts").await;
    let call = probe.client.upload_part_copy().bucket(probe.bucket).key(&upload.key);
    let call = call.upload_id(&upload.id).part_number(1).copy_source_range("bytes=1000000-1999999");
    let answer = call.copy_source(format!("{}/{source}", probe.bucket)).send().await;
    let finding = match &answer {
        Err(_) => taken(&answer),
        Ok(copied) => {
            let tag =
                copied.copy_part_result().and_then(|result| result.e_tag().map(str::to_owned));
            upload.parts.push(CompletedPart::builder().part_number(1).set_e_tag(tag).build());
            upload.complete().send().await.unwrap();
            assert!(probe.bench.bytes_of(&upload.key).await == bytes[1_000_000..2_000_000]);
            YES.to_owned()
        }
    };
    upload.abort().await;
    finding
}

/// Two uploads, asked for by a prefix of theirs or for the whole bucket, one at a time.
async fn listed(probe: &Probe<'_>, within: Option<&str>) -> String {
    let (first, second) =
        (Begun::new(probe, "uploads/1").await, Begun::new(probe, "uploads/2").await);
    let prefix = within.map(|rest| probe.key(rest));
    let (mut seen, mut dated) = (Vec::new(), true);
    let (mut key_marker, mut id_marker) = (None, None);
    let mut finding = None;
    // A store that repeats itself ends here too.
    for _ in 0..50 {
        let call = probe.client.list_multipart_uploads().bucket(probe.bucket);
        let call =
            call.set_prefix(prefix.clone()).max_uploads(if within.is_some() { 1 } else { 1000 });
        let call = call.set_key_marker(key_marker).set_upload_id_marker(id_marker);
        let page = match call.send().await {
            Ok(page) => page,
            Err(error) => {
                finding = Some(format!("no: {}", refusal(&error)));
                break;
            }
        };
        for upload in page.uploads() {
            if upload.upload_id().is_some_and(|id| id == first.id || id == second.id) {
                dated &= upload.initiated().is_some();
                seen.push(upload.key().unwrap_or_default().to_owned());
            }
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        key_marker = page.next_key_marker;
        id_marker = page.next_upload_id_marker;
    }
    let finding = finding.unwrap_or_else(|| match seen.len() {
        0 => "finds none".to_owned(),
        2 if dated => "yes, with their dates".to_owned(),
        2 => "yes, without their dates".to_owned(),
        found => format!("finds {found} of 2"),
    });
    first.abort().await;
    second.abort().await;
    finding
}

//! Stores that take what they are sent and keep something else.

use casier::ErrorKind;

use super::{MIB, SMALL, bytes};
use crate::storage::fake::{Answer, Fake, Request};
use crate::support::within_limit;

/// The checksum of nothing.
const WRONG: &str = "AAAAAAAAAAA=";

/// How a store deletes, and what it has by then.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Store {
    WithConditions,
    WithoutConditions,
    WithVersions,
    /// Somebody has replaced the file before it is looked at.
    WithAnotherFile,
    /// Somebody replaces the file after it was looked at.
    WithAnotherFileSoon,
}

fn answer(store: Store, request: &Request) -> Answer {
    let version = match store {
        Store::WithVersions => "x-amz-version-id: v1\r\n",
        _ => "",
    };
    let target = request.target.as_str();
    match request.method.as_str() {
        "PUT" if target.contains("partNumber") => {
            Answer::Whole(200, "ETag: \"part\"\r\n".to_owned(), Vec::new())
        }
        "PUT" => {
            let checksum = format!("x-amz-checksum-crc64nvme: {WRONG}\r\n");
            Answer::Whole(200, format!("ETag: \"new\"\r\n{checksum}{version}"), Vec::new())
        }
        "POST" if target.contains("uploadId") => {
            let body = format!(
                "<CompleteMultipartUploadResult><ETag>\"new\"</ETag>\
                 <ChecksumCRC64NVME>{WRONG}</ChecksumCRC64NVME></CompleteMultipartUploadResult>"
            );
            Answer::Whole(200, version.to_owned(), body.into_bytes())
        }
        "POST" => {
            let body = "<InitiateMultipartUploadResult><UploadId>u</UploadId>\
                        </InitiateMultipartUploadResult>";
            Answer::Whole(200, String::new(), body.into())
        }
        "HEAD" if store == Store::WithAnotherFile => {
            Answer::Whole(200, "ETag: \"other\"\r\n".to_owned(), Vec::new())
        }
        "HEAD" => Answer::Whole(200, "ETag: \"new\"\r\n".to_owned(), Vec::new()),
        "DELETE" if target.contains("uploadId") => Answer::error(404, "NoSuchUpload"),
        "DELETE" if request.header("if-match").is_some() => match store {
            Store::WithoutConditions => Answer::error(501, "NotImplemented"),
            Store::WithAnotherFileSoon => Answer::error(412, "PreconditionFailed"),
            _ => Answer::empty(204),
        },
        "DELETE" => Answer::empty(204),
        _ => Answer::error(404, "NoSuchUpload"),
    }
}

/// The deletions of the file: the condition of each, and whether it names the version.
async fn deletions(store: Store, size: usize) -> Vec<(Option<String>, bool)> {
    let fake = Fake::start(move |request| answer(store, request)).await;
    let files = fake.files();
    let upload = files.upload_file_object(bytes(size), "a.bin", "file", Default::default());
    let error = upload.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ChecksumMismatch, "{store:?}: {error}");
    let requests = fake.requests();
    let deletions = requests
        .iter()
        .filter(|request| request.method == "DELETE" && !request.target.contains("uploadId"));
    deletions
        .map(|request| {
            assert!(request.target.starts_with("/bucket/user_1/files/a.bin"), "{request:?}");
            let version = request.target.contains("versionId=v1");
            (request.header("if-match").map(str::to_owned), version)
        })
        .collect()
}

#[test]
fn what_the_store_has_spoilt_is_deleted_and_nothing_else() {
    within_limit(async {
        let if_new = || (Some("\"new\"".to_owned()), false);
        for size in [MIB, SMALL + MIB] {
            for (store, expected) in [
                (Store::WithConditions, vec![if_new()]),
                (Store::WithoutConditions, vec![if_new(), (None, false)]),
                (Store::WithVersions, vec![(None, true)]),
                (Store::WithAnotherFile, vec![]),
                (Store::WithAnotherFileSoon, vec![if_new()]),
            ] {
                assert_eq!(deletions(store, size).await, expected, "{store:?}, {size}");
            }
        }
    });
}

#[test]
fn what_cannot_be_deleted_is_said() {
    within_limit(async {
        let fake = Fake::start(|request| match request.method.as_str() {
            "DELETE" => Answer::error(403, "AccessDenied"),
            _ => answer(Store::WithConditions, request),
        })
        .await;
        let files = fake.files();
        let upload = files.upload_file_object("text", "a.txt", "file", Default::default());
        let error = upload.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ChecksumMismatch);
        assert!(error.message().ends_with("could not be deleted"), "{error}");
    });
}

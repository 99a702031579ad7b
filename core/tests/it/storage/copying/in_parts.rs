//! Copies in parts: of files too large for one request, and where only completions have conditions.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use casier::ErrorKind;
use casier::access::Policy;
use casier::storage::{CopyOptions, Storage, UploadOptions, UserStorage};

use super::{keys, named, put};
use crate::storage::bench::{Bench, PDF, metadata, on_bench};
use crate::storage::fake::{Answer, Fake, Request};
use crate::support::within_limit;

/// The files of the bench's user, copied in parts of 5 MiB.
pub(super) fn in_parts(bench: &Bench) -> UserStorage {
    let mut config = bench.config.clone();
    config.copy_part_bytes = 5 << 20;
    let policy = Arc::new(Policy::builtin());
    Storage::new(config).unwrap().scoped(bench.scope.clone(), None, policy)
}

#[test]
fn large_files_are_copied_in_parts() {
    on_bench(|bench| async move {
        let files = in_parts(&bench);
        let mut bytes = PDF.to_vec();
        bytes.extend((0..12_000_001_u32).map(|i| (i % 251) as u8));
        let mut options = UploadOptions::default();
        options.metadata = metadata(&[("title", "É")]);
        let bytes = Bytes::from(bytes);
        let key =
            files.upload_file_object(bytes.clone(), "a.pdf", "book", options).await.unwrap().key;
        let moved = files.rename(&key, "b.pdf", true).await.unwrap();
        assert_eq!(files.read(&moved.key, Default::default()).await.unwrap(), bytes);
        let found = files.metadata(&moved.key).await.unwrap();
        assert_eq!(found.metadata, metadata(&[("title", "É")]));
        assert_eq!((found.etag, found.size), (moved.etag, moved.size));
        assert_eq!(keys(&bench).await, std::slice::from_ref(&moved.key));
        // Onto itself as well.
        let mut options = CopyOptions::default();
        options.metadata = Some(metadata(&[]));
        files.copy(&moved.key, options).await.unwrap();
        assert_eq!(files.read(&moved.key, Default::default()).await.unwrap(), bytes);
        assert!(bench.uploads_under(bench.scope.prefix()).await.is_empty());
        bench
    });
}

#[test]
fn a_copy_in_parts_overwrites_only_what_it_may() {
    on_bench(|bench| async move {
        let files = in_parts(&bench);
        let large = bench.key("files/large.txt");
        bench.put_raw(&large, &vec![b'x'; 6 << 20]).await;
        let other = put(&files, b"other", "b.txt", "file").await;
        let error = files.rename(&large, "b.txt", false).await.unwrap_err();
        let expected = [ErrorKind::FileExists, ErrorKind::StorageUnsupported];
        assert!(expected.contains(&error.kind()), "{error}");
        assert_eq!(files.read(&other, Default::default()).await.unwrap(), "other");
        assert_eq!(keys(&bench).await.len(), 2);
        assert!(bench.uploads_under(bench.scope.prefix()).await.is_empty());
        bench
    });
}

#[test]
fn a_copy_in_parts_that_is_given_up_leaves_nothing() {
    on_bench(|bench| async move {
        let files = in_parts(&bench);
        let large = bench.key("files/large.txt");
        bench.put_raw(&large, &vec![b'x'; 40 << 20]).await;
        for wait in [0, 1, 2, 5, 10, 20, 40] {
            let (files, large) = (files.clone(), large.clone());
            let copy = tokio::spawn(async move { files.copy(&large, named("b.txt")).await });
            tokio::time::sleep(Duration::from_millis(wait)).await;
            copy.abort();
            let _ = copy.await;
        }
        // What is on its way when the last is given up is aborted behind it.
        while !bench.uploads_under(bench.scope.prefix()).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(files.metadata(&large).await.unwrap().size, 40 << 20);
        bench
    });
}

/// A store that copies as MinIO does: the condition of CopyObject is ignored, that of an upload's
/// completion is not. `parts` answers UploadPartCopy.
async fn store_without_conditional_copies(parts: Answer) -> Fake {
    let mark = Arc::new(Mutex::new(false));
    Fake::start(move |request| {
        let header = |name: &str| request.headers.iter().any(|(header, _)| header == name);
        let probed = request.target.contains("/.casier/");
        match (request.method.as_str(), request.target.as_str()) {
            ("HEAD", _) => Answer::Whole(
                200,
                "ETag: \"e\"\r\nContent-Type: text/plain\r\nx-amz-meta-a: b\r\n".into(),
                b"12345".to_vec(),
            ),
            ("PUT", target) if target.contains("partNumber") && !probed => parts.clone(),
            ("PUT", target) if target.contains("partNumber") => {
                Answer::Whole(200, "ETag: \"p\"\r\n".into(), Vec::new())
            }
            ("PUT", _) if header("x-amz-copy-source") => {
                let body = b"<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>".to_vec();
                Answer::Whole(200, String::new(), body)
            }
            // The probe: the first time it is put, the second time it is there.
            ("PUT", _) if probed && header("if-none-match") => {
                let mut there = mark.lock().unwrap();
                let was_there = std::mem::replace(&mut *there, true);
                if was_there {
                    Answer::error(412, "PreconditionFailed")
                } else {
                    Answer::empty(200)
                }
            }
            ("POST", target) if target.contains("uploads") => {
                let body = "<InitiateMultipartUploadResult><UploadId>u</UploadId>\
                            </InitiateMultipartUploadResult>";
                Answer::Whole(200, String::new(), body.into())
            }
            ("POST", _) if header("if-none-match") => Answer::error(412, "PreconditionFailed"),
            ("GET", target) if target.contains("tagging") => Answer::error(501, "NotImplemented"),
            ("GET", _) => Answer::error(404, "NoSuchUpload"),
            ("DELETE", _) => Answer::empty(204),
            _ => Answer::empty(200),
        }
    })
    .await
}

#[test]
fn where_only_completions_have_conditions_they_are_used() {
    within_limit(async {
        let part = b"<CopyPartResult><ETag>\"p\"</ETag></CopyPartResult>".to_vec();
        let fake = store_without_conditional_copies(Answer::Whole(200, String::new(), part)).await;
        let error = fake.files().rename("user_1/files/a.txt", "b.txt", false).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileExists, "{error}");
        let requests = fake.requests();
        let is_part = |it: &&Request| {
            it.target.contains("partNumber") && it.target.starts_with("/bucket/user_1/")
        };
        let part = requests.iter().find(is_part).unwrap();
        let header = |name: &str| part.headers.iter().find(|(header, _)| header == name).unwrap();
        assert_eq!(header("x-amz-copy-source").1, "bucket/user_1/files/a.txt");
        assert_eq!(header("x-amz-copy-source-if-match").1, "\"e\"");
        assert_eq!(header("x-amz-copy-source-range").1, "bytes=0-4");
        // The upload is aborted, the original stays.
        let deleted: Vec<_> = requests.iter().filter(|it| it.method == "DELETE").collect();
        assert!(deleted.iter().any(|it| it.target.contains("uploadId=u")));
        assert!(!deleted.iter().any(|it| it.target.starts_with("/bucket/user_1/files/a.txt")));
    });
}

#[test]
fn a_part_that_fails_aborts_the_copy() {
    within_limit(async {
        for (answer, expected) in [
            (Answer::error(403, "AccessDenied"), ErrorKind::StorageDenied),
            (Answer::error(412, "PreconditionFailed"), ErrorKind::Conflict),
            (Answer::Whole(200, String::new(), b"<Error><Code>Internal".to_vec()), {
                ErrorKind::StorageUnavailable
            }),
        ] {
            let fake = store_without_conditional_copies(answer).await;
            let error =
                fake.files().rename("user_1/files/a.txt", "b.txt", false).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{error}");
            let requests = fake.requests();
            let deleted = requests.iter().filter(|it| it.method == "DELETE");
            assert!(deleted.clone().any(|it| it.target.contains("uploadId=u")));
            assert!(!deleted.clone().any(|it| it.target.starts_with("/bucket/user_1/files/a.txt")));
        }
    });
}

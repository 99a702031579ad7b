//! Answers that no store should give: too long, never ending, half, or made to be expanded.

use casier::ErrorKind;
use casier::storage::{ListOptions, UserStorage};

use super::fake::{Answer, Fake};
use crate::support::within_limit;

const KEY: &str = "user_1/files/a.txt";

async fn list(files: &UserStorage) -> casier::Result<usize> {
    files.list(ListOptions::default()).await.map(|page| page.items.len())
}

fn page(contents: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{contents}\
         </ListBucketResult>"
    )
    .into_bytes()
}

/// Attack 121.
#[test]
fn no_answer_fills_the_memory() {
    within_limit(async {
        let mebibyte = vec![b' '; 1024 * 1024];
        for (status, kind) in [
            (200, ErrorKind::StorageUnavailable),
            (400, ErrorKind::Internal),
            (403, ErrorKind::StorageDenied),
            (404, ErrorKind::ConfigInvalid),
            (500, ErrorKind::StorageUnavailable),
        ] {
            let piece = mebibyte.clone();
            let fake = Fake::start(move |_| Answer::Endless(status, piece.clone())).await;
            assert_eq!(list(&fake.files()).await.unwrap_err().kind(), kind, "{status}");
            let tries = fake.requests().len();
            // 8 MiB of a page, 64 KiB of an error, and what lies in the buffers of the kernel.
            let most = if status == 200 { 8 << 20 } else { 64 << 10 } + (16 << 20);
            assert!(fake.sent() <= most * tries, "{status}: {} in {tries}", fake.sent());
        }
        // What is only announced, too, takes no memory.
        let fake = Fake::start(|_| Answer::Short(100 << 30, b"<ListBucketResult>".to_vec())).await;
        let error = list(&fake.files()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
    });
}

/// Attack 121.
#[test]
fn of_a_long_error_the_code_is_read() {
    within_limit(async {
        let mut body = b"<Error><Code>NoSuchBucket</Code><Message>".to_vec();
        body.resize(100 << 20, b'x');
        let fake = Fake::start(move |_| Answer::Whole(404, String::new(), body.clone())).await;
        let error = fake.files().read(KEY, Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
        assert!(error.message().contains("S3_BUCKET_NAME") && error.message().len() < 200);
    });
}

/// Attack 121.
#[test]
fn nothing_in_an_answer_is_expanded() {
    within_limit(async {
        let declared = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;\">\
                        <!ENTITY f SYSTEM \"file:///etc/hostname\">]>";
        let entry = "<Contents><Key>user_1/files/&b;&f;</Key><Size>1</Size></Contents>";
        let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
        for body in [
            format!(
                "{declared}<ListBucketResult><IsTruncated>false</IsTruncated>{entry}\
                     </ListBucketResult>"
            ),
            format!(
                "<ListBucketResult>{declared}<IsTruncated>false</IsTruncated>{entry}\
                     </ListBucketResult>"
            ),
            String::from_utf8(page(entry)).unwrap(),
            format!("{declared}<Error><Code>&b;&f;</Code></Error>"),
            deep.clone(),
        ] {
            for status in [200, 400] {
                let body = body.clone().into_bytes();
                let fake =
                    Fake::start(move |_| Answer::Whole(status, String::new(), body.clone())).await;
                let error = list(&fake.files()).await.unwrap_err();
                let expected =
                    if status == 200 { ErrorKind::StorageUnavailable } else { ErrorKind::Internal };
                assert_eq!(error.kind(), expected, "{error}");
                assert!(error.message().len() < 200 && !error.message().contains("aaaa"));
            }
        }
        // What does not concern us may nest as it likes.
        let fake = Fake::start(move |_| Answer::Whole(200, String::new(), page(&deep))).await;
        assert_eq!(list(&fake.files()).await.unwrap(), 0);
    });
}

/// Attack 110.
#[test]
fn half_a_page_is_no_page() {
    within_limit(async {
        let whole = page(
            &(0..10)
                .map(|n| format!("<Contents><Key>user_1/files/{n}</Key><Size>1</Size></Contents>"))
                .collect::<String>(),
        );
        let fake = Fake::start({
            let whole = whole.clone();
            move |_| Answer::Whole(200, String::new(), whole.clone())
        })
        .await;
        assert_eq!(list(&fake.files()).await.unwrap(), 10);
        let ends = (0..whole.len()).step_by(37).chain([whole.len() - 1]);
        for end in ends {
            let half = whole[..end].to_vec();
            let fake = Fake::start(move |_| Answer::Whole(200, String::new(), half.clone())).await;
            let error = list(&fake.files()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{end}");
        }
    });
}

/// Attack 110. Every store tells the tag of what it has taken; what says yes to all and tells none,
/// as proxies do, has stored nothing.
#[test]
fn a_success_without_a_tag_is_none() {
    within_limit(async {
        let fake = Fake::start(|request| match request.method.as_str() {
            "HEAD" => {
                Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
            }
            "PUT" if request.header("x-amz-copy-source").is_some() => {
                Answer::Whole(200, String::new(), b"<CopyObjectResult/>".to_vec())
            }
            "PUT" if request.target.contains("partNumber") => {
                Answer::Whole(200, "ETag: \"p\"\r\n".into(), vec![])
            }
            "POST" if request.target.contains("?uploads") => {
                let begun = "<InitiateMultipartUploadResult><UploadId>u</UploadId>\
                             </InitiateMultipartUploadResult>";
                Answer::Whole(200, String::new(), begun.into())
            }
            "POST" => Answer::Whole(200, String::new(), b"<CompleteMultipartUploadResult/>".into()),
            "GET" => Answer::error(404, "NoSuchUpload"),
            _ => Answer::empty(200),
        })
        .await;
        let files = fake.files();
        for size in [1, 16 * 1024 * 1024 + 1] {
            let upload = files.upload_file_object(vec![0; size], "a", "file", Default::default());
            assert_eq!(upload.await.unwrap_err().kind(), ErrorKind::StorageUnavailable, "{size}");
        }
        let fake_of_nothing = Fake::start(|_| Answer::empty(200)).await;
        let found = fake_of_nothing.files().exists(KEY).await;
        assert_eq!(found.unwrap_err().kind(), ErrorKind::StorageUnavailable);
        fake.forget();
        let moved = files.rename(KEY, "b.txt", true).await;
        assert_eq!(moved.unwrap_err().kind(), ErrorKind::StorageUnavailable);
        assert!(fake.requests().iter().all(|request| request.method != "DELETE"));
    });
}

/// Attack 110. A page that breaks off is asked for again.
#[test]
fn a_page_that_comes_whole_at_the_second_try_is_taken() {
    within_limit(async {
        let tries = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let fake = Fake::start(move |_| {
            let mut page = page("<Contents><Key>user_1/files/a</Key><Size>1</Size></Contents>");
            if tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
                page.truncate(page.len() - 9);
            }
            Answer::Whole(200, String::new(), page)
        })
        .await;
        assert_eq!(list(&fake.files()).await.unwrap(), 1);
        assert_eq!(fake.requests().len(), 2);
    });
}

/// Attack 109, where the answer is a page.
#[test]
fn an_error_that_says_200_is_an_error() {
    within_limit(async {
        for (code, kind, tries) in [
            ("InternalError", ErrorKind::StorageUnavailable, 3),
            ("ServiceUnavailable", ErrorKind::StorageUnavailable, 3),
            ("SlowDown", ErrorKind::StorageUnavailable, 3),
            ("AccessDenied", ErrorKind::StorageDenied, 1),
        ] {
            let fake = Fake::start(move |_| Answer::error(200, code)).await;
            let error = list(&fake.files()).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{code}: {error}");
            assert_eq!(fake.requests().len(), tries, "{code}");
        }
    });
}

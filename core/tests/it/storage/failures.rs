//! Stores that fail, and settings that are wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use casier::storage::{
    LinkOptions, ListOptions, ReadOptions, StaticCredentials, StorageConfig, UploadOptions,
    UserStorage,
};
use casier::{Error, ErrorKind};
use futures_util::FutureExt as _;

use super::bench::{PDF, on_bench};
use super::fake::{Answer, Fake, files};
use crate::support::{Folder, within_limit};

const KEY: &str = "user_1/files/a.txt";

async fn put(files: &UserStorage, overwrite: bool) -> Error {
    let mut options = UploadOptions::default();
    options.overwrite = overwrite;
    let text = Bytes::from_static(b"x");
    files.upload_file_object(text, "a.txt", "file", options).await.unwrap_err()
}

/// What every operation that asks the store answers, on a store that fails.
async fn all_failures(files: &UserStorage, key: &str) -> Vec<Error> {
    let folder = Folder::new();
    let failures = vec![
        put(files, true).await,
        files.list(ListOptions::default()).await.unwrap_err(),
        files.metadata(key).await.unwrap_err(),
        files.exists(key).await.unwrap_err(),
        files.read(key, Default::default()).await.unwrap_err(),
        files.download(key, folder.path().join("a"), Default::default()).await.unwrap_err(),
        files.delete(key).await.unwrap_err(),
    ];
    assert!(folder.names().is_empty());
    for failure in &failures {
        let shown = format!("{failure} {failure:?}");
        for secret in ["hush", "X-Amz", "Signature=", "AKIATEST"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    failures
}

#[test]
fn wrong_keys_are_denied_at_once() {
    on_bench(|bench| async move {
        let mut config = bench.config.clone();
        config.credentials.as_mut().unwrap().secret_access_key = "hush-hush".to_owned();
        let files = files(config);
        for error in all_failures(&files, KEY).await {
            assert_eq!(error.kind(), ErrorKind::StorageDenied, "{error}");
        }
        assert!(!format!("{files:?}").contains("hush"));
        bench
    });
}

#[test]
fn a_wrong_bucket_is_named() {
    on_bench(|bench| async move {
        let mut config = bench.config.clone();
        config.bucket = format!("{}-none", config.bucket);
        for error in all_failures(&files(config), KEY).await {
            // A store may not say whether a bucket exists to whoever has no right to it.
            if error.kind() != ErrorKind::StorageDenied {
                assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
                assert!(error.message().contains("S3_BUCKET_NAME"));
            }
        }
        bench
    });
}

#[test]
fn a_wrong_region_is_named() {
    on_bench(|bench| async move {
        let mut config = bench.config.clone();
        config.region = Some("mars-north-1".to_owned());
        let files = files(config);
        if files.list(ListOptions::default()).await.is_ok() {
            println!("the store takes any region");
            return bench;
        }
        for error in all_failures(&files, KEY).await {
            // The answer to HEAD has no body, and so may not say why it is a refusal.
            let told =
                error.kind() == ErrorKind::ConfigInvalid && error.message().contains("AWS_REGION");
            let untold = matches!(error.kind(), ErrorKind::Internal | ErrorKind::StorageDenied);
            assert!(told || untold, "{error}");
        }
        bench
    });
}

#[test]
fn a_store_that_is_not_there_is_unavailable() {
    within_limit(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let config =
            super::bench::config("bucket", format!("http://{address}"), "AKIATEST", "hush", None);
        for error in all_failures(&files(config), KEY).await {
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{error}");
            assert!(error.is_retryable());
            assert!(error.message().contains("S3_ENDPOINT_URL"), "{error}");
        }
    });
}

#[test]
fn an_address_where_no_store_answers_is_named() {
    within_limit(async {
        let fake = Fake::start(|_| Answer::Whole(404, String::new(), b"not here".to_vec())).await;
        let files = fake.files();
        let listed = files.list(ListOptions::default()).await.unwrap_err();
        for error in [put(&files, true).await, listed] {
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
            assert!(error.message().contains("S3_ENDPOINT_URL"), "{error}");
        }
        let read = files.read(KEY, Default::default()).await.unwrap_err();
        assert_eq!(read.to_string(), "file-not-found: there is no such file");
    });
}

#[test]
fn outside_a_runtime_every_call_says_so() {
    let config =
        super::bench::config("bucket", "http://127.0.0.1:9".into(), "AKIATEST", "hush", None);
    let files = files(config);
    let calls = async {
        let mut errors = all_failures(&files, KEY).await;
        errors.push(put(&files, false).await);
        errors.push(files.upload_file("a.pdf", "book", Default::default()).await.unwrap_err());
        // Nothing is waited for where the keys are given.
        files.presigned_url(KEY, LinkOptions::default()).await.unwrap();
        errors
    };
    // None of them waits, so one look at the future is enough.
    for error in calls.now_or_never().unwrap() {
        assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
        assert!(error.message().contains("Tokio"), "{error}");
    }
}

/// Attack 108.
#[test]
fn silence_ends_at_the_deadline() {
    within_limit(async {
        let fake = Fake::start(|_| Answer::Silence).await;
        let mut config = fake.config();
        config.deadline = Duration::from_millis(300);
        for error in all_failures(&files(config), KEY).await {
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        }
    });
}

#[test]
fn passing_faults_are_tried_three_times_and_denials_once() {
    within_limit(async {
        for (answer, kind, tries) in [
            (Answer::error(503, "SlowDown"), ErrorKind::StorageUnavailable, 3),
            (Answer::error(500, "InternalError"), ErrorKind::StorageUnavailable, 3),
            (Answer::Hang, ErrorKind::StorageUnavailable, 3),
            (Answer::error(403, "AccessDenied"), ErrorKind::StorageDenied, 1),
            (Answer::error(400, "ExpiredToken"), ErrorKind::StorageDenied, 1),
            (Answer::error(404, "NoSuchBucket"), ErrorKind::ConfigInvalid, 1),
            (Answer::error(301, "PermanentRedirect"), ErrorKind::ConfigInvalid, 1),
            (Answer::error(501, "NotImplemented"), ErrorKind::StorageUnsupported, 1),
            (Answer::error(418, "Teapot"), ErrorKind::Internal, 1),
        ] {
            let given = answer.clone();
            let fake = Fake::start(move |_| given.clone()).await;
            let error = fake.files().read(KEY, Default::default()).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{answer:?}");
            assert_eq!(fake.requests().len(), tries, "{answer:?}");
        }
    });
}

/// Attack 117. Attack 118.
#[test]
fn an_outage_meets_no_storm_of_retries() {
    within_limit(async {
        for (code, most) in [("InternalError", 335), ("SlowDown", 400)] {
            let fake = Fake::start(move |_| Answer::error(503, code)).await;
            let files = fake.files();
            let calls = (0..300).map(|_| files.read(KEY, Default::default()));
            for answer in futures_util::future::join_all(calls).await {
                assert_eq!(answer.unwrap_err().kind(), ErrorKind::StorageUnavailable);
            }
            let requests = fake.requests().len();
            assert!((301..=most).contains(&requests), "{code}: {requests}");
        }
    });
}

/// Attack 112.
#[test]
fn a_redirect_is_not_followed() {
    within_limit(async {
        let other = Fake::start(|_| Answer::empty(200)).await;
        let location = format!("Location: {}/bucket/user_1/a\r\n", other.endpoint);
        for status in [301, 302, 307, 308] {
            let location = location.clone();
            let fake =
                Fake::start(move |_| Answer::Whole(status, location.clone(), Vec::new())).await;
            let error = fake.files().read(KEY, Default::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{status}");
        }
        assert!(other.requests().is_empty(), "no signature is sent to another host");
    });
}

/// Attack 78, for a file that is sent in one piece.
#[test]
fn a_retry_sends_the_whole_file_again() {
    within_limit(async {
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        let fake = Fake::start(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::error(503, "SlowDown"),
            1 => Answer::Hang,
            _ => Answer::Whole(200, "ETag: \"e\"\r\n".to_owned(), Vec::new()),
        })
        .await;
        let folder = Folder::new();
        let mut bytes = PDF.to_vec();
        bytes.resize(1_000_000, 7);
        let path = folder.write("a.pdf", &bytes);
        fake.files().upload_file(&path, "book", UploadOptions::default()).await.unwrap();
        let requests = fake.requests();
        assert_eq!(requests.iter().map(|r| r.body).collect::<Vec<_>>(), [1_000_000; 3]);
        let sums: Vec<_> = requests
            .iter()
            .map(|r| {
                let sent = |name| r.headers.iter().find(|(n, _)| n == name).unwrap();
                (sent("x-amz-checksum-crc64nvme"), sent("x-amz-content-sha256"))
            })
            .collect();
        assert!(sums[0] == sums[1] && sums[1] == sums[2]);
        // Nothing that R2 or an older store could not read.
        for (name, value) in &requests[0].headers {
            assert!(name != "x-amz-trailer" && !value.contains("aws-chunked"), "{name}: {value}");
        }
    });
}

#[test]
fn a_file_that_changes_meanwhile_never_arrives_whole() {
    const BEGUN: &str = "<InitiateMultipartUploadResult><UploadId>u</UploadId>\
                         </InitiateMultipartUploadResult>";
    within_limit(async {
        let folder = Folder::new();
        for change in ["shorter", "longer", "touched"] {
            let mut bytes = PDF.to_vec();
            bytes.resize(50_000_000, 7);
            let path = folder.write("a.pdf", &bytes);
            // It changes when the first part has arrived, and the last is not yet read.
            let target = path.clone();
            let fake = Fake::start(move |request| match request.method.as_str() {
                "POST" => Answer::Whole(200, String::new(), BEGUN.into()),
                "PUT" => {
                    let file = std::fs::File::options().append(true).open(&target).unwrap();
                    match change {
                        "shorter" => file.set_len(49_000_000).unwrap(),
                        "longer" => file.set_len(50_000_001).unwrap(),
                        _ => file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap(),
                    }
                    Answer::Whole(200, "ETag: \"e\"\r\n".to_owned(), Vec::new())
                }
                "DELETE" => Answer::empty(204),
                _ => Answer::error(404, "NoSuchUpload"),
            })
            .await;
            let error = fake.files().upload_file(&path, "book", Default::default()).await;
            assert_eq!(error.unwrap_err().kind(), ErrorKind::IoFailed, "{change}");
            let requests = fake.requests();
            let count = |method| requests.iter().filter(|it| it.method == method).count();
            assert_eq!((count("POST"), count("DELETE")), (1, 1), "{change}: begun and aborted");
        }
    });
}

#[test]
fn an_announced_length_takes_no_memory() {
    within_limit(async {
        let fake = Fake::start(|_| Answer::Short(1 << 62, b"x".to_vec())).await;
        let mut options = ReadOptions::default();
        options.limit = u64::MAX;
        let error = fake.files().read(KEY, options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
    });
}

/// Attack 111.
#[test]
fn a_short_answer_is_an_error() {
    within_limit(async {
        let fake = Fake::start(|_| Answer::Short(1000, b"x".repeat(999))).await;
        let folder = Folder::new();
        let error = fake.files().read(KEY, Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
        let error = fake
            .files()
            .download(KEY, folder.path().join("a"), Default::default())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
        assert!(folder.names().is_empty());
    });
}

/// Attack 75, on the way back.
#[test]
fn corrupted_bytes_are_noticed() {
    within_limit(async {
        // The SHA-256 of something else.
        let sum = "ETag: \"e\"\r\n\
                   x-amz-checksum-sha256: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n";
        let fake = Fake::start(move |_| Answer::Whole(200, sum.to_owned(), b"x".to_vec())).await;
        let folder = Folder::new();
        let error = fake.files().read(KEY, Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ChecksumMismatch);
        let error = fake
            .files()
            .download(KEY, folder.path().join("a"), Default::default())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ChecksumMismatch);
        assert!(folder.names().is_empty());
    });
}

/// Attack 110.
#[test]
fn answers_that_are_no_answers_are_errors() {
    within_limit(async {
        for body in ["", "<html>gateway</html>", "<ListBucketResult><Contents>", "{}"] {
            let fake = Fake::start(move |_| Answer::Whole(200, String::new(), body.into())).await;
            let error = fake.files().list(ListOptions::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{body}");
        }
    });
}

#[test]
fn a_download_that_is_given_up_leaves_no_file() {
    on_bench(|bench| async move {
        let folder = Folder::new();
        let key = bench.key("files/large.bin");
        bench.put_raw(&key, &vec![7; 20_000_000]).await;
        let files = bench.files();
        let target = folder.path().join("large.bin");
        let download = tokio::spawn({
            let (files, key, target) = (files.clone(), key.clone(), target.clone());
            async move { files.download(&key, target, Default::default()).await }
        });
        while folder.names().is_empty() && !download.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        download.abort();
        let _ = download.await;
        let whole = [String::from("large.bin")];
        assert!(folder.names().is_empty() || folder.names() == whole, "{:?}", folder.names());
        bench
    });
}

/// Attack 105.
#[test]
fn an_upload_that_is_given_up_stores_nothing() {
    on_bench(|bench| async move {
        let folder = Folder::new();
        let path = folder.path().join("large.bin");
        std::fs::File::create(&path).unwrap().set_len(200_000_000).unwrap();
        let files = bench.files();
        let upload =
            tokio::spawn(
                async move { files.upload_file(path, "file", UploadOptions::default()).await },
            );
        tokio::time::sleep(Duration::from_millis(150)).await;
        if !upload.is_finished() {
            upload.abort();
            let _ = upload.await;
            // What the store has of it is dropped when the connection is.
            tokio::time::sleep(Duration::from_millis(200)).await;
            bench.assert_nothing_left().await;
        }
        bench
    });
}

#[test]
fn a_store_that_overwrites_is_not_trusted_to_create() {
    within_limit(async {
        let fake = Fake::start(|request| match request.method.as_str() {
            "PUT" => Answer::Whole(200, "ETag: \"e\"\r\n".to_owned(), Vec::new()),
            _ => Answer::empty(204),
        })
        .await;
        let files = fake.files();
        for _ in 0..2 {
            assert_eq!(put(&files, false).await.kind(), ErrorKind::StorageUnsupported);
        }
        let requests = fake.requests();
        let methods: Vec<_> = requests.iter().map(|r| r.method.as_str()).collect();
        assert_eq!(methods, ["PUT", "PUT", "DELETE"], "it is asked once");
        assert!(requests.iter().all(|r| r.target.starts_with("/bucket/.casier/probe-")));
    });
}

/// Attack 77.
#[test]
fn a_creation_whose_answer_was_lost_is_recognised() {
    within_limit(async {
        // The first try is over when the second one comes, or not yet (409).
        for (by_us, status, code) in [
            (true, 412, "PreconditionFailed"),
            (false, 412, "PreconditionFailed"),
            (true, 409, "ConditionalRequestConflict"),
        ] {
            let mark = Arc::new(Mutex::new(String::new()));
            let fake = Fake::start(move |request| {
                let probe = request.target.contains("/.casier/");
                let mut mark = mark.lock().unwrap();
                let sent = request.headers.iter().find(|(n, _)| n == "x-amz-meta-casier-upload");
                match (request.method.as_str(), mark.as_str()) {
                    ("HEAD", _) => {
                        let mark = if by_us { mark.as_str() } else { "another" };
                        let headers =
                            format!("x-amz-meta-casier-upload: {mark}\r\nETag: \"e\"\r\n");
                        Answer::Whole(200, headers, Vec::new())
                    }
                    ("PUT", "") if probe => {
                        *mark = "probed".to_owned();
                        Answer::empty(200)
                    }
                    ("PUT", "probed") if !probe => {
                        *mark = sent.unwrap().1.clone();
                        Answer::Hang
                    }
                    ("PUT", _) if probe => Answer::error(412, "PreconditionFailed"),
                    ("PUT", _) => Answer::error(status, code),
                    _ => Answer::empty(204),
                }
            })
            .await;
            let mut options = UploadOptions::default();
            options.overwrite = false;
            let text = Bytes::from_static(b"x");
            let answer = fake.files().upload_file_object(text, "a.txt", "file", options).await;
            match by_us {
                true => assert_eq!(answer.unwrap().etag.as_deref(), Some("e")),
                false => assert_eq!(answer.unwrap_err().kind(), ErrorKind::FileExists),
            }
        }
    });
}

#[test]
fn a_missing_credential_or_region_is_named() {
    // The chain reads the process's environment, so the child has one of its own.
    const CHILD: &str = "CASIER_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        within_limit(async {
            let mut config =
                super::bench::config("bucket", "http://127.0.0.1:1".into(), "", "", None);
            config.credentials = None;
            let files = files(config);
            for error in [
                files.read(KEY, Default::default()).await.unwrap_err(),
                files.presigned_url(KEY, LinkOptions::default()).await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
                assert!(error.message().contains("AWS_ACCESS_KEY_ID"));
            }
            let mut on_aws = StorageConfig::new("bucket", None);
            on_aws.credentials = Some(StaticCredentials::new("AKIATEST", "hush"));
            let error = super::fake::files(on_aws).read(KEY, Default::default()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
            assert!(error.message().contains("AWS_REGION"));
        });
        return;
    }
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "storage::failures::a_missing_credential_or_region_is_named"])
        .env_clear()
        .env(CHILD, "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", "/nonexistent")
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

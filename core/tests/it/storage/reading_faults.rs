//! Reading from stores that break off, lie, or give a file that is not the same any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casier::storage::{
    ByteRange, DownloadOptions, OnProgress, ReadOptions, StorageConfig, UserStorage,
};
use casier::{ErrorKind, Result};
use crc_fast::CrcAlgorithm;

use super::bench::on_bench;
use super::fake::{Answer, Fake, Request, files};
use super::reading::{bytes, part, whole};
use crate::support::{Folder, within_limit};

const KEY: &str = "user_1/files/a.bin";

const SIZE: usize = 1_000_000;

/// More than one piece.
const LARGE: usize = 20 * 1024 * 1024 + 3;

const WAYS: [&str; 3] = ["read", "stream", "download"];

/// Reads the file in one of the three ways, and leaves no file behind.
async fn get(files: &UserStorage, way: &str, if_match: Option<&str>) -> Result<Vec<u8>> {
    let mut options = ReadOptions::default();
    options.if_match = if_match.map(str::to_owned);
    match way {
        "read" => files.read(KEY, options).await.map(Vec::from),
        "stream" => whole(files.stream(KEY, options).await?).await,
        _ => {
            let folder = Folder::new();
            let path = folder.path().join("a");
            let mut options = DownloadOptions::default();
            options.if_match = if_match.map(str::to_owned);
            let answer = files.download(KEY, &path, options).await;
            let left = folder.names();
            assert_eq!(left.is_empty(), answer.is_err(), "{left:?}");
            answer.map(|_| std::fs::read(path).unwrap())
        }
    }
}

/// Which bytes of `size` a request asks for.
fn asked(request: &Request, size: usize) -> std::ops::Range<usize> {
    let Some(range) = request.header("range") else { return 0..size };
    let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    first.parse().unwrap()..last.parse::<usize>().unwrap() + 1
}

/// The answer of an honest store.
fn honest(request: &Request, content: &[u8], further: &str) -> (u16, String, Vec<u8>) {
    let range = asked(request, content.len());
    let headers = format!("ETag: \"e\"\r\nAccept-Ranges: bytes\r\n{further}");
    let body = content[range.clone()].to_vec();
    match request.header("range") {
        None => (200, headers, body),
        Some(_) => {
            let (first, last, size) = (range.start, range.end - 1, content.len());
            (206, format!("{headers}Content-Range: bytes {first}-{last}/{size}\r\n"), body)
        }
    }
}

fn crc64(content: &[u8]) -> String {
    let sum = crc_fast::checksum(CrcAlgorithm::Crc64Nvme, content);
    let sum = STANDARD.encode(sum.to_be_bytes());
    format!("x-amz-checksum-crc64nvme: {sum}\r\nx-amz-checksum-type: FULL_OBJECT\r\n")
}

/// Attack 111.
#[test]
fn what_breaks_off_is_taken_up_where_it_ended() {
    within_limit(async {
        let content: Arc<[u8]> = bytes(SIZE).into();
        for way in WAYS {
            let (given, sum) = (Arc::clone(&content), crc64(&content));
            // Each answer stops after a third of the file.
            let fake = Fake::start(move |request| {
                let (status, headers, mut body) = honest(request, &given, &sum);
                let length = body.len();
                body.truncate(400_000);
                Answer::Cut(status, headers, length as u64, body)
            })
            .await;
            assert!(get(&fake.files(), way, None).await.unwrap() == *content, "{way}");
            let requests = fake.requests();
            let ranges: Vec<_> = requests.iter().map(|r| r.header("range")).collect();
            assert_eq!(ranges, [None, Some("bytes=400000-999999"), Some("bytes=800000-999999")]);
            let conditions: Vec<_> = requests.iter().map(|r| r.header("if-match")).collect();
            assert_eq!(conditions, [None, Some("\"e\""), Some("\"e\"")], "{way}");
        }
    });
}

/// Attack 111. A long transfer meets more cuts than a short one.
#[test]
fn cuts_are_counted_by_the_bytes_between_them() {
    within_limit(async {
        let content: Arc<[u8]> = bytes(LARGE).into();
        let given = Arc::clone(&content);
        let fake = Fake::start(move |request| {
            let (status, headers, mut body) = honest(request, &given, "");
            let length = body.len() as u64;
            body.truncate(3 << 20);
            Answer::Cut(status, headers, length, body)
        })
        .await;
        for way in WAYS {
            assert!(get(&fake.files(), way, None).await.unwrap() == *content, "{way}");
        }
    });
}

/// Attack 111. A part of a file is taken up as well, and not a byte more is asked for.
#[test]
fn a_part_that_breaks_off_is_taken_up() {
    within_limit(async {
        let content: Arc<[u8]> = bytes(SIZE).into();
        let given = Arc::clone(&content);
        let fake = Fake::start(move |request| {
            let (status, headers, mut body) = honest(request, &given, "");
            let length = body.len();
            body.truncate(60_000);
            Answer::Cut(status, headers, length as u64, body)
        })
        .await;
        let range = ByteRange::new(500, Some(100_000));
        let read = fake.files().read(KEY, part(range)).await.unwrap();
        assert!(read == content[500..100_500]);
        assert_eq!(fake.requests()[1].header("range"), Some("bytes=60500-100499"));
    });
}

/// Attack 111.
#[test]
fn a_store_that_always_breaks_off_is_asked_a_few_times() {
    within_limit(async {
        for way in WAYS {
            let content = bytes(SIZE);
            let fake = Fake::start(move |request| {
                let (status, headers, body) = honest(request, &content, "");
                Answer::Cut(status, headers, body.len() as u64, Vec::new())
            })
            .await;
            let error = get(&fake.files(), way, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{way}");
            assert_eq!(fake.requests().len(), 5, "{way}");
        }
    });
}

#[test]
fn a_file_that_was_replaced_meanwhile_is_not_mixed() {
    within_limit(async {
        for way in WAYS {
            for second in ["412", "another version", "416", "404"] {
                let content = bytes(SIZE);
                let fake = Fake::start(move |request| {
                    let (status, headers, mut body) = honest(request, &content, "");
                    if request.header("range").is_none() {
                        body.truncate(100);
                        return Answer::Cut(status, headers, SIZE as u64, body);
                    }
                    match second {
                        "412" => Answer::error(412, "PreconditionFailed"),
                        "416" => Answer::error(416, "InvalidRange"),
                        "404" => Answer::error(404, "NoSuchKey"),
                        _ => Answer::Whole(status, headers.replace("\"e\"", "\"f\""), body),
                    }
                })
                .await;
                for (if_match, mut expected) in
                    [(None, ErrorKind::Conflict), (Some("e"), ErrorKind::PreconditionFailed)]
                {
                    if second == "404" {
                        expected = ErrorKind::FileNotFound;
                    }
                    let error = get(&fake.files(), way, if_match).await.unwrap_err();
                    assert_eq!(error.kind(), expected, "{way}, {second}, {if_match:?}: {error}");
                }
            }
        }
    });
}

/// Attack 110.
#[test]
fn answers_that_lie_about_their_bytes_are_no_success() {
    within_limit(async {
        let lies: [(&str, ErrorKind); 6] = [
            ("Content-Range: bytes 0-9/100\r\n", ErrorKind::StorageUnavailable),
            ("Content-Range: bytes 11-20/100\r\n", ErrorKind::StorageUnavailable),
            ("Content-Range: bytes 10-19/15\r\n", ErrorKind::StorageUnavailable),
            ("Content-Range: bytes 10-20/100\r\n", ErrorKind::StorageUnavailable),
            ("Content-Range: nonsense\r\n", ErrorKind::StorageUnavailable),
            ("", ErrorKind::StorageUnsupported),
        ];
        for (lie, expected) in lies {
            let fake = Fake::start(move |_| {
                Answer::Whole(206, format!("ETag: \"e\"\r\n{lie}"), b"0123456789".to_vec())
            })
            .await;
            let range = part(ByteRange::new(10, Some(10)));
            let error = fake.files().read(KEY, range.clone()).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{lie}");
            let error = fake.files().stream(KEY, range).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{lie}");
        }
        // No part was asked for.
        let part = "ETag: \"e\"\r\nContent-Range: bytes 0-9/100\r\n";
        for way in WAYS {
            let fake =
                Fake::start(move |_| Answer::Whole(206, part.to_owned(), b"0123456789".to_vec()))
                    .await;
            let error = get(&fake.files(), way, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{way}");
        }
    });
}

/// Attack 110. Where an answer was taken up, too.
#[test]
fn lies_about_the_rest_are_no_success() {
    within_limit(async {
        for way in WAYS {
            for lie in ["the whole again", "another start", "another size", "more bytes"] {
                let content = bytes(SIZE);
                let fake = Fake::start(move |request| {
                    let (status, headers, mut body) = honest(request, &content, "");
                    if request.header("range").is_none() {
                        body.truncate(100);
                        return Answer::Cut(status, headers, SIZE as u64, body);
                    }
                    match lie {
                        "the whole again" => {
                            Answer::Whole(200, "ETag: \"e\"\r\n".to_owned(), content.clone())
                        }
                        "another start" => {
                            Answer::Whole(status, headers.replace("bytes 100-", "bytes 99-"), body)
                        }
                        "another size" => {
                            Answer::Whole(status, headers.replace("/1000000", "/1000001"), body)
                        }
                        _ => {
                            body.push(0);
                            Answer::Whole(status, headers, body)
                        }
                    }
                })
                .await;
                let error = get(&fake.files(), way, None).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{way}, {lie}: {error}");
            }
        }
    });
}

/// Attack 110.
#[test]
fn an_empty_success_is_no_empty_file() {
    within_limit(async {
        let fake = Fake::start(|_| Answer::empty(200)).await;
        for way in WAYS {
            let error = get(&fake.files(), way, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{way}");
        }
        let wrong = format!("ETag: \"e\"\r\n{}", crc64(b"x"));
        let fake = Fake::start(move |_| Answer::Whole(200, wrong.clone(), Vec::new())).await;
        for way in WAYS {
            let error = get(&fake.files(), way, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ChecksumMismatch, "{way}");
        }
    });
}

/// Attack 75, on the way back, with a file that comes in several pieces.
#[test]
fn one_wrong_byte_in_any_piece_is_noticed() {
    within_limit(async {
        let content: Arc<[u8]> = bytes(LARGE).into();
        for wrong in [None, Some(0), Some(9 << 20), Some(LARGE - 1)] {
            let (given, sum) = (Arc::clone(&content), crc64(&content));
            let fake = Fake::start(move |request| {
                let range = asked(request, LARGE);
                let (status, headers, mut body) = honest(request, &given, &sum);
                if let Some(wrong) = wrong.filter(|wrong| range.contains(wrong)) {
                    body[wrong - range.start] ^= 1;
                }
                Answer::Whole(status, headers, body)
            })
            .await;
            let answer = get(&fake.files(), "download", None).await;
            assert!(fake.requests().len() > 1, "several pieces at once");
            match wrong {
                None => assert!(answer.unwrap() == *content),
                Some(at) => {
                    assert_eq!(answer.unwrap_err().kind(), ErrorKind::ChecksumMismatch, "{at}");
                }
            }
        }
    });
}

/// A sum that pieces cannot add up to, a store that gives no ranges: then in one answer.
#[test]
fn what_cannot_come_in_pieces_comes_in_one() {
    within_limit(async {
        let content: Arc<[u8]> = bytes(LARGE).into();
        let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &content);
        let sha256 = format!("x-amz-checksum-sha256: {}\r\n", STANDARD.encode(sha256));
        for (ranges, sum) in [("bytes", sha256), ("none", crc64(&content))] {
            let given = Arc::clone(&content);
            let fake = Fake::start(move |request| {
                let (status, headers, body) = honest(request, &given, &sum);
                let headers = headers.replace("Ranges: bytes", &format!("Ranges: {ranges}"));
                Answer::Whole(status, headers, body)
            })
            .await;
            assert!(get(&fake.files(), "download", None).await.unwrap() == *content);
            assert_eq!(fake.requests().len(), 1, "{ranges}");
        }
    });
}

#[test]
fn a_piece_that_fails_fails_the_download() {
    within_limit(async {
        for (answer, expected) in [
            (Answer::error(412, "PreconditionFailed"), ErrorKind::Conflict),
            (Answer::error(403, "AccessDenied"), ErrorKind::StorageDenied),
            (Answer::error(503, "SlowDown"), ErrorKind::StorageUnavailable),
            (Answer::Whole(200, "ETag: \"e\"\r\n".into(), vec![]), ErrorKind::StorageUnavailable),
        ] {
            let content = bytes(LARGE);
            let fake = Fake::start(move |request| match request.header("range") {
                None => {
                    let (status, headers, mut body) = honest(request, &content, "");
                    body.truncate(1000);
                    Answer::Stalled(status, headers, LARGE as u64, body)
                }
                Some(_) => answer.clone(),
            })
            .await;
            let error = get(&fake.files(), "download", None).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{error}");
        }
    });
}

#[test]
fn an_archived_file_is_said_to_be() {
    within_limit(async {
        let fake = Fake::start(|_| Answer::error(403, "InvalidObjectState")).await;
        for way in WAYS {
            let error = get(&fake.files(), way, None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FileArchived, "{way}");
        }
        assert_eq!(fake.requests().len(), 3, "it is asked once each");
    });
}

fn config(fake: &Fake, deadline: Duration) -> StorageConfig {
    let mut config = fake.config();
    config.deadline = deadline;
    config
}

/// Attack 108.
#[test]
fn what_stalls_ends_at_the_deadline() {
    within_limit(async {
        for size in [1000, LARGE] {
            let content = bytes(size);
            let fake = Fake::start(move |request| {
                let (status, headers, mut body) = honest(request, &content, "");
                let length = body.len() as u64;
                body.truncate(10);
                Answer::Stalled(status, headers, length, body)
            })
            .await;
            let folder = Folder::new();
            let files = fake.files();
            let deadline = Some(Duration::from_millis(300));
            let mut options = ReadOptions::default();
            options.deadline = deadline;
            let error = files.read(KEY, options.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            let error = whole(files.stream(KEY, options).await.unwrap()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            let mut options = DownloadOptions::default();
            options.deadline = deadline;
            let error = files.download(KEY, folder.path().join("a"), options).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert!(folder.names().is_empty());
        }
    });
}

#[test]
fn whoever_takes_a_stream_may_take_their_time() {
    within_limit(async {
        let content: Arc<[u8]> = bytes(SIZE).into();
        let given = Arc::clone(&content);
        let fake = Fake::start(move |request| {
            let (status, headers, body) = honest(request, &given, "");
            Answer::Whole(status, headers, body)
        })
        .await;
        let files = files(config(&fake, Duration::from_millis(500)));
        let mut stream = files.stream(KEY, Default::default()).await.unwrap();
        let mut read = stream.next().await.unwrap().unwrap().to_vec();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        // A wait that is given up loses nothing either.
        let _ = tokio::time::timeout(Duration::ZERO, stream.next()).await.map(|piece| {
            read.extend_from_slice(&piece.unwrap().unwrap());
        });
        read.extend(whole(stream).await.unwrap());
        assert!(read == *content);
    });
}

#[test]
fn a_deadline_of_nothing_or_of_ages_is_kept() {
    within_limit(async {
        let fake = Fake::start(|request| {
            let (status, headers, body) = honest(request, b"0123456789", "");
            Answer::Whole(status, headers, body)
        })
        .await;
        let mut options = ReadOptions::default();
        options.deadline = Some(Duration::MAX);
        assert_eq!(fake.files().read(KEY, options.clone()).await.unwrap(), "0123456789");
        options.deadline = Some(Duration::ZERO);
        let error = fake.files().read(KEY, options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(fake.requests().len(), 1);
    });
}

/// Attack 106.
#[test]
fn a_panic_of_the_listener_leaves_no_file() {
    within_limit(async {
        for size in [SIZE, LARGE] {
            let content = bytes(size);
            let fake = Fake::start(move |request| {
                let (status, headers, body) = honest(request, &content, "");
                Answer::Whole(status, headers, body)
            })
            .await;
            let folder = Folder::new();
            let (files, path) = (fake.files(), folder.path().join("a"));
            let mut options = DownloadOptions::default();
            options.on_progress = Some(OnProgress::new(|_, _| panic!("the listener's")));
            let download = tokio::spawn(async move { files.download(KEY, path, options).await });
            assert!(download.await.unwrap_err().is_panic());
            assert!(folder.names().is_empty());
        }
    });
}

/// Attack 105. A large one, while several pieces are on their way.
#[test]
fn a_large_download_that_is_given_up_leaves_nothing() {
    within_limit(async {
        let content = bytes(LARGE);
        let fake = Fake::start(move |request| {
            let (status, headers, mut body) = honest(request, &content, "");
            let length = body.len() as u64;
            body.truncate(3 << 20);
            Answer::Stalled(status, headers, length, body)
        })
        .await;
        let folder = Folder::new();
        let (files, path) = (fake.files(), folder.path().join("a"));
        let written = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&written);
        let mut options = DownloadOptions::default();
        options.on_progress = Some(OnProgress::new(move |_, _| {
            seen.fetch_add(1, Ordering::Relaxed);
        }));
        let download = tokio::spawn(async move { files.download(KEY, path, options).await });
        while written.load(Ordering::Relaxed) < 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(folder.names().len(), 1);
        download.abort();
        assert!(download.await.unwrap_err().is_cancelled());
        assert!(folder.names().is_empty());
        assert!(fake.requests().len() > 1);
    });
}

/// Attack 122. The disk here is full after 64 KiB, by a limit of the process: a child has its own.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing() {
    const CHILD: &str = "CASIER_TEST_FULL_DISK";
    if std::env::var_os(CHILD).is_some() {
        within_limit(async {
            for size in [SIZE, LARGE] {
                let content = bytes(size);
                let fake = Fake::start(move |request| {
                    let (status, headers, body) = honest(request, &content, "");
                    Answer::Whole(status, headers, body)
                })
                .await;
                let error = get(&fake.files(), "download", None).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::IoFailed, "{error}");
            }
        });
        return;
    }
    let program = std::env::current_exe().unwrap();
    let status = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$0\" --exact \"$1\""])
        .arg(program)
        .arg("storage::reading_faults::a_full_disk_leaves_nothing")
        .env(CHILD, "1")
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

/// The faults of the local store, which is a real one between them.
#[test]
fn the_local_store_breaks_off_and_corrupts() {
    use casier_local::{Fault, FaultRule};

    on_bench(|bench| async move {
        let Some(faults) = bench.faults() else { return bench };
        let files = bench.files();
        let folder = Folder::new();
        let path = folder.path().join("a");
        for size in [100_000, LARGE] {
            let content = bytes(size);
            let data = bytes::Bytes::from(content.clone());
            let stored = files.upload_file_object(data, "a.bin", "file", Default::default()).await;
            let key = stored.unwrap().key;
            for fault in [
                Fault::CutAnswer { after_bytes: 70_000 },
                Fault::LostAnswer,
                Fault::Unavailable,
                Fault::SlowDown,
                Fault::InternalError,
            ] {
                faults.add(FaultRule::new(fault).on("GetObject").times(2));
                assert!(files.read(&key, Default::default()).await.unwrap() == content);
                faults.clear();
                faults.add(FaultRule::new(fault).on("GetObject").times(2));
                files.download(&key, &path, Default::default()).await.unwrap();
                assert!(std::fs::read(&path).unwrap() == content, "{fault:?}");
                faults.clear();
            }
            std::fs::remove_file(&path).unwrap();
            for skip in [0, 1] {
                if skip == 1 && size < LARGE {
                    continue;
                }
                let corrupt = Fault::CorruptAnswer { at: 50_000 };
                faults.add(FaultRule::new(corrupt).on("GetObject").skip(skip).times(1));
                let error = files.download(&key, &path, Default::default()).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ChecksumMismatch, "{size}, {skip}");
                assert!(folder.names().is_empty());
                faults.clear();
            }
        }
        bench
    });
}

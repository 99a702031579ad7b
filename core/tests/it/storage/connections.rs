//! One pool of connections for all scopes, which outlives what stores and networks do to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use casier::ErrorKind;
use casier::access::Policy;
use casier::storage::{ListOptions, Scope, Storage, StorageConfig, UserStorage};
use futures_util::stream::{self, StreamExt as _};

use super::fake::{Answer, Fake, files};
use crate::support::{
    Folder, in_child, in_limited_child, is_child, within_limit, within_long_limit,
};

const KEY: &str = "user_1/files/a.txt";

/// Where a test that runs again in a process of its own finds the store.
const ENDPOINT: &str = "CASIER_TEST_ENDPOINT";

async fn answer_anything() -> Fake {
    Fake::start(|request| match request.method.as_str() {
        "PUT" => Answer::Whole(200, "ETag: \"e\"\r\n".to_owned(), Vec::new()),
        "DELETE" => Answer::empty(204),
        "GET" if request.target.contains("list-type") => {
            let page = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
            Answer::Whole(200, String::new(), page.into())
        }
        _ => Answer::file(&[7; 4096]),
    })
    .await
}

/// One after the other, each small call.
async fn small_calls(files: &UserStorage) -> casier::Result<()> {
    let bytes = Bytes::from_static(&[7; 4096]);
    files.upload_file_object(bytes, "a.bin", "file", Default::default()).await?;
    files.metadata(KEY).await?;
    files.read(KEY, Default::default()).await?;
    files.list(ListOptions::default()).await?;
    files.delete(KEY).await
}

fn stored_at(endpoint: String) -> StorageConfig {
    super::bench::config("bucket", endpoint, "AKIATEST", "hush-hush", None)
}

#[test]
fn calls_of_all_users_share_one() {
    within_limit(async {
        let fake = answer_anything().await;
        let storage = Storage::new(fake.config()).unwrap();
        for user in ["1", "2", "3"] {
            let policy = Arc::new(Policy::builtin());
            let files = storage.clone().scoped(Scope::new(user).unwrap(), None, policy);
            let key = files.scope().key("file", "a.txt").unwrap();
            for _ in 0..5 {
                files.metadata(&key).await.unwrap();
                files.read(&key, Default::default()).await.unwrap();
                files.list(ListOptions::default()).await.unwrap();
                files.delete(&key).await.unwrap();
            }
        }
        // One goes back into the pool a moment after its answer has been read.
        assert!(fake.connections() <= 4, "{}", fake.connections());
        assert_eq!(fake.requests().len(), 60);
    });
}

#[test]
fn calls_at_the_same_time_leave_theirs_to_the_next() {
    within_limit(async {
        let fake = Fake::start(|_| Answer::Late(Duration::from_millis(200))).await;
        let files = fake.files();
        for _ in 0..3 {
            let calls = (0..16).map(|_| files.metadata(KEY));
            futures_util::future::join_all(calls)
                .await
                .into_iter()
                .for_each(|it| drop(it.unwrap()));
            assert_eq!(fake.connections(), 16);
        }
    });
}

#[test]
fn one_that_the_store_has_closed_is_not_used() {
    within_limit(async {
        let fake = Fake::start(|_| Answer::Last(b"x".to_vec())).await;
        let files = fake.files();
        for _ in 0..100 {
            assert_eq!(files.read(KEY, Default::default()).await.unwrap(), "x");
        }
        assert_eq!(fake.connections(), 100);
    });
}

/// Attack 108.
#[test]
fn what_goes_into_the_void_is_asked_again() {
    within_limit(async {
        let count = Arc::new(AtomicUsize::new(0));
        let fake = Fake::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::Silence,
            _ => Answer::file(b""),
        })
        .await;
        let mut config = fake.config();
        config.deadline = Duration::from_secs(10);
        assert!(files(config).exists(KEY).await.unwrap());
        assert_eq!((fake.requests().len(), fake.connections()), (2, 2));
    });
}

/// Attack 122.
#[test]
#[cfg(unix)]
fn a_process_without_descriptors_says_so_and_recovers() {
    const TEST: &str = "storage::connections::a_process_without_descriptors_says_so_and_recovers";
    within_limit(async {
        let Ok(endpoint) = std::env::var(ENDPOINT) else {
            let fake = Fake::start(|_| Answer::Late(Duration::from_millis(100))).await;
            in_child(TEST, &[(ENDPOINT, &fake.endpoint)]).await;
            return;
        };
        let files = files(stored_at(endpoint));
        let folder = Folder::new();
        files.metadata(KEY).await.unwrap();
        // The process takes what descriptors there are.
        let mut taken = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            taken.push(file);
            assert!(taken.len() < 2_000_000, "there is no limit");
        }
        let calls = (0..50).map(|_| files.metadata(KEY));
        let answers = futures_util::future::join_all(calls).await;
        let failed = answers.into_iter().filter_map(Result::err).collect::<Vec<_>>();
        // The one connection that there was serves a few of them.
        assert!(failed.len() >= 25, "{}", failed.len());
        for error in failed {
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{error}");
        }
        let error =
            files.download(KEY, folder.path().join("a"), Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IoFailed, "{error}");
        drop(taken);
        for _ in 0..3 {
            files.metadata(KEY).await.unwrap();
        }
        assert!(folder.names().is_empty());
    });
}

/// Attack 122. A disk without room is played by a limit on how long a file may become.
#[test]
#[cfg(unix)]
fn a_disk_without_room_leaves_nothing_and_recovers() {
    const TEST: &str = "storage::connections::a_disk_without_room_leaves_nothing_and_recovers";
    within_limit(async {
        let Ok(endpoint) = std::env::var(ENDPOINT) else {
            let fake = Fake::start(|request| {
                let length = if request.target.contains("large.bin") { 3_000_000 } else { 1000 };
                Answer::Whole(200, "ETag: \"e\"\r\n".to_owned(), vec![7; length])
            })
            .await;
            // The limit tells by a signal first, unless that is not wanted.
            let limited = "trap '' XFSZ; ulimit -f 1000; exec \"$0\" \"$@\"";
            in_limited_child(limited, TEST, &[(ENDPOINT, &fake.endpoint)]).await;
            return;
        };
        let (files, folder) = (files(stored_at(endpoint)), Folder::new());
        let large = folder.path().join("large");
        let error =
            files.download("user_1/files/large.bin", large, Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IoFailed, "{error}");
        assert!(folder.names().is_empty());
        files.download(KEY, folder.path().join("small"), Default::default()).await.unwrap();
        assert_eq!(folder.names(), ["small"]);
    });
}

/// Attack 123.
#[test]
#[cfg(target_os = "linux")]
fn many_small_calls_leave_nothing_behind() {
    const TEST: &str = "storage::connections::many_small_calls_leave_nothing_behind";
    /// Five requests each.
    const ROUNDS: usize = 4000;
    const AT_ONCE: usize = 4;
    within_long_limit(async {
        if !is_child() {
            let fake = answer_anything().await;
            in_child(TEST, &[(ENDPOINT, &fake.endpoint)]).await;
            assert_eq!(fake.requests().len(), ROUNDS * 5);
            return;
        }
        let files = files(stored_at(std::env::var(ENDPOINT).unwrap()));
        let rounds = |count| {
            let files = &files;
            stream::iter(0..count).for_each_concurrent(AT_ONCE, move |_| async move {
                small_calls(files).await.unwrap();
            })
        };
        rounds(ROUNDS / 4).await;
        let (memory, descriptors) = held();
        rounds(ROUNDS - ROUNDS / 4).await;
        let (memory_then, descriptors_then) = held();
        let grown = memory_then.saturating_sub(memory);
        assert!(grown < 4 << 20, "{grown} bytes");
        // As many connections lie idle as there have been calls at once, which is chance.
        assert!(descriptors_then < descriptors + AT_ONCE, "{descriptors} and {descriptors_then}");
    });
}

/// How many bytes and how many descriptors this process holds.
#[cfg(target_os = "linux")]
fn held() -> (usize, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: usize = resident.trim().trim_end_matches(" kB").trim().parse().unwrap();
    (kibibytes * 1024, std::fs::read_dir("/proc/self/fd").unwrap().count())
}

//! How much a store that fails is asked: once for each call, and now and then again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use casier::storage::{ListOptions, UploadOptions, UserStorage};
use casier::{Error, ErrorKind};
use futures_util::stream::{self, StreamExt as _};

use super::fake::{Answer, Fake, files};
use crate::support::{Folder, within_limit, within_long_limit};

const KEY: &str = "user_1/files/a.txt";

const CALLS: usize = 10_000;

/// Every operation in turn that is one request where that fails and is not tried again.
async fn call(files: &UserStorage, folder: &Folder, turn: usize) -> Error {
    let put = |overwrite| async move {
        let mut options = UploadOptions::default();
        options.overwrite = overwrite;
        let text = Bytes::from_static(b"x");
        files.upload_file_object(text, "a.txt", "file", options).await.unwrap_err()
    };
    match turn % 18 {
        0 => put(true).await,
        1 => put(false).await,
        2 => files.list(ListOptions::default()).await.unwrap_err(),
        3 => files.metadata(KEY).await.unwrap_err(),
        4 => files.exists(KEY).await.unwrap_err(),
        5 => files.read(KEY, Default::default()).await.unwrap_err(),
        6 => files.download(KEY, folder.path().join("a"), Default::default()).await.unwrap_err(),
        7 => files.delete(KEY).await.unwrap_err(),
        8 => {
            let deleted = files.delete_many(vec![KEY.to_owned()]).await.unwrap();
            deleted.into_iter().next().unwrap().error.unwrap()
        }
        9 => files.stream(KEY, Default::default()).await.unwrap_err(),
        10 => files.list_all(ListOptions::default()).next().await.unwrap().unwrap_err(),
        11 => files.newest(3, None).await.unwrap_err(),
        12 => files.usage().await.unwrap_err(),
        13 => files.copy(KEY, Default::default()).await.unwrap_err(),
        14 => files.rename(KEY, "b.txt", true).await.unwrap_err(),
        15 => files.tags(KEY).await.unwrap_err(),
        16 => files.set_tags(KEY, BTreeMap::new()).await.unwrap_err(),
        _ => files.sweep_uploads().await.unwrap_err(),
    }
}

/// Makes the calls, and asserts that they fail as expected or, on a slow machine, for want of time.
/// Gives how many requests they were, and how many calls had the time for theirs.
async fn ask(fake: &Fake, calls: usize, deadline: Duration, kind: ErrorKind) -> (usize, usize) {
    let mut config = fake.config();
    config.deadline = deadline;
    let (files, folder) = (files(config), Folder::new());
    let in_time = AtomicUsize::new(0);
    stream::iter(0..calls)
        .for_each_concurrent(200, |turn| {
            let (files, folder, in_time) = (&files, &folder, &in_time);
            async move {
                let error = call(files, folder, turn).await;
                let late = error.kind() == ErrorKind::Timeout;
                assert!(late || error.kind() == kind, "{turn}: {error}");
                in_time.fetch_add(usize::from(!late), Ordering::Relaxed);
            }
        })
        .await;
    assert!(folder.names().is_empty());
    (fake.requests().len(), in_time.into_inner())
}

const DEADLINE: Duration = Duration::from_secs(30);

/// Attack 117.
#[test]
fn a_store_that_is_down_is_asked_35_times_too_often_at_most() {
    within_long_limit(async {
        let count = Arc::new(AtomicUsize::new(0));
        let fake = Fake::start(move |_| match count.fetch_add(1, Ordering::Relaxed) % 4 {
            0 => Answer::error(500, "InternalError"),
            1 => Answer::error(503, "ServiceUnavailable"),
            2 => Answer::empty(502),
            _ => Answer::Hang,
        })
        .await;
        let (requests, in_time) = ask(&fake, CALLS, DEADLINE, ErrorKind::StorageUnavailable).await;
        assert!((in_time + 1..=CALLS + 35).contains(&requests), "{requests}, {in_time}");
    });
}

/// Attack 117.
#[test]
fn a_store_that_is_silent_is_asked_35_times_too_often_at_most() {
    within_long_limit(async {
        let fake = Fake::start(|_| Answer::Silence).await;
        let calls = CALLS / 5;
        let (requests, _) = ask(&fake, calls, Duration::from_millis(300), ErrorKind::Timeout).await;
        // What finds no time to be sent is not.
        assert!(requests <= calls + 35, "{requests}");
    });
}

/// Attack 118.
#[test]
fn a_store_that_throttles_is_asked_100_times_too_often_at_most() {
    within_long_limit(async {
        let fake = Fake::start(|request| match request.target.len() % 2 {
            0 => Answer::error(503, "SlowDown"),
            _ => Answer::error(429, "TooManyRequests"),
        })
        .await;
        let (requests, in_time) = ask(&fake, CALLS, DEADLINE, ErrorKind::StorageUnavailable).await;
        assert!((in_time + 1..=CALLS + 100).contains(&requests), "{requests}, {in_time}");
    });
}

/// Attack 119.
#[test]
fn a_herd_comes_back_scattered() {
    within_limit(async {
        let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let seen = Arc::clone(&times);
        let fake = Fake::start(move |request| {
            let retry = request
                .headers
                .iter()
                .any(|(name, value)| name == "amz-sdk-request" && value.contains("attempt=2"));
            if retry {
                seen.lock().unwrap().push(Instant::now());
            }
            Answer::error(503, "SlowDown")
        })
        .await;
        let files = fake.files();
        let herd = (0..60).map(|_| files.read(KEY, Default::default()));
        futures_util::future::join_all(herd).await;
        // They have all failed at the same time. Split what time they take to come back into ten:
        // no tenth has half of them.
        let times = times.lock().unwrap().clone();
        assert!(times.len() >= 50, "{}", times.len());
        let first = *times.iter().min().unwrap();
        let span = (*times.iter().max().unwrap() - first).as_secs_f64();
        let mut tenths = [0; 10];
        for time in &times {
            tenths[(((*time - first).as_secs_f64() / span * 10.0) as usize).min(9)] += 1;
        }
        assert!(tenths.iter().all(|count| count * 2 < times.len()), "{tenths:?}");
    });
}

//! What a tier stores in all, on a store, over one state that several share.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use casier::access::Policy;
use casier::state::{MemoryState, StateFuture, StatePage, StateStore};
use casier::storage::{CopyOptions, Storage, UploadContents, UploadOptions, UserStorage};
use casier::token::User;
use casier::{Error, ErrorKind};
use casier_local::{Fault, FaultRule};
use futures_util::stream;

use super::bench::{Bench, on_bench, on_local_bench};

const KIB: usize = 1024;

/// 100 KiB in all.
const SMALL: &str = "version = 1\ntiers = ['free', 'free-of-limits']\n\
                     [tier.free]\nstored_bytes = '100 KiB'\n\
                     [tier.free-of-limits]\nstored_bytes = 'unlimited'";

fn files_over(bench: &Bench, state: &Arc<dyn StateStore>, tier: &str) -> UserStorage {
    let storage = Storage::with_state(bench.config.clone(), Arc::clone(state)).unwrap();
    let mut user = User::new(bench.scope.user_id());
    user.subscription = tier.to_owned();
    let policy = Arc::new(Policy::from_toml(SMALL, "test").unwrap());
    storage.scoped(bench.scope.clone(), Some(Arc::new(user)), policy)
}

fn small_tier(bench: &Bench) -> UserStorage {
    let state: Arc<dyn StateStore> = Arc::new(MemoryState::new());
    files_over(bench, &state, "free")
}

fn of(kib: usize) -> Bytes {
    Bytes::from(vec![b'x'; kib * KIB])
}

async fn put(files: &UserStorage, name: &str, kib: usize) -> casier::Result<String> {
    let options = UploadOptions::default();
    files.upload_file_object(of(kib), name, "file", options).await.map(|file| file.key)
}

/// Sends a file of one part to its address.
async fn send_whole(files: &UserStorage, upload_id: &str, kib: usize) {
    let part = files.part_urls(upload_id, &[1]).await.unwrap().remove(0);
    let mut put = reqwest::Client::new().put(part.url).body(of(kib));
    for (name, value) in &part.headers {
        put = put.header(name, value);
    }
    assert!(put.send().await.unwrap().status().is_success());
}

#[track_caller]
fn assert_full(error: &Error, used_kib: usize) {
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error:?}");
    let (limit, used) = (error.details().limit, error.details().used);
    assert_eq!((limit, used), (Some(100 * KIB as u64), Some((used_kib * KIB) as u64)));
}

/// Attack 57. They share nothing but the state, as processes do.
#[test]
fn a_hundred_uploads_at_a_time_never_store_more_than_the_limit() {
    on_bench(|bench| async move {
        let state: Arc<dyn StateStore> = Arc::new(MemoryState::new());
        put(&bench.files(), "before.txt", 20).await.unwrap();
        let several: Vec<_> = (0..4).map(|_| files_over(&bench, &state, "free")).collect();
        let uploads = (0..100).map(|n| {
            let files = several[n % several.len()].clone();
            tokio::spawn(async move { put(&files, &format!("{n}.txt"), 7).await })
        });
        let mut stored = 0;
        for upload in uploads.collect::<Vec<_>>() {
            match upload.await.unwrap() {
                Ok(_) => stored += 1,
                Err(error) => assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error:?}"),
            }
        }
        assert!((1..=11).contains(&stored), "{stored}");
        let usage = bench.files().usage().await.unwrap();
        assert_eq!(usage.bytes, ((20 + stored * 7) * KIB) as u64);
        assert!(bench.uploads_under(bench.scope.prefix()).await.is_empty());

        // What is free by now is free to the byte.
        let free = 80 - stored * 7;
        assert_full(&put(&several[0], "more.txt", free + 1).await.unwrap_err(), 100 - free);
        put(&several[1], "more.txt", free).await.unwrap();
        bench
    });
}

/// Attack 57. Nothing is stored before the last of them has begun.
#[test]
fn a_hundred_clients_at_a_time_begin_what_there_is_room_for() {
    on_bench(|bench| async move {
        let state: Arc<dyn StateStore> = Arc::new(MemoryState::new());
        put(&bench.files(), "before.txt", 20).await.unwrap();
        let several: Vec<_> = (0..4).map(|_| files_over(&bench, &state, "free")).collect();
        let uploads = (0..100).map(|n| {
            let files = several[n % several.len()].clone();
            let name = format!("{n}.txt");
            let size = 7 * KIB as u64;
            tokio::spawn(async move {
                files.begin_upload(&name, "file", size, Default::default()).await
            })
        });
        let mut begun = Vec::new();
        for upload in uploads.collect::<Vec<_>>() {
            match upload.await.unwrap() {
                Ok(upload) => begun.push(upload.upload_id),
                Err(error) => assert_full(&error, 20 + 11 * 7),
            }
        }
        assert_eq!(begun.len(), 11);
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await.len(), 11);
        assert_full(&put(&several[0], "more.txt", 4).await.unwrap_err(), 20 + 11 * 7);
        for upload_id in begun {
            several[1].abort_upload(&upload_id).await.unwrap();
        }
        put(&several[2], "more.txt", 80).await.unwrap();
        assert!(bench.uploads_under(bench.scope.prefix()).await.is_empty());
        bench
    });
}

/// The link lives on, and so does what is reserved for it.
#[test]
fn what_a_link_has_stored_counts_once() {
    on_bench(|bench| async move {
        let files = small_tier(&bench);
        let size = 60 * KIB as u64;
        let link = files.presigned_upload("a.txt", "file", size, Default::default());
        let link = link.await.unwrap();
        assert_full(&put(&files, "b.txt", 41).await.unwrap_err(), 60);
        let mut request = reqwest::Client::new().put(&link.url).body(of(60));
        for (name, value) in &link.headers {
            request = request.header(name, value);
        }
        assert_eq!(request.send().await.unwrap().status(), 200);
        put(&files, "b.txt", 40).await.unwrap();
        assert_full(&put(&files, "c.txt", 1).await.unwrap_err(), 100);
        bench
    });
}

#[test]
fn what_is_replaced_or_deleted_makes_room() {
    on_bench(|bench| async move {
        let files = small_tier(&bench);
        let large = put(&files, "a.txt", 60).await.unwrap();
        put(&files, "a.txt", 80).await.unwrap();
        assert_full(&put(&files, "b.txt", 30).await.unwrap_err(), 80);
        put(&files, "b.txt", 20).await.unwrap();
        put(&files, "a.txt", 80).await.unwrap();
        files.delete(&large).await.unwrap();
        put(&files, "c.txt", 80).await.unwrap();
        bench
    });
}

/// What fails for sure holds nothing back.
#[test]
fn an_upload_that_fails_gives_back_what_it_reserved() {
    on_bench(|bench| async move {
        let files = small_tier(&bench);
        put(&bench.files(), "a.txt", 10).await.unwrap();
        for _ in 0..3 {
            let broken = stream::iter([Ok(of(50)), Err(std::io::Error::other("the line is cut"))]);
            let contents = UploadContents::stream(broken, Some(90 * KIB as u64));
            let upload = files.upload_file_object(contents, "b.txt", "file", Default::default());
            assert_eq!(upload.await.unwrap_err().kind(), ErrorKind::IoFailed);
        }
        assert_eq!(bench.keys_under(bench.scope.prefix()).await.len(), 1);
        put(&files, "b.txt", 90).await.unwrap();
        bench
    });
}

/// Attack 57.
#[test]
fn what_clients_send_counts_from_the_beginning_of_the_upload() {
    on_bench(|bench| async move {
        let files = small_tier(&bench);
        let begin = |name: &'static str, kib: usize| {
            let files = files.clone();
            async move { files.begin_upload(name, "file", (kib * KIB) as u64, Default::default()).await }
        };
        let send = |id: String, kib: usize| {
            let files = files.clone();
            async move {
                send_whole(&files, &id, kib).await;
                files.complete_upload(&id).await
            }
        };
        let first = begin("a.txt", 60).await.unwrap();
        assert_full(&begin("b.txt", 50).await.unwrap_err(), 60);
        assert_full(&put(&files, "b.txt", 50).await.unwrap_err(), 60);
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, [first.key]);
        files.abort_upload(&first.upload_id).await.unwrap();

        let second = begin("b.txt", 50).await.unwrap();
        send(second.upload_id.clone(), 50).await.unwrap();
        // Said twice, it counts once.
        files.complete_upload(&second.upload_id).await.unwrap();
        files.abort_upload(&second.upload_id).await.unwrap();
        assert_full(&begin("c.txt", 51).await.unwrap_err(), 50);

        // What is replaced does not count beside what replaces it.
        let third = begin("b.txt", 100).await.unwrap();
        assert_full(&begin("c.txt", 1).await.unwrap_err(), 100);
        send(third.upload_id, 100).await.unwrap();
        assert_full(&begin("c.txt", 1).await.unwrap_err(), 100);
        files.delete(&second.key).await.unwrap();

        // What is not what it claims gives back what it reserved.
        let size = (60 * KIB) as u64;
        let picture = files.begin_upload("d.png", "image", size, Default::default()).await.unwrap();
        let refused = send(picture.upload_id, 60).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ContentMismatch);
        put(&files, "e.txt", 100).await.unwrap();
        bench.assert_nothing_waits().await;
        bench
    });
}

/// Attack 57. Given up while another call may be about to put it in its place.
#[test]
fn what_waited_for_its_place_is_reserved_until_it_cannot_take_it() {
    on_local_bench(|bench| async move {
        let files = small_tier(&bench);
        let faults = bench.faults().unwrap();
        put(&files, "a.txt", 10).await.unwrap();
        let size = (60 * KIB) as u64;
        let begun = files.begin_upload("a.txt", "file", size, Default::default()).await.unwrap();
        send_whole(&files, &begun.upload_id, 60).await;
        faults.add(FaultRule::new(Fault::Unavailable).on("CopyObject"));
        files.complete_upload(&begun.upload_id).await.unwrap_err();
        faults.clear();
        files.abort_upload(&begun.upload_id).await.unwrap();
        assert_full(&put(&files, "b.txt", 50).await.unwrap_err(), 60);
        bench.assert_nothing_waits().await;
        bench
    });
}

/// Attack 57.
#[test]
fn many_clients_that_begin_at_a_time_never_store_more_than_the_limit() {
    on_bench(|bench| async move {
        let files = small_tier(&bench);
        let begun = (0..30).map(|n| {
            let files = files.clone();
            tokio::spawn(async move {
                let name = format!("{n}.txt");
                files.begin_upload(&name, "file", 7 * KIB as u64, Default::default()).await
            })
        });
        let mut ids = Vec::new();
        for begun in begun.collect::<Vec<_>>() {
            match begun.await.unwrap() {
                Ok(begun) => ids.push(begun.upload_id),
                Err(error) => assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error:?}"),
            }
        }
        assert!((1..=14).contains(&ids.len()), "{}", ids.len());
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await.len(), ids.len());
        for id in ids {
            files.abort_upload(&id).await.unwrap();
        }
        put(&files, "whole.txt", 100).await.unwrap();
        bench.assert_nothing_waits().await;
        bench
    });
}

#[test]
fn copies_count_and_moves_do_not() {
    on_bench(|bench| async move {
        let files = small_tier(&bench);
        let key = put(&files, "a.txt", 60).await.unwrap();
        let mut other = CopyOptions::default();
        other.filename = Some("b.txt".to_owned());
        assert_full(&files.copy(&key, other.clone()).await.unwrap_err(), 60);
        files.copy(&key, CopyOptions::default()).await.unwrap();
        let moved = files.move_to(&key, other.clone()).await.unwrap();
        put(&files, "c.txt", 40).await.unwrap();
        files.delete(&moved.key).await.unwrap();
        other.filename = Some("d.txt".to_owned());
        files.copy(&bench.key("files/c.txt"), other).await.unwrap();
        assert_full(&put(&files, "e.txt", 21).await.unwrap_err(), 80);
        bench
    });
}

#[test]
fn whoever_has_no_limit_needs_no_state() {
    on_bench(|bench| async move {
        let state: Arc<dyn StateStore> = Arc::new(Down);
        let error = put(&files_over(&bench, &state, "free"), "a.txt", 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StateUnavailable);
        bench.assert_nothing_left().await;
        put(&files_over(&bench, &state, "free-of-limits"), "a.txt", 101).await.unwrap();
        let storage = Storage::with_state(bench.config.clone(), state).unwrap();
        let server = storage.scoped(bench.scope.clone(), None, Arc::new(Policy::builtin()));
        put(&server, "b.txt", 101).await.unwrap();
        bench
    });
}

/// A state that is not there.
#[derive(Debug)]
struct Down;

fn down<'a, T: Send + 'a>() -> StateFuture<'a, T> {
    Box::pin(async { Err(Error::new(ErrorKind::StateUnavailable, "nobody is there")) })
}

impl StateStore for Down {
    fn get<'a>(&'a self, _: &'a str) -> StateFuture<'a, Option<Bytes>> {
        down()
    }

    fn put<'a>(&'a self, _: &'a str, _: Bytes, _: Option<Duration>) -> StateFuture<'a, ()> {
        down()
    }

    fn put_if_absent<'a>(
        &'a self,
        _: &'a str,
        _: Bytes,
        _: Option<Duration>,
    ) -> StateFuture<'a, bool> {
        down()
    }

    fn compare_and_swap<'a>(
        &'a self,
        _: &'a str,
        _: Option<Bytes>,
        _: Option<Bytes>,
        _: Option<Duration>,
    ) -> StateFuture<'a, bool> {
        down()
    }

    fn delete<'a>(&'a self, _: &'a str) -> StateFuture<'a, bool> {
        down()
    }

    fn list<'a>(&'a self, _: &'a str, _: Option<String>, _: usize) -> StateFuture<'a, StatePage> {
        down()
    }
}

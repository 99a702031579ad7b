//! Processes that are killed while they complete what a client has sent: what they left is completed
//! by the next call, given up or swept.

use std::time::Duration;

use casier::ErrorKind;
use casier::storage::Storage;

use super::relay::Step;
use super::{LIFE, Scene, ordered};
use crate::storage::bench::{Bench, on_bench};
use crate::support::within_limit;

const OLD: &[u8] = b"old";
const NEW: &[u8] = b"what a client has sent";

const STEPS_OF_NEW: [Step; 3] = [Step::CompleteAsked, Step::CompleteAnswered, Step::CheckAsked];

const STEPS_OF_REPLACING: [Step; 7] = [
    Step::CompleteAsked,
    Step::CompleteAnswered,
    Step::CheckAsked,
    Step::CopyAsked,
    Step::CopyAnswered,
    Step::DeleteAsked,
    Step::DeleteAnswered,
];

/// Not a test: the process that is killed.
#[test]
fn child() {
    let Some((files, orders)) = ordered() else { return };
    within_limit(async {
        let _ = files.complete_upload(&orders[0]).await;
    });
}

/// Every step, of a file that is new and of one that replaces another.
fn steps() -> impl Iterator<Item = (bool, Step)> {
    let new = STEPS_OF_NEW.into_iter().map(|step| (false, step));
    new.chain(STEPS_OF_REPLACING.into_iter().map(|step| (true, step)))
}

/// Lets a client send a file, and a child be killed that completes it. Gives the upload's id.
async fn killed_at(
    scene: &Scene,
    bench: &Bench,
    name: &str,
    (replaces, step): (bool, Step),
) -> String {
    let key = bench.key(&format!("files/{name}"));
    bench.delete_under(&key).await;
    if replaces {
        bench.put_raw(&key, OLD).await;
    }
    let begun = scene.files.begin_upload(name, "file", NEW.len() as u64, Default::default());
    let id = begun.await.unwrap().upload_id;
    let part = scene.files.part_urls(&id, &[1]).await.unwrap().remove(0);
    let mut put = reqwest::Client::new().put(part.url).body(NEW);
    for (name, value) in &part.headers {
        put = put.header(name, value);
    }
    assert!(put.send().await.unwrap().status().is_success());
    scene.child_killed_at("storage::crash::completing::child", &[&id], (step, 0)).await;
    // The file that was there is there, or the one that was sent: whole, and nothing else.
    if bench.keys_under(&key).await.contains(&key) {
        let bytes = bench.bytes_of(&key).await;
        assert!(bytes == NEW || (replaces && bytes == OLD), "{step:?}");
    } else {
        assert!(!replaces, "{step:?}");
    }
    id
}

/// Attack 104.
#[test]
fn a_completion_that_was_killed_is_completed_by_the_next() {
    on_bench(|bench| async move {
        let scene = Scene::new(&bench).await;
        for step in steps() {
            let id = killed_at(&scene, &bench, "a.bin", step).await;
            assert_eq!(scene.files.sweep_uploads().await.unwrap().aborted, 0, "{step:?}");
            let file = scene.files.complete_upload(&id).await;
            let file = file.unwrap_or_else(|error| panic!("{step:?}: {error}"));
            assert!(bench.bytes_of(&file.key).await == NEW, "{step:?}");
            assert_eq!(scene.files.complete_upload(&id).await.unwrap().etag, file.etag);
            assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
            bench.assert_nothing_waits().await;
        }
        bench
    });
}

/// Attack 104.
#[test]
fn a_completion_that_was_killed_is_given_up() {
    on_bench(|bench| async move {
        let scene = Scene::new(&bench).await;
        for step in steps() {
            let id = killed_at(&scene, &bench, "a.bin", step).await;
            let before = bench.keys_under(&bench.key("files/a.bin")).await;
            scene.files.abort_upload(&id).await.unwrap();
            assert_eq!(bench.keys_under(&bench.key("files/a.bin")).await, before);
            assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
            bench.assert_nothing_waits().await;
        }
        bench
    });
}

/// Attack 104.
#[test]
fn a_completion_that_was_killed_is_swept() {
    on_bench(|bench| async move {
        // A real store's clock cannot be moved.
        let Some(clock) = bench.clock.clone() else { return bench };
        let scene = Scene::new(&bench).await;
        let storage = Storage::new(scene.config.clone()).unwrap();
        let mut ids = Vec::new();
        for (at, step) in steps().enumerate() {
            ids.push(killed_at(&scene, &bench, &format!("{at}.bin"), step).await);
        }
        let waiting = bench.keys_under(&bench.incoming()).await.len();
        let open = bench.uploads_under(bench.scope.prefix()).await.len()
            + bench.uploads_under(&bench.incoming()).await.len();
        assert!(waiting >= 3 && open >= 2, "{waiting} {open}");
        let left = (waiting + open) as u64;
        let before = bench.keys_under(bench.scope.prefix()).await;
        let swept = storage.sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (0, left));
        clock.advance(LIFE + Duration::from_secs(120));
        let swept = storage.sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (left, 0));
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
        bench.assert_nothing_waits().await;
        assert_eq!(bench.keys_under(bench.scope.prefix()).await, before);
        for id in ids {
            let error = scene.files.complete_upload(&id).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UploadNotFound);
        }
        bench
    });
}

//! Processes that are killed in the middle of an upload in parts: a child of this test uploads
//! through a relay, is killed at one step, and what it left is gone on with, given up or swept.

mod completing;
mod relay;

use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use casier::ErrorKind;
use casier::access::Policy;
use casier::storage::{
    OnBegin, ResumeOptions, Scope, SealingSecret, Storage, StorageConfig, UploadOptions,
    UserStorage,
};
use tokio::process::Command;

use self::relay::{Relay, Step};
use super::bench::{self, Bench, on_bench};
use crate::support::{Folder, within_limit};

/// What tells the child what to do.
const ORDERS: &str = "CASIER_CRASH_ORDERS";

/// Three parts: two of 8 MiB and the rest.
const SIZE: usize = (16 << 20) + 12_345;

/// Less than the 15 minutes by which a client's clock may differ from the store's.
const LIFE: Duration = Duration::from_secs(10 * 60);

const STEPS: [(Step, usize); 8] = [
    (Step::Begun, 0),
    (Step::PartAsked, 0),
    (Step::PartAnswered, 0),
    (Step::PartAnswered, 1),
    (Step::PartAnswered, 2),
    (Step::CompleteAsked, 0),
    (Step::CompleteAnswered, 0),
    (Step::PartAsked, 2),
];

/// A process to be killed, and where it is.
struct Scene {
    relay: Relay,
    config: StorageConfig,
    files: UserStorage,
    folder: Folder,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Scene {
    async fn new(bench: &Bench) -> Self {
        let relay = Relay::to(bench.config.endpoint.as_ref().unwrap()).await;
        let mut config = bench.config.clone();
        config.endpoint = Some(relay.endpoint.clone());
        let config = with_secret(config);
        let files = files(bench.scope.user_id(), &config);
        let folder = Folder::new();
        let bytes: Vec<u8> = (0..SIZE).map(|at| (at % 251) as u8).collect();
        let path = folder.write("large.bin", &bytes);
        Self { relay, config, files, folder, path, bytes }
    }

    fn handle_path(&self) -> PathBuf {
        self.folder.path().join("handle")
    }

    /// The handle that the child was given, if it came to that.
    fn handle(&self) -> Option<String> {
        std::fs::read_to_string(self.handle_path()).ok()
    }

    /// Lets a child upload and kills it at a step.
    async fn killed_at(&self, (step, passing): (Step, usize)) {
        let _ = std::fs::remove_file(self.handle_path());
        let (path, handle_path) = (self.path.to_str().unwrap(), self.handle_path());
        let orders = [path, handle_path.to_str().unwrap()];
        self.child_killed_at("storage::crash::child", &orders, (step, passing)).await;
    }

    /// Lets a child do something and kills it at a step.
    async fn child_killed_at(&self, child: &str, orders: &[&str], (step, passing): (Step, usize)) {
        let reached = self.relay.stop_at(step, passing);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([child, "--exact", "--nocapture"])
            .env(ORDERS, self.orders(orders))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        tokio::select! {
            told = reached => told.unwrap(),
            ended = child.wait() => panic!("the child ended by itself at {step:?}: {ended:?}"),
        }
        child.kill().await.unwrap();
        self.relay.cut().await;
    }

    fn orders(&self, orders: &[&str]) -> String {
        let config = &self.config;
        let keys = config.credentials.as_ref().unwrap();
        let whose = [
            config.endpoint.as_ref().unwrap(),
            &config.bucket,
            &keys.access_key_id,
            &keys.secret_access_key,
            config.region.as_deref().unwrap_or_default(),
            self.files.scope().user_id(),
        ];
        [&whose, orders].concat().join("\n")
    }

    async fn assert_whole(&self, bench: &Bench) {
        assert!(bench.bytes_of(&bench.key("files/large.bin")).await == self.bytes);
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
        bench.delete_under(bench.scope.prefix()).await;
    }
}

/// Not a test: the process that is killed.
#[test]
fn child() {
    let Some((files, orders)) = ordered() else { return };
    let [path, handle_path] = orders.try_into().unwrap();
    within_limit(async {
        let mut options = UploadOptions::default();
        options.on_begin =
            Some(OnBegin::new(move |handle| std::fs::write(&handle_path, handle).unwrap()));
        let _ = files.upload_file(Path::new(&path), "file", options).await;
    });
}

/// What a child is to do, and whose files it is to do it with; none where this is no child.
fn ordered() -> Option<(UserStorage, Vec<String>)> {
    let orders = std::env::var(ORDERS).ok()?;
    let mut orders = orders.split('\n').map(str::to_owned);
    let mut next = || orders.next().unwrap();
    let (endpoint, bucket, id, secret, region) = (next(), next(), next(), next(), next());
    let region = Some(region).filter(|region| !region.is_empty());
    let config = with_secret(bench::config(&bucket, endpoint, &id, &secret, region));
    let files = files(&next(), &config);
    Some((files, orders.collect()))
}

fn with_secret(mut config: StorageConfig) -> StorageConfig {
    config.secret = Some(SealingSecret::new([[7; 32]]).unwrap());
    config.upload_life = LIFE;
    config
}

fn files(user_id: &str, config: &StorageConfig) -> UserStorage {
    let storage = Storage::new(config.clone()).unwrap();
    storage.scoped(Scope::new(user_id).unwrap(), None, Arc::new(Policy::builtin()))
}

/// Attack 104.
#[test]
fn what_a_killed_process_left_is_gone_on_with() {
    on_bench(|bench| async move {
        let scene = Scene::new(&bench).await;
        for step in shuffled() {
            scene.killed_at(step).await;
            let Some(handle) = scene.handle() else {
                assert_eq!(step.0, Step::Begun);
                bench.delete_under(bench.scope.prefix()).await;
                continue;
            };
            if step.0 != Step::CompleteAnswered {
                let state = scene.files.upload_state(&handle).await.unwrap();
                assert_eq!(state.key, bench.key("files/large.bin"));
                assert_eq!((state.size, state.part_count), (SIZE as u64, 3));
                if step.0 == Step::PartAnswered {
                    assert!(state.parts.len() > step.1, "{step:?} {:?}", state.parts);
                }
                let swept = scene.files.sweep_uploads().await.unwrap();
                assert_eq!(swept.aborted, 0, "{step:?}");
            }
            let stored =
                scene.files.resume_upload(&handle, &scene.path, ResumeOptions::default()).await;
            let stored = stored.unwrap_or_else(|error| panic!("{step:?}: {error}"));
            assert_eq!((stored.key, stored.size), (bench.key("files/large.bin"), SIZE as u64));
            // It is done once; whoever asks again hears the same.
            let again =
                scene.files.resume_upload(&handle, &scene.path, ResumeOptions::default()).await;
            assert_eq!(again.unwrap().etag, stored.etag);
            scene.assert_whole(&bench).await;
        }
        bench
    });
}

/// Attack 104.
#[test]
fn what_a_killed_process_left_is_given_up() {
    on_bench(|bench| async move {
        let scene = Scene::new(&bench).await;
        for step in shuffled() {
            scene.killed_at(step).await;
            let Some(handle) = scene.handle() else {
                bench.delete_under(bench.scope.prefix()).await;
                continue;
            };
            for _ in 0..2 {
                scene.files.abort_upload(&handle).await.unwrap();
            }
            let state = scene.files.upload_state(&handle).await;
            assert_eq!(state.unwrap_err().kind(), ErrorKind::UploadNotFound);
            if step.0 == Step::CompleteAnswered {
                scene.assert_whole(&bench).await;
            } else {
                bench.assert_nothing_left().await;
            }
        }
        bench
    });
}

/// Attack 104.
#[test]
fn what_a_killed_process_left_is_swept_once_its_handle_has_ended() {
    on_bench(|bench| async move {
        // A real store's clock cannot be moved.
        let Some(clock) = bench.clock.clone() else { return bench };
        // Ours is not moved with it: all has to be over before they differ by 15 minutes.
        let scene = Scene::new(&bench).await;
        let storage = Storage::new(scene.config.clone()).unwrap();
        let mut handles = Vec::new();
        for step in shuffled() {
            scene.killed_at(step).await;
            handles.push(scene.handle());
        }
        let left = bench.uploads_under(bench.scope.prefix()).await.len() as u64;
        assert_eq!(left, STEPS.len() as u64 - 1);
        let swept = scene.files.sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (0, left));

        clock.advance(LIFE + Duration::from_secs(120));
        // Another tool's, and one that has only just begun.
        let foreign = bench.begin_upload("backups/a.bin").await;
        scene.killed_at((Step::PartAnswered, 0)).await;
        let live = scene.handle().unwrap();
        let swept = scene.files.sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (left, 1));
        let swept = storage.sweep_uploads().await.unwrap();
        assert_eq!((swept.aborted, swept.live), (0, 1));
        assert_eq!(bench.uploads_under("backups/").await, ["backups/a.bin"]);
        for ended in handles.iter().flatten() {
            let resumed = scene.files.resume_upload(ended, &scene.path, Default::default()).await;
            assert_eq!(resumed.unwrap_err().kind(), ErrorKind::UploadNotFound);
        }
        scene.files.resume_upload(&live, &scene.path, Default::default()).await.unwrap();
        scene.assert_whole(&bench).await;
        let abort = bench.raw.abort_multipart_upload().bucket(&bench.config.bucket);
        abort.key("backups/a.bin").upload_id(foreign).send().await.unwrap();
        bench
    });
}

/// The steps, in the order of the seed that `CASIER_CRASH_SEED` gives; without, of a new one.
fn shuffled() -> Vec<(Step, usize)> {
    let seed = std::env::var("CASIER_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("CASIER_CRASH_SEED={seed}");
    let mut steps = STEPS.to_vec();
    steps.sort_by_key(|step| {
        let mut hasher = DefaultHasher::new();
        (seed, step).hash(&mut hasher);
        hasher.finish()
    });
    steps
}

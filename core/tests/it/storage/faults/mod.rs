//! Every fault of the local server, at every step of every operation.
//!
//! A step is a request that the operation makes when all goes well; which these are is found out by
//! running it. Then, for each step and each fault, the operation runs on a store of its own that
//! fails there, once or from there on. However that ends, it ends in time, with the right answer or
//! an error of the catalogue; what it says to be done is done, and what it does not is as it was or
//! as it was to be, and nothing else is there: no part, no half of a file, no temporary file. Once
//! the fault is over, the same client does it all.

mod operations;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use casier::ErrorKind;
use casier_local::{Fault, FaultRule};
use futures_util::future::join;
use futures_util::stream::{self, StreamExt as _};

use self::operations::{Operation, grants, listings, managing, reads, uploads};
use self::world::World;
use crate::support::within;

/// The deadline of each call; see [`World`].
const DEADLINE: Duration = Duration::from_millis(1500);

/// The deadline of each transfer: the usual one is that of a slow line.
const LONG_DEADLINE: Duration = Duration::from_secs(4);

/// No call may take longer, on a machine that has other things to do.
const HANGS: Duration = Duration::from_secs(60);

/// How many stores fail at the same time, and how many that have large files: the former wait most
/// of the time, for what stalls.
const PARALLEL: [usize; 2] = [32, 4];

/// At most so many requests of one kind are steps of their own: the first and the last.
const STEPS_OF_A_KIND: u64 = 2;

/// A way to fail: the fault, met by one request of an operation of S3 or by all from there on.
#[derive(Clone, Copy, Debug)]
struct Step {
    request: &'static str,
    before: u64,
    fault: Fault,
    once: bool,
}

fn faults(request: &str) -> Vec<Fault> {
    let mut faults = vec![
        Fault::Unavailable,
        Fault::SlowDown,
        Fault::InternalError,
        Fault::Cut { after_bytes: 0 },
        Fault::Cut { after_bytes: 1000 },
        Fault::CutAnswer { after_bytes: 0 },
        Fault::CutAnswer { after_bytes: 1000 },
        Fault::Stall,
        Fault::StallAnswer { after_bytes: 10 },
        Fault::Slow { bytes_per_second: 20_000 },
        Fault::CorruptRequest { at: 30 },
        Fault::CorruptAnswer { at: 60 },
        Fault::ClockOff { seconds: 7200 },
        Fault::ClockOff { seconds: -7200 },
        Fault::LostAnswer,
    ];
    let may_fail_in_200 =
        ["CopyObject", "UploadPartCopy", "CompleteMultipartUpload", "DeleteObjects"];
    if may_fail_in_200.contains(&request) {
        faults.push(Fault::ErrorIn200);
    }
    faults
}

/// What an operation may say when it meets a fault and does not get over it.
fn allowed(fault: Fault) -> &'static [ErrorKind] {
    use ErrorKind as K;
    match fault {
        Fault::CorruptRequest { .. } => {
            &[K::ChecksumMismatch, K::StorageUnavailable, K::Timeout, K::StorageDenied, K::Internal]
        }
        Fault::CorruptAnswer { .. } => &[K::ChecksumMismatch, K::StorageUnavailable, K::Timeout],
        Fault::ClockOff { .. } => &[K::StorageDenied, K::Timeout],
        _ => &[K::StorageUnavailable, K::Timeout],
    }
}

/// The requests of an operation when all goes well, each as a step or two.
async fn steps(operation: &'static Operation) -> Vec<Step> {
    let world = World::new(operation).await;
    (operation.call)(&world).await.unwrap_or_else(|error| panic!("{operation:?}: {error}"));
    let requests = world.server.faults().all_requests();
    world.assert_done().await;
    world.close().await;
    let mut steps = Vec::new();
    for (request, count) in requests {
        let places = (0..count).filter(|at| at + 1 < STEPS_OF_A_KIND || at + 1 == count);
        for before in places {
            for fault in faults(request) {
                for once in [true, false] {
                    steps.push(Step { request, before, fault, once });
                }
            }
        }
    }
    steps
}

async fn meet(operation: &'static Operation, step: Step) {
    let shown = format!("{operation:?}, {step:?}");
    let world = World::new(operation).await;
    let faults = world.server.faults();
    let rule = FaultRule::new(step.fault).on(step.request).skip(step.before);
    faults.add(if step.once { rule.times(1) } else { rule });
    let outcome = tokio::time::timeout(HANGS, (operation.call)(&world))
        .await
        .unwrap_or_else(|_| panic!("it hangs: {shown}"));
    let met = !faults.log().is_empty();
    faults.clear();
    match &outcome {
        Ok(()) => world.assert_done().await,
        Err(error) => {
            let kind = error.kind();
            assert!(met || kind == ErrorKind::Timeout, "without a fault: {error}: {shown}");
            assert!(allowed(step.fault).contains(&kind), "{error}: {shown}");
            world.assert_sound(&shown).await;
        }
    }
    world.assert_nothing_else(step.request, outcome.is_ok(), &shown).await;
    if (operation.repeatable)(outcome.err().map(|error| error.kind())) {
        world.assert_recovers(operation, &shown).await;
    }
    world.close().await;
}

/// Runs the operations of a group, all at the same time.
fn run(operations: &'static [Operation]) {
    within(Duration::from_secs(900), async {
        let mut faults = [Vec::new(), Vec::new()];
        for operation in operations {
            let steps = steps(operation).await;
            let requests: BTreeSet<_> = steps.iter().map(|step| step.request).collect();
            println!("{operation:?}: {} faults, in {requests:?}", steps.len());
            assert!(steps.len() >= 30, "{operation:?} asks the store nothing");
            for request in operation.requests {
                assert!(requests.contains(request), "{operation:?} has no {request}");
            }
            let steps = steps.into_iter().map(|step| (operation, step));
            faults[usize::from(operation.is_large())].extend(steps);
        }
        let [small, large] = faults;
        join(meet_all(small, PARALLEL[0]), meet_all(large, PARALLEL[1])).await;
    });
}

async fn meet_all(mut faults: Vec<(&'static Operation, Step)>, parallel: usize) {
    // What waits longest begins first.
    faults.sort_by_key(|(_, step)| !matches!(step.fault, Fault::Stall | Fault::StallAnswer { .. }));
    stream::iter(faults)
        .map(|(operation, step)| tokio::spawn(meet(operation, step)))
        .buffer_unordered(parallel)
        .for_each(|met| async { met.unwrap() })
        .await;
}

/// Attack 74. Attack 77. Attack 104. Attack 105. Attack 108. Attack 109. Attack 113.
#[test]
fn uploads() {
    run(uploads::OPERATIONS);
}

/// Attack 75. Attack 108. Attack 111. Attack 113.
#[test]
fn reads() {
    run(reads::OPERATIONS);
}

/// Attack 108. Attack 110. Attack 113.
#[test]
fn listings() {
    run(listings::OPERATIONS);
}

/// Attack 108. Attack 109. Attack 110. Attack 113.
#[test]
fn managing() {
    run(managing::OPERATIONS);
}

/// Attack 108. Attack 110. Attack 113.
#[test]
fn grants() {
    run(grants::OPERATIONS);
}

/// An operation that is added to [`casier::storage::UserStorage`] is added here, or fails.
#[test]
fn no_operation_is_left_out() {
    /// They ask the store nothing.
    const WITHOUT_REQUESTS: [&str; 5] =
        ["part_urls", "presigned_post", "presigned_url", "presigned_url_at", "presigned_urls"];
    fn sources(folder: &std::path::Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for part in source.split("\nimpl UserStorage {\n").skip(1) {
                let part = part.split("\n}\n").next().unwrap();
                let methods = part.lines().filter_map(|line| {
                    let line = line.strip_prefix("    pub ")?;
                    let asks = line.starts_with("async ") || line.contains("-> FileList");
                    let name = line.split_once("fn ")?.1.split(['(', '<']).next()?;
                    asks.then(|| name.to_owned())
                });
                found.extend(methods);
            }
        }
    }
    let mut methods = BTreeSet::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/storage");
    sources(&folder, &mut methods);
    for method in WITHOUT_REQUESTS {
        assert!(methods.remove(method), "{method}");
    }
    let groups = [
        uploads::OPERATIONS,
        reads::OPERATIONS,
        listings::OPERATIONS,
        managing::OPERATIONS,
        grants::OPERATIONS,
    ];
    let covered: BTreeSet<_> =
        groups.into_iter().flatten().map(|it| it.method.to_owned()).collect();
    assert_eq!(methods, covered);
}

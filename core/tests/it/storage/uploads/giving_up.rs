//! Uploads that are given up at any step.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use casier::storage::{OnProgress, UploadOptions};
use casier_local::{Fault, FaultRule};
use futures_util::FutureExt as _;

use super::{MIB, bytes, faults, nothing_is_left};
use crate::storage::bench::{Bench, on_local_bench};

const LARGE: usize = 40 * MIB;

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Attack 105.
#[test]
fn an_upload_that_is_dropped_leaves_nothing() {
    on_local_bench(|bench| async move {
        for (operation, fault, skip, size) in [
            ("PutObject", Fault::Stall, 0, MIB),
            // Only the answer says what there is to abort.
            ("CreateMultipartUpload", Fault::Slow { bytes_per_second: 200 }, 0, LARGE),
            ("UploadPart", Fault::Stall, 0, LARGE),
            ("UploadPart", Fault::StallAnswer { after_bytes: 0 }, 2, LARGE),
            ("CompleteMultipartUpload", Fault::Stall, 0, LARGE),
        ] {
            faults(&bench).add(FaultRule::new(fault).on(operation).skip(skip));
            let files = bench.files();
            let upload = tokio::spawn(async move {
                files.upload_file_object(bytes(size), "a.bin", "file", Default::default()).await
            });
            until(|| !faults(&bench).log().is_empty()).await;
            upload.abort();
            assert!(upload.await.unwrap_err().is_cancelled(), "{operation}");
            if size == LARGE {
                until(|| faults(&bench).requests("AbortMultipartUpload") > 0).await;
            }
            nothing_is_left(&bench).await;
            faults(&bench).clear();
        }
        bench
    });
}

#[test]
fn an_upload_whose_runtime_ends_leaves_nothing() {
    on_local_bench(|bench| async move {
        faults(&bench).add(FaultRule::new(Fault::Stall).on("UploadPart").skip(1));
        let (files, injected) = (bench.files(), faults(&bench).clone());
        let ended = tokio::task::spawn_blocking(move || {
            for workers in [1, 2] {
                let runtime = tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(workers)
                    .enable_all()
                    .build()
                    .unwrap();
                let (files, before) = (files.clone(), injected.log().len());
                runtime.spawn(async move {
                    files
                        .upload_file_object(bytes(LARGE), "a.bin", "file", Default::default())
                        .await
                });
                while injected.log().len() == before {
                    std::thread::sleep(Duration::from_millis(5));
                }
                drop(runtime);
            }
        });
        ended.await.unwrap();
        bench.assert_nothing_left().await;
        bench
    });
}

#[test]
fn a_listener_that_panics_leaves_nothing() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let mut options = UploadOptions::default();
        options.on_progress = Some(OnProgress::new(|moved, _| assert!(moved < 9 * MIB as u64)));
        let upload = files.upload_file_object(bytes(LARGE), "a.bin", "file", options);
        assert!(AssertUnwindSafe(upload).catch_unwind().await.is_err());
        until_aborted(&bench).await;
        bench
    });
}

async fn until_aborted(bench: &Bench) {
    until(|| faults(bench).requests("AbortMultipartUpload") > 0).await;
    nothing_is_left(bench).await;
}

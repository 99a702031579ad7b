//! Faults at each step of an upload.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use casier::ErrorKind;
use casier::storage::{OnBegin, UploadOptions};
use casier_local::{Fault, FaultRule};

use super::{MIB, SMALL, Told, bytes, faults, nothing_is_left};
use crate::storage::bench::{Bench, on_local_bench};
use crate::support::Folder;

const LARGE: usize = 40 * MIB;

/// Attack 75.
#[test]
fn a_corrupted_byte_is_refused() {
    on_local_bench(|bench| async move {
        for (operation, size) in [("PutObject", MIB), ("UploadPart", LARGE)] {
            let fault = Fault::CorruptRequest { at: 70_000 };
            assert_refused(&bench, fault, operation, size, ErrorKind::ChecksumMismatch).await;
        }
        bench
    });
}

/// Attack 77, for an upload in parts: the answer to its completion is lost once, and every time.
#[test]
fn a_completion_whose_answer_was_lost_is_recognised() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        for (times, overwrite) in [(1, true), (3, true), (1, false), (3, false)] {
            let mut options = UploadOptions::default();
            options.overwrite = overwrite;
            let rule = FaultRule::new(Fault::LostAnswer).on("CompleteMultipartUpload");
            let name = format!("{times}-{overwrite}.bin");
            faults(&bench).add(rule.key_containing(&name).times(times));
            let told = Told::default();
            options.on_progress = told.options().on_progress;
            let stored =
                files.upload_file_object(bytes(LARGE), &name, "file", options).await.unwrap();
            assert_eq!(files.metadata(&stored.key).await.unwrap().etag, stored.etag);
            assert_eq!(bench.keys_under(bench.scope.prefix()).await.len(), 1);
            files.delete(&stored.key).await.unwrap();
            bench.assert_nothing_left().await;
            told.assert_grew_to(LARGE as u64, true);
            faults(&bench).clear();
        }
        bench
    });
}

/// Attack 77, where nobody can say whether the completion arrived.
#[test]
fn a_completion_of_unknown_outcome_is_no_lost_upload() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let handle = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&handle);
        let mut options = UploadOptions::default();
        options.on_begin = Some(OnBegin::new(move |id| *told.lock().unwrap() = id.to_owned()));
        // The second try meets the first one, and what would settle it fails too.
        faults(&bench)
            .add(FaultRule::new(Fault::LostAnswer).on("CompleteMultipartUpload").times(1));
        faults(&bench).add(FaultRule::new(Fault::Unavailable).on("HeadObject"));
        let unknown = files.upload_file_object(bytes(LARGE), "a.bin", "file", options).await;
        assert_eq!(unknown.unwrap_err().kind(), ErrorKind::StorageUnavailable);
        assert_eq!(faults(&bench).requests("CompleteMultipartUpload"), 2);
        assert_eq!(bench.keys_under(bench.scope.prefix()).await.len(), 1);

        faults(&bench).clear();
        let folder = Folder::new();
        let path = folder.write("a.bin", &bytes(LARGE));
        let handle = handle.lock().unwrap().clone();
        let stored = files.resume_upload(&handle, path, Default::default()).await.unwrap();
        assert_eq!(files.metadata(&stored.key).await.unwrap(), stored);
        files.delete(&stored.key).await.unwrap();
        bench.assert_nothing_left().await;
        bench
    });
}

/// Attack 78, for parts.
#[test]
fn a_part_that_fails_is_sent_again() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        for fault in [
            Fault::Unavailable,
            Fault::InternalError,
            Fault::Cut { after_bytes: 3_000_000 },
            Fault::LostAnswer,
        ] {
            faults(&bench).add(FaultRule::new(fault).on("UploadPart").skip(2).times(2));
            let told = Told::default();
            let stored =
                files.upload_file_object(bytes(LARGE), "a.bin", "file", told.options()).await;
            let key = stored.unwrap().key;
            assert_eq!(faults(&bench).log().len(), 2, "{fault:?}");
            assert_eq!(faults(&bench).requests("UploadPart"), 7, "{fault:?}");
            told.assert_grew_to(LARGE as u64, true);
            faults(&bench).clear();
            let get = bench.raw.get_object().bucket(&bench.config.bucket).key(key);
            let body = get.send().await.unwrap().body.collect().await.unwrap().into_bytes();
            assert!(body == bytes(LARGE), "{fault:?}");
        }
        bench
    });
}

#[test]
fn an_error_behind_a_200_is_tried_again() {
    on_local_bench(|bench| async move {
        let rule = FaultRule::new(Fault::ErrorIn200).on("CompleteMultipartUpload");
        faults(&bench).add(rule.times(1));
        let files = bench.files();
        let contents = bytes(LARGE);
        files.upload_file_object(contents, "a.bin", "file", Default::default()).await.unwrap();
        assert_eq!(faults(&bench).requests("CompleteMultipartUpload"), 2);
        bench
    });
}

#[test]
fn what_fails_for_good_leaves_nothing() {
    on_local_bench(|bench| async move {
        for (operation, size) in [
            ("PutObject", SMALL),
            ("CreateMultipartUpload", LARGE),
            ("UploadPart", LARGE),
            ("CompleteMultipartUpload", LARGE),
        ] {
            let kind = ErrorKind::StorageUnavailable;
            assert_refused(&bench, Fault::Unavailable, operation, size, kind).await;
        }
        bench
    });
}

#[test]
fn what_stalls_ends_at_the_deadline() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        for (operation, size) in [
            ("PutObject", MIB),
            ("CreateMultipartUpload", LARGE),
            ("UploadPart", LARGE),
            ("CompleteMultipartUpload", LARGE),
        ] {
            faults(&bench).add(FaultRule::new(Fault::Stall).on(operation));
            let mut options = UploadOptions::default();
            options.deadline = Some(Duration::from_secs(3));
            let late = files.upload_file_object(bytes(size), "a.bin", "file", options).await;
            assert_eq!(late.unwrap_err().kind(), ErrorKind::Timeout, "{operation}");
            // What stalls here has done nothing, and is not let go on.
            nothing_is_left(&bench).await;
            faults(&bench).clear();
        }
        bench
    });
}

#[test]
fn the_parts_of_an_upload_to_be_resumed_are_kept() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let handle = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&handle);
        let mut options = UploadOptions::default();
        options.on_begin = Some(OnBegin::new(move |id| *told.lock().unwrap() = id.to_owned()));
        faults(&bench).add(FaultRule::new(Fault::Unavailable).on("UploadPart").skip(3));
        let failed = files.upload_file_object(bytes(LARGE), "a.bin", "file", options.clone()).await;
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::StorageUnavailable);
        let id = handle.lock().unwrap().clone();
        let state = files.upload_state(&id).await.unwrap();
        assert_eq!((state.size, state.part_count), (LARGE as u64, 5));
        assert!(!state.parts.is_empty() && state.parts.len() <= 3, "{state:?}");
        files.abort_upload(&id).await.unwrap();
        bench.assert_nothing_left().await;

        // What cannot pass is not kept.
        faults(&bench).clear();
        faults(&bench).add(FaultRule::new(Fault::CorruptRequest { at: 9 }).on("UploadPart"));
        let failed = files.upload_file_object(bytes(LARGE), "a.bin", "file", options).await;
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::ChecksumMismatch);
        bench.assert_nothing_left().await;
        bench
    });
}

/// An upload whose requests of one operation all meet a fault fails, and leaves nothing.
async fn assert_refused(
    bench: &Bench,
    fault: Fault,
    operation: &'static str,
    size: usize,
    kind: ErrorKind,
) {
    faults(bench).add(FaultRule::new(fault).on(operation));
    let options = UploadOptions::default();
    let refused = bench.files().upload_file_object(bytes(size), "a.bin", "file", options).await;
    assert_eq!(refused.unwrap_err().kind(), kind, "{operation}");
    bench.assert_nothing_left().await;
    faults(bench).clear();
}

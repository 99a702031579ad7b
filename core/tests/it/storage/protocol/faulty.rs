//! Stores that fail in the middle of a completion: the next call goes on where this one ended.

use casier::ErrorKind;
use casier_local::{Fault, FaultRule};
use futures_util::future::join;

use super::{SIZE, begin, bytes, send, sent};
use crate::storage::bench::{PDF, on_local_bench};

/// Attack 77. Attack 109.
#[test]
fn a_completion_goes_on_where_it_broke_off() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let faults = bench.faults().unwrap();
        let key = bench.key("files/a.bin");
        let broken: [(&[(&str, Fault)], bool); 6] = [
            (&[("ListParts", Fault::Unavailable)], false),
            (
                &[
                    ("CompleteMultipartUpload", Fault::LostAnswer),
                    ("HeadObject", Fault::Unavailable),
                ],
                false,
            ),
            (&[("CompleteMultipartUpload", Fault::Unavailable)], false),
            (&[("GetObject", Fault::Unavailable)], false),
            (&[("CopyObject", Fault::Unavailable)], true),
            (&[("DeleteObject", Fault::Unavailable)], true),
        ];
        for replaced in [false, true] {
            for (rules, only_replacing) in broken {
                if only_replacing && !replaced {
                    continue;
                }
                bench.delete_under(&key).await;
                if replaced {
                    bench.put_raw(&key, b"old").await;
                }
                let upload = sent(&files, "a.bin", &bytes(SIZE)).await;
                for (request, fault) in rules {
                    faults.add(FaultRule::new(*fault).on(*request));
                }
                let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{rules:?}");
                faults.clear();
                if replaced && rules[0].0 != "DeleteObject" {
                    assert_eq!(bench.bytes_of(&key).await, b"old", "{rules:?}");
                }
                let file = files.complete_upload(&upload.upload_id).await.unwrap();
                assert!(bench.bytes_of(&key).await == bytes(SIZE), "{rules:?}");
                assert_eq!(files.complete_upload(&upload.upload_id).await.unwrap(), file);
                bench.assert_nothing_waits().await;
                assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
            }
        }
        bench
    });
}

/// Attack 77. One whose answer was lost is done, and no second completion is made.
#[test]
fn a_completion_whose_answer_was_lost_is_recognised() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let faults = bench.faults().unwrap();
        for _ in 0..2 {
            let upload = sent(&files, "a.bin", &bytes(SIZE)).await;
            faults.add(FaultRule::new(Fault::LostAnswer).on("CompleteMultipartUpload").times(1));
            let file = files.complete_upload(&upload.upload_id).await.unwrap();
            faults.clear();
            assert!(bench.bytes_of(&file.key).await == bytes(SIZE));
            bench.assert_nothing_waits().await;
        }
        bench
    });
}

/// The one that is slow finds done what it was about to do.
#[test]
fn a_completion_is_overtaken_by_another() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let faults = bench.faults().unwrap();
        let key = bench.key("files/a.bin");
        let slow = [
            (SIZE, "ListParts", 500),
            (0, "ListParts", 500),
            (SIZE, "CompleteMultipartUpload", 300),
            (SIZE, "GetObject", 5000),
            (SIZE, "CopyObject", 300),
        ];
        for replaced in [false, true] {
            for (size, request, bytes_per_second) in slow {
                bench.delete_under(&key).await;
                if replaced {
                    bench.put_raw(&key, b"old").await;
                }
                let upload = match size {
                    0 => begin(&files, "a.bin", 0).await,
                    _ => sent(&files, "a.bin", &bytes(size)).await,
                };
                let slow = Fault::Slow { bytes_per_second };
                faults.add(FaultRule::new(slow).on(request).times(1));
                let complete = || files.complete_upload(&upload.upload_id);
                let (one, other) = join(complete(), complete()).await;
                faults.clear();
                assert_eq!(one.unwrap().etag, other.unwrap().etag, "{request} {replaced}");
                assert!(bench.bytes_of(&key).await == bytes(size), "{request} {replaced}");
                bench.assert_nothing_waits().await;
                assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
            }
        }
        bench
    });
}

/// What waits and is given up goes too.
#[test]
fn an_upload_that_waits_for_its_place_can_be_given_up() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let faults = bench.faults().unwrap();
        bench.put_raw(&bench.key("files/a.bin"), b"old").await;
        let upload = sent(&files, "a.bin", &bytes(SIZE)).await;
        faults.add(FaultRule::new(Fault::Unavailable).on("CopyObject"));
        files.complete_upload(&upload.upload_id).await.unwrap_err();
        faults.clear();
        assert_eq!(bench.keys_under(&bench.incoming()).await.len(), 1);
        assert_eq!(files.sweep_uploads().await.unwrap().live, 1);
        files.abort_upload(&upload.upload_id).await.unwrap();
        bench.assert_nothing_waits().await;
        assert_eq!(bench.bytes_of(&upload.key).await, b"old");
        let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UploadNotFound);
        bench
    });
}

/// What could not be deleted is said, and looked at again by the next call.
#[test]
fn what_is_not_what_it_claims_never_passes() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let faults = bench.faults().unwrap();
        let size = PDF.len() as u64;
        let begun = files.begin_upload("a.png", "image", size, Default::default()).await.unwrap();
        send(&files, &begun, &[1], PDF).await;
        faults.add(FaultRule::new(Fault::Unavailable).on("DeleteObject"));
        for _ in 0..2 {
            let error = files.complete_upload(&begun.upload_id).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ContentMismatch);
            assert!(error.message().ends_with("what was stored could not be deleted"), "{error}");
        }
        faults.clear();
        let error = files.complete_upload(&begun.upload_id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContentMismatch);
        bench.assert_nothing_left().await;
        bench
    });
}

/// Attack 104. An upload whose beginning failed has not begun.
#[test]
fn what_could_not_be_begun_leaves_nothing() {
    on_local_bench(|bench| async move {
        let files = bench.files();
        let faults = bench.faults().unwrap();
        for request in ["HeadObject", "CreateMultipartUpload"] {
            faults.add(FaultRule::new(Fault::Unavailable).on(request));
            let begun = files.begin_upload("a.bin", "file", 1, Default::default()).await;
            assert_eq!(begun.unwrap_err().kind(), ErrorKind::StorageUnavailable);
            faults.clear();
            bench.assert_nothing_left().await;
        }
        let upload = begin(&files, "a.bin", 1).await;
        files.abort_upload(&upload.upload_id).await.unwrap();
        bench.assert_nothing_left().await;
        bench
    });
}

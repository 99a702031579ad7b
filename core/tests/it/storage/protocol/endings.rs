//! The ends of an upload that are not its success, and that each leaves nothing behind.

use std::sync::Arc;
use std::time::Duration;

use casier::ErrorKind;
use casier::access::Policy;
use casier::storage::{BeginUploadOptions, ResumeOptions, UploadOptions};
use casier::token::User;
use futures_util::future::join;
use reqwest::StatusCode;

use super::{
    SIZE, begin, bytes, creates_only, put, send, sent, uploaded, url_of, without_overwriting,
};
use crate::storage::bench::{PDF, PNG, on_bench};
use crate::support::Folder;

const LIFE: Duration = Duration::from_secs(600);

/// Attack 74.
#[test]
fn what_is_not_all_there_is_not_completed() {
    on_bench(|bench| async move {
        let files = bench.files();
        let bytes = bytes(SIZE);
        for replaced in [false, true] {
            let upload = begin(&files, "a.bin", SIZE).await;
            let incomplete = files.complete_upload(&upload.upload_id).await.unwrap_err();
            assert_eq!(incomplete.kind(), ErrorKind::UploadIncomplete);
            assert_eq!(incomplete.details().used, Some(0));
            assert!(incomplete.message().ends_with("1, 2"), "{incomplete}");
            send(&files, &upload, &[2], &bytes).await;
            let incomplete = files.complete_upload(&upload.upload_id).await.unwrap_err();
            assert_eq!(incomplete.kind(), ErrorKind::UploadIncomplete);
            let details = incomplete.details();
            assert_eq!((details.limit, details.used), (Some(SIZE as u64), Some(1000)));
            assert_eq!(bench.keys_under(bench.scope.prefix()).await.len(), usize::from(replaced));
            // Nothing has been lost by asking too early.
            send(&files, &upload, &[1], &bytes).await;
            files.complete_upload(&upload.upload_id).await.unwrap();
        }
        bench.assert_nothing_waits().await;
        bench
    });
}

/// Attack 74. A store whose addresses do not hold to their length, or somebody with other keys.
#[test]
fn a_part_of_another_size_is_not_there() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = bench.key("files/a.bin");
        let upload = begin(&files, "a.bin", 1000).await;
        let url = url_of(&files, &upload, 1).await.url;
        let store_id = url.split("uploadId=").nth(1).unwrap().split('&').next().unwrap();
        for size in [999, 1001] {
            let part = bench.raw.upload_part().bucket(&bench.config.bucket).key(&key);
            let part = part.upload_id(store_id).part_number(1).body(vec![1; size].into());
            part.send().await.unwrap();
            let state = files.upload_state(&upload.upload_id).await.unwrap();
            assert_eq!((state.parts, state.sent), (Vec::new(), 0));
            let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UploadIncomplete, "{size}");
        }
        files.abort_upload(&upload.upload_id).await.unwrap();
        bench.assert_nothing_left().await;
        bench
    });
}

/// Attack 72.
#[test]
fn what_is_not_what_it_claims_is_deleted_and_what_was_there_stays() {
    on_bench(|bench| async move {
        let files = bench.files();
        let begun = |content| {
            let files = files.clone();
            async move {
                let options = BeginUploadOptions::default();
                let size = PDF.len() as u64;
                let upload = files.begin_upload("a.png", "image", size, options).await.unwrap();
                send(&files, &upload, &[1], content).await;
                upload
            }
        };
        for replaced in [false, true] {
            if replaced {
                bench.put_raw(&bench.key("images/a.png"), PNG).await;
            }
            let upload = begun(PDF).await;
            let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ContentMismatch);
            assert_eq!(error.details().actual.as_deref(), Some("application/pdf"));
            assert!(error.message().ends_with("what was stored is deleted"), "{error}");
            let again = files.complete_upload(&upload.upload_id).await.unwrap_err();
            assert_eq!(again.kind(), ErrorKind::UploadNotFound);
            bench.assert_nothing_waits().await;
            if replaced {
                assert_eq!(bench.bytes_of(&upload.key).await, PNG);
                files.delete(&upload.key).await.unwrap();
            }
            bench.assert_nothing_left().await;
        }
        bench
    });
}

/// Attack 76.
#[test]
fn a_file_that_came_in_between_stays() {
    on_bench(|bench| async move {
        let files = bench.files();
        let upload = sent(&files, "a.bin", &bytes(SIZE)).await;
        bench.put_raw(&upload.key, b"another").await;
        let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
        // Garage forgets uploads when a file of their key is stored.
        let expected = [ErrorKind::Conflict, ErrorKind::UploadNotFound];
        assert!(expected.contains(&error.kind()), "{error}");
        assert_eq!(bench.bytes_of(&upload.key).await, b"another");
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
        let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UploadNotFound);
        bench
    });
}

/// Attack 76.
#[test]
fn without_overwriting_there_is_one_file() {
    on_bench(|bench| async move {
        let files = bench.files();
        let begin = || files.begin_upload("a.bin", "file", 1000, without_overwriting());
        if !creates_only(&bench).await {
            assert_eq!(begin().await.unwrap_err().kind(), ErrorKind::StorageUnsupported);
            bench.assert_nothing_left().await;
            return bench;
        }
        let (one, other) = (begin().await.unwrap(), begin().await.unwrap());
        for upload in [&one, &other] {
            send(&files, upload, &[1], &bytes(1000)).await;
        }
        let (one, other) =
            join(files.complete_upload(&one.upload_id), files.complete_upload(&other.upload_id))
                .await;
        let refused = match (one, other) {
            (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
            both => panic!("{both:?}"),
        };
        assert_eq!(refused.kind(), ErrorKind::FileExists);
        assert_eq!(begin().await.unwrap_err().kind(), ErrorKind::FileExists);
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
        bench
    });
}

#[test]
fn two_completions_of_one_upload_are_one() {
    on_bench(|bench| async move {
        let files = bench.files();
        for replaced in [false, true] {
            let upload = sent(&files, "a.bin", &bytes(SIZE)).await;
            let complete = || files.complete_upload(&upload.upload_id);
            let (one, other) = join(complete(), complete()).await;
            let told = [one.unwrap(), other.unwrap()];
            assert_eq!(told[0].etag, told[1].etag, "{replaced}");
            assert!(bench.bytes_of(&upload.key).await == bytes(SIZE));
            bench.assert_nothing_waits().await;
        }
        bench
    });
}

#[test]
fn an_upload_that_is_given_up_leaves_nothing() {
    on_bench(|bench| async move {
        let files = bench.files();
        for replaced in [false, true] {
            if replaced {
                bench.put_raw(&bench.key("files/a.bin"), b"old").await;
            }
            let upload = sent(&files, "a.bin", &bytes(SIZE)).await;
            for _ in 0..2 {
                files.abort_upload(&upload.upload_id).await.unwrap();
            }
            for error in [
                files.complete_upload(&upload.upload_id).await.unwrap_err(),
                files.upload_state(&upload.upload_id).await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::UploadNotFound);
            }
            assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
            bench.assert_nothing_waits().await;
            if replaced {
                assert_eq!(bench.bytes_of(&upload.key).await, b"old");
            }
        }
        bench
    });
}

/// One that has been completed is not given up: it is over.
#[test]
fn giving_up_a_completed_upload_changes_nothing() {
    on_bench(|bench| async move {
        let files = bench.files();
        for _ in 0..2 {
            let upload = sent(&files, "a.bin", &bytes(1000)).await;
            files.complete_upload(&upload.upload_id).await.unwrap();
            files.abort_upload(&upload.upload_id).await.unwrap();
            assert!(bench.bytes_of(&upload.key).await == bytes(1000));
        }
        bench.assert_nothing_waits().await;
        bench
    });
}

/// The completion goes on, whoever waits for it.
#[test]
fn a_caller_that_goes_away_does_not_stop_a_completion() {
    on_bench(|bench| async move {
        let files = bench.files();
        for replaced in [false, true] {
            let upload = sent(&files, "a.bin", &bytes(SIZE)).await;
            let complete = files.complete_upload(&upload.upload_id);
            assert!(tokio::time::timeout(Duration::from_millis(1), complete).await.is_err());
            while !bench.keys_under(&upload.key).await.contains(&upload.key)
                || !bench.keys_under(&bench.incoming()).await.is_empty()
                || bench.bytes_of(&upload.key).await.len() != SIZE
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            bench.put_raw(&upload.key, b"old").await;
            assert!(!replaced || bench.keys_under(&bench.incoming()).await.is_empty());
        }
        bench
    });
}

/// Whoever may not store such a file does not begin.
#[test]
fn what_may_not_be_stored_is_not_begun() {
    on_bench(|bench| async move {
        let free = bench.files_in_tier("free");
        let begin = |name: &str, kind: &str, size: u64| {
            let (free, name, kind) = (free.clone(), name.to_owned(), kind.to_owned());
            async move {
                let begun = free.begin_upload(&name, &kind, size, Default::default()).await;
                begun.unwrap_err().kind()
            }
        };
        let most = 10 << 20;
        assert_eq!(begin("a.png", "image", most + 1).await, ErrorKind::FileTooLarge);
        assert_eq!(begin("a.pdf", "image", 1).await, ErrorKind::TypeNotAllowed);
        assert_eq!(begin("a.php", "file", 1).await, ErrorKind::InvalidFilename);
        assert_eq!(begin("a.png", "Image!", 1).await, ErrorKind::InvalidKind);
        let size = 50_000_u64 << 30;
        let error = bench.files().begin_upload("a", "file", size + 1, Default::default()).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::FileTooLarge);
        for class in ["GLACIER", "DEEP_ARCHIVE"] {
            let mut archived = BeginUploadOptions::default();
            archived.storage_class = Some(class.to_owned());
            let error = bench.files().begin_upload("a", "file", 1, archived).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{class}");
        }
        bench.assert_nothing_left().await;
        bench
    });
}

/// The policy was asked when the upload began.
#[test]
fn who_began_an_upload_may_finish_it() {
    on_bench(|bench| async move {
        let before = bench.files_in_tier("pro");
        let upload = sent(&before, "a.bin", &bytes(SIZE)).await;
        let text = "version = 1\ntiers = [\"free\"]\n[tier.free.max_bytes]\nother = \"1 MiB\"\n";
        let policy = Policy::from_toml(text, "policy.toml").unwrap();
        let user = Arc::new(User::new(bench.scope.user_id()));
        let after = bench.storage.scoped(bench.scope.clone(), Some(user), Arc::new(policy));
        let again = after.begin_upload("a.bin", "file", SIZE as u64, Default::default()).await;
        assert_eq!(again.unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(after.complete_upload(&upload.upload_id).await.unwrap().size, SIZE as u64);
        bench
    });
}

/// Who sends the parts is settled when an upload begins.
#[test]
fn uploads_from_here_and_from_clients_are_not_mixed() {
    on_bench(|bench| async move {
        let files = bench.files();
        let upload = begin(&files, "a.bin", SIZE).await;
        let folder = Folder::new();
        let path = folder.write("a.bin", &bytes(SIZE));
        let resumed = files.resume_upload(&upload.upload_id, path, ResumeOptions::default()).await;
        assert_eq!(resumed.unwrap_err().kind(), ErrorKind::InvalidRequest);
        files.abort_upload(&upload.upload_id).await.unwrap();

        let told: Arc<std::sync::Mutex<String>> = Arc::default();
        let heard = Arc::clone(&told);
        let mut options = UploadOptions::default();
        options.on_begin = Some(casier::storage::OnBegin::new(move |id| {
            *heard.lock().unwrap() = id.to_owned();
        }));
        let large = bytes(17 << 20);
        files.upload_file_object(large, "b.bin", "file", options).await.unwrap();
        let handle = told.lock().unwrap().clone();
        for error in [
            files.part_urls(&handle, &[1]).await.unwrap_err(),
            files.complete_upload(&handle).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        }
        bench
    });
}

/// Attack 104. What never came to its end is swept once its handle has ended, and not before.
#[test]
fn what_was_left_is_swept_when_its_handle_has_ended() {
    sweeps(false);
}

/// Attack 104.
#[test]
fn what_was_left_is_swept_in_the_whole_bucket() {
    sweeps(true);
}

fn sweeps(wide: bool) {
    on_bench(|bench| async move {
        let Some(clock) = bench.clock.clone() else { return bench };
        let mut config = bench.config.clone();
        config.upload_life = LIFE;
        let files = bench.files_with(config.clone());
        let storage = casier::storage::Storage::new(config).unwrap();
        let sweep = || async {
            let swept = match wide {
                true => storage.sweep_uploads().await,
                false => files.sweep_uploads().await,
            };
            let swept = swept.unwrap();
            (swept.aborted, swept.live)
        };
        bench.put_raw(&bench.key("files/old.bin"), b"old").await;
        let new = sent(&files, "new.bin", &bytes(1000)).await;
        let other = sent(&files, "old.bin", &bytes(1000)).await;
        // As a crash between completion and check leaves it.
        let waiting = format!("{}{}", bench.incoming(), "0".repeat(32));
        bench.put_raw(&waiting, b"new").await;
        let neighbour = format!(".casier/incoming/user_neighbour/{}", "0".repeat(32));
        bench.put_raw(&neighbour, b"theirs").await;
        assert_eq!(sweep().await, (0, if wide { 4 } else { 3 }));
        clock.advance(LIFE + Duration::from_secs(120));
        assert_eq!(sweep().await, (if wide { 4 } else { 3 }, 0));
        assert_eq!(sweep().await, (0, 0));
        bench.assert_nothing_waits().await;
        let theirs = bench.keys_under(&neighbour).await;
        assert_eq!(theirs.len(), usize::from(!wide));
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
        assert_eq!(bench.bytes_of(&bench.key("files/old.bin")).await, b"old");
        for upload in [new, other] {
            let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UploadNotFound);
        }
        bench
    });
}

#[test]
fn emptying_a_scope_ends_its_uploads_everywhere() {
    on_bench(|bench| async move {
        let files = bench.files();
        bench.put_raw(&bench.key("files/old.bin"), b"old").await;
        let new = begin(&files, "new.bin", SIZE).await;
        let other = sent(&files, "old.bin", &bytes(1000)).await;
        bench.put_raw(&format!("{}{}", bench.incoming(), "0".repeat(32)), b"new").await;
        let neighbour = format!("{}0/{}", bench.incoming().trim_end_matches('/'), "0".repeat(32));
        bench.put_raw(&neighbour, b"theirs").await;
        let late = url_of(&files, &other, 1).await;
        let receipt = files.delete_all().await.unwrap();
        assert_eq!((receipt.files, receipt.uploads, receipt.bytes), (1, 3, 3));
        assert!(receipt.failed.is_empty());
        bench.assert_nothing_left().await;
        assert_eq!(bench.keys_under(&neighbour).await.len(), 1);
        bench.delete_under(&neighbour).await;
        assert_eq!(put(&late, &bytes(1000)).await, StatusCode::NOT_FOUND);
        for upload in [new, other] {
            let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UploadNotFound);
        }
        bench.assert_nothing_left().await;
        bench
    });
}

/// Attack 77.
#[test]
fn a_file_that_has_been_replaced_since_is_no_longer_the_uploads() {
    on_bench(|bench| async move {
        let files = bench.files();
        for _ in 0..2 {
            let upload = sent(&files, "a.bin", &bytes(1000)).await;
            files.complete_upload(&upload.upload_id).await.unwrap();
            bench.put_raw(&upload.key, b"newer").await;
            let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UploadNotFound);
            assert_eq!(bench.bytes_of(&upload.key).await, b"newer");
        }
        assert_eq!(uploaded(&files, "a.bin", b"newest").await.unwrap().size, 6);
        bench
    });
}

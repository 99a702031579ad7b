//! Going on with uploads in parts, and giving them up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use casier::access::Policy;
use casier::storage::{
    OnBegin, OnProgress, ResumeOptions, SealingSecret, Storage, StorageConfig, StoredFile,
    UploadContents, UploadOptions, UserStorage,
};
use casier::{Error, ErrorKind, Result};
use casier_local::{Fault, FaultRule};

use super::bench::{Bench, metadata, on_bench};
use crate::support::Folder;

/// Three parts: two of 8 MiB and the rest.
const SIZE: usize = (16 << 20) + 12_345;
const PART: usize = 8 << 20;

fn bytes() -> Vec<u8> {
    (0..SIZE).map(|at| (at % 251) as u8).collect()
}

/// Options whose upload tells its handle, and what it has told.
fn telling() -> (UploadOptions, Arc<Mutex<Vec<String>>>) {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&told);
    let mut options = UploadOptions::default();
    options.on_begin = Some(OnBegin::new(move |id| heard.lock().unwrap().push(id.to_owned())));
    (options, told)
}

/// The answer to an upload whose store fails after it has taken so many parts.
async fn broken_off(bench: &Bench, options: UploadOptions, parts: u64) -> Result<StoredFile> {
    let faults = bench.faults().unwrap();
    faults.add(FaultRule::new(Fault::Unavailable).on("UploadPart").skip(parts));
    let contents = UploadContents::from(bytes());
    let answer = bench.files().upload_file_object(contents, "large.bin", "file", options).await;
    faults.clear();
    answer
}

/// The handle of an upload that has broken off, whose first part the store holds with no checksum
/// but its MD5.
async fn begun(bench: &Bench, mut options: UploadOptions) -> String {
    let (telling, told) = telling();
    options.on_begin = telling.on_begin;
    let error = broken_off(bench, options, 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
    let handles = told.lock().unwrap().clone();
    let [handle] = handles.as_slice() else { panic!("{handles:?}") };
    let unfinished = bench.unfinished(bench.scope.prefix()).await;
    let [(key, id)] = unfinished.as_slice() else { panic!("{unfinished:?}") };
    let part = bench.raw.upload_part().bucket(&bench.config.bucket).key(key).upload_id(id);
    let first = bytes()[..PART].to_vec();
    part.part_number(1).body(first.into()).send().await.unwrap();
    handle.clone()
}

async fn resume(files: &UserStorage, handle: &str, bytes: &[u8]) -> Result<StoredFile> {
    let folder = Folder::new();
    let path = folder.write("local-name.bin", bytes);
    files.resume_upload(handle, path, ResumeOptions::default()).await
}

/// What every operation that takes a handle answers.
async fn all_refusals(files: &UserStorage, handle: &str) -> Vec<Error> {
    vec![
        files.upload_state(handle).await.unwrap_err(),
        resume(files, handle, &bytes()).await.unwrap_err(),
        files.abort_upload(handle).await.unwrap_err(),
    ]
}

#[test]
fn an_upload_goes_on_where_it_broke_off() {
    on_bench(|bench| async move {
        let Some(faults) = bench.faults() else { return bench };
        let mut options = UploadOptions::default();
        options.metadata = metadata(&[("title", "Été")]);
        options.content_type = Some("application/octet-stream".to_owned());
        let handle = begun(&bench, options).await;
        assert!(handle.starts_with("u1.") && handle.len() < 600, "{handle}");

        let files = bench.files();
        let state = files.upload_state(&handle).await.unwrap();
        assert_eq!(state.key, bench.key("files/large.bin"));
        assert_eq!((state.filename.as_str(), state.kind.as_deref()), ("large.bin", Some("file")));
        assert_eq!((state.size, state.part_size), (SIZE as u64, PART as u64));
        assert!(state.part_count == 3 && state.parts.contains(&1), "{state:?}");
        let told: Arc<Mutex<Vec<u64>>> = Arc::default();
        let heard = Arc::clone(&told);
        let mut options = ResumeOptions::default();
        options.on_progress = Some(OnProgress::new(move |moved, total| {
            assert_eq!(total, Some(SIZE as u64));
            heard.lock().unwrap().push(moved);
        }));
        let folder = Folder::new();
        let path = folder.write("another name", &bytes());
        let before = faults.requests("UploadPart");
        let stored = files.resume_upload(&handle, path, options).await.unwrap();
        let sent_anew = faults.requests("UploadPart") - before;
        assert_eq!(sent_anew, 3 - state.parts.len() as u64);
        assert_eq!((stored.key.clone(), stored.size), (state.key, SIZE as u64));
        assert_eq!(stored, files.metadata(&stored.key).await.unwrap());
        assert_eq!(stored.metadata["title"], "Été");
        let told = told.lock().unwrap().clone();
        assert!(told.is_sorted() && told.last() == Some(&(SIZE as u64)), "{told:?}");
        assert!(bench.bytes_of(&stored.key).await == bytes());
        for error in [
            files.upload_state(&handle).await.unwrap_err(),
            resume(&bench.files(), &handle, b"short").await.unwrap_err(),
        ] {
            let expected = [ErrorKind::UploadNotFound, ErrorKind::InvalidRequest];
            assert!(expected.contains(&error.kind()));
        }
        files.delete(&stored.key).await.unwrap();
        bench.assert_nothing_left().await;
        bench
    });
}

#[test]
fn what_the_store_holds_counts_only_if_it_is_the_files() {
    on_bench(|bench| async move {
        if bench.faults().is_none() {
            return bench;
        }
        let handle = begun(&bench, UploadOptions::default()).await;
        let mut other = bytes();
        other.iter_mut().step_by(1000).for_each(|byte| *byte ^= 1);
        let stored = resume(&bench.files(), &handle, &other).await.unwrap();
        assert!(bench.bytes_of(&stored.key).await == other);
        bench
    });
}

#[test]
fn a_file_of_another_size_is_refused_and_the_upload_stays() {
    on_bench(|bench| async move {
        if bench.faults().is_none() {
            return bench;
        }
        let handle = begun(&bench, UploadOptions::default()).await;
        let files = bench.files();
        let before = files.upload_state(&handle).await.unwrap();
        for wrong in [&bytes()[1..], b"", &[bytes(), vec![0]].concat()] {
            let error = resume(&files, &handle, wrong).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert_eq!(error.details().limit, Some(SIZE as u64));
            assert_eq!(error.details().used, Some(wrong.len() as u64));
        }
        let nowhere = Folder::new().path().join("nowhere");
        let error = files.resume_upload(&handle, nowhere, Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IoFailed);
        assert_eq!(files.upload_state(&handle).await.unwrap(), before);
        assert!(resume(&files, &handle, &bytes()).await.is_ok());
        bench
    });
}

#[test]
fn what_may_be_stored_is_asked_again() {
    on_bench(|bench| async move {
        if bench.faults().is_none() {
            return bench;
        }
        let handle = begun(&bench, UploadOptions::default()).await;
        let text = "version = 1\ntiers = [\"free\"]\n[tier.free.max_bytes]\nother = \"1 MiB\"\n";
        let policy = Policy::from_toml(text, "policy.toml").unwrap();
        let user = Arc::new(casier::token::User::new(bench.scope.user_id()));
        let files = bench.storage.scoped(bench.scope.clone(), Some(user), Arc::new(policy));
        let error = resume(&files, &handle, &bytes()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        bench.files().abort_upload(&handle).await.unwrap();
        bench.assert_nothing_left().await;
        bench
    });
}

#[test]
fn a_handle_is_told_of_uploads_in_parts_of_known_size_alone() {
    on_bench(|bench| async move {
        let files = bench.files();
        let stream = |size| {
            let piece = Ok(bytes::Bytes::from(bytes()));
            UploadContents::stream(futures_util::stream::iter([piece]), size)
        };
        for (contents, expected) in [
            (UploadContents::from("small"), 0),
            (stream(None), 0),
            (stream(Some(SIZE as u64)), 1),
            (UploadContents::from(bytes()), 1),
        ] {
            let (options, told) = telling();
            files.upload_file_object(contents, "a.bin", "file", options).await.unwrap();
            assert_eq!(told.lock().unwrap().len(), expected);
        }
        bench
    });
}

#[test]
fn only_what_passes_leaves_parts_and_only_of_who_can_go_on() {
    on_bench(|bench| async move {
        let Some(faults) = bench.faults() else { return bench };
        let error = broken_off(&bench, UploadOptions::default(), 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
        bench.assert_nothing_left().await;

        let (options, told) = telling();
        faults.add(FaultRule::new(Fault::CorruptRequest { at: 1000 }).on("UploadPart"));
        let contents = UploadContents::from(bytes());
        let answer = bench.files().upload_file_object(contents, "a.bin", "file", options).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::ChecksumMismatch);
        faults.clear();
        bench.assert_nothing_left().await;
        let handle = told.lock().unwrap()[0].clone();
        let state = bench.files().upload_state(&handle).await;
        assert_eq!(state.unwrap_err().kind(), ErrorKind::UploadNotFound);

        let (mut options, told) = telling();
        options.deadline = Some(Duration::from_secs(2));
        faults.add(FaultRule::new(Fault::Stall).on("UploadPart"));
        let contents = UploadContents::from(bytes());
        let answer = bench.files().upload_file_object(contents, "a.bin", "file", options).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Timeout);
        faults.clear();
        let handle = told.lock().unwrap()[0].clone();
        assert!(resume(&bench.files(), &handle, &bytes()).await.is_ok());
        bench
    });
}

/// Attack 77.
#[test]
fn an_upload_whose_completion_was_not_heard_of_is_recognised() {
    on_bench(|bench| async move {
        let Some(faults) = bench.faults() else { return bench };
        let handle = begun(&bench, UploadOptions::default()).await;
        // Nor can the store be asked what became of it.
        faults.add(FaultRule::new(Fault::LostAnswer).on("CompleteMultipartUpload"));
        faults.add(FaultRule::new(Fault::Unavailable).on("HeadObject"));
        let error = resume(&bench.files(), &handle, &bytes()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
        faults.clear();
        for _ in 0..2 {
            let stored = resume(&bench.files(), &handle, &bytes()).await.unwrap();
            assert!(bench.bytes_of(&stored.key).await == bytes());
        }
        // Another file in its place is not this upload's.
        bench.put_raw(&bench.key("files/large.bin"), b"another").await;
        let error = resume(&bench.files(), &handle, &bytes()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UploadNotFound);
        bench
    });
}

/// Attack 105.
#[test]
fn a_resumed_upload_that_is_given_up_is_aborted() {
    on_bench(|bench| async move {
        let Some(faults) = bench.faults() else { return bench };
        let handle = begun(&bench, UploadOptions::default()).await;
        faults.add(FaultRule::new(Fault::Stall).on("UploadPart"));
        let (files, again) = (bench.files(), handle.clone());
        let resuming = tokio::spawn(async move { resume(&files, &again, &bytes()).await });
        let before = faults.requests("UploadPart");
        while faults.requests("UploadPart") == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        resuming.abort();
        assert!(resuming.await.unwrap_err().is_cancelled());
        while !bench.uploads_under(bench.scope.prefix()).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        faults.clear();
        bench.assert_nothing_left().await;
        bench
    });
}

/// Attack 58. Attack 66.
#[test]
fn no_operation_takes_the_handle_of_another() {
    on_bench(|bench| async move {
        let Some(clock) = bench.clock.clone() else { return bench };
        let mut config = bench.config.clone();
        config.secret = Some(SealingSecret::new([[1; 32], [2; 32]]).unwrap());
        config.upload_life = Duration::from_secs(600);
        let of = |user_id: &str, config: &StorageConfig| {
            let scope = casier::storage::Scope::new(user_id).unwrap();
            let storage = Storage::new(config.clone()).unwrap();
            storage.scoped(scope, None, Arc::new(Policy::builtin()))
        };
        let user = bench.scope.user_id().to_owned();
        let own = of(&user, &config);
        let (options, told) = telling();
        bench.faults().unwrap().add(FaultRule::new(Fault::Unavailable).on("UploadPart").skip(1));
        let contents = UploadContents::from(bytes());
        own.upload_file_object(contents, "a.bin", "file", options).await.unwrap_err();
        bench.faults().unwrap().clear();
        let handle = told.lock().unwrap()[0].clone();
        let raw = bench.begin_upload(&bench.key("files/raw.bin")).await;

        let elsewhere = |change: fn(&mut StorageConfig)| {
            let mut config = config.clone();
            change(&mut config);
            of(&user, &config)
        };
        let others = [
            of(&format!("{user}0"), &config),
            of(&user[..user.len() - 1], &config),
            elsewhere(|config| config.bucket = "another-bucket".to_owned()),
            elsewhere(|config| {
                let endpoint = config.endpoint.take().unwrap();
                config.endpoint = Some(endpoint.replace("127.0.0.1", "localhost"));
            }),
            elsewhere(|config| config.secret = Some(SealingSecret::new([[3; 32]]).unwrap())),
            elsewhere(|config| config.secret = None),
        ];
        let before = bench.faults().unwrap().total_requests();
        for other in &others {
            for error in all_refusals(other, &handle).await {
                assert_eq!(error.kind(), ErrorKind::UploadNotFound);
            }
        }
        let flipped = match handle.strip_suffix('A') {
            Some(start) => format!("{start}B"),
            None => format!("{}A", &handle[..handle.len() - 1]),
        };
        let key = bench.key("files/raw.bin");
        let forged =
            ["", "u1.", &raw, &format!("u1.{raw}"), &key, &flipped, "../../user_2/files/a.bin"];
        for forged in forged {
            for error in all_refusals(&own, forged).await {
                assert_eq!(error.kind(), ErrorKind::UploadNotFound, "{forged}");
                assert!(forged.is_empty() || !format!("{error:?}").contains(forged));
            }
        }
        assert_eq!(bench.faults().unwrap().total_requests(), before);
        let rotated = elsewhere(|config| {
            config.secret = Some(SealingSecret::new([[3; 32], [1; 32]]).unwrap());
        });
        assert_eq!(rotated.upload_state(&handle).await.unwrap().part_count, 3);

        clock.advance(Duration::from_secs(601));
        for error in all_refusals(&own, &handle).await {
            assert_eq!(error.kind(), ErrorKind::UploadNotFound);
        }
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await.len(), 2);
        bench
    });
}

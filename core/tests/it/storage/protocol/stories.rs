//! What a client does when all goes well, and when it goes away and comes back.

use std::collections::BTreeMap;
use std::time::SystemTime;

use casier::ErrorKind;
use casier::storage::{BeginUploadOptions, ListOptions, SealingSecret};
use reqwest::StatusCode;

use super::{PART, SIZE, begin, bytes, put, send, sent, uploaded, url_of};
use crate::storage::bench::{PNG, metadata, on_bench};

#[test]
fn a_file_goes_up_in_parts_and_is_there_when_it_is_complete() {
    on_bench(|bench| async move {
        let files = bench.files();
        let mut options = BeginUploadOptions::default();
        options.metadata = metadata(&[("title", "Été")]);
        let upload = files.begin_upload("large.bin", "file", SIZE as u64, options).await.unwrap();
        assert_eq!(upload.key, bench.key("files/large.bin"));
        assert_eq!((upload.part_size, upload.part_count), (PART as u64, 2));
        assert!(upload.upload_id.starts_with("u1.") && upload.expires_at > SystemTime::now());

        let bytes = bytes(SIZE);
        let parts = files.part_urls(&upload.upload_id, &[2, 1]).await.unwrap();
        let told: Vec<_> = parts.iter().map(|part| (part.part_number, part.size)).collect();
        assert_eq!(told, [(2, 1000), (1, PART as u64)]);
        assert!(parts.iter().all(|part| part.expires_at <= upload.expires_at));
        assert_eq!(put(&parts[0], &bytes[PART..]).await, StatusCode::OK);
        let state = files.upload_state(&upload.upload_id).await.unwrap();
        assert_eq!((state.parts.as_slice(), state.sent), ([2].as_slice(), 1000));
        assert_eq!(put(&parts[1], &bytes[..PART]).await, StatusCode::OK);
        assert!(bench.keys_under(bench.scope.prefix()).await.is_empty());

        let file = files.complete_upload(&upload.upload_id).await.unwrap();
        assert_eq!(file, files.metadata(&upload.key).await.unwrap());
        assert_eq!((file.size, file.metadata["title"].as_str()), (SIZE as u64, "Été"));
        assert_eq!(file.content_type.as_deref(), Some("application/octet-stream"));
        assert!(bench.bytes_of(&upload.key).await == bytes);
        assert_eq!(files.complete_upload(&upload.upload_id).await.unwrap(), file);
        let state = files.upload_state(&upload.upload_id).await;
        assert_eq!(state.unwrap_err().kind(), ErrorKind::UploadNotFound);
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
        bench
    });
}

#[test]
fn a_file_stays_until_the_one_that_replaces_it_is_complete() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = bench.key("files/a.bin");
        bench.put_raw(&key, b"old").await;
        let mut options = BeginUploadOptions::default();
        options.metadata = metadata(&[("color", "blue")]);
        let upload = files.begin_upload("a.bin", "file", SIZE as u64, options).await.unwrap();
        assert_eq!(upload.key, key);
        let bytes = bytes(SIZE);
        send(&files, &upload, &[1, 2], &bytes).await;
        assert_eq!(bench.bytes_of(&key).await, b"old");

        let file = files.complete_upload(&upload.upload_id).await.unwrap();
        assert_eq!((file.key.as_str(), file.size), (key.as_str(), SIZE as u64));
        assert!(bench.bytes_of(&key).await == bytes);
        bench.assert_nothing_waits().await;
        let found = files.metadata(&key).await.unwrap();
        assert_eq!((&found.etag, &found.metadata), (&file.etag, &metadata(&[("color", "blue")])));
        assert_eq!(files.complete_upload(&upload.upload_id).await.unwrap(), found);
        bench
    });
}

/// What waits to replace a file is in no list and counts nowhere.
#[test]
fn nothing_that_is_casiers_own_is_ever_listed() {
    on_bench(|bench| async move {
        let files = bench.files();
        bench.put_raw(&bench.key("files/a.bin"), b"old").await;
        let waiting = format!("{}{}", bench.incoming(), "0".repeat(32));
        bench.put_raw(&waiting, b"new").await;
        let upload = sent(&files, "a.bin", &bytes(1000)).await;
        let page = files.list(ListOptions::default()).await.unwrap();
        let keys: Vec<_> = page.items.iter().map(|file| file.key.as_str()).collect();
        assert_eq!(keys, [bench.key("files/a.bin")]);
        assert_eq!(page.skipped, 0);
        let usage = files.usage().await.unwrap();
        assert_eq!((usage.files, usage.bytes), (1, 3));
        for outside in [waiting.as_str(), ".casier/incoming/a"] {
            let error = files.metadata(outside).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotOwner);
        }
        files.abort_upload(&upload.upload_id).await.unwrap();
        bench
    });
}

#[test]
fn of_an_empty_file_there_is_nothing_to_send() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = bench.key("files/empty.bin");
        for replaces in [false, true] {
            if replaces {
                bench.put_raw(&key, b"old").await;
            }
            let mut options = BeginUploadOptions::default();
            options.metadata = metadata(&[("color", "blue")]);
            let upload = files.begin_upload("empty.bin", "file", 0, options).await.unwrap();
            assert_eq!(upload.part_count, 0);
            let state = files.upload_state(&upload.upload_id).await.unwrap();
            assert_eq!((state.part_count, state.parts.len(), state.sent), (0, 0, 0));
            let error = files.part_urls(&upload.upload_id, &[1]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert_eq!(bench.keys_under(&key).await.len(), usize::from(replaces));
            let file = files.complete_upload(&upload.upload_id).await.unwrap();
            assert_eq!((file.size, file.metadata["color"].as_str()), (0, "blue"));
            assert_eq!(bench.bytes_of(&key).await.len(), 0);
            assert_eq!(files.complete_upload(&upload.upload_id).await.unwrap().etag, file.etag);
            bench.assert_nothing_waits().await;
            assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
            files.delete(&key).await.unwrap();
        }
        let upload = begin(&files, "empty.bin", 0).await;
        bench.put_raw(&key, b"another").await;
        let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
        let expected = [ErrorKind::Conflict, ErrorKind::UploadNotFound];
        assert!(expected.contains(&error.kind()), "{error}");
        assert_eq!(bench.bytes_of(&key).await, b"another");
        files.delete(&key).await.unwrap();
        // No picture is empty.
        let upload = files.begin_upload("a.png", "image", 0, Default::default()).await.unwrap();
        let error = files.complete_upload(&upload.upload_id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContentMismatch);
        bench.assert_nothing_left().await;
        bench
    });
}

/// A phone begins, and a laptop that knows nothing but the id goes on.
#[test]
fn another_device_goes_on_through_another_process() {
    on_bench(|bench| async move {
        let mut config = bench.config.clone();
        config.secret = Some(SealingSecret::new([[7; 32]]).unwrap());
        let (phone, laptop) = (bench.files_with(config.clone()), bench.files_with(config));
        let bytes = bytes(2 * PART + 5);
        let upload = begin(&phone, "film.bin", bytes.len()).await;
        send(&phone, &upload, &[2], &bytes).await;

        let state = laptop.upload_state(&upload.upload_id).await.unwrap();
        assert_eq!((state.key.as_str(), state.size), (upload.key.as_str(), bytes.len() as u64));
        let missing: Vec<u32> =
            (1..=state.part_count).filter(|number| !state.parts.contains(number)).collect();
        assert_eq!(missing, [1, 3]);
        send(&laptop, &upload, &missing, &bytes).await;
        laptop.complete_upload(&upload.upload_id).await.unwrap();
        assert!(bench.bytes_of(&upload.key).await == bytes);
        assert_eq!(phone.complete_upload(&upload.upload_id).await.unwrap().key, upload.key);
        bench
    });
}

/// The last one counts.
#[test]
fn a_part_may_be_sent_again_before_the_completion() {
    on_bench(|bench| async move {
        let files = bench.files();
        let upload = sent(&files, "a.bin", &bytes(SIZE)).await;
        let part = url_of(&files, &upload, 2).await;
        assert_eq!(put(&part, &[7; 1000]).await, StatusCode::OK);
        files.complete_upload(&upload.upload_id).await.unwrap();
        assert!(bench.bytes_of(&upload.key).await[PART..] == [7; 1000]);
        bench
    });
}

#[test]
fn what_takes_the_place_of_a_file_is_copied_in_parts_where_it_is_large() {
    on_bench(|bench| async move {
        let mut config = bench.config.clone();
        config.copy_part_bytes = 5 << 20;
        let files = bench.files_with(config);
        bench.put_raw(&bench.key("files/a.bin"), b"old").await;
        let bytes = bytes(SIZE);
        let file = uploaded(&files, "a.bin", &bytes).await.unwrap();
        assert_eq!(file.size, SIZE as u64);
        assert!(bench.bytes_of(&file.key).await == bytes);
        bench.assert_nothing_waits().await;
        assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
        bench
    });
}

/// What is stored beside the bytes is what an upload from here would have stored.
#[test]
fn a_file_is_described_like_any_other() {
    on_bench(|bench| async move {
        let files = bench.files();
        for replaced in [false, true] {
            let mut options = BeginUploadOptions::default();
            options.unguessable = !replaced;
            let upload =
                files.begin_upload("a.png", "image", PNG.len() as u64, options).await.unwrap();
            assert_eq!(upload.key == bench.key("images/a.png"), replaced);
            send(&files, &upload, &[1], PNG).await;
            let ours = files.complete_upload(&upload.upload_id).await.unwrap();
            let head = |key: String| {
                let head = bench.raw.head_object().bucket(&bench.config.bucket).key(key);
                async move { head.send().await.unwrap() }
            };
            let a = head(ours.key).await;
            let theirs = files.upload_file_object(PNG.to_vec(), "a.png", "image", <_>::default());
            let b = head(theirs.await.unwrap().key).await;
            assert_eq!(a.content_type(), Some("image/png"));
            assert_eq!(a.content_type(), b.content_type());
            if replaced {
                assert_eq!(a.content_disposition(), b.content_disposition());
            }
            assert!(a.content_disposition().unwrap().starts_with("inline"));
            let own: BTreeMap<_, _> = a.metadata().unwrap().iter().collect();
            assert_eq!(own.len(), 1, "{own:?}");
        }
        bench
    });
}

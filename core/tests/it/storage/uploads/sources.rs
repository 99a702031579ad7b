//! From every source, in one PUT and in parts.

use std::io::Cursor;
use std::sync::Arc;

use aws_sdk_s3::types::ChecksumMode;
use bytes::Bytes;
use casier::ErrorKind;
use casier::access::Policy;
use casier::storage::{CopyOptions, Encryption, Storage, UploadContents, UploadOptions};
use futures_util::stream;

use super::{MIB, SMALL, Told, bytes};
use crate::storage::bench::{Bench, metadata, on_bench};
use crate::support::Folder;

/// A stream of uneven pieces, some of them empty, others longer than a part.
fn stream_of(bytes: Vec<u8>, size: Option<u64>) -> UploadContents {
    let mut rest = Bytes::from(bytes);
    let mut pieces = Vec::new();
    for length in [1, 0, 5000, 9 * MIB, 70_000].into_iter().cycle() {
        if rest.is_empty() {
            break;
        }
        pieces.push(Ok(rest.split_to(length.min(rest.len()))));
    }
    UploadContents::stream(stream::iter(pieces), size)
}

/// Reads it back by another client, which verifies the checksum of the whole.
async fn assert_stored(bench: &Bench, key: &str, expected: &[u8], parts: Option<usize>) {
    let get = bench.raw.get_object().bucket(&bench.config.bucket).key(key);
    let answer = get.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
    assert!(answer.checksum_crc64_nvme().is_some_and(|sum| sum.len() == 12), "{answer:?}");
    let etag = answer.e_tag().unwrap().trim_matches('"').to_owned();
    assert_eq!(etag.split_once('-').map(|(_, count)| count.parse().unwrap()), parts, "{etag}");
    assert!(answer.body.collect().await.unwrap().into_bytes() == expected, "{key}");
}

#[test]
fn a_file_goes_in_one_put_or_in_parts() {
    on_bench(|bench| async move {
        let (files, folder) = (bench.files(), Folder::new());
        for (size, parts) in
            [(SMALL, None), (SMALL + 1, Some(3)), (24 * MIB, Some(3)), (50 * MIB + 7, Some(7))]
        {
            let told = Told::default();
            let expected = bytes(size);
            let path = folder.write("a.bin", &expected);
            let stored = files.upload_file(path, "file", told.options()).await.unwrap();
            assert_eq!(stored.size, size as u64);
            assert_stored(&bench, &stored.key, &expected, parts).await;
            told.assert_grew_to(size as u64, true);
            assert!(told.count() >= parts.unwrap_or(2), "{}", told.count());
        }
        bench
    });
}

#[test]
fn bytes_streams_and_readers_arrive_whole() {
    on_bench(|bench| async move {
        let files = bench.files();
        for size in [0, 1, 4096, 8 * MIB, 8 * MIB + 1, SMALL, SMALL + 1, 33 * MIB] {
            let expected = bytes(size);
            let known = Some(size as u64);
            let reader = |size| UploadContents::reader(Cursor::new(expected.clone()), size);
            for (source, contents, is_known) in [
                ("bytes", expected.clone().into(), true),
                ("stream", stream_of(expected.clone(), known), true),
                ("stream", stream_of(expected.clone(), None), false),
                ("reader", reader(known), true),
                ("reader", reader(None), false),
            ] {
                let told = Told::default();
                let options = told.options();
                let stored =
                    files.upload_file_object(contents, "a.bin", "file", options).await.unwrap();
                assert_eq!(stored.size, size as u64, "{source}");
                let in_parts = size > if is_known { SMALL } else { 8 * MIB };
                let parts = in_parts.then(|| size.div_ceil(8 * MIB));
                assert_stored(&bench, &stored.key, &expected, parts).await;
                told.assert_grew_to(size as u64, is_known);
            }
        }
        bench
    });
}

#[test]
fn a_path_can_be_what_is_uploaded() {
    on_bench(|bench| async move {
        let folder = Folder::new();
        let contents = UploadContents::file(folder.write("other.bin", b"abc"));
        let files = bench.files();
        let stored =
            files.upload_file_object(contents, "a.bin", "file", Default::default()).await.unwrap();
        assert_eq!((stored.filename.as_str(), stored.size), ("a.bin", 3));
        bench
    });
}

#[test]
fn what_is_said_of_a_file_is_stored_with_its_parts() {
    on_bench(|bench| async move {
        let files = bench.files();
        let mut said = metadata(&[("titre", "L'été à Paris 🎆"), ("auteur", "作者")]);
        for size in [10, SMALL + 1] {
            let mut options = UploadOptions::default();
            options.metadata = said;
            options.storage_class = Some("STANDARD".to_owned());
            let said_again = options.metadata.clone();
            let key = files
                .upload_file_object(bytes(size), "notes.bin", "file", options)
                .await
                .unwrap()
                .key;
            let found = files.metadata(&key).await.unwrap();
            assert_eq!(found.metadata, said_again);
            assert_eq!(found.content_type.as_deref(), Some("application/octet-stream"));
            said = said_again;
        }
        bench
    });
}

#[test]
fn a_file_is_encrypted_or_refused() {
    on_bench(|bench| async move {
        let mut config = bench.config.clone();
        config.encryption = Some(Encryption::S3);
        let storage = Storage::new(config).unwrap();
        let files = storage.scoped(bench.scope.clone(), None, Arc::new(Policy::builtin()));
        for size in [10, SMALL + 1] {
            let upload = files.upload_file_object(bytes(size), "a.bin", "file", Default::default());
            match upload.await {
                Ok(stored) => {
                    let head = bench.raw.head_object().bucket(&bench.config.bucket);
                    let head = head.key(stored.key).send().await.unwrap();
                    assert_eq!(head.server_side_encryption().unwrap().as_str(), "AES256");
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::StorageUnsupported);
                    println!("the store does not encrypt");
                    bench.assert_nothing_left().await;
                }
            }
        }
        // A copy, too, of what was stored before there was such a rule.
        let text = bytes(10);
        let plain =
            bench.files().upload_file_object(text, "b.bin", "file", Default::default()).await;
        let mut options = CopyOptions::default();
        options.filename = Some("c.bin".to_owned());
        match files.copy(&plain.unwrap().key, options).await {
            Ok(copied) => {
                let head = bench.raw.head_object().bucket(&bench.config.bucket);
                let head = head.key(copied.key).send().await.unwrap();
                assert_eq!(head.server_side_encryption().unwrap().as_str(), "AES256");
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::StorageUnsupported),
        }
        bench
    });
}

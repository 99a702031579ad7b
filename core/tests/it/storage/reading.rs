//! Files read in parts, by version, as streams and in parallel.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use casier::ErrorKind;
use casier::storage::{ByteRange, DownloadOptions, FileStream, OnProgress, ReadOptions};
use futures_util::StreamExt as _;

use super::bench::{Bench, on_bench};
use crate::support::Folder;

const MEBIBYTE: usize = 1024 * 1024;

/// Bytes that repeat nowhere near a power of two.
pub(super) fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i % 251) as u8 ^ (i / 65_521) as u8).collect()
}

pub(super) fn part(range: ByteRange) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.range = Some(range);
    options
}

pub(super) async fn whole(mut stream: FileStream) -> casier::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece?);
    }
    assert!(stream.next().await.is_none());
    Ok(bytes)
}

/// How much has moved, and of how much.
type Step = (u64, Option<u64>);

/// What progress was told, of one transfer.
#[derive(Clone, Default)]
pub(super) struct Told(Arc<Mutex<Vec<Step>>>);

impl Told {
    pub(super) fn on_progress(&self) -> Option<OnProgress> {
        let told = Arc::clone(&self.0);
        Some(OnProgress::new(move |moved, total| told.lock().unwrap().push((moved, total))))
    }

    /// Never backwards, never beyond the total, and the total at the end.
    pub(super) fn assert_ends_with(&self, size: usize) {
        let told = self.0.lock().unwrap();
        let total = Some(size as u64);
        assert!(told.iter().all(|(moved, of)| *of == total && *moved <= size as u64), "{told:?}");
        assert!(told.is_sorted(), "{told:?}");
        assert_eq!(told.last(), Some(&(size as u64, total)));
    }
}

async fn put(bench: &Bench, name: &str, bytes: &[u8]) -> String {
    let key = bench.key(name);
    bench.put_raw(&key, bytes).await;
    key
}

#[test]
fn parts_are_given_as_asked() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = put(&bench, "files/a.txt", b"0123456789").await;
        for (range, expected) in [
            (ByteRange::new(0, None), Some(0..10)),
            (ByteRange::new(3, None), Some(3..10)),
            (ByteRange::new(9, None), Some(9..10)),
            (ByteRange::new(10, None), None),
            (ByteRange::new(u64::MAX, None), None),
            (ByteRange::new(2, Some(3)), Some(2..5)),
            (ByteRange::new(8, Some(100)), Some(8..10)),
            (ByteRange::new(8, Some(u64::MAX)), Some(8..10)),
            (ByteRange::new(2, Some(0)), None),
            (ByteRange::last(4), Some(6..10)),
            (ByteRange::last(11), Some(0..10)),
            (ByteRange::last(0), None),
        ] {
            let read = files.read(&key, part(range)).await;
            let stream = files.stream(&key, part(range)).await;
            let Some(expected) = expected else {
                assert_eq!(read.unwrap_err().kind(), ErrorKind::RangeInvalid, "{range:?}");
                assert_eq!(stream.unwrap_err().kind(), ErrorKind::RangeInvalid, "{range:?}");
                continue;
            };
            let bytes = &b"0123456789"[expected.start..expected.end];
            assert_eq!(read.unwrap(), bytes, "{range:?}");
            let stream = stream.unwrap();
            assert_eq!(stream.range(), expected.start as u64..expected.end as u64);
            assert_eq!(stream.file().size, 10, "that of the whole file");
            assert_eq!(whole(stream).await.unwrap(), bytes, "{range:?}");
        }
        // What counts is what would be read.
        let mut options = part(ByteRange::new(2, Some(3)));
        options.limit = 3;
        assert_eq!(files.read(&key, options.clone()).await.unwrap(), "234");
        options.limit = 2;
        let error = files.read(&key, options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        let empty = put(&bench, "files/empty", b"").await;
        for range in [ByteRange::new(0, None), ByteRange::last(1)] {
            let error = files.read(&empty, part(range)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::RangeInvalid, "{range:?}");
        }
        bench
    });
}

#[test]
fn a_version_may_be_asked_for() {
    on_bench(|bench| async move {
        let files = bench.files();
        let folder = Folder::new();
        let key = put(&bench, "files/a.txt", b"0123456789").await;
        let stored = files.metadata(&key).await.unwrap();
        let (etag, time) = (stored.etag.unwrap(), stored.last_modified.unwrap());
        let day = Duration::from_secs(86_400);
        type Change = Box<dyn Fn(&mut ReadOptions)>;
        let is = |tag: String| -> Change { Box::new(move |o| o.if_match = Some(tag.clone())) };
        let is_not =
            |tag: String| -> Change { Box::new(move |o| o.if_none_match = Some(tag.clone())) };
        let since =
            |time: SystemTime| -> Change { Box::new(move |o| o.if_modified_since = Some(time)) };
        let until =
            |time: SystemTime| -> Change { Box::new(move |o| o.if_unmodified_since = Some(time)) };
        let none = Some(ErrorKind::PreconditionFailed);
        for (change, expected) in [
            (is(etag.clone()), None),
            (is(format!("\"{etag}\"")), None),
            (is("*".to_owned()), None),
            (is("another".to_owned()), none),
            (is_not("another".to_owned()), None),
            (is_not(etag.clone()), none),
            (since(time - day), None),
            (since(time), none),
            (until(time), None),
            (until(time - day), none),
            (is("a\r\nHost: b".to_owned()), Some(ErrorKind::InvalidRequest)),
            (since(SystemTime::UNIX_EPOCH - day), Some(ErrorKind::InvalidRequest)),
        ] {
            let mut read = ReadOptions::default();
            change(&mut read);
            let mut download = DownloadOptions::default();
            download.if_match = read.if_match.clone();
            download.if_none_match = read.if_none_match.clone();
            download.if_modified_since = read.if_modified_since;
            download.if_unmodified_since = read.if_unmodified_since;
            let path = folder.path().join("a.txt");
            let answers = [
                files.read(&key, read.clone()).await.map(drop),
                files.stream(&key, read.clone()).await.map(drop),
                files.download(&key, &path, download).await.map(drop),
            ];
            for answer in answers {
                assert_eq!(answer.err().map(|error| error.kind()), expected, "{read:?}");
            }
            assert_eq!(std::fs::remove_file(&path).is_ok(), expected.is_none());
            assert!(folder.names().is_empty());
        }
        bench
    });
}

#[test]
fn files_of_every_size_come_by_every_way() {
    on_bench(|bench| async move {
        let files = bench.files();
        let folder = Folder::new();
        let path = folder.path().join("copy");
        // Empty, one, several blocks of the disk; below, at and beyond what comes in pieces.
        for size in [
            0,
            1,
            3 * MEBIBYTE + 1,
            16 * MEBIBYTE - 1,
            16 * MEBIBYTE,
            16 * MEBIBYTE + 1,
            41 * MEBIBYTE + 7,
        ] {
            let bytes = bytes(size);
            let options = Default::default();
            let data = Bytes::from(bytes.clone());
            let key = files.upload_file_object(data, "a.bin", "file", options).await.unwrap().key;

            let told = Told::default();
            let mut options = DownloadOptions::default();
            options.on_progress = told.on_progress();
            let stored = files.download(&key, &path, options).await.unwrap();
            assert_eq!(stored.size, size as u64);
            assert_eq!(stored.content_type.as_deref(), Some("application/octet-stream"));
            assert!(std::fs::read(&path).unwrap() == bytes, "{size}");
            assert_eq!(folder.names(), ["copy"]);
            told.assert_ends_with(size);

            for by_stream in [false, true] {
                let told = Told::default();
                let mut options = ReadOptions::default();
                options.on_progress = told.on_progress();
                let read = match by_stream {
                    false => files.read(&key, options).await.unwrap().to_vec(),
                    true => whole(files.stream(&key, options).await.unwrap()).await.unwrap(),
                };
                assert!(read == bytes, "{size}");
                told.assert_ends_with(size);
            }
        }
        bench
    });
}

#[test]
fn a_small_file_costs_one_request() {
    on_bench(|bench| async move {
        let Some(faults) = bench.faults() else { return bench };
        let files = bench.files();
        let folder = Folder::new();
        let key = put(&bench, "files/a.txt", b"0123456789").await;
        let before = faults.total_requests();
        files.download(&key, folder.path().join("a"), Default::default()).await.unwrap();
        files.read(&key, Default::default()).await.unwrap();
        whole(files.stream(&key, Default::default()).await.unwrap()).await.unwrap();
        assert_eq!(faults.total_requests() - before, 3);
        bench
    });
}

#[test]
fn a_stream_is_a_stream() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = put(&bench, "files/a.bin", &bytes(5 * MEBIBYTE)).await;
        let stream = files.stream(&key, Default::default()).await.unwrap();
        assert_eq!((stream.file().key.as_str(), stream.range()), (key.as_str(), 0..5 << 20));
        let pieces: Vec<_> = stream.map(Result::unwrap).collect().await;
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| !piece.is_empty()));
        assert!(pieces.concat() == bytes(5 * MEBIBYTE));
        // What is not wanted any more is not read.
        let mut stream = files.stream(&key, Default::default()).await.unwrap();
        stream.next().await.unwrap().unwrap();
        drop(stream);
        bench
    });
}

#[test]
fn an_encoding_is_left_as_it_is() {
    on_bench(|bench| async move {
        let files = bench.files();
        let folder = Folder::new();
        let key = bench.key("files/a.gz");
        let zipped = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0";
        let put = bench.raw.put_object().bucket(&bench.config.bucket).key(&key);
        put.content_encoding("gzip").body(ByteStream::from_static(zipped)).send().await.unwrap();
        assert_eq!(files.read(&key, Default::default()).await.unwrap(), &zipped[..]);
        let path = folder.path().join("a.gz");
        files.download(&key, &path, Default::default()).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), zipped);
        bench
    });
}

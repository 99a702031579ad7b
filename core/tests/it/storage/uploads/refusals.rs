//! What is not what it says it is leaves nothing, neither an object nor parts.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use casier::ErrorKind;
use casier::storage::{UploadContents, UploadOptions};
use futures_util::stream::{self, StreamExt as _};

use super::{MIB, bytes};
use crate::storage::bench::{PNG, on_bench};

/// The first bytes of a picture and then as many as are asked for, a MiB at a time, counted.
fn picture(length: usize, size: Option<u64>, taken: &Arc<AtomicUsize>) -> UploadContents {
    let taken = Arc::clone(taken);
    let first = Bytes::from_static(PNG);
    let rest = length - first.len();
    let lengths = (0..rest.div_ceil(MIB)).map(move |at| MIB.min(rest - at * MIB));
    let rest = lengths.map(|length| Bytes::from(vec![0; length]));
    let pieces = std::iter::once(first).chain(rest).map(move |piece| {
        taken.fetch_add(piece.len(), Ordering::Relaxed);
        Ok(piece)
    });
    UploadContents::stream(stream::iter(pieces), size)
}

/// Attack 73. In the tier `free` a picture has 10 MiB at most.
#[test]
fn a_stream_of_unknown_length_ends_at_the_tiers_largest() {
    on_bench(|bench| async move {
        let files = bench.files_in_tier("free");
        let most = 10 * MIB;
        for length in [most + 1, 300 * MIB] {
            let taken = Arc::default();
            let contents = picture(length, None, &taken);
            let refused = files.upload_file_object(contents, "a.png", "image", plain()).await;
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{error}");
            assert_eq!(error.details().limit, Some(most as u64));
            assert!(taken.load(Ordering::Relaxed) <= most + MIB, "it is not read to its end");
            bench.assert_nothing_left().await;
        }
        let contents = picture(most, None, &Arc::default());
        let stored = files.upload_file_object(contents, "a.png", "image", plain()).await.unwrap();
        assert_eq!(stored.size, most as u64);
        bench
    });
}

#[test]
fn what_can_be_refused_is_refused_before_it_is_read() {
    on_bench(|bench| async move {
        let files = bench.files_in_tier("free");
        for (filename, kind, size, expected) in [
            ("a.png", "image", Some(10 * MIB as u64 + 1), ErrorKind::FileTooLarge),
            ("a.png", "book", None, ErrorKind::TypeNotAllowed),
            ("a.php", "image", None, ErrorKind::InvalidFilename),
            ("a.png", "nothing", None, ErrorKind::InvalidKind),
        ] {
            let taken = Arc::default();
            let contents = picture(MIB, size, &taken);
            let refused = files.upload_file_object(contents, filename, kind, plain()).await;
            assert_eq!(refused.unwrap_err().kind(), expected, "{filename} {kind}");
            assert_eq!(taken.load(Ordering::Relaxed), 0);
        }
        bench.assert_nothing_left().await;
        bench
    });
}

/// Attack 72, for a stream: its first bytes are not of the type, however they are cut.
#[test]
fn a_stream_of_another_type_is_refused() {
    on_bench(|bench| async move {
        let pieces = b"<html><script>alert(1)</script>".chunks(1).map(Bytes::from_static);
        let contents = UploadContents::stream(stream::iter(pieces.map(Ok)), None);
        let refused = bench.files().upload_file_object(contents, "a.png", "image", plain()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ContentMismatch);
        bench.assert_nothing_left().await;
        bench
    });
}

/// Attack 74. And one that is longer.
#[test]
fn a_stream_of_another_length_than_declared_stores_nothing() {
    on_bench(|bench| async move {
        let files = bench.files();
        for length in [MIB, 40 * MIB] {
            for (declared, expected) in [
                (length + 1, ErrorKind::UploadIncomplete),
                (length * 2, ErrorKind::UploadIncomplete),
                (length - 1, ErrorKind::InvalidRequest),
                (length / 2, ErrorKind::InvalidRequest),
            ] {
                let contents = picture(length, Some(declared as u64), &Arc::default());
                let refused = files.upload_file_object(contents, "a.png", "image", plain()).await;
                let error = refused.unwrap_err();
                assert_eq!(error.kind(), expected, "{length} {declared}: {error}");
                bench.assert_nothing_left().await;
            }
        }
        bench
    });
}

#[test]
fn a_stream_that_breaks_off_stores_nothing() {
    on_bench(|bench| async move {
        let files = bench.files();
        for length in [0, MIB, 40 * MIB] {
            for declared in [None, Some(100 * MIB as u64)] {
                let good = stream::iter([Ok(Bytes::from(bytes(length)))]);
                let broken = stream::iter([Err(io::Error::other("the tape is torn"))]);
                let contents = UploadContents::stream(good.chain(broken), declared);
                let refused = files.upload_file_object(contents, "a.bin", "file", plain()).await;
                assert_eq!(refused.unwrap_err().kind(), ErrorKind::IoFailed, "{length}");
                bench.assert_nothing_left().await;
            }
        }
        bench
    });
}

fn plain() -> UploadOptions {
    UploadOptions::default()
}

//! What is refused leaves nothing behind.

use bytes::Bytes;
use casier::ErrorKind;
use casier::storage::{ReadOptions, UploadOptions};

use super::bench::{PNG, metadata, on_bench};
use crate::support::Folder;

fn typed(content_type: &str) -> UploadOptions {
    let mut options = UploadOptions::default();
    options.content_type = Some(content_type.to_owned());
    options
}

fn described(name: &str, value: &str) -> UploadOptions {
    let mut options = UploadOptions::default();
    options.metadata = metadata(&[(name, value)]);
    options
}

/// Attack 70. Attack 71. Attack 72. Attack 73.
#[test]
fn a_refused_upload_stores_nothing() {
    use ErrorKind as K;
    on_bench(|bench| async move {
        let files = bench.files_in_tier("free");
        let plain = UploadOptions::default;
        for (bytes, filename, kind, options, expected) in [
            (PNG, "a.png", "Image", plain(), K::InvalidKind),
            (PNG, "a.png", "unheard-of", plain(), K::InvalidKind),
            (PNG, "a.png", "../x", plain(), K::InvalidKind),
            (PNG, "..", "image", plain(), K::InvalidFilename),
            (PNG, "", "image", plain(), K::InvalidFilename),
            (PNG, "a\\b.png", "image", plain(), K::InvalidFilename),
            (PNG, "a\0.png", "image", plain(), K::InvalidFilename),
            (PNG, "a.png.php", "file", plain(), K::InvalidFilename),
            (PNG, "a.aspx;1.png", "image", plain(), K::InvalidFilename),
            (PNG, &"a".repeat(256), "file", plain(), K::InvalidFilename),
            (PNG, "a.pdf", "image", plain(), K::TypeNotAllowed),
            (PNG, "a.png", "image", typed(""), K::TypeNotAllowed),
            (PNG, "a.png", "image", typed("image/*"), K::TypeNotAllowed),
            (PNG, "a.png", "image", typed("text/html"), K::TypeNotAllowed),
            (
                PNG,
                "a.png",
                "image",
                typed("image/png\r\nX-Amz-Acl: public-read"),
                K::TypeNotAllowed,
            ),
            (PNG, "a.png", "file", typed("image/svg+xml"), K::TypeNotAllowed),
            (b"", "a.png", "image", plain(), K::ContentMismatch),
            (b"<html>", "a.png", "image", plain(), K::ContentMismatch),
            (PNG, "a.txt", "file", plain(), K::ContentMismatch),
            (PNG, "a.png", "image", described("Title", "x"), K::InvalidRequest),
            (PNG, "a.png", "image", described("casier-x", "x"), K::InvalidRequest),
            (PNG, "a.png", "image", described("x", &"x".repeat(2048)), K::MetadataTooLarge),
        ] {
            let bytes = Bytes::copy_from_slice(bytes);
            let error = files.upload_file_object(bytes, filename, kind, options).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{filename} {kind}");
        }
        let mut large = PNG.to_vec();
        large.resize(10 * 1024 * 1024 + 1, 0);
        let error = files
            .upload_file_object(Bytes::from(large), "a.png", "image", plain())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), K::FileTooLarge);
        assert_eq!(error.details().limit, Some(10 * 1024 * 1024));
        bench.assert_nothing_left().await;
        bench
    });
}

#[test]
fn a_refused_file_from_disk_stores_nothing() {
    on_bench(|bench| async move {
        let files = bench.files_in_tier("free");
        let folder = Folder::new();
        let html = folder.write("a.png", b"<html>");
        let huge = folder.path().join("huge.bin");
        std::fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
        for (path, kind) in [
            (folder.path().join("missing.png"), ErrorKind::IoFailed),
            (folder.path().to_owned(), ErrorKind::IoFailed),
            (folder.path().join(".."), ErrorKind::InvalidFilename),
            (html, ErrorKind::ContentMismatch),
            (huge, ErrorKind::FileTooLarge),
        ] {
            let error = files.upload_file(&path, "file", Default::default()).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{path:?}");
            assert!(!error.to_string().contains("casier-"), "a message holds no path: {error}");
        }
        bench.assert_nothing_left().await;
        bench
    });
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_without_waiting_for_it() {
    on_bench(|bench| async move {
        let folder = Folder::new();
        let pipe = folder.path().join("a.bin");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = bench.files().upload_file(&pipe, "file", Default::default()).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::IoFailed);
        bench
    });
}

#[test]
fn a_refused_replacement_leaves_the_file() {
    on_bench(|bench| async move {
        let files = bench.files();
        let put = |bytes: &'static [u8]| {
            files.upload_file_object(
                Bytes::from_static(bytes),
                "a.png",
                "image",
                Default::default(),
            )
        };
        let key = put(PNG).await.unwrap().key;
        assert!(put(b"<html>").await.is_err());
        assert_eq!(files.read(&key, Default::default()).await.unwrap(), PNG);
        bench
    });
}

#[test]
fn a_download_that_fails_leaves_no_file() {
    on_bench(|bench| async move {
        let files = bench.files();
        let folder = Folder::new();
        let key = bench.key("files/a.txt");
        bench.put_raw(&key, b"x").await;
        let target = folder.path().join("a.txt");

        let missing = folder.path().join("no-such-folder/a.txt");
        let error = files.download(&key, &missing, Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IoFailed);
        std::fs::create_dir(&target).unwrap();
        let error = files.download(&key, &target, Default::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IoFailed);
        let error = files
            .download(&bench.key("files/b"), folder.path().join("b"), Default::default())
            .await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::FileNotFound);
        assert_eq!(
            files.download(&key, "/", Default::default()).await.unwrap_err().kind(),
            ErrorKind::IoFailed
        );
        assert_eq!(folder.names(), ["a.txt"]);
        bench
    });
}

#[test]
fn more_than_fits_is_not_read_into_memory() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = bench.key("files/a.txt");
        bench.put_raw(&key, b"0123456789").await;
        let read_up_to = async |limit| {
            let mut options = ReadOptions::default();
            options.limit = limit;
            files.read(&key, options).await
        };
        assert_eq!(read_up_to(10).await.unwrap(), "0123456789");
        let error = read_up_to(9).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!((error.details().limit, error.details().used), (Some(9), Some(10)));
        bench
    });
}

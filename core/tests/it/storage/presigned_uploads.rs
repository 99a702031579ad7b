//! Links to upload a file of one size.

use std::time::Duration;

use casier::ErrorKind;
use casier::storage::{PresignedUpload, PresignedUploadOptions, StorageConfig, UserStorage};
use futures_util::FutureExt as _;
use reqwest::{Client, RequestBuilder, Url};

use super::bench::{Bench, PNG, metadata, on_bench};
use super::fake;

/// What is signed into most links here.
fn described() -> PresignedUploadOptions {
    let mut options = PresignedUploadOptions::default();
    options.metadata = metadata(&[("title", "Été  à la  mer"), ("plain", "a  b")]);
    options
}

async fn png(files: &UserStorage, options: PresignedUploadOptions) -> PresignedUpload {
    files.presigned_upload("a  b.png", "image", PNG.len() as u64, options).await.unwrap()
}

/// The request that the link stands for, with other headers for those of the same name. Its length
/// is that of the body.
fn put(
    url: &str,
    link: &PresignedUpload,
    changes: &[(&str, Option<&str>)],
    body: &[u8],
) -> RequestBuilder {
    let mut request = Client::new().put(Url::parse(url).unwrap()).body(body.to_vec());
    for (name, value) in &link.headers {
        if name != "content-length" && !changes.iter().any(|(changed, _)| changed == name) {
            request = request.header(name, value);
        }
    }
    for (name, value) in changes {
        if let Some(value) = value {
            request = request.header(*name, *value);
        }
    }
    request
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

async fn assert_refused(bench: &Bench, request: RequestBuilder, shown: &str) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    assert!(matches!(status, 400 | 403 | 404), "{shown}: {status}");
    assert!(bench.is_empty().await, "{shown}");
}

#[test]
fn a_link_uploads_the_file_that_it_describes() {
    on_bench(|bench| async move {
        let files = bench.files();
        let link = png(&files, described()).await;
        assert_eq!((link.method, link.expires_in), ("PUT", 900));
        assert_eq!(link.key, bench.key("images/a  b.png"));
        assert_eq!(link.headers["content-length"], PNG.len().to_string());
        assert_eq!(link.headers["content-type"], "image/png");
        assert_eq!(status(put(&link.url, &link, &[], PNG)).await, 200);
        let stored = files.metadata(&link.key).await.unwrap();
        assert_eq!(stored.size, PNG.len() as u64);
        assert_eq!(stored.content_type.as_deref(), Some("image/png"));
        assert_eq!(stored.metadata, described().metadata);
        assert_eq!(files.read(&link.key, Default::default()).await.unwrap(), PNG);
        let mut again = described();
        again.unguessable = true;
        assert_ne!(png(&files, again).await.key, link.key);
        bench
    });
}

/// Attack 81. Attack 73. Attack 74.
#[test]
fn a_changed_request_is_refused_by_the_store() {
    on_bench(|bench| async move {
        let files = bench.files();
        let mut options = described();
        options.sha256 = Some(sha256(PNG));
        let link = png(&files, options).await;
        for name in link.headers.keys().filter(|name| *name != "content-length") {
            assert_refused(&bench, put(&link.url, &link, &[(name, None)], PNG), name).await;
            let other = Some("text/html");
            assert_refused(&bench, put(&link.url, &link, &[(name, other)], PNG), name).await;
        }
        let more = |name: &'static str| put(&link.url, &link, &[(name, Some("x"))], PNG);
        assert_refused(&bench, more("x-amz-meta-more"), "metadata").await;
        // `docs/stores.md` tells of stores that look at no other header than those of metadata.
        let is_strict = status(more("x-amz-acl")).await != 200;
        assert!(is_strict || bench.clock.is_none());
        bench.delete_under(bench.scope.prefix()).await;
        for name in [
            "x-amz-acl",
            "x-amz-storage-class",
            "x-amz-tagging",
            "x-amz-server-side-encryption",
            "x-amz-website-redirect-location",
        ] {
            if is_strict {
                assert_refused(&bench, more(name), name).await;
            }
        }
        let longer = [PNG, b"!"].concat();
        for body in [&longer, &PNG[1..], b""] {
            assert_refused(&bench, put(&link.url, &link, &[], body), "another length").await;
        }
        for (from, to) in [
            (".png?", ".svg?"),
            ("/images/", "/files/"),
            ("X-Amz-Expires=900", "X-Amz-Expires=901"),
            ("X-Amz-Signature=", "x-id=PutObject&X-Amz-Signature="),
            ("content-length%3B", ""),
        ] {
            assert!(link.url.contains(from), "{from}");
            let url = link.url.replace(from, to);
            assert_refused(&bench, put(&url, &link, &[], PNG), to).await;
        }
        let get = Client::new().get(&link.url);
        assert_refused(&bench, get, "GET").await;
        let mut other = PNG.to_vec();
        other[20] ^= 1;
        assert_refused(&bench, put(&link.url, &link, &[], &other), "other bytes").await;
        assert_eq!(status(put(&link.url, &link, &[], PNG)).await, 200);
        bench
    });
}

/// Attack 66. On no store: those that take a header which is not signed have one to refuse it by.
#[test]
fn a_link_to_upload_copies_nothing() {
    on_bench(|bench| async move {
        let source = bench.key("files/source.bin");
        bench.put_raw(&source, PNG).await;
        let link = png(&bench.files(), described()).await;
        let copied = format!("{}/{source}", bench.config.bucket);
        let copy = put(&link.url, &link, &[("x-amz-copy-source", Some(&copied))], PNG);
        let status = status(copy).await;
        assert!(matches!(status, 400..500), "{status}");
        assert_eq!(bench.keys_under(bench.scope.prefix()).await, [source]);
        bench.delete_under(bench.scope.prefix()).await;
        bench
    });
}

#[test]
fn a_link_may_be_bound_not_to_overwrite() {
    on_bench(|bench| async move {
        let files = bench.files();
        let mut options = PresignedUploadOptions::default();
        options.overwrite = false;
        let link = files.presigned_upload("a.txt", "file", 3, options).await;
        if let Err(error) = &link {
            assert_eq!(error.kind(), ErrorKind::StorageUnsupported);
            return bench;
        }
        let link = link.unwrap();
        assert_eq!(status(put(&link.url, &link, &[], b"one")).await, 200);
        assert_eq!(status(put(&link.url, &link, &[], b"two")).await, 412);
        let without = put(&link.url, &link, &[("if-none-match", None)], b"two");
        assert!(matches!(status(without).await, 400 | 403));
        assert_eq!(bench.bytes_of(&link.key).await, b"one");
        bench
    });
}

/// Attack 79. Attack 80.
#[test]
fn a_link_lives_fifteen_minutes_at_most() {
    on_bench(|bench| async move {
        let files = bench.files();
        let link = |files: UserStorage, asked| async move {
            let mut options = PresignedUploadOptions::default();
            options.expires_in = asked;
            files.presigned_upload("a.txt", "file", 3, options).await
        };
        assert_eq!(link(files.clone(), None).await.unwrap().expires_in, 900);
        assert_eq!(link(files.clone(), Some(1)).await.unwrap().expires_in, 1);
        for asked in [0, 901, u64::MAX] {
            let wrong = link(files.clone(), Some(asked)).await;
            assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidRequest);
        }
        if let Some(clock) = &bench.clock {
            let link = link(files.clone(), None).await.unwrap();
            clock.advance(Duration::from_secs(901));
            assert_refused(&bench, put(&link.url, &link, &[], b"abc"), "expired").await;
        }
        bench
    });
}

#[test]
fn a_link_obeys_the_policy() {
    on_bench(|bench| async move {
        let free = bench.files_in_tier("free");
        let refused = |name: &'static str, kind, size, options| {
            let free = free.clone();
            async move { free.presigned_upload(name, kind, size, options).await.unwrap_err().kind() }
        };
        let typed = |content_type: &str| {
            let mut options = PresignedUploadOptions::default();
            options.content_type = Some(content_type.to_owned());
            options
        };
        let plain = PresignedUploadOptions::default;
        let large = 11 * 1024 * 1024;
        assert_eq!(refused("a.png", "image", large, plain()).await, ErrorKind::FileTooLarge);
        assert_eq!(refused("a.txt", "image", 1, plain()).await, ErrorKind::TypeNotAllowed);
        assert_eq!(
            refused("a.png", "image", 1, typed("text/html")).await,
            ErrorKind::TypeNotAllowed
        );
        assert_eq!(refused("a.png", "no kind", 1, plain()).await, ErrorKind::InvalidKind);
        assert_eq!(refused("a.html", "file", 1, plain()).await, ErrorKind::InvalidFilename);
        let mut odd = plain();
        odd.storage_class = Some("A\r\nx-amz-acl: public-read".to_owned());
        assert_eq!(refused("a.png", "image", 1, odd).await, ErrorKind::InvalidRequest);
        let server = bench.files();
        let huge = server.presigned_upload("a.bin", "file", (5 << 30) + 1, plain()).await;
        assert_eq!(huge.unwrap_err().kind(), ErrorKind::FileTooLarge);
        bench
    });
}

/// Attack 86. And on AWS, whose ways are known, it needs no runtime.
#[test]
fn a_link_shows_its_signature_to_nobody() {
    let aws = "https://s3.us-east-1.amazonaws.com";
    let config: StorageConfig = super::bench::config("bucket", aws.into(), "AKIA", "hush", None);
    let files = fake::files(config);
    let link = files.presigned_upload("a.png", "image", 5, described()).now_or_never();
    let link = link.unwrap().unwrap();
    assert!(link.url.contains("X-Amz-Signature="));
    let shown = format!("{link:?}");
    assert!(!shown.contains("Signature") && !shown.contains("AKIA"), "{shown}");
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap()
}

//! What the address of a part does not let its holder do. After each try the store holds what it
//! held before.

use std::time::Duration;

use casier::storage::{PartUrl, Scope, SealingSecret, Storage, StorageConfig, UserStorage};
use casier::{Error, ErrorKind};
use reqwest::{Client, Method, RequestBuilder};

use super::{PART, SIZE, begin, bytes, put, send, sent, url_of};
use crate::storage::bench::{Bench, on_bench};

/// What every operation that takes a handle answers.
async fn all_refusals(files: &UserStorage, handle: &str) -> Vec<Error> {
    vec![
        files.part_urls(handle, &[1]).await.unwrap_err(),
        files.upload_state(handle).await.unwrap_err(),
        files.complete_upload(handle).await.unwrap_err(),
        files.abort_upload(handle).await.unwrap_err(),
    ]
}

/// Changes a request of a part's address and tells how the store answers.
async fn try_to(part: &PartUrl, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> u16 {
    let bytes = vec![1; part.size as usize];
    let mut request = Client::new().put(&part.url).body(bytes);
    for (name, value) in part.headers.iter().filter(|(name, _)| *name != "content-length") {
        request = request.header(name, value);
    }
    // A store may cut the connection rather than take what it has refused.
    change(request).send().await.map_or(400, |answer| answer.status().as_u16())
}

/// Attack 81.
#[test]
fn the_address_of_a_part_is_good_for_that_part_alone() {
    on_bench(|bench| async move {
        let files = bench.files();
        for replaced in [false, true] {
            let upload = begin(&files, "a.bin", SIZE).await;
            let (one, two) = (url_of(&files, &upload, 1).await, url_of(&files, &upload, 2).await);
            let own_id = one.url.split("uploadId=").nth(1).unwrap().split('&').next().unwrap();
            let foreign = bench.begin_upload(&bench.key("files/foreign.bin")).await;
            let at = |url: String| {
                let mut part = two.clone();
                part.url = url;
                part
            };
            let another = |from: &str, to: &str| {
                assert!(two.url.contains(from), "{from}");
                at(two.url.replacen(from, to, 1))
            };
            let path = if replaced { "/.casier/incoming/" } else { "/files/a.bin" };
            for changed in [
                another("partNumber=2", "partNumber=1"),
                another("partNumber=2", "partNumber=3"),
                another(own_id, &foreign),
                another(path, "/files/b.bin"),
                another("X-Amz-Expires=", "X-Amz-Expires=9"),
                another("X-Amz-SignedHeaders=content-length%3Bhost", "X-Amz-SignedHeaders=host"),
                at(format!("{}&x-amz-acl=public-read", two.url)),
                at(two.url.split("&partNumber").next().unwrap().to_owned()),
            ] {
                let status = try_to(&changed, |request| request).await;
                assert!((400..500).contains(&status), "{status}: {}", changed.url);
            }
            for name in ["x-amz-acl", "x-amz-tagging", "x-amz-meta-color", "x-amz-storage-class"] {
                let status = try_to(&two, |request| request.header(name, "public-read")).await;
                assert!(is_refused(status) || bench.faults().is_none(), "{name}: {status}");
            }
            for length in [0, 1, 999, 1001, PART] {
                let status = try_to(&two, |request| request.body(vec![1; length])).await;
                assert!((400..500).contains(&status), "{length}: {status}");
            }
            for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
                let request = Client::new().request(method.clone(), &two.url);
                let status = request.send().await.unwrap().status().as_u16();
                assert!((400..500).contains(&status), "{method}: {status}");
            }
            let state = files.upload_state(&upload.upload_id).await.unwrap();
            if bench.faults().is_some() {
                assert_eq!(state.parts, Vec::<u32>::new(), "{replaced}");
            }
            assert_eq!(bench.keys_under(bench.scope.prefix()).await.len(), usize::from(replaced));
            bench.delete_under(&bench.key("files/foreign.bin")).await;
            send(&files, &upload, &[1, 2], &bytes(SIZE)).await;
            files.complete_upload(&upload.upload_id).await.unwrap();
            assert!(bench.bytes_of(&upload.key).await == bytes(SIZE));
            // The next one replaces it.
        }
        bench
    });
}

/// Attack 66. On no store: those that take a header which is not signed have one to refuse it by.
#[test]
fn the_address_of_a_part_copies_nothing() {
    on_bench(|bench| async move {
        let files = bench.files();
        let source = bench.key("files/source.bin");
        bench.put_raw(&source, &[9; 1000]).await;
        let tag = bench.raw.head_object().bucket(&bench.config.bucket).key(&source).send().await;
        let tag = tag.unwrap().e_tag.unwrap();
        let copied = format!("{}/{source}", bench.config.bucket);
        let upload = begin(&files, "a.bin", 1000).await;
        let part = url_of(&files, &upload, 1).await;
        for more in [
            vec![],
            vec![("x-amz-copy-source-range", "bytes=0-9")],
            vec![("x-amz-copy-source-if-match", tag.as_str())],
        ] {
            let status = try_to(&part, |mut request| {
                request = request.header("x-amz-copy-source", &copied);
                more.iter().fold(request, |request, (name, value)| request.header(*name, *value))
            });
            assert!(is_refused(status.await), "{more:?}");
        }
        assert_eq!(files.upload_state(&upload.upload_id).await.unwrap().parts, Vec::<u32>::new());
        assert_eq!(put(&part, &bytes(1000)).await, 200);
        files.abort_upload(&upload.upload_id).await.unwrap();
        bench.delete_under(bench.scope.prefix()).await;
        bench
    });
}

fn is_refused(status: u16) -> bool {
    (400..500).contains(&status)
}

/// An address that is used again once its upload is over changes nothing.
#[test]
fn the_address_of_a_part_is_dead_once_its_upload_is_over() {
    on_bench(|bench| async move {
        let files = bench.files();
        for completed in [true, false, true] {
            let upload = sent(&files, "a.bin", &bytes(1000)).await;
            let part = url_of(&files, &upload, 1).await;
            let before = match completed {
                true => {
                    files.complete_upload(&upload.upload_id).await.unwrap();
                    Some(files.metadata(&upload.key).await.unwrap())
                }
                false => {
                    files.abort_upload(&upload.upload_id).await.unwrap();
                    None
                }
            };
            for bytes in [bytes(1000), vec![7; 1000]] {
                assert_eq!(put(&part, &bytes).await, 404);
            }
            // Signed anew, it is as dead.
            assert_eq!(put(&url_of(&files, &upload, 1).await, &[7; 1000]).await, 404);
            if let Some(before) = before {
                let now = files.metadata(&upload.key).await.unwrap();
                assert_eq!((now.etag, now.last_modified), (before.etag, before.last_modified));
                assert!(bench.bytes_of(&upload.key).await == bytes(1000));
            }
            assert_eq!(bench.uploads_under(bench.scope.prefix()).await, Vec::<String>::new());
            bench.assert_nothing_waits().await;
        }
        bench
    });
}

/// Attack 79.
#[test]
fn the_address_of_a_part_ends() {
    on_bench(|bench| async move {
        let Some(clock) = bench.clock.clone() else { return bench };
        // No address lives longer than its upload.
        let mut config = bench.config.clone();
        config.upload_life = Duration::from_secs(60);
        let files = bench.files_with(config);
        let upload = begin(&files, "b.bin", 1000).await;
        assert!(url_of(&files, &upload, 1).await.expires_at <= upload.expires_at);
        files.abort_upload(&upload.upload_id).await.unwrap();

        let files = bench.files();
        let upload = begin(&files, "a.bin", 1000).await;
        let part = url_of(&files, &upload, 1).await;
        let lives = part.expires_at.duration_since(std::time::SystemTime::now()).unwrap();
        assert!(lives <= Duration::from_secs(15 * 60));
        clock.advance(Duration::from_secs(15 * 60 + 1));
        assert_eq!(put(&part, &bytes(1000)).await, 403);
        let state = files.upload_state(&upload.upload_id).await.unwrap();
        assert_eq!(state.parts, Vec::<u32>::new());
        bench
    });
}

#[test]
fn parts_that_there_are_not_are_not_signed_for() {
    on_bench(|bench| async move {
        let files = bench.files();
        let upload = begin(&files, "a.bin", SIZE).await;
        let large = files.begin_upload("b.bin", "file", 2000 * PART as u64, Default::default());
        let large = large.await.unwrap();
        let of = |upload: &str, numbers: Vec<u32>| {
            let (files, upload) = (files.clone(), upload.to_owned());
            async move { files.part_urls(&upload, &numbers).await }
        };
        for numbers in [
            vec![],
            vec![0],
            vec![3],
            vec![1, 1],
            vec![1, 2, 1],
            vec![u32::MAX],
            (1..=1001).collect(),
        ] {
            for upload in [&upload, &large] {
                if numbers.last().is_some_and(|last| *last <= upload.part_count)
                    && numbers != [1, 1]
                    && numbers != [1, 2, 1]
                    && numbers.len() <= 1000
                {
                    continue;
                }
                let error = of(&upload.upload_id, numbers.clone()).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{numbers:?}");
            }
        }
        let thousand = of(&large.upload_id, (1001..=2000).collect()).await.unwrap();
        assert_eq!(thousand.len(), 1000);
        assert!(thousand.iter().zip(1001..).all(|(part, number)| part.part_number == number));
        for upload in [upload, large] {
            files.abort_upload(&upload.upload_id).await.unwrap();
        }
        bench.assert_nothing_left().await;
        bench
    });
}

/// Attack 58. Attack 66.
#[test]
fn nobody_else_goes_on_with_an_upload() {
    on_bench(|bench| async move {
        let mut config = bench.config.clone();
        config.secret = Some(SealingSecret::new([[1; 32]]).unwrap());
        let own = bench.files_with(config.clone());
        let user = bench.scope.user_id().to_owned();
        let of = |user: &str, config: &StorageConfig| {
            let storage = Storage::new(config.clone()).unwrap();
            let policy = std::sync::Arc::new(casier::access::Policy::builtin());
            storage.scoped(Scope::new(user).unwrap(), None, policy)
        };
        bench.put_raw(&bench.key("files/old.bin"), b"old").await;
        for name in ["new.bin", "old.bin"] {
            let upload = sent(&own, name, &bytes(1000)).await;
            let with = |change: fn(&mut StorageConfig)| {
                let mut config = config.clone();
                change(&mut config);
                of(&user, &config)
            };
            let others = [
                of(&format!("{user}0"), &config),
                of(&user[..user.len() - 1], &config),
                with(|config| config.bucket = "another-bucket".to_owned()),
                with(|config| {
                    let endpoint = config.endpoint.take().unwrap();
                    config.endpoint = Some(endpoint.replace("127.0.0.1", "localhost"));
                }),
                with(|config| config.secret = Some(SealingSecret::new([[3; 32]]).unwrap())),
                with(|config| config.secret = None),
            ];
            for other in &others {
                for error in all_refusals(other, &upload.upload_id).await {
                    assert_eq!(error.kind(), ErrorKind::UploadNotFound);
                }
            }
            own.complete_upload(&upload.upload_id).await.unwrap();
        }
        bench
    });
}

/// Attack 86.
#[test]
fn nothing_that_could_be_used_is_shown() {
    on_bench(|bench: Bench| async move {
        let files = bench.files();
        let upload = begin(&files, "a.bin", 1000).await;
        let part = url_of(&files, &upload, 1).await;
        let shown = format!("{upload:?} {part:?}");
        assert!(!shown.contains(&upload.upload_id), "{shown}");
        for hidden in ["Signature", "uploadId", "X-Amz"] {
            assert!(!shown.contains(hidden), "{hidden}: {shown}");
        }
        files.abort_upload(&upload.upload_id).await.unwrap();
        bench
    });
}

//! Copying, moving and renaming.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use casier::ErrorKind;
use casier::access::Policy;
use casier::storage::{CopyOptions, Storage, UploadOptions, UserStorage};

use super::bench::{Bench, PDF, PNG, metadata, on_bench};
use super::fake::{Answer, Fake, Request};
use crate::support::within_limit;

async fn put(files: &UserStorage, bytes: &'static [u8], filename: &str, kind: &str) -> String {
    let mut options = UploadOptions::default();
    options.metadata = metadata(&[("title", "Éte\u{301} =?1"), ("pages", "2")]);
    let bytes = Bytes::from_static(bytes);
    files.upload_file_object(bytes, filename, kind, options).await.unwrap().key
}

fn named(filename: &str) -> CopyOptions {
    let mut options = CopyOptions::default();
    options.filename = Some(filename.to_owned());
    options
}

fn of_kind(kind: &str) -> CopyOptions {
    let mut options = CopyOptions::default();
    options.kind = Some(kind.to_owned());
    options
}

async fn keys(bench: &Bench) -> Vec<String> {
    bench.keys_under(bench.scope.prefix()).await
}

#[test]
fn a_copy_has_everything_but_the_name() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = put(&files, PDF, "mon livre.pdf", "book").await;
        let copied = files.copy(&key, named("ton livré+1%.pdf")).await.unwrap();
        assert_eq!(copied.key, bench.key("books/ton livré+1_.pdf"));
        assert_eq!(copied.filename, "ton livré+1_.pdf");
        assert_eq!((copied.size, copied.kind.as_deref()), (PDF.len() as u64, Some("book")));
        assert_eq!(files.read(&copied.key, Default::default()).await.unwrap(), PDF);
        let found = files.metadata(&copied.key).await.unwrap();
        assert_eq!(found.metadata, metadata(&[("title", "Éte\u{301} =?1"), ("pages", "2")]));
        assert_eq!(copied.metadata, found.metadata);
        assert_eq!(found.content_type.as_deref(), Some("application/pdf"));
        assert_eq!((copied.etag, copied.content_type), (found.etag, found.content_type));
        let head = bench.raw.head_object().bucket(&bench.config.bucket).key(&copied.key);
        assert_eq!(
            head.send().await.unwrap().content_disposition(),
            Some("inline; filename=\"ton livr_+1_.pdf\"; filename*=UTF-8''ton%20livr%C3%A9+1_.pdf")
        );
        // The original is as it was.
        assert_eq!(files.read(&key, Default::default()).await.unwrap(), PDF);
        let mut random = CopyOptions::default();
        random.unguessable = true;
        let copied = files.copy(&key, random).await.unwrap();
        assert_eq!(copied.filename.len(), "mon livre-.pdf".len() + 32);
        assert_eq!(keys(&bench).await.len(), 3);
        bench
    });
}

/// Attack 66. Attack 69.
#[test]
fn every_original_is_found_by_its_name() {
    on_bench(|bench| async move {
        let files = bench.files();
        for (place, rest) in [
            "a b.txt",
            "a+b.txt",
            "a%20b.txt",
            "a%2Bb.txt",
            "100%.txt",
            "what?versionId=1",
            "a#b.txt",
            "a&b=c;d,e@f$g:h!.txt",
            "it's (a) *star*~.txt",
            "<tag> \"quoted\"",
            "👩\u{200D}💻.txt",
            "é.txt",
            "e\u{301}.txt",
            "報告書.txt",
            "2024/nested.txt",
            " blanks ",
        ]
        .into_iter()
        .enumerate()
        {
            let key = bench.key(&format!("files/{rest}"));
            bench.put_raw(&key, key.as_bytes()).await;
            let copied = files.copy(&key, named(&format!("{place}.txt"))).await.unwrap();
            assert_eq!(copied.key, bench.key(&format!("files/{place}.txt")));
            assert_eq!(
                files.read(&copied.key, Default::default()).await.unwrap(),
                key.as_bytes(),
                "{rest}"
            );
        }
        bench
    });
}

/// Attack 66. The header names the original and nothing else, and is bound to what was looked at.
#[test]
fn the_original_is_named_exactly() {
    within_limit(async {
        let fake = Fake::start(|request| match request.method.as_str() {
            "HEAD" => {
                Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
            }
            _ => Answer::Whole(
                200,
                String::new(),
                b"<CopyObjectResult><ETag>\"f\"</ETag></CopyObjectResult>".to_vec(),
            ),
        })
        .await;
        let files = fake.files();
        for (rest, encoded) in [
            ("a b.txt", "a%20b.txt"),
            ("a+b%20c.txt", "a%2Bb%2520c.txt"),
            ("é?versionId=1&x#y.txt", "%C3%A9%3FversionId%3D1%26x%23y.txt"),
        ] {
            fake.forget();
            files.copy(&format!("user_1/files/{rest}"), named("b.txt")).await.unwrap();
            let put = fake.requests().into_iter().find(|it| it.method == "PUT").unwrap();
            let header = |name: &str| {
                let found = put.headers.iter().find(|(header, _)| header == name);
                found.map(|(_, value)| value.as_str())
            };
            let source = format!("bucket/user_1/files/{encoded}");
            assert_eq!(header("x-amz-copy-source"), Some(source.as_str()));
            assert_eq!(header("x-amz-copy-source-if-match"), Some("\"e\""));
            assert_eq!(put.target.split('?').next(), Some("/bucket/user_1/files/b.txt"));
        }
    });
}

#[test]
fn what_is_given_takes_the_place_of_what_was() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = put(&files, b"a,b", "a.txt", "file").await;
        let mut options = named("b.csv");
        options.metadata = Some(metadata(&[("new", "ü")]));
        let copied = files.copy(&key, options).await.unwrap();
        assert_eq!(copied.metadata, metadata(&[("new", "ü")]));
        // The type of the new extension.
        let found = files.metadata(&copied.key).await.unwrap();
        assert_eq!(found.content_type.as_deref(), Some("text/csv"));
        assert_eq!(found.metadata, metadata(&[("new", "ü")]));

        // Onto itself.
        let mut options = CopyOptions::default();
        options.metadata = Some(metadata(&[]));
        options.content_type = Some("application/octet-stream".to_owned());
        let changed = files.copy(&key, options).await.unwrap();
        assert_eq!(changed.key, key);
        let found = files.metadata(&key).await.unwrap();
        assert_eq!(found.metadata, metadata(&[]));
        assert_eq!(found.content_type.as_deref(), Some("application/octet-stream"));
        assert_eq!(files.read(&key, Default::default()).await.unwrap(), "a,b");
        bench
    });
}

#[test]
fn the_policy_holds_for_copies() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = put(&files, b"just text", "a.txt", "file").await;
        for (options, expected) in [
            (of_kind("image"), ErrorKind::TypeNotAllowed),
            (named("a.png"), ErrorKind::ContentMismatch),
            (named("a.php"), ErrorKind::InvalidFilename),
            (named(".."), ErrorKind::InvalidFilename),
            (of_kind("nothing"), ErrorKind::InvalidKind),
            (of_kind("../user_2/file"), ErrorKind::InvalidKind),
        ] {
            let error = files.copy(&key, options.clone()).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{options:?}");
            assert_eq!(files.move_to(&key, options).await.unwrap_err().kind(), expected);
        }
        // What was stored by another tool, and is not what its name says.
        let fake_picture = bench.key("files/b.png");
        bench.put_raw(&fake_picture, b"<html>").await;
        let mut as_picture = of_kind("image");
        as_picture.content_type = Some("image/png".to_owned());
        let error = files.copy(&fake_picture, as_picture).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ContentMismatch);
        let homeless = bench.key("Misc/a.txt");
        bench.put_raw(&homeless, b"x").await;
        let error = files.copy(&homeless, CopyOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidKind);
        files.copy(&homeless, of_kind("file")).await.unwrap();
        let error = files.copy(&bench.key("files/none"), of_kind("file")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileNotFound);

        // A picture that is too large for the tier.
        let mut large = PNG.to_vec();
        large.resize(11 << 20, 0);
        let key = bench.key("files/large.png");
        bench.put_raw(&key, &large).await;
        let files = bench.files_in_tier("free");
        let mut as_picture = of_kind("image");
        as_picture.content_type = Some("image/png".to_owned());
        let error = files.copy(&key, as_picture).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        bench
    });
}

#[test]
fn a_copy_overwrites_only_what_it_may() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = put(&files, b"one", "a.txt", "file").await;
        let other = put(&files, b"two", "b.txt", "file").await;
        let mut options = named("b.txt");
        options.overwrite = false;
        let mut free = named("c.txt");
        free.overwrite = false;
        for attempt in
            [files.copy(&key, options.clone()).await, files.rename(&key, "b.txt", false).await]
        {
            let error = attempt.unwrap_err();
            let expected = [ErrorKind::FileExists, ErrorKind::StorageUnsupported];
            assert!(expected.contains(&error.kind()), "{error}");
            assert_eq!(files.read(&other, Default::default()).await.unwrap(), "two");
            assert_eq!(files.read(&key, Default::default()).await.unwrap(), "one");
        }
        match files.copy(&key, free).await {
            Ok(copied) => {
                assert_eq!(files.read(&copied.key, Default::default()).await.unwrap(), "one")
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::StorageUnsupported),
        }
        let mut itself = CopyOptions::default();
        itself.overwrite = false;
        assert_eq!(files.copy(&key, itself).await.unwrap_err().kind(), ErrorKind::FileExists);
        files.copy(&key, named("b.txt")).await.unwrap();
        assert_eq!(files.read(&other, Default::default()).await.unwrap(), "one");
        assert!(bench.keys_under(".casier/probe-").await.is_empty());
        bench
    });
}

#[test]
fn a_moved_file_is_in_one_place() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = put(&files, PNG, "a.png", "file").await;
        let moved = files.move_to(&key, of_kind("image")).await.unwrap();
        assert_eq!(moved.key, bench.key("images/a.png"));
        assert_eq!(keys(&bench).await, std::slice::from_ref(&moved.key));
        let renamed = files.rename(&moved.key, "b é.png", true).await.unwrap();
        assert_eq!(keys(&bench).await, std::slice::from_ref(&renamed.key));
        assert_eq!(renamed.metadata, metadata(&[("title", "Éte\u{301} =?1"), ("pages", "2")]));
        // Onto itself, it stays.
        for options in [CopyOptions::default(), named("b é.png"), named("x/b e\u{301}.png")] {
            let stayed = files.move_to(&renamed.key, options).await.unwrap();
            assert_eq!(stayed.key, renamed.key);
        }
        let mut options = CopyOptions::default();
        options.metadata = Some(metadata(&[]));
        files.move_to(&renamed.key, options).await.unwrap();
        assert_eq!(files.read(&renamed.key, Default::default()).await.unwrap(), PNG);
        let error = files.rename(&key, "c.png", true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileNotFound);
        bench
    });
}

/// A store whose file `a.txt` is of the tag `tag`, and which answers the deletion as told.
async fn store_that_deletes(tags: &'static [&'static str], deletion: Answer) -> Fake {
    let looks = Arc::new(Mutex::new(0));
    Fake::start(move |request| match request.method.as_str() {
        "HEAD" => {
            let mut look = looks.lock().unwrap();
            let tag = tags[(*look).min(tags.len() - 1)];
            *look += 1;
            Answer::Whole(200, format!("ETag: \"{tag}\"\r\nContent-Type: text/plain\r\n"), vec![])
        }
        "PUT" => Answer::Whole(
            200,
            String::new(),
            b"<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>".to_vec(),
        ),
        _ => deletion.clone(),
    })
    .await
}

#[test]
fn an_original_that_was_replaced_is_not_deleted() {
    within_limit(async {
        let fake = store_that_deletes(&["one", "two"], Answer::empty(204)).await;
        let error = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.message().contains("user_1/files/b.txt"), "{error}");
        assert!(fake.requests().iter().all(|request| request.method != "DELETE"));
        // Where the store sees it first.
        let fake = store_that_deletes(&["one"], Answer::error(412, "PreconditionFailed")).await;
        let error = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        let delete = fake.requests().into_iter().find(|it| it.method == "DELETE").unwrap();
        let condition = delete.headers.iter().find(|(name, _)| name == "if-match").unwrap();
        assert_eq!(condition.1, "\"one\"");
    });
}

#[test]
fn an_original_that_cannot_be_deleted_is_told() {
    within_limit(async {
        let fake = store_that_deletes(&["one"], Answer::error(403, "AccessDenied")).await;
        let error = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageDenied);
        assert!(error.message().contains("its original is not deleted"), "{error}");
    });
}

#[test]
fn a_store_without_conditional_deletes_still_moves() {
    within_limit(async {
        let fake = Fake::start(|request| match request.method.as_str() {
            "HEAD" => {
                Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
            }
            "PUT" => Answer::Whole(
                200,
                String::new(),
                b"<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>".to_vec(),
            ),
            _ if request.headers.iter().any(|(name, _)| name == "if-match") => {
                Answer::error(501, "NotImplemented")
            }
            _ => Answer::empty(204),
        })
        .await;
        fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap();
        assert_eq!(fake.requests().iter().filter(|it| it.method == "DELETE").count(), 2);
    });
}

/// On a disk that ignores case, `a.TXT` and `a.txt` are one file.
#[test]
fn two_names_of_one_file_do_not_lose_it() {
    within_limit(async {
        let mark = Arc::new(Mutex::new(String::new()));
        let fake = Fake::start(move |request| match request.method.as_str() {
            "HEAD" => {
                let mark = mark.lock().unwrap();
                let headers = format!(
                    "ETag: \"e\"\r\nContent-Type: text/plain\r\nx-amz-meta-casier-upload: {mark}\r\n"
                );
                Answer::Whole(200, headers, vec![])
            }
            "PUT" => {
                let sent = request.headers.iter().find(|(n, _)| n == "x-amz-meta-casier-upload");
                *mark.lock().unwrap() = sent.unwrap().1.clone();
                Answer::Whole(
                    200,
                    String::new(),
                    b"<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>".to_vec(),
                )
            }
            _ => Answer::empty(204),
        })
        .await;
        let moved = fake.files().rename("user_1/files/a.TXT", "a.txt", true).await.unwrap();
        assert_eq!(moved.key, "user_1/files/a.txt");
        assert!(fake.requests().iter().all(|request| request.method != "DELETE"));
    });
}

/// Attack 109.
#[test]
fn a_copy_that_fails_behind_a_200_keeps_the_original() {
    within_limit(async {
        for body in ["<Error><Code>InternalError</Code></Error>", "<CopyObjectResult>", ""] {
            let fake = Fake::start(move |request| match request.method.as_str() {
                "HEAD" if request.target.contains("b.txt") => Answer::error(404, "NotFound"),
                "HEAD" => {
                    Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
                }
                _ => Answer::Whole(200, String::new(), body.into()),
            })
            .await;
            let error = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable, "{body}");
            assert!(fake.requests().iter().all(|request| request.method != "DELETE"));
        }
    });
}

/// Attack 77, of copies.
#[test]
fn a_copy_whose_answer_was_lost_is_recognised() {
    within_limit(async {
        let mark = Arc::new(Mutex::new(String::new()));
        let fake = Fake::start(move |request| match request.method.as_str() {
            "HEAD" if request.target.contains("b.txt") => {
                let mark = mark.lock().unwrap();
                let headers = format!("ETag: \"c\"\r\nx-amz-meta-casier-upload: {mark}\r\n");
                Answer::Whole(200, headers, vec![])
            }
            "HEAD" => {
                Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
            }
            "PUT" => {
                let sent = request.headers.iter().find(|(n, _)| n == "x-amz-meta-casier-upload");
                *mark.lock().unwrap() = sent.unwrap().1.clone();
                Answer::Hang
            }
            _ => Answer::empty(204),
        })
        .await;
        let moved = fake.files().rename("user_1/files/a.txt", "b.txt", true).await.unwrap();
        assert_eq!(moved.etag.as_deref(), Some("c"));
        assert_eq!(fake.requests().iter().filter(|it| it.method == "DELETE").count(), 1);
    });
}

#[test]
fn an_original_that_changes_meanwhile_is_a_conflict() {
    within_limit(async {
        let fake = Fake::start(|request| match request.method.as_str() {
            "HEAD" => {
                Answer::Whole(200, "ETag: \"e\"\r\nContent-Type: text/plain\r\n".into(), vec![])
            }
            _ => Answer::error(412, "PreconditionFailed"),
        })
        .await;
        for options in [named("b.txt"), named("b.md")] {
            let error = fake.files().copy("user_1/files/a.txt", options).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        }
    });
}

/// The files of the bench's user, copied in parts of 5 MiB.
fn in_parts(bench: &Bench) -> UserStorage {
    let mut config = bench.config.clone();
    config.copy_part_bytes = 5 << 20;
    let policy = Arc::new(Policy::builtin());
    Storage::new(config).unwrap().scoped(bench.scope.clone(), None, policy)
}

#[test]
fn large_files_are_copied_in_parts() {
    on_bench(|bench| async move {
        let files = in_parts(&bench);
        let mut bytes = PDF.to_vec();
        bytes.extend((0..12_000_001_u32).map(|i| (i % 251) as u8));
        let mut options = UploadOptions::default();
        options.metadata = metadata(&[("title", "É")]);
        let bytes = Bytes::from(bytes);
        let key =
            files.upload_file_object(bytes.clone(), "a.pdf", "book", options).await.unwrap().key;
        let moved = files.rename(&key, "b.pdf", true).await.unwrap();
        assert_eq!(files.read(&moved.key, Default::default()).await.unwrap(), bytes);
        let found = files.metadata(&moved.key).await.unwrap();
        assert_eq!(found.metadata, metadata(&[("title", "É")]));
        assert_eq!((found.etag, found.size), (moved.etag, moved.size));
        assert_eq!(keys(&bench).await, std::slice::from_ref(&moved.key));
        // Onto itself as well.
        let mut options = CopyOptions::default();
        options.metadata = Some(metadata(&[]));
        files.copy(&moved.key, options).await.unwrap();
        assert_eq!(files.read(&moved.key, Default::default()).await.unwrap(), bytes);
        assert!(bench.uploads_under(bench.scope.prefix()).await.is_empty());
        bench
    });
}

#[test]
fn a_copy_in_parts_overwrites_only_what_it_may() {
    on_bench(|bench| async move {
        let files = in_parts(&bench);
        let large = bench.key("files/large.txt");
        bench.put_raw(&large, &vec![b'x'; 6 << 20]).await;
        let other = put(&files, b"other", "b.txt", "file").await;
        let error = files.rename(&large, "b.txt", false).await.unwrap_err();
        let expected = [ErrorKind::FileExists, ErrorKind::StorageUnsupported];
        assert!(expected.contains(&error.kind()), "{error}");
        assert_eq!(files.read(&other, Default::default()).await.unwrap(), "other");
        assert_eq!(keys(&bench).await.len(), 2);
        assert!(bench.uploads_under(bench.scope.prefix()).await.is_empty());
        bench
    });
}

#[test]
fn a_copy_in_parts_that_is_given_up_leaves_nothing() {
    on_bench(|bench| async move {
        let files = in_parts(&bench);
        let large = bench.key("files/large.txt");
        bench.put_raw(&large, &vec![b'x'; 40 << 20]).await;
        for wait in [0, 1, 2, 5, 10, 20, 40] {
            let (files, large) = (files.clone(), large.clone());
            let copy = tokio::spawn(async move { files.copy(&large, named("b.txt")).await });
            tokio::time::sleep(Duration::from_millis(wait)).await;
            copy.abort();
            let _ = copy.await;
        }
        // What is on its way when the last is given up is aborted behind it.
        while !bench.uploads_under(bench.scope.prefix()).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(files.metadata(&large).await.unwrap().size, 40 << 20);
        bench
    });
}

/// A store that copies as MinIO does: the condition of CopyObject is ignored, that of an upload's
/// completion is not. `parts` answers UploadPartCopy.
async fn store_without_conditional_copies(parts: Answer) -> Fake {
    let mark = Arc::new(Mutex::new(false));
    Fake::start(move |request| {
        let header = |name: &str| request.headers.iter().any(|(header, _)| header == name);
        let probed = request.target.contains("/.casier/");
        match (request.method.as_str(), request.target.as_str()) {
            ("HEAD", _) => Answer::Whole(
                200,
                "ETag: \"e\"\r\nContent-Type: text/plain\r\nx-amz-meta-a: b\r\n".into(),
                b"12345".to_vec(),
            ),
            ("PUT", target) if target.contains("partNumber") && !probed => parts.clone(),
            ("PUT", target) if target.contains("partNumber") => {
                Answer::Whole(200, "ETag: \"p\"\r\n".into(), Vec::new())
            }
            ("PUT", _) if header("x-amz-copy-source") => {
                let body = b"<CopyObjectResult><ETag>\"c\"</ETag></CopyObjectResult>".to_vec();
                Answer::Whole(200, String::new(), body)
            }
            // The probe: the first time it is put, the second time it is there.
            ("PUT", _) if probed && header("if-none-match") => {
                let mut there = mark.lock().unwrap();
                let was_there = std::mem::replace(&mut *there, true);
                if was_there {
                    Answer::error(412, "PreconditionFailed")
                } else {
                    Answer::empty(200)
                }
            }
            ("POST", target) if target.contains("uploads") => {
                let body = "<InitiateMultipartUploadResult><UploadId>u</UploadId>\
                            </InitiateMultipartUploadResult>";
                Answer::Whole(200, String::new(), body.into())
            }
            ("POST", _) if header("if-none-match") => Answer::error(412, "PreconditionFailed"),
            ("GET", target) if target.contains("tagging") => Answer::error(501, "NotImplemented"),
            ("GET", _) => Answer::error(404, "NoSuchUpload"),
            ("DELETE", _) => Answer::empty(204),
            _ => Answer::empty(200),
        }
    })
    .await
}

#[test]
fn where_only_completions_have_conditions_they_are_used() {
    within_limit(async {
        let part = b"<CopyPartResult><ETag>\"p\"</ETag></CopyPartResult>".to_vec();
        let fake = store_without_conditional_copies(Answer::Whole(200, String::new(), part)).await;
        let error = fake.files().rename("user_1/files/a.txt", "b.txt", false).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileExists, "{error}");
        let requests = fake.requests();
        let is_part = |it: &&Request| {
            it.target.contains("partNumber") && it.target.starts_with("/bucket/user_1/")
        };
        let part = requests.iter().find(is_part).unwrap();
        let header = |name: &str| part.headers.iter().find(|(header, _)| header == name).unwrap();
        assert_eq!(header("x-amz-copy-source").1, "bucket/user_1/files/a.txt");
        assert_eq!(header("x-amz-copy-source-if-match").1, "\"e\"");
        assert_eq!(header("x-amz-copy-source-range").1, "bytes=0-4");
        // The upload is aborted, the original stays.
        let deleted: Vec<_> = requests.iter().filter(|it| it.method == "DELETE").collect();
        assert!(deleted.iter().any(|it| it.target.contains("uploadId=u")));
        assert!(!deleted.iter().any(|it| it.target.starts_with("/bucket/user_1/files/a.txt")));
    });
}

#[test]
fn a_part_that_fails_aborts_the_copy() {
    within_limit(async {
        for (answer, expected) in [
            (Answer::error(403, "AccessDenied"), ErrorKind::StorageDenied),
            (Answer::error(412, "PreconditionFailed"), ErrorKind::Conflict),
            (Answer::Whole(200, String::new(), b"<Error><Code>Internal".to_vec()), {
                ErrorKind::StorageUnavailable
            }),
        ] {
            let fake = store_without_conditional_copies(answer).await;
            let error =
                fake.files().rename("user_1/files/a.txt", "b.txt", false).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{error}");
            let requests = fake.requests();
            let deleted = requests.iter().filter(|it| it.method == "DELETE");
            assert!(deleted.clone().any(|it| it.target.contains("uploadId=u")));
            assert!(!deleted.clone().any(|it| it.target.starts_with("/bucket/user_1/files/a.txt")));
        }
    });
}

#[test]
fn tags_go_along() {
    on_bench(|bench| async move {
        let files = in_parts(&bench);
        let key = put(&files, b"text", "a.txt", "file").await;
        let tags = metadata(&[("colour", "dark red"), ("a=b:c/d", "")]);
        if let Err(error) = files.set_tags(&key, tags.clone()).await {
            assert_eq!(error.kind(), ErrorKind::StorageUnsupported, "{error}");
            println!("the store has no tags");
            return bench;
        }
        assert_eq!(files.tags(&key).await.unwrap(), tags);
        let copied = files.copy(&key, named("b.txt")).await.unwrap();
        assert_eq!(files.tags(&copied.key).await.unwrap(), tags);
        let large = bench.key("files/large.txt");
        bench.put_raw(&large, &vec![b'x'; 6 << 20]).await;
        files.set_tags(&large, tags.clone()).await.unwrap();
        let copied = files.copy(&large, named("c.txt")).await.unwrap();
        assert_eq!(files.tags(&copied.key).await.unwrap(), tags);
        for (given, key) in [(metadata(&[("new", "1")]), &key), (metadata(&[]), &large)] {
            let mut options = named("d.txt");
            options.tags = Some(given.clone());
            let copied = files.copy(key, options).await.unwrap();
            assert_eq!(files.tags(&copied.key).await.unwrap(), given);
        }
        files.set_tags(&key, metadata(&[])).await.unwrap();
        assert_eq!(files.tags(&key).await.unwrap(), metadata(&[]));
        for error in [
            files.tags(&bench.key("files/none")).await.unwrap_err(),
            files.set_tags(&bench.key("files/none"), tags).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::FileNotFound);
        }
        let wrong = metadata(&[("aws:a", "b")]);
        let error = files.set_tags(&key, wrong).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        bench
    });
}

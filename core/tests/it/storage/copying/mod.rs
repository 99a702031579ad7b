//! Copying, moving and renaming.

mod in_parts;
mod moving;

use bytes::Bytes;
use casier::ErrorKind;
use casier::storage::{CopyOptions, UploadOptions, UserStorage};

use self::in_parts::in_parts;
use super::bench::{Bench, PDF, PNG, metadata, on_bench};
use super::fake::{Answer, Fake};
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

//! What goes in comes out.

use bytes::Bytes;
use casier::ErrorKind;
use casier::storage::{LinkOptions, ListOptions, UploadOptions};

use super::bench::{PDF, PNG, metadata, on_bench};
use crate::support::Folder;

#[test]
fn a_file_from_memory_comes_back() {
    on_bench(|bench| async move {
        let files = bench.files();
        let mut options = UploadOptions::default();
        options.metadata = metadata(&[("title", "Été à Kyōto 京都"), ("empty", ""), ("n", "1 2")]);
        let stored = files
            .upload_file_object(Bytes::from_static(PNG), "/tmp/été {1}.png", "image", options)
            .await
            .unwrap();
        assert_eq!(stored.key, bench.key("images/été _1_.png"));
        assert_eq!(
            (stored.filename.as_str(), stored.kind.as_deref()),
            ("été _1_.png", Some("image"))
        );
        assert_eq!(stored.size, PNG.len() as u64);
        assert_eq!(stored.content_type.as_deref(), Some("image/png"));
        assert!(stored.etag.as_deref().is_some_and(|tag| !tag.contains('"')));

        let found = files.metadata(&stored.key).await.unwrap();
        assert!(found.last_modified.is_some());
        assert_eq!(found.metadata, stored.metadata);
        assert_eq!(found.content_type, stored.content_type);
        assert_eq!((found.size, &found.etag), (stored.size, &stored.etag));

        assert_eq!(files.read(&stored.key, Default::default()).await.unwrap(), PNG);
        assert!(files.exists(&stored.key).await.unwrap());
        let page = files.list(ListOptions::default()).await.unwrap();
        assert_eq!(page.items.len(), 1);
        assert_eq!((&page.items[0].key, page.items[0].size), (&stored.key, stored.size));
        assert_eq!((page.next_cursor, page.skipped), (None, 0));

        files.delete(&stored.key).await.unwrap();
        files.delete(&stored.key).await.unwrap();
        assert!(!files.exists(&stored.key).await.unwrap());
        for error in [
            files.read(&stored.key, Default::default()).await.unwrap_err(),
            files.metadata(&stored.key).await.unwrap_err(),
            files.download(&stored.key, "/nowhere/at-all", Default::default()).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::FileNotFound);
        }
        bench.assert_nothing_left().await;
        bench
    });
}

#[test]
fn a_file_from_disk_comes_back() {
    on_bench(|bench| async move {
        let files = bench.files();
        let folder = Folder::new();
        // Several pieces, and a rest.
        let mut bytes = PDF.to_vec();
        bytes.extend((0..3_000_001_u32).map(|i| (i % 251) as u8));
        let path = folder.write("mon livre.pdf", &bytes);
        let stored = files.upload_file(&path, "book", UploadOptions::default()).await.unwrap();
        assert_eq!(stored.key, bench.key("books/mon livre.pdf"));
        assert_eq!(stored.size, bytes.len() as u64);

        let copy = folder.write("copy.pdf", b"what was there before");
        let found = files.download(&stored.key, &copy, Default::default()).await.unwrap();
        assert_eq!(found.content_type.as_deref(), Some("application/pdf"));
        assert!(std::fs::read(&copy).unwrap() == bytes);
        assert_eq!(folder.names(), ["copy.pdf", "mon livre.pdf"]);

        let empty = folder.write("empty.txt", b"");
        let stored = files.upload_file(&empty, "document", UploadOptions::default()).await.unwrap();
        assert_eq!(files.read(&stored.key, Default::default()).await.unwrap(), "");
        let copy = folder.path().join("empty-copy.txt");
        assert_eq!(files.download(&stored.key, &copy, Default::default()).await.unwrap().size, 0);
        assert_eq!(std::fs::read(&copy).unwrap(), b"");
        bench
    });
}

#[test]
fn a_file_is_replaced_unless_it_is_to_stay() {
    on_bench(|bench| async move {
        let files = bench.files();
        let put = |text: &'static str, overwrite| {
            let mut options = UploadOptions::default();
            options.overwrite = overwrite;
            files.upload_file_object(Bytes::from_static(text.as_bytes()), "a.txt", "file", options)
        };
        let key = put("one", true).await.unwrap().key;
        put("two", true).await.unwrap();
        assert_eq!(files.read(&key, Default::default()).await.unwrap(), "two");
        match put("three", false).await {
            Err(error) if error.kind() == ErrorKind::StorageUnsupported => {
                println!("the store does not honour If-None-Match");
            }
            answer => assert_eq!(answer.unwrap_err().kind(), ErrorKind::FileExists),
        }
        assert_eq!(files.read(&key, Default::default()).await.unwrap(), "two");
        assert!(bench.keys_under(".casier/probe-").await.is_empty());
        bench
    });
}

/// Attack 76.
#[test]
fn creators_that_race_leave_one_winner() {
    on_bench(|bench| async move {
        let files = bench.files();
        let create = |text: String| {
            let files = files.clone();
            async move {
                let mut options = UploadOptions::default();
                options.overwrite = false;
                files.upload_file_object(Bytes::from(text), "a.txt", "file", options).await
            }
        };
        let racers = (0..8).map(|i| create(i.to_string()));
        let answers = futures_util::future::join_all(racers).await;
        let winners = answers.iter().filter(|answer| answer.is_ok()).count();
        let unsupported = |kind| kind == ErrorKind::StorageUnsupported;
        if answers.iter().any(|a| a.as_ref().is_err_and(|error| unsupported(error.kind()))) {
            assert_eq!(winners, 0);
        } else {
            assert_eq!(winners, 1);
        }
        bench
    });
}

#[test]
fn unguessable_names_never_meet() {
    on_bench(|bench| async move {
        let files = bench.files();
        for _ in 0..2 {
            let mut options = UploadOptions::default();
            options.unguessable = true;
            let bytes = Bytes::from_static(b"\x1f\x8b\x08\0");
            let stored =
                files.upload_file_object(bytes, "a.tar.gz", "file", options).await.unwrap();
            assert!(stored.filename.starts_with("a-") && stored.filename.ends_with(".tar.gz"));
        }
        assert_eq!(files.list(ListOptions::default()).await.unwrap().items.len(), 2);
        bench
    });
}

#[test]
fn the_headers_are_stored() {
    on_bench(|bench| async move {
        let files = bench.files();
        for (name, bytes, declared, content_type, disposition) in [
            ("a.png", PNG, None, "image/png", "inline; filename=\"a.png\""),
            ("a.md", b"# a", None, "text/markdown", "attachment; filename=\"a.md\""),
            ("a", b"\0", None, "application/octet-stream", "attachment; filename=\"a\""),
            // The name says picture, the type does not: nothing that a page would show.
            (
                "b.png",
                b"\0",
                Some("application/octet-stream"),
                "application/octet-stream",
                "attachment; filename=\"b.png\"",
            ),
        ] {
            let mut options = UploadOptions::default();
            options.content_type = declared.map(str::to_owned);
            let bytes = Bytes::copy_from_slice(bytes);
            let key = files.upload_file_object(bytes, name, "file", options).await.unwrap().key;
            let head = bench.raw.head_object().bucket(&bench.config.bucket).key(&key);
            let head = head.send().await.unwrap();
            assert_eq!(head.content_type(), Some(content_type), "{name}");
            assert_eq!(head.content_disposition(), Some(disposition), "{name}");
        }
        bench
    });
}

#[test]
fn what_a_link_gives_is_what_was_stored() {
    on_bench(|bench| async move {
        let files = bench.files();
        let stored = files
            .upload_file_object(Bytes::from_static(PDF), "livre.pdf", "book", Default::default())
            .await
            .unwrap();
        let link = files.presigned_url(&stored.key, LinkOptions::default()).await.unwrap();
        let answer = reqwest::get(&link.url).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/pdf");
        assert_eq!(answer.headers()["content-disposition"], "inline; filename=\"livre.pdf\"");
        assert_eq!(answer.bytes().await.unwrap(), PDF);
        bench
    });
}

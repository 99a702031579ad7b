//! Pages, cursors, kinds.

use casier::ErrorKind;
use casier::storage::{ListOptions, UploadOptions};

use super::bench::{metadata, on_bench};

fn options(kind: Option<&str>, limit: u32, cursor: Option<String>) -> ListOptions {
    let mut options = ListOptions::default();
    (options.kind, options.limit, options.cursor) = (kind.map(str::to_owned), limit, cursor);
    options
}

#[test]
fn pages_follow_each_other_without_gaps() {
    on_bench(|bench| async move {
        let files = bench.files();
        for kind in ["books", "images"] {
            for i in 0..7 {
                bench.put_raw(&bench.key(&format!("{kind}/{i}.txt")), b"x").await;
            }
        }
        for (kind, limit, sizes) in [
            (None, 1000, &[14][..]),
            (None, 5, &[5, 5, 4]),
            (None, 7, &[7, 7]),
            (Some("book"), 3, &[3, 3, 1]),
            (Some("image"), 7, &[7]),
            (Some("video"), 7, &[0]),
        ] {
            let mut cursor = None;
            let mut keys = Vec::new();
            for (page_number, size) in sizes.iter().enumerate() {
                let page = files.list(options(kind, limit, cursor)).await.unwrap();
                assert_eq!(page.items.len(), *size, "{kind:?} {limit}");
                keys.extend(page.items.into_iter().map(|item| item.key));
                cursor = page.next_cursor;
                assert_eq!(cursor.is_none(), page_number + 1 == sizes.len(), "{kind:?} {limit}");
            }
            let sorted = {
                let mut sorted = keys.clone();
                sorted.sort();
                sorted.dedup();
                sorted
            };
            assert_eq!(keys, sorted);
        }
        bench
    });
}

/// Attack 58.
#[test]
fn neighbours_are_not_listed() {
    on_bench(|bench| async move {
        let files = bench.files();
        let own = bench.key("books/a.txt");
        // The id of one user begins the id of the other.
        let neighbour = format!("{}0/books/b.txt", bench.scope.prefix().trim_end_matches('/'));
        bench.put_raw(&own, b"x").await;
        bench.put_raw(&neighbour, b"x").await;
        let page = files.list(ListOptions::default()).await.unwrap();
        assert_eq!(page.items.into_iter().map(|item| item.key).collect::<Vec<_>>(), [own]);
        assert_eq!(page.skipped, 0);
        let delete = bench.raw.delete_object().bucket(&bench.config.bucket).key(neighbour);
        delete.send().await.unwrap();
        bench
    });
}

#[test]
fn unreadable_keys_are_counted_and_passed_over() {
    on_bench(|bench| async move {
        let files = bench.files();
        bench.put_raw(&bench.key("books/b"), b"").await;
        let mut unreadable = 0;
        for rest in ["books/", "books//a", "books/a\u{202E}b", "books/a%2e%2e%2fb%2f"] {
            unreadable += u64::from(bench.put_if_taken(&bench.key(rest)).await);
        }
        assert!(unreadable >= 3, "{unreadable}");
        let page = files.list(ListOptions::default()).await.unwrap();
        assert_eq!(page.items.iter().map(|i| i.filename.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(page.skipped, unreadable);
        // One at a time they are passed over as well.
        let (mut seen, mut skipped, mut cursor) = (0, 0, None);
        loop {
            let page = files.list(options(Some("book"), 1, cursor)).await.unwrap();
            seen += page.items.len();
            skipped += page.skipped;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((seen, skipped), (1, unreadable));
        bench
    });
}

#[test]
fn metadata_come_along_when_asked_for() {
    on_bench(|bench| async move {
        let files = bench.files();
        for i in 0..20 {
            let mut options = UploadOptions::default();
            options.metadata = metadata(&[("number", &i.to_string())]);
            let name = format!("{i:02}.txt");
            let text = bytes::Bytes::from_static(b"x");
            files.upload_file_object(text, &name, "file", options).await.unwrap();
        }
        let mut options = ListOptions::default();
        options.with_metadata = true;
        let page = files.list(options).await.unwrap();
        let numbers: Vec<_> = page.items.iter().map(|i| i.metadata["number"].clone()).collect();
        assert_eq!(numbers, (0..20).map(|i| i.to_string()).collect::<Vec<_>>());
        assert!(page.items.iter().all(|i| i.content_type.as_deref() == Some("text/plain")));
        bench
    });
}

/// Attack 63 among them.
#[test]
fn wrong_arguments_are_refused() {
    on_bench(|bench| async move {
        let files = bench.files();
        for i in 0..3 {
            bench.put_raw(&bench.key(&format!("books/{i}")), b"x").await;
        }
        let cursor = files.list(options(Some("book"), 1, None)).await.unwrap().next_cursor;
        for (wrong, kind) in [
            (options(None, 0, None), ErrorKind::InvalidRequest),
            (options(None, 1001, None), ErrorKind::InvalidRequest),
            (options(Some("Book"), 1, None), ErrorKind::InvalidKind),
            (options(Some("../user_2/book"), 1, None), ErrorKind::InvalidKind),
            (options(Some(""), 1, None), ErrorKind::InvalidKind),
            (options(Some("image"), 1, cursor), ErrorKind::InvalidCursor),
            (options(None, 1, Some(bench.key("books/0"))), ErrorKind::InvalidCursor),
            (options(None, 1, Some("1".repeat(5000))), ErrorKind::InvalidCursor),
        ] {
            assert_eq!(files.list(wrong).await.unwrap_err().kind(), kind);
        }
        bench
    });
}

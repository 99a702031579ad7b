//! Pages, cursors, kinds, searches; whole scopes.

use std::ops::Range;

use casier::ErrorKind;
use casier::storage::{ListOptions, UploadOptions, UserStorage};
use futures_util::StreamExt as _;

use super::bench::{metadata, on_bench};
#[cfg(target_os = "linux")]
use super::child::{Child, tell};
use super::fake::{Answer, Fake};
use crate::support::within_limit;

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

#[test]
fn everything_comes_once_and_in_order() {
    on_bench(|bench| async move {
        let files = bench.files();
        for rest in ["books/a", "books/b", "images/d", "e"] {
            bench.put_raw(&bench.key(rest), b"x").await;
        }
        let mut unreadable = 0;
        for rest in ["books/", "books//c"] {
            unreadable += u64::from(bench.put_if_taken(&bench.key(rest)).await);
        }
        for limit in [2, 3, 1000] {
            let mut all = files.list_all(options(None, limit, None));
            let mut found = Vec::new();
            while let Some(file) = all.next().await {
                found.push(file.unwrap().key);
            }
            assert_eq!(found, ["books/a", "books/b", "e", "images/d"].map(|it| bench.key(it)));
            assert_eq!(all.skipped(), unreadable);
            assert!(all.next().await.is_none());
        }
        // It is a stream as well, and can begin at a cursor.
        let cursor = files.list(options(None, 3, None)).await.unwrap().next_cursor;
        let rest: Vec<_> = files.list_all(options(None, 2, cursor)).collect().await;
        let rest: Vec<_> = rest.into_iter().map(|file| file.unwrap().key).collect();
        assert_eq!(rest.last(), Some(&bench.key("images/d")));
        assert!(rest.len() < 4);
        let one_kind: Vec<_> = files.list_all(options(Some("image"), 1000, None)).collect().await;
        assert_eq!(one_kind.len(), 1);
        bench
    });
}

/// A cursor holds the last key, so it stays good when that file goes, and others come.
#[test]
fn a_cursor_outlives_its_file() {
    on_bench(|bench| async move {
        let files = bench.files();
        for name in ["b", "d", "f", "h"] {
            bench.put_raw(&bench.key(&format!("files/{name}")), b"x").await;
        }
        let page = files.list(options(None, 2, None)).await.unwrap();
        files.delete(&page.items[1].key).await.unwrap();
        for name in ["a", "c", "e", "g"] {
            bench.put_raw(&bench.key(&format!("files/{name}")), b"x").await;
        }
        let rest = files.list(options(None, 1000, page.next_cursor)).await.unwrap();
        let names: Vec<_> = rest.items.iter().map(|item| item.filename.as_str()).collect();
        assert_eq!(names, ["e", "f", "g", "h"]);
        bench
    });
}

#[test]
fn names_are_searched() {
    on_bench(|bench| async move {
        let files = bench.files();
        for rest in
            ["books/Été.pdf", "books/e\u{301}te\u{301} 2.pdf", "books/hiver.pdf", "images/ÉTÉ.png"]
        {
            bench.put_raw(&bench.key(rest), b"x").await;
        }
        let search = |kind, limit, cursor| {
            let mut options = options(kind, limit, cursor);
            options.search = Some("étÉ".to_owned());
            options
        };
        let page = files.list(search(None, 1000, None)).await.unwrap();
        assert_eq!((page.items.len(), page.skipped), (3, 0));
        assert_eq!(files.list(search(Some("book"), 1000, None)).await.unwrap().items.len(), 2);
        let (mut found, mut cursor) = (0, None);
        loop {
            let page = files.list(search(None, 2, cursor)).await.unwrap();
            found += page.items.len();
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, 3);
        let all: Vec<_> = files.list_all(search(None, 2, None)).collect().await;
        assert_eq!(all.len(), 3);
        let mut long = options(None, 1, None);
        long.search = Some("x".repeat(1025));
        assert_eq!(files.list(long).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
        bench
    });
}

#[test]
fn a_list_ends_behind_an_error() {
    within_limit(async {
        let fake = Fake::start(|request| match request.target.contains("start-after") {
            false => page_of(0..2, true),
            true => Answer::error(403, "AccessDenied"),
        })
        .await;
        let mut all = fake.files().list_all(ListOptions::default());
        assert!(all.next().await.unwrap().is_ok());
        assert!(all.next().await.unwrap().is_ok());
        assert_eq!(all.next().await.unwrap().unwrap_err().kind(), ErrorKind::StorageDenied);
        assert!(all.next().await.is_none());
        // What is asked wrongly is not asked at all.
        fake.forget();
        let mut wrong = fake.files().list_all(options(Some("../x"), 1, None));
        assert_eq!(wrong.next().await.unwrap().unwrap_err().kind(), ErrorKind::InvalidKind);
        assert!(wrong.next().await.is_none());
        let all = fake.files().list_all(ListOptions::default());
        drop(all);
        assert!(fake.requests().is_empty());
    });
}

/// Attack 115.
#[test]
fn a_listing_that_loops_is_an_error() {
    within_limit(async {
        let fake = Fake::start(|_| page_of(0..2, true)).await;
        let all: Vec<_> = fake.files().list_all(ListOptions::default()).collect().await;
        let kinds: Vec<_> =
            all.iter().map(|it| it.as_ref().err().map(casier::Error::kind)).collect();
        assert_eq!(kinds, [None, None, Some(ErrorKind::StorageUnavailable)]);
        for error in [
            fake.files().usage().await.unwrap_err(),
            fake.files().newest(1, None).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
        }
    });
}

/// A page of the files of these numbers, as a store writes it.
fn page_of(numbers: Range<usize>, truncated: bool) -> Answer {
    let contents: String = numbers
        .map(|n| {
            format!(
                "<Contents><Key>user_1/files/{n:06}.txt</Key><Size>1</Size>\
                 <ETag>&quot;0cc175b9c0f1b6a831c399e269772661&quot;</ETag>\
                 <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            )
        })
        .collect();
    let page = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>{truncated}</IsTruncated>\
         {contents}</ListBucketResult>"
    );
    Answer::Whole(200, String::new(), page.into_bytes())
}

const MANY: usize = 100_000;

/// The pages are made on the fly, so that only the client's memory could grow with their number.
#[cfg(target_os = "linux")]
#[test]
fn a_hundred_thousand_files_take_the_memory_of_a_page() {
    within_limit(async {
        let fake = Fake::start(|request| {
            let after = request.target.split("start-after=").nth(1);
            let after = after.and_then(|rest| rest.split("files%2F").nth(1));
            let first = after.map_or(0, |rest| rest[..6].parse::<usize>().unwrap() + 1);
            let last = (first + 1000).min(MANY);
            page_of(first..last, last < MANY)
        })
        .await;
        let mut child = Child::of(&fake.config(), "1", "list_all", &[]);
        let growth: u64 = child.told().await.expect("the child fails").parse().unwrap();
        child.end().await;
        println!("{MANY} files: {} KiB", growth / 1024);
        assert!(growth < 16 << 20, "{growth}");
    });
}

/// What the child does: by how much the memory grows behind the first 10,000 files.
#[cfg(target_os = "linux")]
pub(super) async fn list_all(files: UserStorage) {
    let mut all = files.list_all(ListOptions::default());
    let (mut count, mut before) = (0, 0);
    while let Some(file) = all.next().await {
        file.unwrap();
        count += 1;
        if count == 10_000 {
            before = peak_memory();
        }
    }
    assert_eq!(count, MANY);
    tell(&(peak_memory() - before).to_string());
}

/// The most memory that this process has ever taken, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

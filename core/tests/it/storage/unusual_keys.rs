//! Keys that other tools have made, or that break clients which encode carelessly.

use casier::storage::{LinkOptions, ListOptions};

use super::bench::on_bench;
use crate::support::Folder;

const UNUSUAL: &[&str] = &[
    "a b.txt",
    " leading and trailing ",
    "a+b.txt",
    "a%20b.txt",
    "100%.txt",
    "a%2Bb",
    "what?.txt",
    "a#b.txt",
    "a&b=c;d,e@f$g:h!.txt",
    "it's (a) *star*~.txt",
    "<tag> \"quoted\" & 'so'",
    "[1]{2}|3^4`5",
    "👩\u{200D}💻🏳️‍🌈.png",
    "é.txt",
    "e\u{301}.txt",
    "報告書/深/い.txt",
    "отчёт.xlsx",
    "books/2024/nested.pdf",
    "a=?UTF-8?B?w6k=?=",
    "-rf",
    "...a",
    "a.",
    "ﬁ",
];

/// Attack 69.
#[test]
fn every_operation_reaches_them() {
    on_bench(|bench| async move {
        let files = bench.files();
        let folder = Folder::new();
        // File systems behind stores have their own limits for one segment.
        let mut longest = bench.key(&format!("{}/", "é".repeat(100)).repeat(4));
        longest += &"z".repeat(1024 - longest.len());
        let mut keys: Vec<String> = UNUSUAL.iter().map(|rest| bench.key(rest)).collect();
        keys.push(longest);
        for key in &keys {
            bench.put_raw(key, key.as_bytes()).await;
        }

        let mut listed = Vec::new();
        let mut cursor = None;
        loop {
            let mut options = ListOptions::default();
            (options.limit, options.cursor) = (3, cursor);
            let page = files.list(options).await.unwrap();
            assert_eq!(page.skipped, 0);
            listed.extend(page.items.into_iter().map(|item| item.key));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let mut expected = keys.clone();
        expected.sort();
        assert_eq!(listed, expected);

        for key in &keys {
            assert_eq!(files.read(key, Default::default()).await.unwrap(), key.as_bytes(), "{key}");
            assert_eq!(files.metadata(key).await.unwrap().size, key.len() as u64, "{key}");
            let path = folder.path().join("copy");
            files.download(key, &path, Default::default()).await.unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), key.as_bytes(), "{key}");
            let link = files.presigned_url(key, LinkOptions::default()).await.unwrap();
            let answer = reqwest::get(&link.url).await.unwrap();
            assert_eq!(answer.status(), 200, "{key}");
            assert_eq!(answer.bytes().await.unwrap(), key.as_bytes(), "{key}");
            files.delete(key).await.unwrap();
            assert!(!files.exists(key).await.unwrap(), "{key}");
        }
        bench.assert_nothing_left().await;
        bench
    });
}

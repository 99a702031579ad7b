//! Deleting many files at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use casier::storage::Deletion;
use casier::{Error, ErrorKind};

use super::bench::on_bench;
use super::fake::{Answer, Fake, Request};
use crate::support::within_limit;

fn kinds(deletions: &[Deletion]) -> Vec<Option<ErrorKind>> {
    deletions.iter().map(|it| it.error.as_ref().map(Error::kind)).collect()
}

/// What a store answers to DeleteObjects: `result` is the inside of the document.
fn deleted(result: &str) -> Answer {
    let document = format!("<?xml version=\"1.0\"?><DeleteResult>{result}</DeleteResult>");
    Answer::Whole(200, String::new(), document.into_bytes())
}

/// The keys of a request, which stand in its body as they are.
fn asked_for(request: &Request) -> Vec<String> {
    let text = String::from_utf8_lossy(&request.bytes).into_owned();
    let keys = text.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap());
    keys.map(str::to_owned).collect()
}

fn all_deleted(request: &Request) -> Answer {
    let told = |key: &String| format!("<Deleted><Key>{key}</Key></Deleted>");
    deleted(&asked_for(request).iter().map(told).collect::<String>())
}

#[test]
fn each_key_is_answered_in_order() {
    on_bench(|bench| async move {
        let files = bench.files();
        let key = |place: usize| bench.key(&format!("files/{place}.txt"));
        for place in 0..20 {
            bench.put_raw(&key(place), b"x").await;
        }
        // One that is not there, one that stands twice, and one that stays.
        let mut keys: Vec<String> = (0..19).map(key).collect();
        keys.extend([bench.key("files/there-is-none.txt"), key(3)]);
        let deletions = files.delete_many(keys.clone()).await.unwrap();
        assert!(deletions.iter().all(|deletion| deletion.error.is_none()), "{deletions:?}");
        assert_eq!(deletions.into_iter().map(|deletion| deletion.key).collect::<Vec<_>>(), keys);
        assert_eq!(bench.keys_under(bench.scope.prefix()).await, [key(19)]);
        assert!(files.delete_many(Vec::new()).await.unwrap().is_empty());
        bench
    });
}

/// Attack 67.
#[test]
fn one_bad_key_and_nothing_is_sent() {
    on_bench(|bench| async move {
        let files = bench.files();
        let own = bench.key("files/a.txt");
        bench.put_raw(&own, b"mine").await;
        for (bad, expected) in [
            ("user_2/files/a.txt".to_owned(), ErrorKind::NotOwner),
            (bench.key("../user_2/files/a.txt"), ErrorKind::InvalidKey),
        ] {
            // Last of several batches.
            let mut keys = vec![own.clone(); 2500];
            keys.push(bad);
            assert_eq!(files.delete_many(keys).await.unwrap_err().kind(), expected);
        }
        assert_eq!(bench.keys_under(bench.scope.prefix()).await, [own]);
        bench
    });
}

#[test]
fn a_thousand_keys_are_one_request() {
    within_limit(async {
        let fake = Fake::start(all_deleted).await;
        let mut keys: Vec<_> = (0..2500).map(|n| format!("user_1/files/{n}.txt")).collect();
        keys.extend_from_within(..2500);
        let deletions = fake.files().delete_many(keys.clone()).await.unwrap();
        assert!(deletions.iter().all(|deletion| deletion.error.is_none()));
        assert!(deletions.iter().map(|it| &it.key).eq(&keys));
        let mut sizes: Vec<_> = fake.requests().iter().map(|it| asked_for(it).len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [500, 1000, 1000]);
        for request in fake.requests() {
            assert_eq!((&*request.method, &*request.target), ("POST", "/bucket/?delete"));
            for sum in ["content-md5", "x-amz-checksum-crc32"] {
                assert!(request.headers.iter().any(|(name, _)| name == sum), "{sum}");
            }
        }
    });
}

#[test]
fn a_file_that_stays_does_not_keep_the_others() {
    within_limit(async {
        let answer = "<Deleted><Key>user_1/files/a.txt</Key></Deleted>\
                      <Error><Key>user_1/files/locked.txt</Key><Code>AccessDenied</Code></Error>\
                      <Error><Key>user_1/files/gone.txt</Key><Code>NoSuchKey</Code></Error>";
        let fake = Fake::start(move |_| deleted(answer)).await;
        let keys = ["a.txt", "locked.txt", "gone.txt"].map(|name| format!("user_1/files/{name}"));
        let deletions = fake.files().delete_many(keys.to_vec()).await.unwrap();
        assert_eq!(kinds(&deletions), [None, Some(ErrorKind::StorageDenied), None]);
        assert_eq!(fake.requests().len(), 1);
    });
}

/// Attack 109. What the store does not call deleted is not deleted, and what it says of others is
/// not looked at.
#[test]
fn only_what_the_answer_names_is_gone() {
    within_limit(async {
        let answer = "<Deleted><Key>user_1/files/a.txt</Key></Deleted>\
                      <Deleted><Key>user_2/files/b.txt</Key></Deleted>\
                      <Error><Key>user_2/files/c.txt</Key><Code>AccessDenied</Code></Error>";
        let fake = Fake::start(move |_| deleted(answer)).await;
        let keys = ["a.txt", "b.txt"].map(|name| format!("user_1/files/{name}"));
        let deletions = fake.files().delete_many(keys.to_vec()).await.unwrap();
        assert_eq!(kinds(&deletions), [None, Some(ErrorKind::StorageUnavailable)]);
        assert_eq!(deletions.len(), 2);
    });
}

/// Attack 109.
#[test]
fn a_success_that_is_an_error_deletes_nothing() {
    within_limit(async {
        for body in [
            "<Error><Code>SlowDown</Code></Error>",
            "<Error><Code>InternalError</Code></Error>",
            "<DeleteResult>",
            "",
        ] {
            let fake = Fake::start(move |_| Answer::Whole(200, String::new(), body.into())).await;
            let keys = vec!["user_1/files/a.txt".to_owned()];
            let deletions = fake.files().delete_many(keys).await.unwrap();
            assert_eq!(kinds(&deletions), [Some(ErrorKind::StorageUnavailable)], "{body}");
        }
    });
}

/// Attack 109, of single keys.
#[test]
fn what_fails_for_the_moment_is_tried_again() {
    within_limit(async {
        let rounds = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&rounds);
        let fake = Fake::start(move |request| {
            let key = "user_1/files/b.txt";
            match counted.fetch_add(1, Ordering::Relaxed) {
                0 => deleted(&format!(
                    "<Deleted><Key>user_1/files/a.txt</Key></Deleted>\
                     <Error><Key>{key}</Key><Code>InternalError</Code></Error>"
                )),
                1 => deleted(&format!("<Error><Key>{key}</Key><Code>SlowDown</Code></Error>")),
                _ => all_deleted(request),
            }
        })
        .await;
        let keys = ["a.txt", "b.txt"].map(|name| format!("user_1/files/{name}"));
        let deletions = fake.files().delete_many(keys.to_vec()).await.unwrap();
        assert_eq!(kinds(&deletions), [None, None]);
        let asked: Vec<_> = fake.requests().iter().map(asked_for).collect();
        assert_eq!(asked, [&keys[..], &keys[1..], &keys[1..]]);
    });
}

#[test]
fn what_xml_cannot_carry_goes_alone() {
    within_limit(async {
        let fake = Fake::start(|request| match request.method.as_str() {
            "DELETE" => Answer::empty(204),
            _ => all_deleted(request),
        })
        .await;
        let keys = ["user_1/files/a&b<c>\"d'.txt", "user_1/files/a\u{FFFE}", "user_1/files/blank "]
            .map(str::to_owned);
        let deletions = fake.files().delete_many(keys.to_vec()).await.unwrap();
        assert!(deletions.iter().all(|deletion| deletion.error.is_none()), "{deletions:?}");
        let requests = fake.requests();
        let together = requests.iter().find(|request| request.method == "POST").unwrap();
        assert_eq!(asked_for(together), ["user_1/files/a&amp;b&lt;c&gt;&quot;d&apos;.txt"]);
        let mut alone: Vec<_> = requests.iter().filter(|it| it.method == "DELETE").collect();
        alone.sort_by_key(|request| request.target.clone());
        let alone: Vec<_> = alone.iter().map(|it| it.target.split('?').next().unwrap()).collect();
        assert_eq!(alone, ["/bucket/user_1/files/a%EF%BF%BE", "/bucket/user_1/files/blank%20"]);
    });
}

#[test]
fn a_store_without_batches_is_asked_for_each() {
    within_limit(async {
        let fake = Fake::start(|request| match request.method.as_str() {
            "POST" => Answer::error(501, "NotImplemented"),
            _ => Answer::empty(204),
        })
        .await;
        let keys: Vec<_> = (0..20).map(|n| format!("user_1/files/{n}.txt")).collect();
        let deletions = fake.files().delete_many(keys).await.unwrap();
        assert!(deletions.iter().all(|deletion| deletion.error.is_none()), "{deletions:?}");
        assert_eq!(fake.requests().len(), 21);
    });
}

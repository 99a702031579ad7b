//! Everything in a scope: counted, and deleted.

use bytes::Bytes;
use casier::ErrorKind;

use super::bench::on_bench;
use super::fake::{Answer, Fake};
use crate::support::within_limit;

/// Keys that nothing else in Casier touches, and some that it does.
const RESTS: &[&str] = &[
    "books/",
    "books//a",
    "books/a\u{202E}b",
    "books/a%2e%2e%2fb%2f",
    "books/b",
    "books/blank ",
    "images/c.png",
    "Misc/d",
    "e",
];

#[test]
fn everything_is_counted_and_goes() {
    on_bench(|bench| async move {
        let files = bench.files();
        let neighbour = format!("{}0/books/b.txt", bench.scope.prefix().trim_end_matches('/'));
        bench.put_raw(&neighbour, b"theirs").await;
        for rest in RESTS {
            bench.put_raw(&bench.key(rest), b"12").await;
        }
        let begun = bench.raw.create_multipart_upload().bucket(&bench.config.bucket);
        begun.key(bench.key("books/half.pdf")).send().await.unwrap();

        let usage = files.usage().await.unwrap();
        assert_eq!((usage.files, usage.bytes), (9, 18));
        let by_kind: Vec<_> = usage.by_kind.iter().map(|(k, u)| (&**k, u.files, u.bytes)).collect();
        assert_eq!(by_kind, [("book", 6, 12), ("image", 1, 2)]);

        let receipt = files.delete_all().await.unwrap();
        assert_eq!((receipt.files, receipt.uploads, receipt.bytes), (9, 1, 18));
        assert_eq!((receipt.versions, receipt.delete_markers), (0, 0));
        assert!(receipt.failed.is_empty(), "{receipt:?}");
        bench.assert_nothing_left().await;
        assert_eq!(files.usage().await.unwrap(), Default::default());
        let receipt = files.delete_all().await.unwrap();
        assert_eq!((receipt.files, receipt.uploads, receipt.bytes), (0, 0, 0));

        assert_eq!(bench.keys_under(&neighbour).await, std::slice::from_ref(&neighbour));
        let delete = bench.raw.delete_object().bucket(&bench.config.bucket).key(neighbour);
        delete.send().await.unwrap();
        bench
    });
}

#[test]
fn the_newest_come_first() {
    on_bench(|bench| async move {
        let files = bench.files();
        // Stores tell the time in seconds or finer: the order is that of what they tell.
        for name in ["c.txt", "a.txt", "b.txt"] {
            let text = Bytes::from_static(b"x");
            files.upload_file_object(text, name, "file", Default::default()).await.unwrap();
        }
        let all = files.newest(10, None).await.unwrap();
        let mut sorted = all.clone();
        sorted.sort_by(|a, b| b.last_modified.cmp(&a.last_modified).then(a.key.cmp(&b.key)));
        assert_eq!(all, sorted);
        assert_eq!(all.len(), 3);
        assert_eq!(files.newest(2, Some("file")).await.unwrap(), sorted[..2]);
        assert!(files.newest(1, Some("book")).await.unwrap().is_empty());
        for (count, kind, expected) in [
            (0, None, ErrorKind::InvalidRequest),
            (1001, None, ErrorKind::InvalidRequest),
            (1, Some("../user_2/file"), ErrorKind::InvalidKind),
        ] {
            assert_eq!(files.newest(count, kind).await.unwrap_err().kind(), expected);
        }
        bench
    });
}

/// What a store lists that is not in the scope is neither deleted nor counted.
#[test]
fn what_is_listed_from_elsewhere_is_left_alone() {
    within_limit(async {
        let versions = "<ListVersionsResult><IsTruncated>false</IsTruncated>\
            <Version><Key>user_10/a</Key><VersionId>1</VersionId><IsLatest>true</IsLatest></Version>\
            <Version><Key>user_1</Key><VersionId>1</VersionId><IsLatest>true</IsLatest></Version>\
            <DeleteMarker><Key>.casier/a</Key><VersionId>2</VersionId></DeleteMarker>\
            </ListVersionsResult>";
        let uploads = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>\
            <Upload><Key>user_2/a</Key><UploadId>u</UploadId></Upload>\
            </ListMultipartUploadsResult>";
        let fake = Fake::start(move |request| {
            let body = if request.target.contains("uploads") { uploads } else { versions };
            Answer::Whole(200, String::new(), body.into())
        })
        .await;
        let receipt = fake.files().delete_all().await.unwrap();
        assert_eq!((receipt.files, receipt.delete_markers, receipt.uploads), (0, 0, 0));
        for request in fake.requests() {
            assert_eq!(request.method, "GET");
            assert!(request.target.contains("prefix=user_1%2F"), "{}", request.target);
        }
    });
}

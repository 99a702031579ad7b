//! Everything in a scope: counted, and deleted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use bytes::Bytes;
use casier::ErrorKind;
use casier::access::Policy;
use casier::storage::{Receipt, Storage};

use super::bench::{Bench, on_bench};
use super::fake::{Answer, Fake};
use crate::support::{random_name, within_limit};

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
        let (mut objects, mut books) = (0, 0);
        for rest in RESTS {
            if bench.put_if_taken(&bench.key(rest)).await {
                bench.put_raw(&bench.key(rest), b"12").await;
                objects += 1;
                books += u64::from(rest.starts_with("books/"));
            }
        }
        let bytes = 2 * objects;
        let begun = bench.raw.create_multipart_upload().bucket(&bench.config.bucket);
        begun.key(bench.key("books/half.pdf")).send().await.unwrap();

        let usage = files.usage().await.unwrap();
        assert_eq!((usage.files, usage.bytes), (objects, bytes));
        let by_kind: Vec<_> = usage.by_kind.iter().map(|(k, u)| (&**k, u.files, u.bytes)).collect();
        assert_eq!(by_kind, [("book", books, 2 * books), ("image", 1, 2)]);

        let receipt = files.delete_all().await.unwrap();
        // MinIO drops the object of a folder (`books/`) with the last file in it, unasked.
        let unasked = objects - receipt.files;
        assert!(unasked <= 1, "{receipt:?}");
        assert_eq!((receipt.uploads, receipt.bytes), (1, bytes - 2 * unasked));
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

/// MinIO finds unfinished uploads by whole keys only.
#[test]
fn uploads_are_found_on_a_store_that_ignores_prefixes() {
    within_limit(async {
        let begun = "<InitiateMultipartUploadResult><UploadId>probe</UploadId>\
            </InitiateMultipartUploadResult>";
        let none = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>\
            </ListMultipartUploadsResult>";
        let all = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>\
            <Upload><Key>user_1/files/a</Key><UploadId>own</UploadId></Upload>\
            <Upload><Key>user_10/files/a</Key><UploadId>foreign</UploadId></Upload>\
            </ListMultipartUploadsResult>";
        let objects = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
        let fake = Fake::start(move |request| {
            let body = match (request.method.as_str(), request.target.as_str()) {
                ("DELETE", target) if target.contains("uploadId=own") => {
                    return Answer::error(404, "NoSuchUpload");
                }
                ("DELETE", _) => return Answer::empty(204),
                ("POST", _) => begun,
                (_, target) if target.contains("uploads") && target.contains("prefix=") => none,
                (_, target) if target.contains("uploads") => all,
                (_, target) if target.contains("versions") => {
                    return Answer::error(501, "NotImplemented");
                }
                _ => objects,
            };
            Answer::Whole(200, String::new(), body.into())
        })
        .await;
        // That it is gone already is no failure.
        let receipt = fake.files().delete_all().await.unwrap();
        assert_eq!((receipt.uploads, receipt.failed.len()), (0, 0));
        let aborted: Vec<_> =
            fake.requests().into_iter().filter(|it| it.method == "DELETE").collect();
        assert!(aborted.iter().any(|it| it.target.contains("uploadId=own")));
        assert!(aborted.iter().all(|it| !it.target.contains("uploadId=foreign")));
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
        let objects = "<ListBucketResult><IsTruncated>false</IsTruncated>\
            <Contents><Key>user_10/a</Key><Size>1</Size></Contents></ListBucketResult>";
        let begun = "<InitiateMultipartUploadResult><UploadId>probe</UploadId>\
            </InitiateMultipartUploadResult>";
        let found = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>\
            <Upload><Key>.casier/probe</Key><UploadId>probe</UploadId></Upload>\
            </ListMultipartUploadsResult>";
        let fake = Fake::start(move |request| {
            let body = match (request.method.as_str(), request.target.as_str()) {
                ("DELETE", _) => return Answer::empty(204),
                ("POST", _) => begun,
                (_, target) if target.contains("prefix=.casier%2Fprobe") => found,
                (_, target) if target.contains("uploads") => uploads,
                (_, target) if target.contains("versions") => versions,
                _ => objects,
            };
            Answer::Whole(200, String::new(), body.into())
        })
        .await;
        let receipt = fake.files().delete_all().await.unwrap();
        assert_eq!((receipt.files, receipt.delete_markers, receipt.uploads), (0, 0, 0));
        let requests = fake.requests();
        let (asked, probe): (Vec<_>, Vec<_>) =
            requests.iter().partition(|request| !request.target.contains(".casier/probe"));
        let (probe_found, asked): (Vec<_>, Vec<_>) = asked
            .into_iter()
            .partition(|request| request.target.contains("prefix=.casier%2Fprobe"));
        assert_eq!((probe.len(), probe_found.len()), (2, 1));
        for request in asked {
            assert_eq!(request.method, "GET");
            let prefixes = ["prefix=user_1%2F", "prefix=.casier%2Fincoming%2Fuser_1%2F"];
            let own = prefixes.iter().any(|prefix| request.target.contains(prefix));
            assert!(own, "{}", request.target);
        }
    });
}

/// A bucket of its own, since versions cannot be switched off again.
#[test]
fn older_versions_and_delete_markers_go_too() {
    on_bench(|bench| async move {
        let bucket = format!("casier-versions-{}", random_name());
        bench.raw.create_bucket().bucket(&bucket).send().await.unwrap();
        let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let switched = bench.raw.put_bucket_versioning().bucket(&bucket);
        if switched.versioning_configuration(on).send().await.is_ok() {
            empty_versions(&bench, &bucket).await;
        } else {
            println!("the store has no versions");
        }
        bench.raw.delete_bucket().bucket(&bucket).send().await.unwrap();
        bench
    });
}

async fn empty_versions(bench: &Bench, bucket: &str) {
    let mut config = bench.config.clone();
    config.bucket = bucket.to_owned();
    let policy = Arc::new(Policy::builtin());
    let files = Storage::new(config).unwrap().scoped(bench.scope.clone(), None, policy);
    for text in ["1", "22", "333"] {
        for name in ["a.txt", "b.txt"] {
            let text = Bytes::from_static(text.as_bytes());
            files.upload_file_object(text, name, "file", Default::default()).await.unwrap();
        }
    }
    files.delete(&bench.key("files/b.txt")).await.unwrap();
    let neighbour = format!("{}0/files/a.txt", bench.scope.prefix().trim_end_matches('/'));
    let put = bench.raw.put_object().bucket(bucket).key(&neighbour).body(b"x".to_vec().into());
    put.send().await.unwrap();

    let receipt = files.delete_all().await.unwrap();
    assert!(receipt.failed.is_empty(), "{receipt:?}");
    assert_eq!((receipt.files, receipt.versions, receipt.delete_markers), (1, 5, 1));
    assert_eq!(receipt.bytes, 12);
    let left = bench.raw.list_object_versions().bucket(bucket).send().await.unwrap();
    assert!(left.delete_markers().is_empty());
    let left: Vec<_> = left.versions().iter().map(|it| it.key().unwrap()).collect();
    assert_eq!(left, [neighbour.as_str()]);
    let version = bench.raw.list_object_versions().bucket(bucket).send().await.unwrap();
    let version = version.versions()[0].version_id().map(str::to_owned);
    let delete = bench.raw.delete_object().bucket(bucket).key(neighbour).set_version_id(version);
    delete.send().await.unwrap();
}

/// What cannot be deleted is told, and does not keep the rest.
#[test]
fn what_stays_is_told() {
    within_limit(async {
        let receipt = empty_a_store_with_a_lock().await;
        let kinds: Vec<_> =
            receipt.failed.iter().map(|it| it.error.as_ref().unwrap().kind()).collect();
        assert_eq!(kinds, [ErrorKind::StorageDenied]);
        assert_eq!(receipt.failed[0].key, "user_1/locked");
        assert_eq!((receipt.files, receipt.delete_markers), (1, 1));
    });
}

/// A store with a file that is locked, one that is not, and a marker.
async fn empty_a_store_with_a_lock() -> Receipt {
    let gone = Arc::new(AtomicBool::new(false));
    let fake = Fake::start(move |request| {
        let entry = |form: &str, key: &str| {
            format!("<{form}><Key>user_1/{key}</Key><VersionId>1</VersionId><IsLatest>true</IsLatest>\
                     <Size>7</Size></{form}>")
        };
        let body = match (request.method.as_str(), request.target.as_str()) {
            ("GET", target) if target.contains("versions") => {
                let mut listed = entry("Version", "locked");
                if !gone.load(Ordering::Relaxed) {
                    listed += &(entry("Version", "free") + &entry("DeleteMarker", "marker"));
                }
                format!("<ListVersionsResult><IsTruncated>false</IsTruncated>{listed}</ListVersionsResult>")
            }
            // Deleted without its version, it would only be hidden.
            ("GET", target) if target.contains("list-type") => {
                "<ListBucketResult><IsTruncated>false</IsTruncated><Contents>\
                 <Key>user_1/locked</Key><Size>7</Size></Contents></ListBucketResult>"
                    .to_owned()
            }
            ("GET", _) => return Answer::error(501, "NotImplemented"),
            ("POST", target) if target.contains("uploads") => {
                return Answer::error(501, "NotImplemented");
            }
            ("POST", _) => {
                gone.store(true, Ordering::Relaxed);
                "<DeleteResult><Error><Key>user_1/locked</Key><VersionId>1</VersionId>\
                 <Code>AccessDenied</Code></Error>\
                 <Deleted><Key>user_1/free</Key><VersionId>1</VersionId></Deleted>\
                 <Deleted><Key>user_1/marker</Key><VersionId>1</VersionId></Deleted></DeleteResult>"
                    .to_owned()
            }
            _ => return Answer::empty(204),
        };
        Answer::Whole(200, String::new(), body.into_bytes())
    })
    .await;
    fake.files().delete_all().await.unwrap()
}

//! Both list calls.

use aws_sdk_s3::types::EncodingType;

use super::{BUCKET, code, limited, put, start};

#[tokio::test]
async fn version_2_pages_through() {
    limited(async {
        let (_server, client) = start().await;
        for index in 0..25 {
            put(&client, &format!("dir{}/f{index:02}", index % 4), b"x").await;
        }
        let list = || client.list_objects_v2().bucket(BUCKET);
        let mut seen = Vec::new();
        let mut pages = list().max_keys(7).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            assert!(page.key_count().unwrap() <= 7);
            seen.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        }
        assert_eq!(seen.len(), 25);
        assert!(seen.is_sorted());
        let groups = list().delimiter("/").max_keys(2).send().await.unwrap();
        let names: Vec<_> = groups.common_prefixes().iter().filter_map(|p| p.prefix()).collect();
        assert_eq!((names, groups.is_truncated()), (vec!["dir0/", "dir1/"], Some(true)));
        let token = groups.next_continuation_token().unwrap();
        let rest = list().delimiter("/").continuation_token(token).send().await.unwrap();
        let names: Vec<_> = rest.common_prefixes().iter().filter_map(|p| p.prefix()).collect();
        assert_eq!((names, rest.is_truncated()), (vec!["dir2/", "dir3/"], Some(false)));
        let one = list().prefix("dir1/").start_after("dir1/f05").send().await.unwrap();
        assert_eq!(one.contents().len(), 4);
        let none = list().max_keys(0).send().await.unwrap();
        assert_eq!((none.contents().len(), none.is_truncated()), (0, Some(false)));
        let many = list().max_keys(5000).send().await.unwrap();
        assert_eq!(many.max_keys(), Some(1000));
        assert_eq!(code!(list().max_keys(-1).send().await), "InvalidArgument");
        assert_eq!(code!(list().continuation_token("a").send().await), "InvalidArgument");
        let elsewhere = client.list_objects_v2().bucket("casier-none").send().await;
        assert_eq!(code!(elsewhere), "NoSuchBucket");
    })
    .await;
}

#[tokio::test]
async fn version_1_goes_by_markers() {
    limited(async {
        let (_server, client) = start().await;
        for key in ["a/1", "a/2", "b", "c/1", "d"] {
            put(&client, key, b"x").await;
        }
        let list = || client.list_objects().bucket(BUCKET);
        let page = list().max_keys(2).send().await.unwrap();
        assert_eq!((page.contents().len(), page.is_truncated()), (2, Some(true)));
        assert_eq!(page.next_marker(), None);
        assert!(page.contents()[0].owner().is_some());
        let rest = list().marker("a/2").send().await.unwrap();
        let names: Vec<_> = rest.contents().iter().filter_map(|object| object.key()).collect();
        assert_eq!(names, ["b", "c/1", "d"]);
        let first = list().delimiter("/").max_keys(1).send().await.unwrap();
        assert_eq!(first.next_marker(), Some("a/"));
        let second = list().delimiter("/").max_keys(2).marker("a/").send().await.unwrap();
        assert_eq!(second.contents()[0].key(), Some("b"));
        assert_eq!(second.common_prefixes()[0].prefix(), Some("c/"));
        assert_eq!(second.next_marker(), Some("c/"));
    })
    .await;
}

#[tokio::test]
async fn names_are_encoded_on_demand() {
    limited(async {
        let (_server, client) = start().await;
        put(&client, "a b/é+%.txt", b"x").await;
        let list = client.list_objects_v2().bucket(BUCKET).encoding_type(EncodingType::Url);
        let page = list.clone().prefix("a b").send().await.unwrap();
        assert_eq!(page.contents()[0].key(), Some("a+b/%C3%A9%2B%25.txt"));
        assert_eq!(page.prefix(), Some("a+b"));
        let page = list.delimiter("/").send().await.unwrap();
        assert_eq!(page.common_prefixes()[0].prefix(), Some("a+b/"));
        let v1 = client.list_objects().bucket(BUCKET).encoding_type(EncodingType::Url);
        assert_eq!(v1.send().await.unwrap().contents()[0].key(), Some("a+b/%C3%A9%2B%25.txt"));
    })
    .await;
}

//! Limits of keys, metadata and bodies; what breaks off leaves nothing behind.

use aws_sdk_s3::types::StorageClass;

use super::wire::Wire;
use super::{BUCKET, code, limited, put, start};

#[tokio::test]
async fn keys_of_any_kind_come_back_as_they_are() {
    limited(async {
        let (_server, client) = start().await;
        let longest = format!("{}é", "k".repeat(1022));
        let keys = [
            "a b+c%20d?e#f&g=h;i:j@k,l$m!n*o'p(q)~r",
            "user/../x/./y",
            "//lead//and/trail//",
            "emoji 🗝️ ключ 鍵",
            "back\\slash \"quote\" <tag> [x] {y} ^ ` |",
            "tab\tin",
            longest.as_str(),
        ];
        for key in keys {
            put(&client, key, key.as_bytes()).await;
        }
        for key in keys {
            let got = client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
            assert_eq!(got.body.collect().await.unwrap().to_vec(), key.as_bytes());
        }
        let listed = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        let mut expected: Vec<&str> = keys.to_vec();
        expected.sort_unstable();
        let found: Vec<&str> = listed.contents().iter().filter_map(|object| object.key()).collect();
        assert_eq!(found, expected);
        let long = format!("{longest}x");
        let request = client.put_object().bucket(BUCKET).key(&long).body(vec![1].into());
        assert_eq!(code!(request.send().await), "KeyTooLongError");
    })
    .await;
}

#[tokio::test]
async fn metadata_ends_at_two_kilobytes() {
    limited(async {
        let (_server, client) = start().await;
        let with = |size: usize| {
            let request = client.put_object().bucket(BUCKET).key("k").body(vec![1].into());
            request.metadata("name", "v".repeat(size - 4))
        };
        with(2048).send().await.unwrap();
        assert_eq!(code!(with(2049).send().await), "MetadataTooLarge");
        let upload = client.create_multipart_upload().bucket(BUCKET).key("k");
        let upload = upload.metadata("name", "v".repeat(2045)).send().await;
        assert_eq!(code!(upload), "MetadataTooLarge");
    })
    .await;
}

#[tokio::test]
async fn attributes_are_kept_and_links_override_them() {
    limited(async {
        let (server, client) = start().await;
        let request = client.put_object().bucket(BUCKET).key("k").body(vec![1].into());
        let request = request.content_type("image/png").content_encoding("identity");
        let request = request.content_language("fr").cache_control("max-age=5");
        let request = request.storage_class(StorageClass::StandardIa).metadata("Name", "é 鍵");
        request.send().await.unwrap();
        let head = client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(head.content_type(), Some("image/png"));
        assert_eq!(head.content_encoding(), Some("identity"));
        assert_eq!(head.content_language(), Some("fr"));
        assert_eq!(head.cache_control(), Some("max-age=5"));
        assert_eq!(head.storage_class(), Some(&StorageClass::StandardIa));
        let raw = Wire::new(server.addr(), "HEAD", &format!("/{BUCKET}/k")).signed().send().await;
        assert!(raw.header("x-amz-meta-name").unwrap().starts_with("=?UTF-8?"), "{}", raw.head);
        let link = Wire::new(server.addr(), "GET", &format!("/{BUCKET}/k"))
            .query("response-content-type", "application/octet-stream")
            .query("response-content-disposition", "attachment; filename=\"a.png\"")
            .query("response-cache-control", "no-store")
            .presigned()
            .send()
            .await;
        assert_eq!(link.header("content-type"), Some("application/octet-stream"));
        assert_eq!(link.header("content-disposition"), Some("attachment; filename=\"a.png\""));
        assert_eq!(link.header("cache-control"), Some("no-store"));
        put(&client, "plain", b"x").await;
        let head = client.head_object().bucket(BUCKET).key("plain").send().await.unwrap();
        assert_eq!(head.storage_class(), None);
    })
    .await;
}

#[tokio::test]
async fn archived_objects_cannot_be_read() {
    limited(async {
        let (_server, client) = start().await;
        let request = client.put_object().bucket(BUCKET).key("k").body(vec![1].into());
        request.storage_class(StorageClass::Glacier).send().await.unwrap();
        client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
        let got = client.get_object().bucket(BUCKET).key("k").send().await;
        assert_eq!(code!(got), "InvalidObjectState");
        let request = client.put_object().bucket(BUCKET).key("k").body(vec![1].into());
        let request = request.storage_class(StorageClass::from("COLDER"));
        assert_eq!(code!(request.send().await), "InvalidStorageClass");
    })
    .await;
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    limited(async {
        let folder = super::TempDir::new();
        let mut config = super::config();
        config.data_dir = Some(folder.path().to_owned());
        let server = casier_local::S3Server::start(config).await.unwrap();
        let put = Wire::new(server.addr(), "PUT", &format!("/{BUCKET}/k"))
            .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
            .body(&[7; 100_000])
            .signed();
        let answer = put.send_with_length(200_000).await;
        assert!(
            matches!(answer.code().as_str(), "IncompleteBody" | "400" | "0"),
            "{}",
            answer.head
        );
        let get = Wire::new(server.addr(), "GET", &format!("/{BUCKET}/k")).signed();
        assert_eq!(get.send().await.code(), "NoSuchKey");
        assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
        assert_eq!(put.send().await.code(), "200");
        server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing() {
    limited(async {
        let (server, client) = start().await;
        let acl = client.get_bucket_acl().bucket(BUCKET).send().await;
        assert_eq!(code!(acl), "NotImplemented");
        let locked = client
            .put_object()
            .bucket(BUCKET)
            .key("k")
            .object_lock_legal_hold_status(aws_sdk_s3::types::ObjectLockLegalHoldStatus::On);
        assert_eq!(code!(locked.body(vec![1].into()).send().await), "NotImplemented");
        let version = client.get_object().bucket(BUCKET).key("k").version_id("v1").send().await;
        assert_eq!(code!(version), "InvalidArgument");
        let public = Wire::new(server.addr(), "PUT", &format!("/{BUCKET}/k"));
        let public = public.header("x-amz-acl", "public-read").body(b"x").signed().send().await;
        assert_eq!(public.code(), "AccessControlListNotSupported");
        let other = client.head_bucket().bucket(BUCKET).expected_bucket_owner("111111111111");
        assert_eq!(other.send().await.unwrap_err().raw_response().unwrap().status().as_u16(), 403);
    })
    .await;
}

#[tokio::test]
async fn a_body_needs_its_length() {
    limited(async {
        let (server, _) = start().await;
        let put = Wire::new(server.addr(), "PUT", &format!("/{BUCKET}/k")).presigned();
        let chunked = put.header("transfer-encoding", "chunked").body(b"1\r\nx\r\n0\r\n\r\n");
        assert_eq!(chunked.send_unmeasured().await.code(), "MissingContentLength");
    })
    .await;
}

//! Put, get, head, delete and list.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;

use super::wire::Wire;
use super::{BUCKET, code, limited, start};

#[tokio::test]
async fn a_file_goes_in_and_comes_back() {
    limited(async {
        let (server, client) = start().await;
        let key = "user_abc/documents/Résumé à jour (1).txt";
        let put = client
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .content_type("text/plain")
            .content_disposition("attachment")
            .cache_control("no-store")
            .metadata("name", "Résumé")
            .body(ByteStream::from_static(b"hello"))
            .send()
            .await
            .unwrap();
        assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
        let head = client.head_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert_eq!(head.content_length(), Some(5));
        assert_eq!(head.content_type(), Some("text/plain"));
        assert_eq!(head.content_disposition(), Some("attachment"));
        assert_eq!(head.cache_control(), Some("no-store"));
        assert!(head.last_modified().is_some());
        let got = client.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert_eq!(got.e_tag(), put.e_tag());
        assert_eq!(&got.body.collect().await.unwrap().to_vec()[..], b"hello");
        let listed = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        assert_eq!(listed.contents()[0].key(), Some(key));
        client.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
        client.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
        let gone = client.get_object().bucket(BUCKET).key(key).send().await;
        assert_eq!(code!(gone), "NoSuchKey");
        server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn links_of_the_client_work_without_it() {
    limited(async {
        let (server, client) = start().await;
        let minute = || PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
        let key = "user_1/images/été #1.png";
        let put = client.put_object().bucket(BUCKET).key(key).content_type("image/png");
        let put = put.presigned(minute()).await.unwrap();
        let target = put.uri().split_once(&server.addr().to_string()).unwrap().1;
        let mut wire = Wire::new(server.addr(), "PUT", target).body(b"png");
        for (name, value) in put.headers() {
            wire = wire.header(name, value);
        }
        let answer = wire.send().await;
        assert_eq!(answer.code(), "200", "{}", answer.body);
        let get = client.get_object().bucket(BUCKET).key(key);
        let get = get.response_content_disposition("attachment").presigned(minute()).await.unwrap();
        let target = get.uri().split_once(&server.addr().to_string()).unwrap().1;
        let answer = Wire::new(server.addr(), "GET", target).send().await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "png"));
        assert_eq!(answer.header("content-type"), Some("image/png"));
        assert_eq!(answer.header("content-disposition"), Some("attachment"));
    })
    .await;
}

//! Put, get, head, delete and list.

use aws_sdk_s3::primitives::ByteStream;

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

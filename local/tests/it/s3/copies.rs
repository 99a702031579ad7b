//! CopyObject, UploadPartCopy and DeleteObjects.

use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, Delete, MetadataDirective, ObjectIdentifier,
};

use super::{BUCKET, code, limited, put, start};

#[tokio::test]
async fn copies_keep_or_replace_metadata() {
    limited(async {
        let (_server, client) = start().await;
        let source = "dir/été & co.txt";
        let request = client.put_object().bucket(BUCKET).key(source).metadata("a", "1");
        request.content_type("text/plain").body(b"hello".to_vec().into()).send().await.unwrap();
        let from = format!("{BUCKET}/dir/%C3%A9t%C3%A9%20%26%20co.txt");
        let copy = |key: &str| client.copy_object().bucket(BUCKET).key(key).copy_source(&from);
        copy("kept").send().await.unwrap();
        let head = client.head_object().bucket(BUCKET).key("kept").send().await.unwrap();
        assert_eq!(head.content_type(), Some("text/plain"));
        assert_eq!(head.metadata().unwrap()["a"], "1");
        let replace = copy("replaced").metadata_directive(MetadataDirective::Replace);
        replace.metadata("b", "2").content_type("text/csv").send().await.unwrap();
        let head = client.head_object().bucket(BUCKET).key("replaced").send().await.unwrap();
        assert_eq!(head.content_type(), Some("text/csv"));
        assert_eq!(head.metadata().unwrap().len(), 1);
        assert_eq!(head.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
        assert_eq!(code!(copy(source).send().await), "InvalidRequest");
        let itself = copy(source).metadata_directive(MetadataDirective::Replace);
        itself.send().await.unwrap();
        assert_eq!(code!(copy("kept").if_none_match("*").send().await), "PreconditionFailed");
        let unmatched = copy("x").copy_source_if_match("\"other\"").send().await;
        assert_eq!(code!(unmatched), "PreconditionFailed");
        let missing = client.copy_object().bucket(BUCKET).key("x");
        let missing = missing.copy_source(format!("{BUCKET}/none")).send().await;
        assert_eq!(code!(missing), "NoSuchKey");
    })
    .await;
}

#[tokio::test]
async fn parts_can_be_copied() {
    limited(async {
        let (_server, client) = start().await;
        put(&client, "source", b"0123456789").await;
        let id = client.create_multipart_upload().bucket(BUCKET).key("k").send().await.unwrap();
        let id = id.upload_id.unwrap();
        let copy = |range: &str| {
            let request = client.upload_part_copy().bucket(BUCKET).key("k").upload_id(&id);
            let request = request.part_number(1).copy_source(format!("{BUCKET}/source"));
            request.copy_source_range(range)
        };
        assert_eq!(code!(copy("bytes=5-10").send().await), "InvalidArgument");
        assert_eq!(code!(copy("bytes=5-").send().await), "InvalidArgument");
        let part = copy("bytes=2-4").send().await.unwrap().copy_part_result.unwrap();
        let part = CompletedPart::builder()
            .part_number(1)
            .set_e_tag(part.e_tag)
            .set_checksum_crc32(part.checksum_crc32)
            .build();
        let upload = CompletedMultipartUpload::builder().parts(part).build();
        let request = client.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
        request.multipart_upload(upload).send().await.unwrap();
        let got = client.get_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"234");
    })
    .await;
}

#[tokio::test]
async fn a_thousand_keys_go_at_once_and_no_more() {
    limited(async {
        let (_server, client) = start().await;
        put(&client, "key <&> 7", b"x").await;
        put(&client, "stays", b"x").await;
        let keys = |count: usize| {
            let ids = (0..count)
                .map(|index| ObjectIdentifier::builder().key(format!("key <&> {index}")).build());
            let ids = ids.map(|id| id.unwrap()).collect();
            Delete::builder().set_objects(Some(ids)).build().unwrap()
        };
        let delete = |count| client.delete_objects().bucket(BUCKET).delete(keys(count)).send();
        let done = delete(1000).await.unwrap();
        assert_eq!((done.deleted().len(), done.errors().len()), (1000, 0));
        assert_eq!(code!(delete(1001).await), "MalformedXML");
        assert_eq!(code!(delete(0).await), "MalformedXML");
        let left = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        assert_eq!(left.contents()[0].key(), Some("stays"));
        assert_eq!(left.contents().len(), 1);
        let long = ObjectIdentifier::builder().key("k".repeat(1025)).build().unwrap();
        let long = Delete::builder().objects(long).build().unwrap();
        let done = client.delete_objects().bucket(BUCKET).delete(long).send().await.unwrap();
        assert_eq!(done.errors()[0].code(), Some("KeyTooLongError"));
    })
    .await;
}

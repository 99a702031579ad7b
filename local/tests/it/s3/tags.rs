//! Tags, encryption and storage classes: what an object carries beside its bytes.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, ServerSideEncryption, StorageClass, Tag, Tagging,
    TaggingDirective,
};

use super::{BUCKET, code, limited, put, start};

async fn tags(client: &Client, key: &str) -> Vec<(String, String)> {
    let got = client.get_object_tagging().bucket(BUCKET).key(key).send().await.unwrap();
    let pair = |tag: &Tag| (tag.key().to_owned(), tag.value().to_owned());
    got.tag_set().iter().map(pair).collect()
}

fn tagging(pairs: &[(&str, &str)]) -> Tagging {
    let tag = |(name, value): &(&str, &str)| Tag::builder().key(*name).value(*value).build();
    let tags = pairs.iter().map(|pair| tag(pair).unwrap()).collect();
    Tagging::builder().set_tag_set(Some(tags)).build().unwrap()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn tags_are_put_read_counted_and_removed() {
    limited(async {
        let (_server, client) = start().await;
        let request = client.put_object().bucket(BUCKET).key("k").tagging("a=1&b%20c=%C3%A9");
        request.send().await.unwrap();
        assert_eq!(tags(&client, "k").await, pairs(&[("a", "1"), ("b c", "é")]));
        let head = client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(head.tag_count(), Some(2));
        let set = |pairs: &[(&str, &str)]| {
            client.put_object_tagging().bucket(BUCKET).key("k").tagging(tagging(pairs)).send()
        };
        set(&[("z", "")]).await.unwrap();
        assert_eq!(tags(&client, "k").await, pairs(&[("z", "")]));
        assert_eq!(code!(set(&[("a", "1"), ("a", "2")]).await), "InvalidTag");
        assert_eq!(code!(set(&[("aws:x", "1")]).await), "InvalidTag");
        let eleven: Vec<String> = (0..11).map(|at| format!("k{at}")).collect();
        let eleven: Vec<(&str, &str)> = eleven.iter().map(|name| (name.as_str(), "v")).collect();
        assert_eq!(code!(set(&eleven).await), "BadRequest");
        assert_eq!(tags(&client, "k").await, pairs(&[("z", "")]));
        let untag = client.delete_object_tagging().bucket(BUCKET).key("k");
        untag.send().await.unwrap();
        assert!(tags(&client, "k").await.is_empty());
        let head = client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(head.tag_count(), None);
        let missing = client.get_object_tagging().bucket(BUCKET).key("none").send().await;
        assert_eq!(code!(missing), "NoSuchKey");
    })
    .await;
}

#[tokio::test]
async fn copies_keep_tags_unless_told_otherwise_and_uploads_bring_theirs() {
    limited(async {
        let (_server, client) = start().await;
        let request = client.put_object().bucket(BUCKET).key("k").tagging("a=1");
        request.send().await.unwrap();
        let copy = |key: &str| {
            client.copy_object().bucket(BUCKET).key(key).copy_source(format!("{BUCKET}/k"))
        };
        copy("same").send().await.unwrap();
        assert_eq!(tags(&client, "same").await, pairs(&[("a", "1")]));
        let replaced = copy("new").tagging_directive(TaggingDirective::Replace).tagging("b=2");
        replaced.send().await.unwrap();
        assert_eq!(tags(&client, "new").await, pairs(&[("b", "2")]));
        copy("bare").tagging_directive(TaggingDirective::Replace).send().await.unwrap();
        assert!(tags(&client, "bare").await.is_empty());
        assert_eq!(code!(copy("odd").tagging("b=2").send().await), "InvalidArgument");

        let begun = client.create_multipart_upload().bucket(BUCKET).key("parts").tagging("p=1");
        let begun = begun.server_side_encryption(ServerSideEncryption::AwsKms).send().await;
        let begun = begun.unwrap();
        assert_eq!(begun.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
        let id = begun.upload_id().unwrap();
        let part = client.upload_part().bucket(BUCKET).key("parts").upload_id(id).part_number(1);
        let etag = part.body(vec![1].into()).send().await.unwrap().e_tag;
        let part = CompletedPart::builder().part_number(1).set_e_tag(etag).build();
        let parts = CompletedMultipartUpload::builder().parts(part).build();
        let complete = client.complete_multipart_upload().bucket(BUCKET).key("parts");
        complete.upload_id(id).multipart_upload(parts).send().await.unwrap();
        assert_eq!(tags(&client, "parts").await, pairs(&[("p", "1")]));
        let head = client.head_object().bucket(BUCKET).key("parts").send().await.unwrap();
        assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
    })
    .await;
}

#[tokio::test]
async fn encryption_is_stored_told_and_checked() {
    limited(async {
        let (_server, client) = start().await;
        let put = |encryption: &str, key: Option<&str>| {
            let request = client.put_object().bucket(BUCKET).key("k");
            let request = request.server_side_encryption(encryption.into());
            request.set_ssekms_key_id(key.map(str::to_owned)).send()
        };
        let done = put("AES256", None).await.unwrap();
        assert_eq!(done.server_side_encryption(), Some(&ServerSideEncryption::Aes256));
        put("aws:kms", Some("my-key")).await.unwrap();
        let head = client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
        assert_eq!(head.ssekms_key_id(), Some("my-key"));
        assert_eq!(code!(put("AES256", Some("my-key")).await), "InvalidArgument");
        assert_eq!(code!(put("rot13", None).await), "InvalidEncryptionAlgorithmError");
        // A copy is encrypted as its own request says.
        let copy = client.copy_object().bucket(BUCKET).key("copy");
        copy.copy_source(format!("{BUCKET}/k")).send().await.unwrap();
        let head = client.head_object().bucket(BUCKET).key("copy").send().await.unwrap();
        assert_eq!(head.server_side_encryption(), None);
    })
    .await;
}

#[tokio::test]
async fn what_is_archived_is_told_of_and_not_read() {
    limited(async {
        let (_server, client) = start().await;
        put(&client, "plain", b"x").await;
        for class in [StorageClass::Glacier, StorageClass::DeepArchive] {
            let request = client.put_object().bucket(BUCKET).key("k").body(vec![1].into());
            request.storage_class(class.clone()).send().await.unwrap();
            let head = client.head_object().bucket(BUCKET).key("k").send().await.unwrap();
            assert_eq!((head.storage_class(), head.content_length()), (Some(&class), Some(1)));
            let got = client.get_object().bucket(BUCKET).key("k").send().await;
            assert_eq!(code!(got), "InvalidObjectState");
            let copy = client.copy_object().bucket(BUCKET).key("c");
            let copied = copy.copy_source(format!("{BUCKET}/k")).send().await;
            assert_eq!(code!(copied), "InvalidObjectState");
        }
        let listed = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        let classes: Vec<_> =
            listed.contents().iter().map(|one| one.storage_class().unwrap().as_str()).collect();
        assert_eq!(classes, ["DEEP_ARCHIVE", "STANDARD"]);
        let odd = client.put_object().bucket(BUCKET).key("k").storage_class("ICE".into());
        assert_eq!(code!(odd.send().await), "InvalidStorageClass");
    })
    .await;
}

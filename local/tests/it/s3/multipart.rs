//! Multipart uploads.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
};

use super::{BUCKET, code, limited, put, start};

const PART: usize = 5 << 20;

async fn begin(client: &Client, key: &str) -> String {
    let upload = client.create_multipart_upload().bucket(BUCKET).key(key);
    upload.content_type("video/mp4").send().await.unwrap().upload_id.unwrap()
}

async fn part(client: &Client, key: &str, id: &str, number: i32, body: Vec<u8>) -> CompletedPart {
    let request = client.upload_part().bucket(BUCKET).key(key).upload_id(id);
    let sent = request.part_number(number).body(body.into()).send().await.unwrap();
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(sent.e_tag)
        .set_checksum_crc32(sent.checksum_crc32)
        .build()
}

fn all(parts: &[&CompletedPart]) -> CompletedMultipartUpload {
    let parts = parts.iter().map(|part| (*part).clone()).collect();
    CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
}

#[tokio::test]
async fn parts_become_one_object() {
    limited(async {
        let (_server, client) = start().await;
        let id = begin(&client, "k").await;
        let second = part(&client, "k", &id, 2, vec![2; PART]).await;
        let last = part(&client, "k", &id, 7, vec![7; 100]).await;
        let _unused = part(&client, "k", &id, 5, vec![5; 100]).await;
        let first = part(&client, "k", &id, 1, vec![1; PART]).await;
        let complete = || client.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
        let done =
            complete().multipart_upload(all(&[&first, &second, &last])).send().await.unwrap();
        assert!(done.e_tag().unwrap().ends_with("-3\""));
        let got = client.get_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(got.e_tag(), done.e_tag());
        assert_eq!(got.content_type(), Some("video/mp4"));
        let bytes = got.body.collect().await.unwrap().to_vec();
        let expected = [vec![1; PART], vec![2; PART], vec![7; 100]].concat();
        assert!(bytes == expected);
        let middle = client.get_object().bucket(BUCKET).key("k");
        let middle = middle.range(format!("bytes={}-{}", PART - 1, PART)).send().await.unwrap();
        assert_eq!(middle.body.collect().await.unwrap().to_vec(), [1, 2]);
        let second = client.get_object().bucket(BUCKET).key("k").part_number(3);
        let second = second.send().await.unwrap();
        assert_eq!((second.content_length(), second.parts_count()), (Some(100), Some(3)));
        let again = complete().multipart_upload(all(&[&first])).send().await;
        assert_eq!(code!(again), "NoSuchUpload");
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    limited(async {
        let (_server, client) = start().await;
        let id = begin(&client, "k").await;
        let small = part(&client, "k", &id, 1, vec![1; 100]).await;
        let other = part(&client, "k", &id, 2, vec![2; 100]).await;
        let complete = |parts: &[&CompletedPart]| {
            let request = client.complete_multipart_upload().bucket(BUCKET).key("k");
            request.upload_id(&id).multipart_upload(all(parts)).send()
        };
        assert_eq!(code!(complete(&[&small, &other]).await), "EntityTooSmall");
        assert_eq!(code!(complete(&[&other, &small]).await), "InvalidPartOrder");
        assert_eq!(code!(complete(&[]).await), "MalformedXML");
        let missing = CompletedPart::builder().part_number(9).e_tag("x").build();
        assert_eq!(code!(complete(&[&missing]).await), "InvalidPart");
        let wrong = CompletedPart::builder().part_number(1);
        let wrong = wrong.e_tag(other.e_tag().unwrap()).build();
        assert_eq!(code!(complete(&[&wrong]).await), "InvalidPart");
        for number in [0, 10_001, -1] {
            let request = client.upload_part().bucket(BUCKET).key("k").upload_id(&id);
            let request = request.part_number(number).body(vec![1].into());
            assert_eq!(code!(request.send().await), "InvalidArgument", "{number}");
        }
        put(&client, "k", b"there").await;
        let request = client.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
        let request = request.multipart_upload(all(&[&small])).if_none_match("*");
        assert_eq!(code!(request.send().await), "PreconditionFailed");
        complete(&[&small]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_upload_works_with_its_own_key_and_bucket_alone() {
    limited(async {
        let (_server, client) = start().await;
        let id = begin(&client, "user_1/k").await;
        for (key, id) in [("user_2/k", id.as_str()), ("user_1/k", "unknown")] {
            let request = client.upload_part().bucket(BUCKET).key(key).upload_id(id);
            let request = request.part_number(1).body(vec![1].into());
            assert_eq!(code!(request.send().await), "NoSuchUpload");
            let listed = client.list_parts().bucket(BUCKET).key(key).upload_id(id).send().await;
            assert_eq!(code!(listed), "NoSuchUpload");
            let request = client.abort_multipart_upload().bucket(BUCKET).key(key).upload_id(id);
            assert_eq!(code!(request.send().await), "NoSuchUpload");
            let part = CompletedPart::builder().part_number(1).e_tag("x").build();
            let request = client.complete_multipart_upload().bucket(BUCKET).key(key);
            let request = request.upload_id(id).multipart_upload(all(&[&part]));
            assert_eq!(code!(request.send().await), "NoSuchUpload");
        }
        let abort = || client.abort_multipart_upload().bucket(BUCKET).key("user_1/k");
        abort().upload_id(&id).send().await.unwrap();
        assert_eq!(code!(abort().upload_id(&id).send().await), "NoSuchUpload");
    })
    .await;
}

#[tokio::test]
async fn parts_and_uploads_are_listed_in_order() {
    limited(async {
        let (_server, client) = start().await;
        let mut ids = Vec::new();
        for key in ["b", "a", "c/x", "a", "c/y"] {
            ids.push(begin(&client, key).await);
        }
        let list = || client.list_multipart_uploads().bucket(BUCKET);
        let whole = list().send().await.unwrap();
        let keys: Vec<_> = whole.uploads().iter().filter_map(|upload| upload.key()).collect();
        assert_eq!(keys, ["a", "a", "b", "c/x", "c/y"]);
        assert_eq!(whole.uploads()[0].upload_id(), Some(ids[1].as_str()));
        let first = list().max_uploads(1).send().await.unwrap();
        assert_eq!(first.next_key_marker(), Some("a"));
        let next = list().max_uploads(1).key_marker("a");
        let next = next.upload_id_marker(first.next_upload_id_marker().unwrap());
        let next = next.send().await.unwrap();
        assert_eq!(next.uploads()[0].upload_id(), Some(ids[3].as_str()));
        let grouped = list().delimiter("/").key_marker("b").send().await.unwrap();
        assert_eq!(grouped.common_prefixes()[0].prefix(), Some("c/"));
        assert_eq!(list().prefix("c/").send().await.unwrap().uploads().len(), 2);
        for number in [3, 1, 2] {
            part(&client, "b", &ids[0], number, vec![0; 10]).await;
        }
        let parts = || client.list_parts().bucket(BUCKET).key("b").upload_id(&ids[0]);
        let page = parts().max_parts(2).send().await.unwrap();
        let numbers: Vec<_> = page.parts().iter().filter_map(|part| part.part_number()).collect();
        assert_eq!((numbers, page.is_truncated()), (vec![1, 2], Some(true)));
        let rest = parts().part_number_marker("2").send().await.unwrap();
        assert_eq!((rest.parts().len(), rest.parts()[0].size()), (1, Some(10)));
    })
    .await;
}

#[tokio::test]
async fn checksums_of_parts_are_joined() {
    limited(async {
        let (_server, client) = start().await;
        for (kind, expected) in [(ChecksumType::Composite, "-2"), (ChecksumType::FullObject, "==")]
        {
            let upload = client.create_multipart_upload().bucket(BUCKET).key("k");
            let upload = upload.checksum_algorithm(ChecksumAlgorithm::Crc32).checksum_type(kind);
            let id = upload.send().await.unwrap().upload_id.unwrap();
            let first = part(&client, "k", &id, 1, vec![1; PART]).await;
            let second = part(&client, "k", &id, 2, vec![2; 10]).await;
            assert!(first.checksum_crc32().is_some());
            let request = client.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
            let wrong = CompletedPart::builder().part_number(2);
            let wrong = wrong.e_tag(second.e_tag().unwrap()).checksum_crc32("AAAAAA==").build();
            let refused = request.clone().multipart_upload(all(&[&first, &wrong])).send().await;
            assert_eq!(code!(refused), "InvalidPart");
            request.multipart_upload(all(&[&first, &second])).send().await.unwrap();
            let head = client.head_object().bucket(BUCKET).key("k");
            let head = head.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
            assert!(head.checksum_crc32().unwrap().ends_with(expected), "{head:?}");
            let got = client.get_object().bucket(BUCKET).key("k");
            let got = got.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
            assert_eq!(got.body.collect().await.unwrap().to_vec().len(), PART + 10);
        }
        let upload = client.create_multipart_upload().bucket(BUCKET).key("k");
        let upload = upload.checksum_algorithm(ChecksumAlgorithm::Sha256);
        let refused = upload.checksum_type(ChecksumType::FullObject).send().await;
        assert_eq!(code!(refused), "InvalidRequest");
    })
    .await;
}

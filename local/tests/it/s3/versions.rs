//! Versions and delete markers.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{
    BucketVersioningStatus, Delete, ObjectIdentifier, VersioningConfiguration,
};
use casier_local::S3Server;

use super::{BUCKET, TempDir, client, code, config, limited, put, start};

async fn set(client: &Client, status: BucketVersioningStatus) {
    let versioning = VersioningConfiguration::builder().status(status).build();
    let request = client.put_bucket_versioning().bucket(BUCKET);
    request.versioning_configuration(versioning).send().await.unwrap();
}

async fn put_version(client: &Client, key: &str, body: &'static [u8]) -> String {
    let request = client.put_object().bucket(BUCKET).key(key).body(body.to_vec().into());
    request.send().await.unwrap().version_id.unwrap()
}

async fn read(client: &Client, key: &str, version: Option<&str>) -> Vec<u8> {
    let get = client.get_object().bucket(BUCKET).key(key);
    let got = get.set_version_id(version.map(str::to_owned)).send().await.unwrap();
    got.body.collect().await.unwrap().to_vec()
}

#[tokio::test]
async fn a_bucket_has_no_versions_until_it_is_asked_to() {
    limited(async {
        let (_server, client) = start().await;
        let status = || client.get_bucket_versioning().bucket(BUCKET).send();
        assert_eq!(status().await.unwrap().status(), None);
        let done = client.put_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!(done.version_id(), None);
        let gone = client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
        assert_eq!((gone.version_id(), gone.delete_marker()), (None, None));
        set(&client, BucketVersioningStatus::Enabled).await;
        assert_eq!(status().await.unwrap().status(), Some(&BucketVersioningStatus::Enabled));
        set(&client, BucketVersioningStatus::Suspended).await;
        assert_eq!(status().await.unwrap().status(), Some(&BucketVersioningStatus::Suspended));
        let empty = VersioningConfiguration::builder().build();
        let refused = client.put_bucket_versioning().bucket(BUCKET);
        let refused = refused.versioning_configuration(empty).send().await;
        assert_eq!(code!(refused), "IllegalVersioningConfigurationException");
        let missing = client.get_bucket_versioning().bucket("no-such-bucket").send().await;
        assert_eq!(code!(missing), "NoSuchBucket");
    })
    .await;
}

#[tokio::test]
async fn what_is_overwritten_and_deleted_can_be_had_again() {
    limited(async {
        let (_server, client) = start().await;
        put(&client, "k", b"before").await;
        set(&client, BucketVersioningStatus::Enabled).await;
        let one = put_version(&client, "k", b"one").await;
        let two = put_version(&client, "k", b"two").await;
        for (version, expected) in [
            (None, &b"two"[..]),
            (Some("null"), b"before"),
            (Some(one.as_str()), b"one"),
            (Some(two.as_str()), b"two"),
        ] {
            assert_eq!(read(&client, "k", version).await, expected, "{version:?}");
        }
        let head = || client.head_object().bucket(BUCKET).key("k");
        assert_eq!(head().send().await.unwrap().version_id(), Some(two.as_str()));
        assert_eq!(head().version_id("null").send().await.unwrap().content_length(), Some(6));

        let delete = || client.delete_object().bucket(BUCKET).key("k");
        let gone = delete().send().await.unwrap();
        assert_eq!(gone.delete_marker(), Some(true));
        let marker = gone.version_id().unwrap().to_owned();
        let hidden = client.get_object().bucket(BUCKET).key("k").send().await.unwrap_err();
        assert_eq!(hidden.code(), Some("NoSuchKey"));
        let headers = hidden.raw_response().unwrap().headers();
        assert_eq!(headers.get("x-amz-delete-marker"), Some("true"));
        assert_eq!(headers.get("x-amz-version-id"), Some(marker.as_str()));
        let refused = client.get_object().bucket(BUCKET).key("k").version_id(&marker).send().await;
        assert_eq!(code!(refused), "MethodNotAllowed");
        let listed = client.list_objects_v2().bucket(BUCKET).send().await.unwrap();
        assert_eq!(listed.key_count(), Some(0));
        assert_eq!(read(&client, "k", Some(&one)).await, b"one");

        let back = delete().version_id(&marker).send().await.unwrap();
        assert_eq!((back.delete_marker(), back.version_id()), (Some(true), Some(marker.as_str())));
        assert_eq!(read(&client, "k", None).await, b"two");
        delete().version_id(&two).send().await.unwrap();
        assert_eq!(read(&client, "k", None).await, b"one");
        let get =
            |version: &str| client.get_object().bucket(BUCKET).key("k").version_id(version).send();
        assert_eq!(code!(get(&two).await), "NoSuchVersion");
        assert_eq!(code!(get("no version").await), "InvalidArgument");
        // A version that is gone already is deleted all the same.
        delete().version_id(&two).send().await.unwrap();
        assert_eq!(code!(client.delete_bucket().bucket(BUCKET).send().await), "BucketNotEmpty");
    })
    .await;
}

#[tokio::test]
async fn copies_read_a_version_and_make_one() {
    limited(async {
        let (_server, client) = start().await;
        set(&client, BucketVersioningStatus::Enabled).await;
        let one = put_version(&client, "k", b"one").await;
        let two = put_version(&client, "k", b"two").await;
        let copy =
            |source: String| client.copy_object().bucket(BUCKET).key("k").copy_source(source);
        // An old version copied onto the object brings it back.
        let done = copy(format!("{BUCKET}/k?versionId={one}")).send().await.unwrap();
        assert_eq!(done.copy_source_version_id(), Some(one.as_str()));
        let three = done.version_id().unwrap();
        assert!(three != one && three != two);
        assert_eq!(read(&client, "k", None).await, b"one");
        let gone = client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
        let marker = gone.version_id().unwrap();
        assert_eq!(code!(copy(format!("{BUCKET}/k")).key("x").send().await), "NoSuchKey");
        let refused = copy(format!("{BUCKET}/k?versionId={marker}")).key("x").send().await;
        assert_eq!(code!(refused), "InvalidRequest");
        let refused = copy(format!("{BUCKET}/k?versionId=odd")).key("x").send().await;
        assert_eq!(code!(refused), "InvalidArgument");
    })
    .await;
}

#[tokio::test]
async fn conditions_go_by_the_object_as_it_is_now() {
    limited(async {
        let (_server, client) = start().await;
        set(&client, BucketVersioningStatus::Enabled).await;
        put_version(&client, "k", b"one").await;
        let create = || client.put_object().bucket(BUCKET).key("k").if_none_match("*").send();
        assert_eq!(code!(create().await), "PreconditionFailed");
        client.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
        create().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn versions_are_listed_in_pages_and_deleted_together() {
    limited(async {
        let (_server, client) = start().await;
        put(&client, "a", b"null").await;
        set(&client, BucketVersioningStatus::Enabled).await;
        for key in ["a", "b/1", "b/1", "c"] {
            put_version(&client, key, b"x").await;
        }
        let plain = |key: &str| ObjectIdentifier::builder().key(key).build().unwrap();
        let delete = |objects: Vec<ObjectIdentifier>| {
            let delete = Delete::builder().set_objects(Some(objects)).build().unwrap();
            client.delete_objects().bucket(BUCKET).delete(delete).send()
        };
        let deleted = delete(vec![plain("c"), plain("new")]).await.unwrap();
        assert!(deleted.deleted().iter().all(|one| one.delete_marker() == Some(true)));
        assert!(deleted.deleted()[0].delete_marker_version_id().is_some());

        let list = || client.list_object_versions().bucket(BUCKET);
        let whole = list().send().await.unwrap();
        let shown: Vec<_> = whole
            .versions()
            .iter()
            .map(|one| (one.key().unwrap(), one.is_latest().unwrap()))
            .collect();
        let expected = [("a", true), ("a", false), ("b/1", true), ("b/1", false), ("c", false)];
        assert_eq!(shown, expected);
        assert_eq!(whole.versions()[1].version_id(), Some("null"));
        let markers: Vec<_> = whole.delete_markers().iter().map(|one| one.key().unwrap()).collect();
        assert_eq!(markers, ["c", "new"]);
        let grouped = list().delimiter("/").prefix("b").send().await.unwrap();
        assert_eq!(grouped.common_prefixes()[0].prefix(), Some("b/"));
        assert_eq!(code!(list().version_id_marker("null").send().await), "InvalidArgument");

        let (mut key, mut version, mut seen) = (None, None, Vec::new());
        loop {
            let page = list().max_keys(2).set_key_marker(key).set_version_id_marker(version);
            let page = page.send().await.unwrap();
            for one in page.versions() {
                seen.push((one.key().unwrap().to_owned(), one.version_id().unwrap().to_owned()));
            }
            for one in page.delete_markers() {
                seen.push((one.key().unwrap().to_owned(), one.version_id().unwrap().to_owned()));
            }
            if page.is_truncated() != Some(true) {
                break;
            }
            key = page.next_key_marker().map(str::to_owned);
            version = page.next_version_id_marker().map(str::to_owned);
        }
        assert_eq!(seen.len(), 7);
        let all: Vec<_> = seen
            .iter()
            .map(|(key, version)| {
                ObjectIdentifier::builder().key(key).version_id(version).build().unwrap()
            })
            .collect();
        let odd = ObjectIdentifier::builder().key("a").version_id("odd").build().unwrap();
        let deleted = delete([all, vec![odd]].concat()).await.unwrap();
        assert_eq!((deleted.deleted().len(), deleted.errors().len()), (7, 1));
        assert_eq!(deleted.errors()[0].code(), Some("InvalidArgument"));
        client.delete_bucket().bucket(BUCKET).send().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn versions_and_tags_survive_a_restart() {
    limited(async {
        let folder = TempDir::new();
        let start = async || {
            let mut config = config();
            config.data_dir = Some(folder.path().to_owned());
            let server = S3Server::start(config).await.unwrap();
            let client = client(&server);
            (server, client)
        };
        let (server, first) = start().await;
        set(&first, BucketVersioningStatus::Enabled).await;
        let request = first.put_object().bucket(BUCKET).key("k").tagging("a=1");
        let one = request.body(b"one".to_vec().into()).send().await.unwrap().version_id.unwrap();
        put_version(&first, "k", b"two").await;
        first.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
        server.shutdown().await;
        let (server, second) = start().await;
        let three = put_version(&second, "k", b"three").await;
        let listed = second.list_object_versions().bucket(BUCKET).send().await.unwrap();
        assert_eq!((listed.versions().len(), listed.delete_markers().len()), (3, 1));
        assert_eq!(listed.versions()[0].version_id(), Some(three.as_str()));
        assert_eq!(read(&second, "k", Some(&one)).await, b"one");
        let tags = second.get_object_tagging().bucket(BUCKET).key("k").version_id(&one);
        assert_eq!(tags.send().await.unwrap().tag_set().len(), 1);
        server.shutdown().await;
    })
    .await;
}

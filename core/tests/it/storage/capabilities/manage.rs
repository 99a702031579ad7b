//! Copying, deleting, tags, versions, and the settings of a bucket.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketVersioningStatus,
    CorsConfiguration, CorsRule, Delete, ExpirationStatus, LifecycleRule, LifecycleRuleFilter,
    ObjectIdentifier, Tag, Tagging, VersioningConfiguration,
};

use super::answer::{IGNORED, YES, honoured, taken};
use super::{Probe, Row, row};
use crate::support::random_name;

pub(super) async fn find(probe: &Probe<'_>) -> Vec<Row> {
    let mut rows = vec![
        row(
            "conditions of `CopyObject` on its source",
            "`copy`, `move`, `rename`",
            copy_of_another_version(probe).await,
        ),
        row(
            "`CopyObject` with `If-None-Match: *`",
            "`overwrite = false` of `copy`, `move`, `rename`",
            copy_create_only(probe).await,
        ),
        row("`DeleteObject` with `If-Match`", "`move`, `rename`", conditional_delete(probe).await),
        row("`DeleteObjects`", "`delete_many`, `delete_all`", delete_objects(probe).await),
        row(
            "tags of an object",
            "`tags`, `set_tags`, else `storage-unsupported`",
            tags(probe, "red").await,
        ),
        row("tags in any script", "`tags`, `set_tags`", tags(probe, "r\u{f8}d").await),
    ];
    rows.extend(bucket_settings(probe).await);
    rows
}

async fn copy_of_another_version(probe: &Probe<'_>) -> String {
    let source = probe.put("copied", "x").await;
    let copy = probe.client.copy_object().bucket(probe.bucket).key(probe.key("copy"));
    let copy = copy.copy_source(format!("{}/{source}", probe.bucket));
    honoured(&copy.copy_source_if_match("\"another\"").send().await)
}

async fn copy_create_only(probe: &Probe<'_>) -> String {
    let source = probe.put("copied", "new").await;
    let target = probe.put("stands-in-the-way", "old").await;
    let copy = probe.client.copy_object().bucket(probe.bucket).key(&target).if_none_match("*");
    let copy = copy.copy_source(format!("{}/{source}", probe.bucket));
    let finding = honoured(&copy.send().await);
    let left = probe.text(&target).await;
    assert_eq!(left == "new", finding == IGNORED, "{finding}, and then it is {left}");
    finding
}

async fn conditional_delete(probe: &Probe<'_>) -> String {
    let key = probe.put("delete-if-match", "x").await;
    let delete = probe.client.delete_object().bucket(probe.bucket).key(&key);
    let finding = honoured(&delete.if_match("\"another\"").send().await);
    let left = probe.bench.keys_under(&key).await.len();
    assert_eq!(left == 0, finding == IGNORED, "{finding}, and then there are {left}");
    finding
}

async fn delete_objects(probe: &Probe<'_>) -> String {
    let keys = [probe.put("delete <&> \u{e9}", "x").await, probe.key("there-is-none")];
    let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.collect())).build().unwrap();
    let answer = probe.client.delete_objects().bucket(probe.bucket).delete(delete).send().await;
    match &answer {
        Ok(deleted) if deleted.deleted().len() == 2 => YES.to_owned(),
        Ok(deleted) => format!("tells of {} of 2", deleted.deleted().len()),
        Err(_) => taken(&answer),
    }
}

async fn tags(probe: &Probe<'_>, value: &str) -> String {
    let key = probe.put("tagged", "x").await;
    let tag = Tag::builder().key("colour").value(value).build().unwrap();
    let tags = Tagging::builder().tag_set(tag).build().unwrap();
    let put = probe.client.put_object_tagging().bucket(probe.bucket).key(&key).tagging(tags);
    let put = put.send().await;
    if put.is_err() {
        return taken(&put);
    }
    let get = probe.client.get_object_tagging().bucket(probe.bucket).key(&key).send().await;
    match &get {
        Ok(found) if found.tag_set().first().is_some_and(|tag| tag.value() == value) => {
            YES.to_owned()
        }
        Ok(_) => IGNORED.to_owned(),
        Err(_) => taken(&get),
    }
}

/// In a bucket of its own: other tests use the one that the environment names.
async fn bucket_settings(probe: &Probe<'_>) -> Vec<Row> {
    let bucket = format!("casier-probe-{}", random_name());
    let created = probe.client.create_bucket().bucket(&bucket).send().await;
    assert!(created.is_ok(), "no bucket could be made: {}", taken(&created));
    let rows = vec![
        row("versions", "`delete_all` deletes them too", versions(probe, &bucket).await),
        row("CORS rules", "uploads from browsers, set by you", cors(probe, &bucket).await),
        row(
            "a lifecycle for unfinished uploads",
            "a second net below `sweep_uploads`, set by you",
            lifecycle(probe, &bucket).await,
        ),
    ];
    let deleted = probe.client.delete_bucket().bucket(&bucket).send().await;
    assert!(deleted.is_ok(), "the bucket is not empty: {}", taken(&deleted));
    rows
}

async fn versions(probe: &Probe<'_>, bucket: &str) -> String {
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let put = probe.client.put_bucket_versioning().bucket(bucket).versioning_configuration(on);
    let put = put.send().await;
    if put.is_err() {
        return taken(&put);
    }
    for _ in 0..2 {
        let put = probe.client.put_object().bucket(bucket).key("a").body(b"x".to_vec().into());
        put.send().await.unwrap();
    }
    probe.client.delete_object().bucket(bucket).key("a").send().await.unwrap();
    let listed = probe.client.list_object_versions().bucket(bucket).send().await;
    let Ok(found) = &listed else { return taken(&listed) };
    let ids = found.versions().iter().map(|version| version.version_id());
    for id in ids.chain(found.delete_markers().iter().map(|marker| marker.version_id())) {
        let delete = probe.client.delete_object().bucket(bucket).key("a");
        delete.set_version_id(id.map(str::to_owned)).send().await.unwrap();
    }
    match (found.versions().len(), found.delete_markers().len()) {
        (2, 1) => YES.to_owned(),
        (versions, markers) => format!("{versions} of 2, {markers} of 1 delete markers"),
    }
}

async fn cors(probe: &Probe<'_>, bucket: &str) -> String {
    let rule = CorsRule::builder().allowed_methods("PUT").allowed_origins("https://example.com");
    let rules = CorsConfiguration::builder().cors_rules(rule.build().unwrap()).build().unwrap();
    let put = probe.client.put_bucket_cors().bucket(bucket).cors_configuration(rules).send().await;
    taken(&put)
}

async fn lifecycle(probe: &Probe<'_>, bucket: &str) -> String {
    let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(1).build();
    let rule = LifecycleRule::builder()
        .id("unfinished")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .abort_incomplete_multipart_upload(abort)
        .build()
        .unwrap();
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
    let put = probe.client.put_bucket_lifecycle_configuration().bucket(bucket);
    taken(&put.lifecycle_configuration(rules).send().await)
}

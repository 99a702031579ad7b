//! Uploads that nobody finished, ended by the bucket's rules.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
};
use casier_local::{Clock, S3Server};

use super::{BUCKET, client, code, config, limited};

const DAY: Duration = Duration::from_secs(86_400);

fn rule(id: &str, prefix: &str, days: i32) -> LifecycleRule {
    let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build();
    LifecycleRule::builder()
        .id(id)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
        .abort_incomplete_multipart_upload(abort)
        .build()
        .unwrap()
}

macro_rules! set {
    ($client:expr, $rules:expr) => {{
        let rules = BucketLifecycleConfiguration::builder().set_rules(Some($rules)).build();
        let request = $client.put_bucket_lifecycle_configuration().bucket(BUCKET);
        request.lifecycle_configuration(rules.unwrap()).send().await
    }};
}

async fn open(client: &Client) -> Vec<String> {
    let listed = client.list_multipart_uploads().bucket(BUCKET).send().await.unwrap();
    listed.uploads().iter().filter_map(|upload| upload.key().map(str::to_owned)).collect()
}

#[tokio::test]
async fn uploads_end_by_the_clock_of_the_server() {
    limited(async {
        let clock = Clock::system();
        let mut config = config();
        config.clock = clock.clone();
        let server = S3Server::start(config).await.unwrap();
        let client = client(&server);
        let none = client.get_bucket_lifecycle_configuration().bucket(BUCKET).send().await;
        assert_eq!(code!(none), "NoSuchLifecycleConfiguration");
        set!(client, vec![rule("short", "tmp/", 1), rule("long", "", 7)]).unwrap();
        let kept = client.get_bucket_lifecycle_configuration().bucket(BUCKET).send().await;
        assert_eq!(kept.unwrap().rules().len(), 2);

        let mut ids = Vec::new();
        for key in ["tmp/a", "b"] {
            let begun = client.create_multipart_upload().bucket(BUCKET).key(key).send().await;
            let begun = begun.unwrap();
            assert_eq!(begun.abort_rule_id(), Some(if key == "b" { "long" } else { "short" }));
            assert!(begun.abort_date().is_some());
            ids.push(begun.upload_id.unwrap());
        }
        assert_eq!(open(&client).await, ["b", "tmp/a"]);
        clock.advance(2 * DAY);
        let part = |key: &str, id: &str| {
            let part = client.upload_part().bucket(BUCKET).key(key).upload_id(id);
            part.part_number(1).body(vec![1].into()).send()
        };
        assert_eq!(code!(part("tmp/a", &ids[0]).await), "NoSuchUpload");
        part("b", &ids[1]).await.unwrap();
        assert_eq!(open(&client).await, ["b"]);
        client.delete_bucket_lifecycle().bucket(BUCKET).send().await.unwrap();
        clock.advance(30 * DAY);
        assert_eq!(open(&client).await, ["b"]);
        set!(client, vec![rule("again", "", 7)]).unwrap();
        assert!(open(&client).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn rules_that_cannot_be_are_refused() {
    limited(async {
        let (_server, client) = super::start().await;
        assert_eq!(code!(set!(client, vec![rule("a", "", 0)])), "InvalidArgument");
        let twice = vec![rule("a", "", 1), rule("a", "b", 1)];
        assert_eq!(code!(set!(client, twice)), "InvalidArgument");
        let expiring = LifecycleRule::builder()
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("").build())
            .expiration(LifecycleExpiration::builder().days(1).build())
            .build()
            .unwrap();
        assert_eq!(code!(set!(client, vec![expiring])), "NotImplemented");
    })
    .await;
}

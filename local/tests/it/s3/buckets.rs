//! Buckets.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::{BUCKET, REGION, code, limited, put, start};

#[tokio::test]
async fn buckets_come_and_go() {
    limited(async {
        let (_server, client) = start().await;
        let create = |name: &str, region: &str| {
            let region = BucketLocationConstraint::from(region);
            let configuration =
                CreateBucketConfiguration::builder().location_constraint(region).build();
            client.create_bucket().bucket(name).create_bucket_configuration(configuration).send()
        };
        create("casier-second", REGION).await.unwrap();
        assert_eq!(code!(create("casier-second", REGION).await), "BucketAlreadyOwnedByYou");
        let elsewhere = create("casier-third", "eu-central-1").await;
        assert_eq!(code!(elsewhere), "IllegalLocationConstraintException");
        assert_eq!(code!(create("Bad_Name", REGION).await), "InvalidBucketName");
        let list = client.list_buckets().send().await.unwrap();
        let names: Vec<_> = list.buckets().iter().filter_map(|bucket| bucket.name()).collect();
        assert_eq!(names, ["casier-second", BUCKET]);
        let head = client.head_bucket().bucket(BUCKET).send().await.unwrap();
        assert_eq!(head.bucket_region(), Some(REGION));
        let location = client.get_bucket_location().bucket(BUCKET).send().await.unwrap();
        assert_eq!(location.location_constraint().map(|region| region.as_str()), Some(REGION));
        put(&client, "k", b"x").await;
        let delete = |name: &str| client.delete_bucket().bucket(name).send();
        assert_eq!(code!(delete(BUCKET).await), "BucketNotEmpty");
        delete("casier-second").await.unwrap();
        assert_eq!(code!(delete("casier-second").await), "NoSuchBucket");
        let gone = client.head_bucket().bucket("casier-second").send().await.unwrap_err();
        assert_eq!(gone.raw_response().unwrap().status().as_u16(), 404);
    })
    .await;
}

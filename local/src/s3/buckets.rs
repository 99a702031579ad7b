//! CreateBucket, HeadBucket, ListBuckets, DeleteBucket and GetBucketLocation.

use s3s::dto::{
    Bucket, CreateBucketInput, CreateBucketOutput, GetBucketLocationOutput, HeadBucketOutput,
    ListBucketsInput, ListBucketsOutput,
};
use s3s::{S3Result, s3_error};

use super::attributes::not_implemented;
use super::{Backend, bucket_owner, timestamp};
use crate::store::StoreError;

/// The region that has no location constraint.
const FIRST_REGION: &str = "us-east-1";

/// The most buckets of one page.
const MAX_BUCKETS: usize = 10_000;

impl Backend {
    pub(super) fn create_bucket(&self, input: &CreateBucketInput) -> S3Result<CreateBucketOutput> {
        let configuration = input.create_bucket_configuration.as_ref();
        let constraint = configuration
            .and_then(|configuration| configuration.location_constraint.as_ref())
            .map(|constraint| constraint.as_str());
        self.check_constraint(constraint)?;
        if input.object_lock_enabled_for_bucket == Some(true) {
            return Err(not_implemented());
        }
        match self.store.create_bucket(&input.bucket, self.now()) {
            // Only the first region lets an owner create its bucket again.
            Err(StoreError::BucketExists) if self.region == FIRST_REGION => {}
            outcome => outcome?,
        }
        Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
    }

    pub(super) fn head_bucket(&self, bucket: &str) -> S3Result<HeadBucketOutput> {
        self.store.bucket(bucket)?;
        Ok(HeadBucketOutput { bucket_region: Some(self.region.clone()), ..Default::default() })
    }

    pub(super) fn location(&self, bucket: &str) -> S3Result<GetBucketLocationOutput> {
        self.store.bucket(bucket)?;
        let constraint = (self.region != FIRST_REGION).then(|| self.region.clone().into());
        Ok(GetBucketLocationOutput { location_constraint: constraint })
    }

    pub(super) fn list_buckets(&self, input: ListBucketsInput) -> S3Result<ListBucketsOutput> {
        let limit = match input.max_buckets {
            None => MAX_BUCKETS,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| (1..=MAX_BUCKETS).contains(limit))
                .ok_or_else(|| {
                    s3_error!(
                        InvalidArgument,
                        "The maximum number of buckets should be greater than 0 and less than \
                         or equal to 10000."
                    )
                })?,
        };
        let prefix = input.prefix.unwrap_or_default();
        let after = input.continuation_token.unwrap_or_default();
        let elsewhere = input.bucket_region.is_some_and(|region| region != self.region);
        let mut found = self.store.buckets()?.into_iter().filter(|(name, _)| {
            !elsewhere && name.starts_with(&prefix) && name.as_str() > after.as_str()
        });
        let page: Vec<Bucket> = found
            .by_ref()
            .take(limit)
            .map(|(name, record)| Bucket {
                bucket_region: Some(self.region.clone()),
                creation_date: Some(timestamp(record.created)),
                name: Some(name),
            })
            .collect();
        let last = page.last().and_then(|bucket| bucket.name.clone());
        Ok(ListBucketsOutput {
            continuation_token: found.next().and(last),
            buckets: Some(page),
            owner: Some(bucket_owner()),
            prefix: (!prefix.is_empty()).then_some(prefix),
        })
    }

    fn check_constraint(&self, constraint: Option<&str>) -> S3Result<()> {
        match constraint {
            None if self.region == FIRST_REGION => Ok(()),
            None => Err(s3_error!(
                IllegalLocationConstraintException,
                "The unspecified location constraint is incompatible for the region specific \
                 endpoint this request was sent to."
            )),
            Some(FIRST_REGION) => Err(s3_error!(
                InvalidLocationConstraint,
                "The specified location-constraint is not valid"
            )),
            Some(region) if region == self.region => Ok(()),
            Some(region) => Err(s3_error!(
                IllegalLocationConstraintException,
                "The {region} location constraint is incompatible for the region specific \
                 endpoint this request was sent to."
            )),
        }
    }
}

//! The files of a scope, against a real store: the one that the environment names
//! (`S3_ENDPOINT_URL`, `S3_BUCKET_NAME`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, and
//! `AWS_REGION`, `S3_GRANT_ROLE_ARN` and `STS_ENDPOINT_URL` where it has one), else the local one.

mod answers;
pub(crate) mod bench;
mod budget;
mod capabilities;
#[cfg(target_os = "linux")]
mod cdn;
mod child;
mod clock;
mod connections;
mod copying;
mod crash;
mod credentials;
mod deadlines;
mod deleting;
mod erasing;
mod failures;
pub(crate) mod fake;
mod faults;
mod grants;
#[cfg(target_os = "linux")]
mod large;
mod leaving_the_scope;
mod link_reuse;
mod links;
mod listing;
mod model;
mod presigned_posts;
mod presigned_uploads;
mod protocol;
mod quota;
mod reading;
mod reading_faults;
mod refusals;
mod resuming;
mod round_trip;
mod sweeping;
mod unusual_keys;
mod uploads;
mod wire;

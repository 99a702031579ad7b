//! PutBucketVersioning, GetBucketVersioning and ListObjectVersions.

use s3s::dto::{
    CommonPrefix, DeleteMarkerEntry, ETag, GetBucketVersioningInput, GetBucketVersioningOutput,
    ListObjectVersionsInput, ListObjectVersionsOutput, ObjectVersion, PutBucketVersioningInput,
};
use s3s::{S3Result, s3_error};

use super::attributes::{not_implemented, owner, version};
use super::checksum::Algorithm;
use super::list::{Encoder, limit, page_size};
use super::objects::malformed_xml;
use super::{Backend, bucket_owner, timestamp};
use crate::store::{ListedVersion, ObjectRecord, Versioning, VersionsQuery};

impl Backend {
    pub(super) fn set_versioning(&self, input: &PutBucketVersioningInput) -> S3Result<()> {
        owner(input.expected_bucket_owner.as_deref())?;
        if input.mfa.is_some() || input.versioning_configuration.mfa_delete.is_some() {
            return Err(not_implemented());
        }
        let status = input.versioning_configuration.status.as_ref().map(|status| status.as_str());
        let versioning = match status {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            Some(_) => return Err(malformed_xml()),
            None => {
                return Err(s3_error!(
                    IllegalVersioningConfigurationException,
                    "The Versioning element must be specified"
                ));
            }
        };
        Ok(self.store.configure_bucket(&input.bucket, |bucket| bucket.versioning = versioning)?)
    }

    pub(super) fn versioning(
        &self,
        input: &GetBucketVersioningInput,
    ) -> S3Result<GetBucketVersioningOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let status = match self.store.bucket(&input.bucket)?.versioning {
            Versioning::Never => None,
            Versioning::Enabled => Some("Enabled".to_owned().into()),
            Versioning::Suspended => Some("Suspended".to_owned().into()),
        };
        Ok(GetBucketVersioningOutput { status, mfa_delete: None })
    }

    /// The version that an answer names: none while the bucket never had any.
    pub(super) fn shown_version(
        &self,
        bucket: &str,
        record: &ObjectRecord,
    ) -> S3Result<Option<String>> {
        let versioned = self.store.bucket(bucket)?.versioning != Versioning::Never;
        Ok(versioned.then(|| record.version.name().to_owned()))
    }

    pub(super) fn list_versions(
        &self,
        input: ListObjectVersionsInput,
    ) -> S3Result<ListObjectVersionsOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let encode = Encoder::new(input.encoding_type.as_ref())?;
        let max_keys = page_size(input.max_keys, "max-keys")?;
        let key_marker = input.key_marker.clone().filter(|marker| !marker.is_empty());
        let version_marker = input.version_id_marker.clone().filter(|marker| !marker.is_empty());
        if version_marker.is_some() && key_marker.is_none() {
            return Err(s3_error!(
                InvalidArgument,
                "A version-id marker cannot be specified without a key marker."
            ));
        }
        version(version_marker.as_deref())?;
        let query = VersionsQuery {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            key_marker,
            version_marker,
            limit: limit(max_keys),
        };
        let page = self.store.versions(&input.bucket, &query)?;
        let last = page.items.last().filter(|_| page.truncated).map(ListedVersion::names);
        let next_key_marker = last.map(|(name, _)| encode.text(name));
        let next_version_id_marker = last.and_then(|(_, version)| version).map(str::to_owned);
        let (mut versions, mut markers, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for item in page.items {
            match item {
                ListedVersion::Group(group) => {
                    groups.push(CommonPrefix { prefix: Some(encode.text(&group)) });
                }
                ListedVersion::Version { key, record, latest } if record.version.delete_marker => {
                    markers.push(marker(encode.text(&key), &record, latest));
                }
                ListedVersion::Version { key, record, latest } => {
                    versions.push(object_version(encode.text(&key), *record, latest));
                }
            }
        }
        let text = |text: Option<String>| text.map(|text| encode.text(&text));
        Ok(ListObjectVersionsOutput {
            name: Some(input.bucket),
            prefix: Some(encode.text(&query.prefix)),
            delimiter: text(input.delimiter),
            key_marker: Some(text(input.key_marker).unwrap_or_default()),
            version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
            next_key_marker,
            next_version_id_marker,
            max_keys: Some(max_keys),
            is_truncated: Some(page.truncated),
            versions: Some(versions),
            delete_markers: Some(markers),
            common_prefixes: Some(groups),
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }
}

fn marker(key: String, record: &ObjectRecord, latest: bool) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        is_latest: Some(latest),
        key: Some(key),
        last_modified: Some(timestamp(record.modified)),
        owner: Some(bucket_owner()),
        version_id: Some(record.version.name().to_owned()),
    }
}

fn object_version(key: String, record: ObjectRecord, latest: bool) -> ObjectVersion {
    let algorithm = Algorithm::stored(&record.checksums);
    let class = record.attributes.storage_class.unwrap_or_else(|| "STANDARD".to_owned());
    ObjectVersion {
        checksum_algorithm: algorithm.map(|algorithm| vec![algorithm.name().to_owned().into()]),
        checksum_type: record.checksums.kind.map(Into::into),
        e_tag: Some(ETag::Strong(record.etag)),
        is_latest: Some(latest),
        key: Some(key),
        last_modified: Some(timestamp(record.modified)),
        owner: Some(bucket_owner()),
        restore_status: None,
        size: i64::try_from(record.size).ok(),
        storage_class: Some(class.into()),
        version_id: Some(record.version.name().to_owned()),
    }
}

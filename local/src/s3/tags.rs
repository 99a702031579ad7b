//! The tags of objects.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>

use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput,
    GetObjectTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};
use s3s::{S3Result, s3_error};
use url::form_urlencoded;

use super::Backend;
use super::attributes::{owner, version};
use crate::store::Tags;

/// The most tags of an object, and the most characters of a tag's name and value.
const MAX_TAGS: usize = 10;
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 256;

/// What a tag may have beside letters, digits and spaces.
const MARKS: &str = "+-=._:/@";

impl Backend {
    pub(super) fn put_tags(
        &self,
        input: PutObjectTaggingInput,
    ) -> S3Result<PutObjectTaggingOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let wanted = input.version_id.as_deref();
        version(wanted)?;
        let pairs = input.tagging.tag_set.into_iter().map(|tag| {
            let name = tag.key.ok_or_else(super::objects::malformed_xml)?;
            let value = tag.value.ok_or_else(super::objects::malformed_xml)?;
            Ok((name, value))
        });
        let tags = checked(pairs.collect::<S3Result<Vec<_>>>()?)?;
        let record = self.store.set_tags(&input.bucket, &input.key, wanted, tags)?;
        let version_id = self.shown_version(&input.bucket, &record)?;
        Ok(PutObjectTaggingOutput { version_id })
    }

    pub(super) fn get_tags(
        &self,
        input: &GetObjectTaggingInput,
    ) -> S3Result<GetObjectTaggingOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let wanted = input.version_id.as_deref();
        version(wanted)?;
        let record = self.store.object(&input.bucket, &input.key, wanted)?;
        let version_id = self.shown_version(&input.bucket, &record)?;
        let tag = |(name, value)| Tag { key: Some(name), value: Some(value) };
        let tag_set = record.tags.into_iter().map(tag).collect();
        Ok(GetObjectTaggingOutput { tag_set, version_id })
    }

    pub(super) fn delete_tags(
        &self,
        input: &DeleteObjectTaggingInput,
    ) -> S3Result<DeleteObjectTaggingOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let wanted = input.version_id.as_deref();
        version(wanted)?;
        let record = self.store.set_tags(&input.bucket, &input.key, wanted, Tags::new())?;
        let version_id = self.shown_version(&input.bucket, &record)?;
        Ok(DeleteObjectTaggingOutput { version_id })
    }
}

/// The tags in the header `x-amz-tagging`.
pub(super) fn tags_of(header: Option<&str>) -> S3Result<Tags> {
    let Some(header) = header else { return Ok(Tags::new()) };
    let pairs = form_urlencoded::parse(header.as_bytes());
    checked(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

fn checked(pairs: Vec<(String, String)>) -> S3Result<Tags> {
    if pairs.len() > MAX_TAGS {
        return Err(super::error::custom(
            "BadRequest",
            http::StatusCode::BAD_REQUEST,
            "Object tags cannot be greater than 10",
        ));
    }
    let mut tags = Tags::new();
    for (name, value) in pairs {
        if name.is_empty() || name.chars().count() > MAX_NAME || !name.chars().all(allowed) {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > MAX_VALUE || !value.chars().all(allowed) {
            return Err(s3_error!(InvalidTag, "The TagValue you have provided is invalid"));
        }
        if name.starts_with("aws:") {
            return Err(s3_error!(InvalidTag, "System tags cannot be added/updated by requester"));
        }
        if tags.insert(name, value).is_some() {
            return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(tags)
}

fn allowed(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || MARKS.contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_decoded_and_bounded() {
        let tags = tags_of(Some("kind=photo&a+b=c%2Fd&empty=&%C3%A9t%C3%A9=1")).unwrap();
        let pairs: Vec<_> = tags.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        assert_eq!(pairs, ["a b:c/d", "empty:", "kind:photo", "été:1"]);
        assert!(tags_of(None).unwrap().is_empty() && tags_of(Some("")).unwrap().is_empty());
        let ten: Vec<String> = (0..10).map(|at| format!("k{at}=v")).collect();
        assert_eq!(tags_of(Some(&ten.join("&"))).unwrap().len(), 10);
        let code = |header: &str| tags_of(Some(header)).unwrap_err().code().as_str().to_owned();
        assert_eq!(code(&format!("{}&one=more", ten.join("&"))), "BadRequest");
        let long = |length| "é".repeat(length);
        assert!(tags_of(Some(&format!("{}={}", long(128), long(256)))).is_ok());
        for bad in [
            "=v".to_owned(),
            "a=1&a=2".to_owned(),
            "aws:a=1".to_owned(),
            "a%00=1".to_owned(),
            "a=%3C".to_owned(),
            format!("{}=v", long(129)),
            format!("k={}", long(257)),
        ] {
            assert_eq!(code(&bad), "InvalidTag", "{bad}");
        }
    }
}

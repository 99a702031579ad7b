//! ListObjects (version 1) and ListObjectsV2.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object,
};
use s3s::{S3Result, s3_error};

use super::attributes::owner;
use super::checksum::Algorithm;
use super::{Backend, bucket_owner, timestamp};
use crate::store::{ListItem, ListQuery, ObjectRecord};

/// The most items of one page.
const MAX_KEYS: i32 = 1000;

/// What `encoding-type=url` leaves as it is; a space becomes `+`.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

impl Backend {
    pub(super) fn list_v1(&self, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
        owner(input.expected_bucket_owner.as_deref())?;
        let encode = Encoder::new(input.encoding_type.as_ref())?;
        let max_keys = page_size(input.max_keys, "max-keys")?;
        let query = ListQuery {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: input.marker.clone().filter(|marker| !marker.is_empty()),
            limit: limit(max_keys),
        };
        let page = self.store.list(&input.bucket, &query)?;
        // S3 gives the next marker only beside a delimiter: without one it is the last key.
        let next_marker = page.items.last().map(ListItem::name).filter(|_| {
            page.truncated && query.delimiter.as_ref().is_some_and(|text| !text.is_empty())
        });
        let next_marker = next_marker.map(|name| encode.text(name));
        let (contents, common_prefixes) = split(page.items, &encode, true);
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encode.text(&query.prefix)),
            marker: Some(encode.text(input.marker.as_deref().unwrap_or_default())),
            max_keys: Some(max_keys),
            is_truncated: Some(page.truncated),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input.delimiter.map(|delimiter| encode.text(&delimiter)),
            next_marker,
            encoding_type: input.encoding_type,
            request_charged: None,
        })
    }

    pub(super) fn list_v2(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        owner(input.expected_bucket_owner.as_deref())?;
        let encode = Encoder::new(input.encoding_type.as_ref())?;
        let max_keys = page_size(input.max_keys, "max-keys")?;
        let after = match &input.continuation_token {
            Some(token) => Some(open_token(token)?),
            None => input.start_after.clone().filter(|after| !after.is_empty()),
        };
        let query = ListQuery {
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after,
            limit: limit(max_keys),
        };
        let page = self.store.list(&input.bucket, &query)?;
        let last = page.items.last().map(ListItem::name);
        let next_continuation_token = last.filter(|_| page.truncated).map(token);
        let key_count = i32::try_from(page.items.len()).ok();
        let (contents, common_prefixes) =
            split(page.items, &encode, input.fetch_owner == Some(true));
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encode.text(&query.prefix)),
            max_keys: Some(max_keys),
            key_count,
            continuation_token: input.continuation_token,
            is_truncated: Some(page.truncated),
            next_continuation_token,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input.delimiter.map(|delimiter| encode.text(&delimiter)),
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(|after| encode.text(&after)),
            request_charged: None,
        })
    }
}

/// Encodes names in an answer, when the request asks for it.
pub(super) struct Encoder(bool);

impl Encoder {
    pub(super) fn new(kind: Option<&EncodingType>) -> S3Result<Self> {
        match kind.map(EncodingType::as_str) {
            None => Ok(Self(false)),
            Some("url") => Ok(Self(true)),
            Some(_) => {
                Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    pub(super) fn text(&self, text: &str) -> String {
        if self.0 {
            utf8_percent_encode(text, PLAIN).to_string().replace(' ', "+")
        } else {
            text.to_owned()
        }
    }
}

/// The size of a page: 1,000 unless fewer are asked for.
pub(super) fn page_size(asked: Option<i32>, name: &str) -> S3Result<i32> {
    match asked {
        Some(asked) if asked < 0 => Err(s3_error!(
            InvalidArgument,
            "Argument {name} must be an integer between 0 and 2147483647"
        )),
        Some(asked) => Ok(asked.min(MAX_KEYS)),
        None => Ok(MAX_KEYS),
    }
}

pub(super) fn limit(page_size: i32) -> usize {
    usize::try_from(page_size).unwrap_or_default()
}

fn split(
    items: Vec<ListItem>,
    encode: &Encoder,
    with_owner: bool,
) -> (Vec<Object>, Vec<CommonPrefix>) {
    let (mut contents, mut groups) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            ListItem::Group(group) => {
                groups.push(CommonPrefix { prefix: Some(encode.text(&group)) });
            }
            ListItem::Object(key, record) => {
                contents.push(object(encode.text(&key), *record, with_owner));
            }
        }
    }
    (contents, groups)
}

fn object(key: String, record: ObjectRecord, with_owner: bool) -> Object {
    let algorithm = Algorithm::stored(&record.checksums);
    Object {
        checksum_algorithm: algorithm.map(|algorithm| vec![algorithm.name().to_owned().into()]),
        checksum_type: record.checksums.kind.map(Into::into),
        e_tag: Some(ETag::Strong(record.etag)),
        key: Some(key),
        last_modified: Some(timestamp(record.modified)),
        owner: with_owner.then(bucket_owner),
        restore_status: None,
        size: i64::try_from(record.size).ok(),
        storage_class: Some(
            record.attributes.storage_class.unwrap_or_else(|| "STANDARD".to_owned()).into(),
        ),
    }
}

fn token(last: &str) -> String {
    BASE64.encode(format!("1:{last}"))
}

fn open_token(token: &str) -> S3Result<String> {
    let text = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.strip_prefix("1:"))
        .map(str::to_owned)
        .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    #[test]
    fn names_are_form_encoded() {
        let encode = Encoder(true);
        assert_eq!(encode.text("a b+c/é%(1).txt"), "a+b%2Bc/%C3%A9%25%281%29.txt");
        assert_eq!(Encoder(false).text("a b"), "a b");
    }

    const MANY: usize = 100_000;

    fn key(index: usize) -> String {
        format!("user_{:03}/documents/{index:06} é.txt", index / 1000)
    }

    /// 100,000 objects of 100 users, put once for the tests that only read them.
    static FULL: LazyLock<Backend> = LazyLock::new(|| {
        let store = crate::store::Store::in_memory().unwrap();
        store.create_bucket("bucket", 0).unwrap();
        store.fill("bucket", (0..MANY).map(key)).unwrap();
        Backend {
            store: store.into(),
            region: "us-east-1".to_owned(),
            clock: crate::Clock::system(),
        }
    });

    fn v1(marker: Option<String>, prefix: &str, delimiter: Option<&str>) -> ListObjectsInput {
        ListObjectsInput {
            bucket: "bucket".to_owned(),
            marker,
            prefix: Some(prefix.to_owned()),
            delimiter: delimiter.map(str::to_owned),
            ..Default::default()
        }
    }

    fn v2(token: Option<String>, prefix: &str, delimiter: Option<&str>) -> ListObjectsV2Input {
        ListObjectsV2Input {
            bucket: "bucket".to_owned(),
            continuation_token: token,
            prefix: Some(prefix.to_owned()),
            delimiter: delimiter.map(str::to_owned),
            ..Default::default()
        }
    }

    #[test]
    fn both_calls_walk_100_000_keys() {
        let backend = &*FULL;
        let (mut marker, mut token, mut seen) = (None, None, 0);
        loop {
            let first = backend.list_v1(v1(marker, "", None)).unwrap();
            let second = backend.list_v2(v2(token, "", None)).unwrap();
            let keys = |page: Option<Vec<Object>>| -> Vec<String> {
                page.unwrap().into_iter().map(|object| object.key.unwrap()).collect()
            };
            let (first_keys, second_keys) = (keys(first.contents), keys(second.contents));
            assert_eq!(first_keys, second_keys);
            assert!(first_keys.iter().enumerate().all(|(at, found)| *found == key(seen + at)));
            seen += first_keys.len();
            assert_eq!(first.is_truncated, second.is_truncated);
            if first.is_truncated != Some(true) {
                break;
            }
            (marker, token) = (first_keys.last().cloned(), second.next_continuation_token);
        }
        assert_eq!(seen, MANY);
    }

    #[test]
    fn groups_and_prefixes_seek_among_100_000_keys() {
        let backend = &*FULL;
        for _ in 0..20 {
            let groups = backend.list_v2(v2(None, "", Some("/"))).unwrap();
            assert_eq!(groups.common_prefixes.unwrap().len(), 100);
            let groups = backend.list_v1(v1(None, "", Some("/"))).unwrap();
            assert_eq!(groups.common_prefixes.unwrap().len(), 100);
        }
        for user in 0..100 {
            let prefix = format!("user_{user:03}/");
            let page = backend.list_v2(v2(None, &prefix, None)).unwrap();
            assert_eq!((page.key_count, page.is_truncated), (Some(1000), Some(false)));
            let last = backend.list_v1(v1(Some(key(user * 1000 + 998)), &prefix, None)).unwrap();
            assert_eq!(last.contents.unwrap().len(), 1);
        }
    }

    #[test]
    fn tokens_open_again_and_others_do_not() {
        assert_eq!(open_token(&token("a/ключ")).unwrap(), "a/ключ");
        for bad in ["", "a/key", "MjphYmM", "!"] {
            assert!(open_token(bad).is_err(), "{bad}");
        }
    }
}

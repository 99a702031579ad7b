//! Signing a form that a browser sends: what each of its fields must be, and how large the file.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::day_key::{ALGORITHM, second_and_day};
use super::signer::Signer;

/// A form that may be sent until it ends.
#[derive(Clone, Copy)]
pub(in crate::storage) struct PostPolicy<'a> {
    pub(in crate::storage) key: &'a str,
    /// The bytes that the file may have.
    pub(in crate::storage) sizes: &'a RangeInclusive<u64>,
    /// All fields beside the key, the signature's and the file.
    pub(in crate::storage) fields: &'a BTreeMap<String, String>,
    pub(in crate::storage) expires_in: u64,
    pub(in crate::storage) now: SystemTime,
}

impl Signer {
    /// Where the form is sent.
    pub(in crate::storage) fn form_address(&self) -> String {
        self.address.for_forms()
    }

    /// All fields of the form but the file, which must be the last one. Each is bound to its very
    /// value.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>
    pub(in crate::storage) fn post_policy(
        &self,
        policy: &PostPolicy<'_>,
    ) -> BTreeMap<String, String> {
        let (second, day) = second_and_day(policy.now);
        let key = self.key_of(day);
        let credential = format!("{}/{}", self.keys.access_key_id(), key.scope());
        let mut fields = policy.fields.clone();
        let mut add = |name: &str, value: String| fields.insert(name.to_owned(), value);
        add("key", policy.key.to_owned());
        add("x-amz-algorithm", ALGORITHM.to_owned());
        add("x-amz-credential", credential);
        add("x-amz-date", key.time(second));
        if let Some(token) = self.keys.session_token() {
            add("x-amz-security-token", token.to_owned());
        }
        let exact = fields.iter().map(|(name, value)| json!({ (name): value }));
        let mut conditions: Vec<Value> = exact.collect();
        conditions.push(json!({ "bucket": self.address.bucket }));
        let (least, most) = (policy.sizes.start(), policy.sizes.end());
        conditions.push(json!(["content-length-range", least, most]));
        let ends = DateTime::from(policy.now + Duration::from_secs(policy.expires_in));
        let ends = DateTime::from_secs(ends.secs()).fmt(DateTimeFormat::DateTime);
        let document = json!({
            "expiration": ends.unwrap_or_default(),
            "conditions": conditions,
        });
        // S3 reads a bare `$` in a policy as the beginning of a field's name.
        let document = document.to_string().replace('$', "\\u0024");
        let document = STANDARD.encode(document);
        fields.insert("x-amz-signature".to_owned(), key.sign(&document));
        fields.insert("policy".to_owned(), document);
        fields
    }
}

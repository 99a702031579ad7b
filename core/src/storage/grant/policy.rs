//! The session policy: what temporary credentials may, whatever their role may.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>

use serde_json::{Value, json};

use super::Access;
use crate::storage::keys::Scope;

/// On the objects.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
const READ: &[&str] = &["s3:GetObject"];
const READ_WRITE: &[&str] = &[
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
];

/// On the keys of objects that AWS KMS encrypts.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html>
const KMS_READ: &[&str] = &["kms:Decrypt"];
const KMS_READ_WRITE: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];

/// Where the scope lies.
pub(super) struct Place<'a> {
    pub(super) bucket: &'a str,
    /// The role whose session it is.
    pub(super) role: &'a str,
    pub(super) is_on_aws: bool,
}

/// The policy of a session that reaches this scope alone: its objects, and listings that ask for its
/// prefix. It goes by `*` at the end of the prefix and has no other wildcard or variable, since the
/// prefix is of `A-Z a-z 0-9 . _ - /` whatever the user id holds, and a bucket's name is as well.
pub(super) fn of_session(scope: &Scope, place: &Place<'_>, access: Access) -> String {
    let bucket = format!("arn:{}:s3:::{}", partition(place.role), place.bucket);
    let within = format!("{}*", scope.prefix());
    let (objects, keys) = match access {
        Access::Read => (READ, KMS_READ),
        Access::ReadWrite => (READ_WRITE, KMS_READ_WRITE),
    };
    let mut statements = vec![
        allow(objects, &format!("{bucket}/{within}"), None),
        allow(&["s3:ListBucket"], &bucket, Some(("s3:prefix", &within))),
    ];
    if place.is_on_aws {
        // The session has no more of the role's rights than are named here, and a bucket may be
        // encrypted by its own rule. S3 alone can use them, for the objects above.
        statements.push(allow(keys, "*", Some(("kms:ViaService", "s3.*"))));
    }
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn allow(actions: &[&str], resource: &str, like: Option<(&str, &str)>) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": [resource] });
    if let Some((name, pattern)) = like {
        statement["Condition"] = json!({ "StringLike": { name: [pattern] } });
    }
    statement
}

/// The part of AWS that the role is in, such as `aws-cn`: its ARNs and those of its buckets begin
/// alike. Other stores' roles have ARNs of their own, but their buckets have AWS's.
fn partition(role: &str) -> &str {
    let partition = role.split(':').nth(1).unwrap_or_default();
    match partition.strip_prefix("aws-") {
        Some(rest) if rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') => partition,
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The longest inline policy that STS takes, in characters.
    const MAX_POLICY: usize = 2048;

    const ROLE: &str = "arn:aws:iam::123456789012:role/files";

    fn on_aws(bucket: &str) -> Place<'_> {
        Place { bucket, role: ROLE, is_on_aws: true }
    }

    fn of(user_id: &str, place: &Place<'_>, access: Access) -> String {
        of_session(&Scope::new(user_id).unwrap(), place, access)
    }

    #[test]
    fn reading_is_two_actions() {
        let place = Place { bucket: "files", role: ROLE, is_on_aws: false };
        let expected = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["s3:GetObject"],
              "Resource": ["arn:aws:s3:::files/user_auth0.7C5f7c/*"] },
            { "Effect": "Allow", "Action": ["s3:ListBucket"],
              "Resource": ["arn:aws:s3:::files"],
              "Condition": { "StringLike": { "s3:prefix": ["user_auth0.7C5f7c/*"] } } },
        ] });
        let policy: Value = serde_json::from_str(&of("auth0|5f7c", &place, Access::Read)).unwrap();
        assert_eq!(policy, expected);
    }

    #[test]
    fn writing_is_four_more_and_aws_needs_its_keys() {
        let policy = of("1", &on_aws("files"), Access::ReadWrite);
        let policy: Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(policy["Statement"][0]["Action"], json!(READ_WRITE));
        assert_eq!(policy["Statement"][1]["Action"], json!(["s3:ListBucket"]));
        let keys = &policy["Statement"][2];
        assert_eq!(keys["Action"], json!(["kms:Decrypt", "kms:GenerateDataKey"]));
        assert_eq!(keys["Condition"], json!({ "StringLike": { "kms:ViaService": ["s3.*"] } }));
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn buckets_are_in_the_partition_of_the_role() {
        let cases = [
            ("arn:aws:iam::123456789012:role/a", "aws"),
            ("arn:aws-cn:iam::123456789012:role/a", "aws-cn"),
            ("arn:aws-us-gov:iam::123456789012:role/a", "aws-us-gov"),
            ("arn:aws-*:iam::123456789012:role/a", "aws"),
            ("arn:aws-\"}:iam::123456789012:role/a", "aws"),
            ("arn:minio:iam:::role/a", "aws"),
            ("arn:aws:iam:::role/a", "aws"),
        ];
        for (role, expected) in cases {
            assert_eq!(partition(role), expected, "{role}");
        }
    }

    #[test]
    fn the_longest_fits() {
        let bucket = "b".repeat(63);
        let mut place = on_aws(&bucket);
        place.role = "arn:aws-us-gov:iam::123456789012:role/files";
        let longest = of(&"a".repeat(250), &place, Access::ReadWrite);
        assert!(longest.len() <= MAX_POLICY, "{}", longest.len());
    }

    /// What IAM's wildcards match: `*` any text, `?` one character.
    fn matches(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|at| matches(rest, &text[at..])),
            Some((c, rest)) => text
                .split_first()
                .is_some_and(|(d, left)| (*c == '?' || c == d) && matches(rest, left)),
        }
    }

    fn is_matched(pattern: &Value, text: &str) -> bool {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        matches(&chars(pattern.as_str().unwrap()), &chars(text))
    }

    /// Ids of what means something to IAM or to JSON.
    fn hostile() -> impl Strategy<Value = String> {
        prop_oneof![
            "[*?${}\"\\\\/:,\\[\\]a1_.-]{1,24}",
            "\\$\\{(aws:username|aws:userid|s3:prefix|\\*|\\?|\\$)\\}[a*?]{0,3}",
            "(?s).{1,60}",
            "[12]{1,3}",
        ]
    }

    proptest! {
        #[test]
        fn no_user_id_widens_it(id in hostile(), other in hostile(), key in "(?s).{0,20}", write: bool) {
            let (Ok(scope), Ok(foreign)) = (Scope::new(id.clone()), Scope::new(other.clone())) else {
                return Ok(());
            };
            let access = if write { Access::ReadWrite } else { Access::Read };
            let text = of_session(&scope, &on_aws("files"), access);
            prop_assert!(text.bytes().all(|b| matches!(b, b' '..=b'~')));
            prop_assert!(!text.contains(['$', '?', '\\']));
            prop_assert_eq!(text.matches('*').count(), 4);

            let policy: Value = serde_json::from_str(&text).unwrap();
            let statements = policy["Statement"].as_array().unwrap();
            prop_assert_eq!(statements.len(), 3);
            let objects = &statements[0]["Resource"][0];
            let listings = &statements[1]["Condition"]["StringLike"]["s3:prefix"][0];
            prop_assert_eq!(&statements[1]["Resource"], &json!(["arn:aws:s3:::files"]));

            let own = format!("{}{key}", scope.prefix());
            let object = |key: &str| format!("arn:aws:s3:::files/{key}");
            prop_assert!(is_matched(objects, &object(&own)));
            prop_assert!(is_matched(listings, &own));
            let theirs = format!("{}{key}", foreign.prefix());
            let is_own = id == other;
            prop_assert_eq!(is_matched(objects, &object(&theirs)), is_own);
            prop_assert_eq!(is_matched(listings, &theirs), is_own);
            for outside in ["", "user_", scope.prefix().trim_end_matches('/'), ".casier/a", &id] {
                prop_assert!(!is_matched(listings, outside));
                prop_assert!(!is_matched(objects, &object(outside)));
            }
            let elsewhere = object(&own).replacen("files", "other", 1);
            prop_assert!(!is_matched(objects, &elsewhere));
        }
    }
}

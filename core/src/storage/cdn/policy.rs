//! What CloudFront is told to allow.

use std::fmt::Write as _;

use super::ip_range::IpRange;
use crate::storage::keys::Scope;
use crate::storage::sign::in_path;
use crate::storage::user_storage::OwnKey;

/// The addresses that a policy is for. Of a key, all is encoded that could end the address or the text
/// of the policy, or that stands for other characters in it (`*`, `?`).
#[derive(Debug)]
pub(super) struct Resource(String);

impl Resource {
    /// The address of one file.
    pub(super) fn file(domain: &str, key: &OwnKey) -> Self {
        Self(format!("https://{domain}/{}", in_path(key.as_str())))
    }

    /// The addresses of all files of a scope. Its prefix ends with a slash, and no other's begins
    /// with it.
    pub(super) fn scope(domain: &str, scope: &Scope) -> Self {
        Self(format!("https://{domain}/{}*", in_path(scope.prefix())))
    }

    /// An address as it stands.
    #[cfg(test)]
    pub(super) fn verbatim(address: &str) -> Self {
        Self(address.to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who may read what, and when.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) resource: Resource,
    /// The seconds since 1970 at which it ends.
    pub(super) ends: u64,
    /// The seconds since 1970 until which it is not good yet.
    pub(super) begins: Option<u64>,
    pub(super) ip_range: Option<IpRange>,
}

impl Policy {
    /// Whether an address tells all of it, so that CloudFront can write it again by itself.
    pub(super) fn is_canned(&self) -> bool {
        self.begins.is_none() && self.ip_range.is_none()
    }

    /// The policy as it is signed: without a space, and with its members in the order in which
    /// CloudFront writes a canned one.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html>
    pub(super) fn to_json(&self) -> String {
        let Self { resource: Resource(resource), ends, begins, ip_range } = self;
        let mut condition = format!(r#""DateLessThan":{{"AWS:EpochTime":{ends}}}"#);
        // Writing to a string cannot fail.
        if let Some(begins) = begins {
            let _ = write!(condition, r#","DateGreaterThan":{{"AWS:EpochTime":{begins}}}"#);
        }
        if let Some(range) = ip_range {
            let _ = write!(condition, r#","IpAddress":{{"AWS:SourceIp":"{range}"}}"#);
        }
        format!(r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{{condition}}}}}]}}"#)
    }
}

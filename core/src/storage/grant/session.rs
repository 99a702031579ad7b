//! The name of a session, by which CloudTrail tells whose it was.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

use crate::storage::keys::Scope;

/// The longest name that STS takes; it takes `A-Z a-z 0-9 _ + = , . @ -`.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const MAX_BYTES: usize = 64;

/// How much of the digest ends the name of a long scope.
const DIGEST_BYTES: usize = 16;

/// The scope's prefix without its slash; of one that is too long its beginning, `=`, which no prefix
/// holds, and a part of its SHA-256. So no two scopes have the same.
pub(super) fn name(scope: &Scope) -> String {
    let whole = scope.prefix().trim_end_matches('/');
    if whole.len() <= MAX_BYTES {
        return whole.to_owned();
    }
    let mut name = whole[..MAX_BYTES - 1 - 2 * DIGEST_BYTES].to_owned();
    name.push('=');
    for byte in &digest(&SHA256, whole.as_bytes()).as_ref()[..DIGEST_BYTES] {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(id: &str) -> String {
        name(&Scope::new(id).unwrap())
    }

    #[test]
    fn a_name_is_the_scope_and_a_long_one_is_cut() {
        assert_eq!(of("auth0|5f7c"), "user_auth0.7C5f7c");
        assert_eq!(of(&"a".repeat(59)), format!("user_{}", "a".repeat(59)));
        let long = of(&"a".repeat(60));
        assert!(long.starts_with(&format!("user_{}=", "a".repeat(26))) && long.len() == 64);
        assert_ne!(long, of(&"a".repeat(61)));
    }

    proptest! {
        #[test]
        fn every_name_is_one_that_sts_takes(id in "(?s).{1,120}", other in "(?s).{1,120}") {
            let (Ok(one), Ok(two)) = (Scope::new(id), Scope::new(other)) else { return Ok(()) };
            let (short, long) = (name(&one), name(&two));
            prop_assert!((2..=64).contains(&short.len()));
            prop_assert!(short.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)));
            prop_assert_eq!(short == long, one == two);
        }
    }
}

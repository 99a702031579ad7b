//! The one place in the bucket that a user may touch.

use std::fmt::Write as _;

use super::key::{self, ParsedKey};
use super::{filename, kind};
use crate::random::random_name;
use crate::{Error, ErrorKind, Result};

/// The longest first segment of a key (`user_` and the encoded id), in bytes.
pub const MAX_SCOPE_BYTES: usize = 255;

/// What the keys of all scopes' waiting bytes start with.
pub(crate) const INCOMING: &str = ".casier/incoming/";

/// One user's place in the bucket. Pure: no network, no bucket.
///
/// Two user ids never share a key, and no scope's prefix begins another's, so `user_1` never meets
/// `user_10`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    user_id: String,
    prefix: String,
}

impl Scope {
    /// The scope of a user id, taken as it stands: never trimmed, folded or normalised.
    ///
    /// In the prefix, its bytes outside `A-Z a-z 0-9 _ -` are written `.HH` in upper-case
    /// hexadecimal.
    ///
    /// # Errors
    /// `invalid-user-id` when the id is empty, or `user_` and the encoded id take more than 255
    /// bytes.
    pub fn new(user_id: impl Into<String>) -> Result<Self> {
        let user_id = user_id.into();
        if user_id.is_empty() {
            return Err(Error::new(ErrorKind::InvalidUserId, "the user id is empty"));
        }
        // An encoded id is never shorter than the id itself.
        if user_id.len() > MAX_SCOPE_BYTES {
            return Err(too_long());
        }
        let mut prefix = String::from("user_");
        for byte in user_id.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
                prefix.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(prefix, ".{byte:02X}");
            }
        }
        if prefix.len() > MAX_SCOPE_BYTES {
            return Err(too_long());
        }
        prefix.push('/');
        Ok(Self { user_id, prefix })
    }

    /// The user id that the scope was made of.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// What every key of the scope starts with, the slash included: `user_abc123/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What the keys start with under which bytes wait to be looked at before they replace a file:
    /// `.casier/incoming/user_abc123/`. No key of any scope does.
    pub(crate) fn incoming_prefix(&self) -> String {
        format!("{INCOMING}{}", self.prefix)
    }

    /// The key of a new file: `user_abc123/books/mon_livre_2025.pdf`. The filename is cleaned as
    /// [`clean_filename`](super::clean_filename) says.
    ///
    /// # Errors
    /// `invalid-kind`, `invalid-filename`.
    pub fn key(&self, kind: &str, filename: &str) -> Result<String> {
        let folder = kind::folder(kind)?;
        Ok(self.join(&folder, &filename::clean_filename(filename)?))
    }

    /// Like [`key`](Self::key), with 128 random bits before the extension, so that nobody guesses
    /// the name and no two uploads meet.
    ///
    /// # Errors
    /// `invalid-kind`; `invalid-filename`, also when the longer name exceeds 255 bytes; `internal`
    /// when the system has no random numbers.
    pub fn unguessable_key(&self, kind: &str, filename: &str) -> Result<String> {
        let folder = kind::folder(kind)?;
        let clean = filename::clean_filename(filename)?;
        Ok(self.join(&folder, &filename::with_random(&clean, &random_name()?)?))
    }

    /// Takes a key apart, if it is one of this scope.
    ///
    /// # Errors
    /// `invalid-key` when in the key, in one of its percent-decodings (four at most) or in the NFKC
    /// form of one of these a segment is empty or a dot segment, or holds a backslash, a control or
    /// a bidirectional character; when a decoding is not UTF-8; when the key exceeds 1,024 bytes or
    /// names no file. Else `not-owner` when its first segment is not this scope's. Only the string
    /// decides, whatever is stored.
    pub fn parse(&self, key: &str) -> Result<ParsedKey> {
        key::parse(&self.prefix, key)
    }

    /// What the keys of one kind start with, or of the whole scope.
    pub(crate) fn list_prefix(&self, kind: Option<&str>) -> Result<String> {
        match kind {
            Some(kind) => Ok(self.join(&kind::folder(kind)?, "")),
            None => Ok(self.prefix.clone()),
        }
    }

    fn join(&self, folder: &str, filename: &str) -> String {
        format!("{}{folder}/{filename}", self.prefix)
    }
}

fn too_long() -> Error {
    let limit = u64::try_from(MAX_SCOPE_BYTES).unwrap_or(u64::MAX);
    Error::new(ErrorKind::InvalidUserId, format!("the encoded user id exceeds {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix(id: &str) -> String {
        Scope::new(id).unwrap().prefix().to_owned()
    }

    #[test]
    fn ids_are_encoded_as_the_contract_says() {
        assert_eq!(prefix("abc123"), "user_abc123/");
        assert_eq!(prefix("user_2ab"), "user_user_2ab/");
        assert_eq!(prefix("auth0|5f7c"), "user_auth0.7C5f7c/");
        assert_eq!(prefix("a.b"), "user_a.2Eb/");
        assert_eq!(prefix("okta::é"), "user_okta.3A.3A.C3.A9/");
        assert_eq!(prefix(" a\n"), "user_.20a.0A/");
        assert_eq!(prefix(".."), "user_.2E.2E/");
    }

    #[test]
    fn ids_have_limits() {
        assert_eq!(Scope::new("").unwrap_err().kind(), ErrorKind::InvalidUserId);
        assert!(Scope::new("a".repeat(250)).is_ok());
        assert_eq!(Scope::new("a".repeat(251)).unwrap_err().kind(), ErrorKind::InvalidUserId);
        assert!(Scope::new("|".repeat(83)).is_ok());
        assert_eq!(Scope::new("|".repeat(84)).unwrap_err().kind(), ErrorKind::InvalidUserId);
        assert!(Scope::new("a".repeat(16 << 20)).is_err());
    }

    #[test]
    fn the_longest_key_fits_s3() {
        let scope = Scope::new("a".repeat(250)).unwrap();
        let key = scope.key(&"k".repeat(32), &"f".repeat(255)).unwrap();
        assert_eq!(key.len(), 255 + 1 + 33 + 1 + 255);
        assert!(scope.parse(&key).is_ok());
    }

    #[test]
    fn unguessable_keys_differ() {
        let scope = Scope::new("1").unwrap();
        let key = || scope.unguessable_key("book", "a.tar.gz").unwrap();
        assert_ne!(key(), key());
        assert_eq!(key().len(), "user_1/books/a-.tar.gz".len() + 32);
        assert!(key().ends_with(".tar.gz"));
        assert!(scope.parse(&key()).is_ok());
    }

    /// Attack 68.
    #[test]
    fn look_alikes_are_others() {
        let ids = ["alice", "аlice", "ａlice", "Alice", "alice ", "e\u{301}", "é", "alice\u{200B}"];
        for (i, one) in ids.iter().enumerate() {
            for other in &ids[i + 1..] {
                assert_ne!(prefix(one), prefix(other));
            }
        }
    }

    proptest! {
        #[test]
        fn scopes_are_injective_and_prefix_disjoint(one in ".{1,40}", other in ".{1,40}") {
            let (Ok(a), Ok(b)) = (Scope::new(one.clone()), Scope::new(other.clone())) else {
                return Ok(());
            };
            prop_assert_eq!(one == other, a.prefix() == b.prefix());
            prop_assert!(one == other || !a.prefix().starts_with(b.prefix()));
        }

        #[test]
        fn near_ids_are_disjoint(one in "[.:|%_1A-C~/-]{1,6}", other in "[.:|%_1A-C~/-]{1,6}") {
            let (a, b) = (Scope::new(one.clone()).unwrap(), Scope::new(other.clone()).unwrap());
            prop_assert_eq!(one == other, a.prefix() == b.prefix());
            prop_assert!(one == other || !a.prefix().starts_with(b.prefix()));
            prop_assert_eq!(a.prefix().matches('/').count(), 1);
        }

        #[test]
        fn written_keys_are_read(id in ".{1,40}", kind in "[a-z0-9-]{1,32}", name in any::<String>()) {
            let Ok(scope) = Scope::new(id) else { return Ok(()) };
            if let Ok(key) = scope.key(&kind, &name) {
                let parsed = scope.parse(&key).unwrap();
                prop_assert_eq!(parsed.kind, Some(kind.clone()));
                prop_assert_eq!(scope.key(&kind, &parsed.filename).unwrap(), key);
            }
        }

        #[test]
        fn one_scope_never_reads_the_key_of_another(
            one in ".{1,20}", other in ".{1,20}", name in "[a-z.%/]{1,20}"
        ) {
            prop_assume!(one != other);
            let (Ok(a), Ok(b)) = (Scope::new(one), Scope::new(other)) else { return Ok(()) };
            let key = format!("{}{name}", a.prefix());
            prop_assert!(b.parse(&key).is_err());
            if let Err(error) = a.parse(&key) {
                prop_assert_eq!(error.kind(), ErrorKind::InvalidKey);
                prop_assert_eq!(b.parse(&key).unwrap_err().kind(), ErrorKind::InvalidKey);
            }
        }

        #[test]
        fn hostile_keys_stay_inside(rest in "[./%25eEfF\\\\a\u{FF0E}\u{2025}\u{FF0F}\u{202E}\0]{0,16}") {
            let scope = Scope::new("1").unwrap();
            for key in [format!("user_1/{rest}"), rest] {
                if scope.parse(&key).is_ok() {
                    prop_assert!(key.starts_with("user_1/"));
                    let bad = ['\\', '\0', '\u{202E}'];
                    let mut text = key;
                    for _ in 0..5 {
                        prop_assert!(text.split('/').all(|s| !matches!(s, "" | "." | "..")));
                        prop_assert!(!text.contains(bad));
                        let next = percent_encoding::percent_decode_str(&text).decode_utf8();
                        text = next.unwrap().into_owned();
                    }
                }
            }
        }
    }
}

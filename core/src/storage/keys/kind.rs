//! Kinds of files, and the folder that each has in a scope.

use crate::{Error, ErrorKind, Result};

/// The longest kind, in bytes.
pub const MAX_KIND_BYTES: usize = 32;

/// Checks that `kind` can name a folder: 1 to 32 lower-case letters, digits and hyphens.
///
/// Whether the kind is configured is the policy's to say.
///
/// # Errors
/// `invalid-kind`.
pub fn check_kind(kind: &str) -> Result<()> {
    if well_formed(kind) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidKind,
        "a kind is 1 to 32 lower-case letters, digits and hyphens, such as \"book\"",
    ))
}

/// The folder of a kind: `book` gives `books`.
pub(super) fn folder(kind: &str) -> Result<String> {
    check_kind(kind)?;
    Ok(format!("{kind}s"))
}

/// The kind whose folder this is, if it has the form of one.
pub(crate) fn of_folder(segment: &str) -> Option<&str> {
    segment.strip_suffix('s').filter(|kind| well_formed(kind))
}

fn well_formed(kind: &str) -> bool {
    (1..=MAX_KIND_BYTES).contains(&kind.len())
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_and_its_folder_lead_to_each_other() {
        for kind in ["book", "s", "news", "3d-model", &"k".repeat(32)] {
            assert_eq!(of_folder(&folder(kind).unwrap()), Some(kind));
        }
    }

    #[test]
    fn what_could_leave_the_folder_is_refused() {
        for kind in ["", "Book", "bo ok", "a/b", "..", ".", "é", "book\0", "a_b", &"k".repeat(33)]
        {
            assert_eq!(check_kind(kind).unwrap_err().kind(), ErrorKind::InvalidKind, "{kind}");
        }
        assert_eq!(of_folder("s"), None);
        assert_eq!(of_folder("Books"), None);
        assert_eq!(of_folder("book"), None);
    }
}

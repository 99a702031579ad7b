//! Content types: which one a file gets, and which a browser may show.

use crate::access::{OCTET_STREAM, content_type_for, essence};
use crate::storage::keys::last_extension;

/// What a browser may show in the page, by the last extension; everything else is downloaded.
const INLINE: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "avif", "mp4", "webm", "mp3", "m4a", "ogg", "wav", "pdf",
    "txt",
];

/// The content type of a filename's last extension, by a fixed table that the host cannot change;
/// `application/octet-stream` for what is not in it.
pub(crate) fn of_filename(filename: &str) -> String {
    content_type_for(filename).unwrap_or_else(|| OCTET_STREAM.to_owned())
}

/// Whether a file of this name and this content type may be shown in the page. The type must be the
/// one of the table, so that no page of another type hides behind a picture's name.
pub(crate) fn may_be_inline(filename: &str, content_type: &str) -> bool {
    is_inline_name(filename) && essence(content_type) == of_filename(filename)
}

/// The same for a file that is answered with the content type of the table.
pub(crate) fn is_inline_name(filename: &str) -> bool {
    last_extension(filename).is_some_and(|extension| INLINE.contains(&extension.as_str()))
}

/// What a link asks the store to answer with for a content type: text is said to be UTF-8, or
/// browsers take it for Windows-1252.
pub(crate) fn for_link(content_type: String) -> String {
    if content_type.starts_with("text/") {
        format!("{content_type}; charset=utf-8")
    } else {
        content_type
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_extension_decides() {
        for (name, content_type) in [
            ("a.PNG", "image/png"),
            ("a.b.pdf", "application/pdf"),
            ("a.tar.gz", "application/gzip"),
            ("a.txt. .", "text/plain"),
            ("a.md", "text/markdown"),
            ("a.svg", OCTET_STREAM),
            ("a.html", OCTET_STREAM),
            ("a.xml", OCTET_STREAM),
            (".png", OCTET_STREAM),
            ("png", OCTET_STREAM),
        ] {
            assert_eq!(of_filename(name), content_type, "{name}");
        }
    }

    #[test]
    fn what_is_inline_has_a_type_of_its_own() {
        for extension in INLINE {
            let name = format!("a.{extension}");
            let content_type = of_filename(&name);
            assert_ne!(content_type, OCTET_STREAM, "{extension}");
            assert!(may_be_inline(&name, &content_type), "{extension}");
        }
    }

    #[test]
    fn only_what_agrees_with_its_name_is_inline() {
        assert!(may_be_inline("a.txt", "text/plain; charset=utf-8"));
        assert!(!may_be_inline("a.png", "text/html"));
        assert!(!may_be_inline("a", "image/png"));
        assert!(!may_be_inline("a.md", "text/markdown"));
    }
}

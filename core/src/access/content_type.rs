//! Whether a content type and a filename are what they should be.

use unicode_normalization::UnicodeNormalization as _;

use super::kind::Kind;
use super::media::{self, DANGEROUS_EXTENSIONS, DANGEROUS_TYPES, OCTET_STREAM};
use super::shown;
use crate::storage::{clean_filename, is_forbidden_extension, last_extension};
use crate::{Error, ErrorKind, Result};

/// RFC 6838, section 4.2: at most 127 characters on either side of the slash.
const MAX_NAME_BYTES: usize = 127;

/// The usual content type of a file of this name, by its last extension; `None` where Casier does
/// not know the extension.
pub(crate) fn content_type_for(filename: &str) -> Option<String> {
    media::usual(&last_extension(filename)?).map(|media| media.name.to_owned())
}

/// Whether files of this extension (without the dot, any case) can run code in a browser, on a web
/// server or on somebody's computer. No kind takes them unless the policy file names them.
pub(super) fn is_dangerous_extension(extension: &str) -> bool {
    let folded: String = extension.nfkc().collect::<String>().to_lowercase();
    DANGEROUS_EXTENSIONS.contains(&folded.as_str()) || is_forbidden_extension(&folded)
}

/// Whether a browser runs content of this type, or the type is a program's. No kind takes them
/// unless the policy file names them.
pub(super) fn is_dangerous_type(content_type: &str) -> bool {
    let essence = essence(content_type).to_ascii_lowercase();
    DANGEROUS_TYPES.contains(&essence.as_str())
        || essence.ends_with("+xml")
        || essence.starts_with("multipart/")
        || essence.starts_with("message/")
}

/// The type without its parameters.
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Checks a file that is to be stored as `kind`; gives the content type to store.
pub(super) fn check(kind: &Kind, filename: &str, content_type: &str) -> Result<String> {
    let essence = normalize(content_type).ok_or_else(|| malformed(content_type))?;
    let extension = last_extension(&clean_filename(filename)?);
    if !kind.takes_type(&essence) {
        // What an upload counts as whose type is neither declared nor told by its extension.
        let advice = match essence.as_str() {
            OCTET_STREAM => ": declare its type, or give the filename a known extension",
            _ => "",
        };
        return Err(Error::new(
            ErrorKind::TypeNotAllowed,
            format!(
                "files of kind `{}` cannot have the content type `{essence}`{advice}",
                kind.name()
            ),
        )
        .with_required(kind.types().join(", "))
        .with_actual(essence));
    }
    if !kind.takes_extension(extension.as_deref()) {
        let message = match &extension {
            Some(extension) => {
                format!("files of kind `{}` cannot end in `.{}`", kind.name(), shown(extension))
            }
            None => format!("the name of a file of kind `{}` needs an extension", kind.name()),
        };
        let error = Error::new(ErrorKind::TypeNotAllowed, message)
            .with_required(kind.extensions().join(", "));
        return Err(match extension {
            Some(extension) => error.with_actual(shown(&extension)),
            None => error,
        });
    }
    if let Some(extension) = &extension {
        check_agreement(&essence, extension)?;
    }
    Ok(essence)
}

/// The type without parameters, in lower case, under its usual name; `None` when it is no type.
pub(super) fn normalize(content_type: &str) -> Option<String> {
    if content_type.bytes().any(|byte| byte.is_ascii_control() || !byte.is_ascii() || byte == b',')
    {
        return None;
    }
    let essence = essence(content_type).to_ascii_lowercase();
    let (top, sub) = essence.split_once('/')?;
    let is_name = |name: &str| {
        (1..=MAX_NAME_BYTES).contains(&name.len())
            && name.as_bytes()[0].is_ascii_alphanumeric()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    if !is_name(top) || !is_name(sub) {
        return None;
    }
    Some(media::by_name(&essence).map_or(essence, |media| media.name.to_owned()))
}

/// A type and an extension that are both known must fit each other: a `.png` that is served as
/// something else is a mistake or an attack.
fn check_agreement(essence: &str, extension: &str) -> Result<()> {
    let mut fitting = media::by_extension(extension).peekable();
    let Some(usual) = fitting.peek().map(|media| media.name) else { return Ok(()) };
    if essence == OCTET_STREAM
        || media::by_name(essence).is_none()
        || fitting.any(|media| media.name == essence)
    {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::TypeNotAllowed,
        format!("a file that ends in `.{extension}` is not of the content type `{essence}`"),
    )
    .with_required(usual)
    .with_actual(essence))
}

fn malformed(content_type: &str) -> Error {
    Error::new(
        ErrorKind::TypeNotAllowed,
        format!("`{}` is not a content type such as `image/png`", shown(content_type)),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::access::Policy;

    use super::*;

    fn code(kind: &str, filename: &str, content_type: &str) -> &'static str {
        match Policy::builtin().check_type(kind, filename, content_type) {
            Ok(_) => "allowed",
            Err(error) => error.code(),
        }
    }

    #[test]
    fn what_products_store_is_taken() {
        for (kind, filename, content_type) in [
            ("book", "mon livre été.pdf", "application/pdf"),
            ("book", "a.epub", "application/epub+zip"),
            ("book", "a.md", "text/markdown"),
            ("book", "a.md", "text/plain"),
            ("book", "a.txt", "text/plain; charset=utf-8"),
            ("blog", "a.md", "text/markdown"),
            ("document", "a.odt", "application/vnd.oasis.opendocument.text"),
            (
                "document",
                "a.docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            ("document", "a.csv", "text/csv"),
            ("document", "a.csv", "application/vnd.ms-excel"),
            ("document", "a.json", "application/json"),
            ("image", "a.PNG", "IMAGE/PNG"),
            ("image", "a.jpg", "image/jpeg"),
            ("image", "a.jpeg", "image/jpg"),
            ("image", "a.gif", "image/gif"),
            ("image", "a.webp", "image/webp"),
            ("image", "a.avif", "image/avif"),
            ("image", "IMG_0001.HEIC", "image/heic"),
            ("video", "a.mp4", "video/mp4"),
            ("video", "a.webm", "video/webm"),
            ("video", "a.mov", "video/quicktime"),
            ("audio", "a.mp3", "audio/mpeg"),
            ("audio", "a.m4a", "audio/x-m4a"),
            ("audio", "a.ogg", "audio/ogg"),
            ("audio", "a.wav", "audio/x-wav"),
            ("file", "a.zip", "application/zip"),
            ("file", "a.tar.gz", "application/gzip"),
            ("file", "a.png", "image/png"),
            ("file", "a.pdf", "application/octet-stream"),
            ("file", "a.xyz", "application/x-something"),
            ("file", "README", "text/plain"),
        ] {
            assert_eq!(code(kind, filename, content_type), "allowed", "{kind} {filename}");
        }
    }

    #[test]
    fn what_runs_somewhere_is_not() {
        let kinds = Policy::builtin();
        for kind in kinds.kinds().iter().map(Kind::name) {
            for (filename, content_type) in [
                ("a.html", "text/html"),
                ("a.svg", "image/svg+xml"),
                ("a.xml", "application/xml"),
                ("a.js", "text/javascript"),
                ("a.exe", "application/x-msdownload"),
                ("a.docm", "application/octet-stream"),
                ("a.txt", "text/html"),
                ("a.txt", "TEXT/HTML; charset=utf-8"),
                ("a", "image/svg+xml"),
                ("a", "application/atom+xml"),
                ("a", "multipart/form-data"),
                ("a", "message/rfc822"),
                ("web.config", "text/plain"),
            ] {
                let code = code(kind, filename, content_type);
                assert_ne!(code, "allowed", "{kind} {filename} {content_type}");
            }
        }
    }

    #[test]
    fn type_kind_and_extension_must_fit() {
        for (kind, filename, content_type) in [
            ("image", "a.png", "image/jpeg"),
            ("image", "a.png", "application/octet-stream"),
            ("image", "a.pdf", "application/pdf"),
            ("image", "a", "image/png"),
            ("image", ".png", "image/png"),
            ("image", "a.txt", "image/png"),
            ("video", "a.ogg", "video/ogg"),
            ("file", "a.png", "application/pdf"),
            ("book", "a.pdf", "text/plain"),
        ] {
            assert_eq!(code(kind, filename, content_type), "type-not-allowed", "{kind} {filename}");
        }
    }

    #[test]
    fn malformed_types_are_refused() {
        for content_type in [
            "",
            " ",
            "png",
            "image/",
            "/png",
            "image//png",
            "image/png/x",
            "image/*",
            "*/*",
            "image/png\r\nX-Amz-Acl: public-read",
            "image/png\0",
            "image/png; charset=utf-8, text/html",
            "text/html,image/png",
            "imagé/png",
            "image /png",
            "image/png\t",
            "-/x",
        ] {
            assert_eq!(code("file", "a.png", content_type), "type-not-allowed", "{content_type:?}");
        }
        assert_eq!(code("file", "a\0.png", "image/png"), "invalid-filename");
        assert_eq!(code("nothing", "a.png", "image/png"), "invalid-kind");
    }

    #[test]
    fn the_type_to_store_is_the_usual_one() {
        let policy = Policy::builtin();
        for (filename, content_type, stored) in [
            ("a.txt", "Text/Plain; charset=\"utf-8\"", "text/plain"),
            ("a.jpg", "image/jpg", "image/jpeg"),
            ("a.bin", "application/X-Custom ;v=1", "application/x-custom"),
        ] {
            assert_eq!(policy.check_type("file", filename, content_type).unwrap(), stored);
        }
    }

    #[test]
    fn refusals_say_what_would_do_and_show_little() {
        let policy = Policy::builtin();
        let error = policy.check_type("image", "a.png", "application/pdf").unwrap_err();
        assert!(error.details().required.as_ref().is_some_and(|types| types.contains("image/png")));
        assert_eq!(error.details().actual.as_deref(), Some("application/pdf"));
        let error = policy.check_type("file", "a.png", &"x\r\n".repeat(10_000)).unwrap_err();
        assert!(error.message().len() < 200 && !error.message().contains('\n'));
    }

    #[test]
    fn the_usual_type_is_the_first_of_the_table() {
        for extension in media::TABLE.iter().flat_map(|media| media.extensions) {
            let first = media::by_extension(extension).next().map(|media| media.name.to_owned());
            assert_eq!(content_type_for(&format!("a.{extension}")), first, "{extension}");
        }
    }

    #[test]
    fn content_types_by_extension() {
        for (filename, content_type) in [
            ("a.md", Some("text/markdown")),
            ("A.JPG", Some("image/jpeg")),
            ("a.tar.gz", Some("application/gzip")),
            ("a.mp4", Some("video/mp4")),
            ("a.csv", Some("text/csv")),
            ("a.txt", Some("text/plain")),
            ("a.webm", Some("video/webm")),
            ("a.ogg", Some("audio/ogg")),
            (".png", None),
            ("a.unknown", None),
            ("a", None),
        ] {
            assert_eq!(content_type_for(filename).as_deref(), content_type, "{filename}");
        }
    }

    proptest! {
        #[test]
        fn any_input_is_taken_or_refused(
            kind in "[a-z]{0,8}|image|file",
            filename in "\\PC{0,40}|[a-z%./\\\\]{0,20}",
            content_type in "\\PC{0,40}|[a-z]{1,6}/[a-z+.-]{1,20}",
        ) {
            if let Ok(stored) = Policy::builtin().check_type(&kind, &filename, &content_type) {
                prop_assert!(!is_dangerous_type(&stored));
                prop_assert!(stored.bytes().all(|b| b.is_ascii_graphic() && b != b','));
                let extension = last_extension(&filename).unwrap_or_default();
                prop_assert!(!is_dangerous_extension(&extension));
            }
        }
    }
}

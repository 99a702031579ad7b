//! Whether a file's first bytes are of the type that it claims.

use crate::access::essence;
use crate::{Error, ErrorKind, Result};

/// How many bytes of a file are looked at.
pub(crate) const HEAD_BYTES: usize = 4096;

type Signature = fn(&[u8]) -> bool;

/// Types that every file of theirs begins recognisably.
const SIGNATURES: &[(&str, Signature)] = &[
    ("image/png", infer::image::is_png),
    ("image/jpeg", infer::image::is_jpeg),
    ("image/gif", infer::image::is_gif),
    ("image/webp", infer::image::is_webp),
    ("image/avif", is_iso_media),
    ("image/heic", is_iso_media),
    ("image/heif", is_iso_media),
    ("image/bmp", infer::image::is_bmp),
    ("image/tiff", infer::image::is_tiff),
    ("image/vnd.microsoft.icon", infer::image::is_ico),
    ("video/mp4", is_iso_media),
    ("video/x-m4v", is_iso_media),
    ("video/quicktime", is_iso_media),
    ("video/webm", is_matroska),
    ("video/matroska", is_matroska),
    ("video/vnd.avi", infer::video::is_avi),
    ("video/3gpp", is_iso_media),
    ("video/mpeg", infer::video::is_mpeg),
    ("audio/mpeg", is_mpeg_audio),
    ("audio/mp4", is_iso_media),
    ("audio/aac", is_aac),
    ("audio/ogg", infer::audio::is_ogg),
    ("audio/opus", infer::audio::is_ogg),
    ("video/ogg", infer::audio::is_ogg),
    ("audio/wav", infer::audio::is_wav),
    ("audio/flac", infer::audio::is_flac),
    ("audio/webm", is_matroska),
    ("application/pdf", is_pdf),
    ("application/rtf", infer::archive::is_rtf),
    ("application/zip", infer::archive::is_zip),
    ("application/gzip", infer::archive::is_gz),
    ("application/x-tar", infer::archive::is_tar),
    ("application/x-7z-compressed", infer::archive::is_7z),
    ("application/epub+zip", infer::archive::is_zip),
    ("application/x-mobipocket-ebook", infer::book::is_mobi),
    ("application/msword", is_ole),
    // Windows gives .csv this type.
    ("application/vnd.ms-excel", |head| is_ole(head) || is_text(head)),
    ("application/vnd.ms-powerpoint", is_ole),
];

/// Families of documents that are ZIP archives.
const ZIPPED: &[&str] =
    &["application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."];

/// Compares the first bytes of a file (up to 4 KiB) with the content type that it claims.
///
/// A type with a signature must show it, so an empty picture is refused. Text must not be a binary
/// file, and media without a known signature not a file of another class. What claims nothing
/// (`application/octet-stream`, types that are not known) passes.
///
/// # Errors
/// `content-mismatch`.
pub(crate) fn check_content(head: &[u8], content_type: &str) -> Result<()> {
    let claimed = essence(content_type);
    if matches(head, claimed) {
        return Ok(());
    }
    let error = Error::new(
        ErrorKind::ContentMismatch,
        format!("the file's first bytes are not those of {claimed}"),
    )
    .with_required(claimed);
    Err(match infer::get(head) {
        Some(found) => error.with_actual(found.mime_type()),
        None => error,
    })
}

fn matches(head: &[u8], claimed: &str) -> bool {
    if let Some((_, has_signature)) = SIGNATURES.iter().find(|(of_row, _)| *of_row == claimed) {
        return has_signature(head);
    }
    if ZIPPED.iter().any(|family| claimed.starts_with(family)) {
        return infer::archive::is_zip(head);
    }
    let found = infer::get(head).map(|found| found.mime_type());
    let class = claimed.split('/').next().unwrap_or_default();
    match (class, found) {
        (_, None) => true,
        // Two letters can be the beginning of a word as well as a signature.
        ("text", Some(found)) => found.starts_with("text/") || is_text(head),
        ("image" | "audio" | "video" | "font", Some(found)) => {
            found.split('/').next() == Some(class)
        }
        _ if claimed == "application/json" => is_text(head),
        _ => true,
    }
}

fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The head may end within a character.
        Err(error) => error.error_len().is_none(),
    };
    valid && !head.contains(&0)
}

/// ISO base media (MP4, M4A, QuickTime, HEIF, AVIF): the first box has one of these types.
fn is_iso_media(head: &[u8]) -> bool {
    head.get(4..8).is_some_and(|box_type| {
        [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"].iter().any(|t| *t == box_type)
    })
}

/// An EBML header, which Matroska and WebM share.
fn is_matroska(head: &[u8]) -> bool {
    head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3])
}

/// An ID3 tag, or the 11 bits of a frame's start with a layer (ISO 11172-3, section 2.4.2.3).
fn is_mpeg_audio(head: &[u8]) -> bool {
    head.starts_with(b"ID3")
        || matches!(head, [0xFF, second, ..] if second & 0xE0 == 0xE0 && second & 0x06 != 0)
}

/// ADTS or ADIF.
fn is_aac(head: &[u8]) -> bool {
    head.starts_with(b"ADIF") || matches!(head, [0xFF, second, ..] if second & 0xF6 == 0xF0)
}

/// The header at the very beginning (ISO 32000-2, section 7.5.2), though readers look further:
/// before it may stand a page of HTML.
fn is_pdf(head: &[u8]) -> bool {
    head.starts_with(b"%PDF-")
}

/// An OLE compound file.
fn is_ole(head: &[u8]) -> bool {
    head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn files_that_are_what_they_claim_pass() {
        let cases: [(&[u8], &str); 12] = [
            (PNG, "image/png"),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"\xff\xf3\x40\xc0", "audio/mpeg"),
            (b"PK\x03\x04", "application/vnd.oasis.opendocument.text"),
            (b"# Titre\n\xc3\xa9t\xc3", "text/markdown"),
            (b"BM is a band", "text/plain"),
            (b"", "text/plain"),
            (b"<p>quoted</p>", "text/plain; charset=utf-8"),
            (b"\x7fELF\x02\x01\x01\0", "application/octet-stream"),
            (b"whatever", "image/x-unheard-of"),
        ];
        for (head, content_type) in cases {
            assert!(check_content(head, content_type).is_ok(), "{content_type}");
        }
    }

    #[test]
    fn files_that_are_not_what_they_claim_are_refused() {
        let cases: [(&[u8], &str); 13] = [
            (b"", "image/png"),
            (b"<html><script>alert(1)</script>", "image/png"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\">", "image/png"),
            (b"\x7fELF\x02\x01\x01\0", "image/png"),
            (b"MZ\x90\0", "image/png"),
            (b"PK\x03\x04", "application/pdf"),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/png"),
            (b"   %PDF-1.7", "application/pdf"),
            (b"\xff\xfe<\0h\0t\0m\0l\0", "image/png"),
            (PNG, "text/plain; charset=utf-8"),
            (PNG, "application/json"),
            (b"PK\x03\x04", "image/x-unheard-of"),
            (PNG, "video/mp4"),
        ];
        for (head, content_type) in cases {
            let kind = check_content(head, content_type).map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::ContentMismatch), "{content_type} {head:?}");
        }
        let error = check_content(PNG, "image/gif").unwrap_err();
        assert_eq!(error.details().actual.as_deref(), Some("image/png"));
    }
}

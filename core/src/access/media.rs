//! The table of media types that Casier knows, and of those that it never takes unasked.
//!
//! Names and extensions are those of the IANA registry
//! (<https://www.iana.org/assignments/media-types>); the other names are what browsers and systems
//! send for the same thing.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A family of media types; the built-in kinds are made of families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Image,
    Video,
    Audio,
    /// Texts that are published: what books and articles are written in.
    Text,
    /// Books in a format of their own.
    Ebook,
    /// What office software writes beside texts.
    Office,
    /// Everything else that is harmless.
    Other,
}

/// One media type.
pub(super) struct Media {
    pub(super) name: &'static str,
    pub(super) family: Family,
    /// What else it is called.
    pub(super) aliases: &'static [&'static str],
    pub(super) extensions: &'static [&'static str],
}

const fn media(
    name: &'static str,
    family: Family,
    aliases: &'static [&'static str],
    extensions: &'static [&'static str],
) -> Media {
    Media { name, family, aliases, extensions }
}

/// "Some bytes": says nothing, so it contradicts no extension.
pub(crate) const OCTET_STREAM: &str = "application/octet-stream";

/// An extension belongs to the first type that lists it, and fits the others that do: `text/plain`
/// stands last because it is what many clients call any text.
pub(super) const TABLE: &[Media] = &[
    media("image/png", Family::Image, &["image/x-png"], &["png"]),
    media("image/jpeg", Family::Image, &["image/jpg", "image/pjpeg"], &["jpg", "jpeg"]),
    media("image/gif", Family::Image, &[], &["gif"]),
    media("image/webp", Family::Image, &[], &["webp"]),
    media("image/avif", Family::Image, &[], &["avif"]),
    media("image/heic", Family::Image, &[], &["heic"]),
    media("image/heif", Family::Image, &[], &["heif", "heic"]),
    media("image/tiff", Family::Image, &[], &["tiff", "tif"]),
    media("image/bmp", Family::Image, &["image/x-ms-bmp", "image/x-bmp"], &["bmp"]),
    media("video/mp4", Family::Video, &[], &["mp4", "m4v"]),
    media("video/x-m4v", Family::Video, &[], &["m4v"]),
    media("video/webm", Family::Video, &[], &["webm"]),
    media("video/quicktime", Family::Video, &[], &["mov"]),
    media("video/matroska", Family::Video, &["video/x-matroska"], &["mkv"]),
    media("video/mpeg", Family::Video, &[], &["mpeg", "mpg"]),
    media("video/ogg", Family::Video, &[], &["ogv"]),
    media("video/3gpp", Family::Video, &[], &["3gp"]),
    media("video/vnd.avi", Family::Video, &["video/x-msvideo", "video/avi"], &["avi"]),
    media("audio/mpeg", Family::Audio, &["audio/mp3", "audio/x-mpeg"], &["mp3"]),
    media("audio/mp4", Family::Audio, &["audio/x-m4a", "audio/m4a"], &["m4a", "mp4"]),
    media("audio/aac", Family::Audio, &["audio/x-aac"], &["aac"]),
    media("audio/ogg", Family::Audio, &["application/ogg"], &["ogg", "oga", "opus"]),
    media("audio/opus", Family::Audio, &[], &["opus"]),
    media("audio/wav", Family::Audio, &["audio/x-wav", "audio/wave", "audio/vnd.wave"], &["wav"]),
    media("audio/flac", Family::Audio, &["audio/x-flac"], &["flac"]),
    media("audio/webm", Family::Audio, &[], &["weba", "webm"]),
    media("application/pdf", Family::Text, &["application/x-pdf"], &["pdf"]),
    media("text/markdown", Family::Text, &["text/x-markdown"], &["md", "markdown"]),
    media(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Family::Text,
        &[],
        &["docx"],
    ),
    media("application/vnd.oasis.opendocument.text", Family::Text, &[], &["odt"]),
    media("application/rtf", Family::Text, &["text/rtf"], &["rtf"]),
    media("application/epub+zip", Family::Ebook, &[], &["epub"]),
    media("application/x-mobipocket-ebook", Family::Ebook, &[], &["mobi"]),
    media("application/msword", Family::Office, &[], &["doc"]),
    media(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Family::Office,
        &[],
        &["xlsx"],
    ),
    media("application/vnd.oasis.opendocument.spreadsheet", Family::Office, &[], &["ods"]),
    media(
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        Family::Office,
        &[],
        &["pptx"],
    ),
    media("application/vnd.oasis.opendocument.presentation", Family::Office, &[], &["odp"]),
    media("application/vnd.ms-powerpoint", Family::Office, &[], &["ppt"]),
    media("text/csv", Family::Office, &["application/csv"], &["csv"]),
    media("text/tab-separated-values", Family::Office, &[], &["tsv"]),
    media("application/json", Family::Office, &["text/json"], &["json"]),
    // Windows gives .csv the type of the program that opens it.
    media("application/vnd.ms-excel", Family::Office, &[], &["xls", "csv"]),
    media("text/calendar", Family::Other, &[], &["ics"]),
    media("text/vcard", Family::Other, &["text/x-vcard"], &["vcf"]),
    media("text/vtt", Family::Other, &[], &["vtt"]),
    media("application/x-subrip", Family::Other, &["text/srt"], &["srt"]),
    media(
        "application/yaml",
        Family::Other,
        &["text/yaml", "application/x-yaml"],
        &["yaml", "yml"],
    ),
    media("application/zip", Family::Other, &["application/x-zip-compressed"], &["zip"]),
    media("application/gzip", Family::Other, &["application/x-gzip"], &["gz", "tgz"]),
    media("application/x-tar", Family::Other, &[], &["tar"]),
    media("application/x-7z-compressed", Family::Other, &[], &["7z"]),
    media(
        "text/plain",
        Family::Text,
        &[],
        &[
            "txt", "text", "log", "md", "markdown", "csv", "tsv", "json", "yaml", "yml", "srt",
            "vtt", "ics", "vcf",
        ],
    ),
];

/// Types that a browser runs or that carry parts of other types, or programs. A type that ends in
/// `+xml`, `multipart/…` and `message/…` are of their number.
pub(super) const DANGEROUS_TYPES: &[&str] = &[
    "application/ecmascript",
    "application/hta",
    "application/java-archive",
    "application/java-vm",
    "application/javascript",
    "application/vnd.android.package-archive",
    "application/vnd.microsoft.portable-executable",
    "application/wasm",
    "application/x-apple-diskimage",
    "application/x-bat",
    "application/x-bsh",
    "application/x-csh",
    "application/x-dosexec",
    "application/x-ecmascript",
    "application/x-elf",
    "application/x-executable",
    "application/x-httpd-php",
    "application/x-javascript",
    "application/x-mach-binary",
    "application/x-ms-application",
    "application/x-ms-dos-executable",
    "application/x-ms-installer",
    "application/x-ms-shortcut",
    "application/x-msdos-program",
    "application/x-msdownload",
    "application/x-msi",
    "application/x-perl",
    "application/x-php",
    "application/x-powershell",
    "application/x-sh",
    "application/x-sharedlib",
    "application/x-shellscript",
    "application/x-shockwave-flash",
    "application/xml",
    "application/xml-dtd",
    "application/xml-external-parsed-entity",
    "text/cache-manifest",
    "text/ecmascript",
    "text/html",
    "text/javascript",
    "text/jscript",
    "text/livescript",
    "text/php",
    "text/vbscript",
    "text/x-component",
    "text/x-ecmascript",
    "text/x-javascript",
    "text/x-php",
    "text/x-powershell",
    "text/x-server-parsed-html",
    "text/x-sh",
    "text/x-shellscript",
    "text/xml",
    "text/xml-external-parsed-entity",
    "text/xsl",
];

/// Extensions that an operating system, an office program or a browser may run, or that are
/// markup, beside those that no filename may have (`storage`): the policy file can allow these
/// (OWASP File Upload Cheat Sheet,
/// <https://cheatsheetseries.owasp.org/cheatsheets/File_Upload_Cheat_Sheet.html>).
pub(super) const DANGEROUS_EXTENSIONS: &[&str] = &[
    "apk",
    "app",
    "appimage",
    "application",
    "appx",
    "atom",
    "chm",
    "class",
    "config",
    "deb",
    "dmg",
    "docm",
    "dotm",
    "drv",
    "ear",
    "elf",
    "fish",
    "gadget",
    "hlp",
    "htc",
    "img",
    "inf",
    "ini",
    "ipa",
    "iso",
    "jnlp",
    "jsv",
    "jsw",
    "msix",
    "ocx",
    "pkg",
    "pl",
    "potm",
    "ppam",
    "ppsm",
    "pptm",
    "pyw",
    "rdf",
    "rpm",
    "rss",
    "run",
    "sldm",
    "sys",
    "vhd",
    "vhdx",
    "wasm",
    "webarchive",
    "wsc",
    "xhtm",
    "xlam",
    "xlsm",
    "xltm",
    "xml",
];

/// The type of this name or other name.
pub(super) fn by_name(name: &str) -> Option<&'static Media> {
    TABLE.iter().find(|media| media.name == name || media.aliases.contains(&name))
}

/// The usual type of a file of this extension. Every link asks for it, so that the table is not
/// searched.
pub(super) fn usual(extension: &str) -> Option<&'static Media> {
    static USUAL: LazyLock<HashMap<&str, &Media>> = LazyLock::new(|| {
        let pairs = |media: &'static Media| media.extensions.iter().map(move |of| (*of, media));
        // The last of a key stays, and the first of the table is the usual one.
        TABLE.iter().rev().flat_map(pairs).collect()
    });
    USUAL.get(extension).copied()
}

/// The types that a file of this extension can have, the usual one first.
pub(super) fn by_extension(extension: &str) -> impl Iterator<Item = &'static Media> {
    TABLE.iter().filter(move |media| media.extensions.contains(&extension))
}

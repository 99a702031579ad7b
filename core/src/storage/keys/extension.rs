//! Extensions: where one starts, and which are refused.

/// Extensions that are refused on every kind, whatever the policy says, since a copy of the file
/// runs on a web server that it is put under. The policy has a wider list of what kinds do not take
/// unasked.
const RUN_BY_SERVERS: &[&str] = &[
    "pht", "phtm", "phtml", "phar", "pgif", "asa", "asax", "ascx", "ashx", "asmx", "cgi", "fcgi",
    "cfm", "cfml", "cfc", "shtml", "shtm", "stm", "htaccess", "htpasswd", "war", "jar", "inc",
    "soap",
];

/// Refused likewise: run by the computer of whoever opens the file.
const RUN_BY_COMPUTERS: &[&str] = &[
    "exe", "bat", "cmd", "com", "scr", "msi", "msp", "pif", "cpl", "dll", "so", "dylib", "sh",
    "bash", "csh", "ksh", "zsh", "command", "ps1", "psm1", "psd1", "vb", "vbs", "vbe", "js", "mjs",
    "cjs", "jse", "ws", "wsf", "wsh", "hta", "msc", "reg", "lnk", "url", "desktop", "scf",
];

/// Refused likewise: run by the browser that shows the file, with the rights of the page's origin.
const RUN_BY_BROWSERS: &[&str] =
    &["html", "htm", "xhtml", "xht", "mht", "mhtml", "svg", "svgz", "swf", "xsl", "xslt"];

/// Families that are judged by their beginning: `php5`, `aspx`.
const FORBIDDEN_FAMILIES: &[&str] = &["php", "asp", "jsp"];

/// Second parts of extensions that stand before a compression: `.tar.gz`.
const DOUBLE: &[&str] = &["tar"];

/// The byte at which the extension starts, dot included; the length when there is none. A name
/// that begins with its only dot has none, and `a.tar.gz` has `.tar.gz`.
pub(super) fn start(name: &str) -> usize {
    let Some(dot) = name.rfind('.').filter(|&dot| dot > 0 && is_plain(&name[dot + 1..])) else {
        return name.len();
    };
    match name[..dot].rfind('.') {
        Some(first)
            if first > 0 && DOUBLE.iter().any(|d| name[first + 1..dot].eq_ignore_ascii_case(d)) =>
        {
            first
        }
        _ => dot,
    }
}

/// The last extension in lower case, without its dot; dots and spaces after it do not count.
pub(crate) fn last(name: &str) -> Option<String> {
    let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && is_plain(extension)).then(|| extension.to_ascii_lowercase())
}

/// Whether the last extension is refused, of the name itself or of what some file systems and
/// servers make of it: the part before a `;` or `:`, or without the dots and spaces at the end.
pub(super) fn is_forbidden(name: &str) -> bool {
    name.split([';', ':']).any(|part| {
        let part = part.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
        let Some((_, extension)) = part.rsplit_once('.') else { return false };
        is_forbidden_extension(&extension.trim().to_lowercase())
    })
}

/// Whether files of this extension, in lower case and without its dot, are refused.
pub(crate) fn is_forbidden_extension(extension: &str) -> bool {
    [RUN_BY_SERVERS, RUN_BY_COMPUTERS, RUN_BY_BROWSERS].iter().any(|l| l.contains(&extension))
        || FORBIDDEN_FAMILIES.iter().any(|family| extension.starts_with(family))
}

fn is_plain(extension: &str) -> bool {
    !extension.is_empty() && extension.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_extension() {
        for (name, extension) in [
            ("a.pdf", ".pdf"),
            ("a.tar.gz", ".tar.gz"),
            ("a.TAR.gz", ".TAR.gz"),
            ("a.b.gz", ".gz"),
            (".env", ""),
            (".tar.gz", ".gz"),
            ("v. 2 of it", ""),
            ("a.", ""),
        ] {
            assert_eq!(&name[start(name)..], extension, "{name}");
        }
        assert_eq!(last("A.PDF. ").as_deref(), Some("pdf"));
        assert_eq!(last(".png"), None);
    }

    /// Attack 70.
    #[test]
    fn refuses_in_every_disguise() {
        for name in [
            "a.php",
            "a.PhP",
            "a.php5",
            "a.jpg.php",
            "a.php...",
            "a.php ",
            "a.php. .",
            "a.phar",
            "a.aspx;1.jpg",
            "a.asax:.jpg",
            "a.asp::$data.",
            "a.png;.php",
            "a.svg",
            "a. php",
            ".htaccess",
            "a.jsp",
            "a.sh",
        ] {
            assert!(is_forbidden(name), "{name}");
        }
        for name in ["a.php.jpg", "php", "a.xml", "a.json", "a.md", "exe.pdf", "a.tar.gz", ".env"] {
            assert!(!is_forbidden(name), "{name}");
        }
    }
}

//! Finding files by their names.

use unicode_normalization::UnicodeNormalization as _;

/// Names that contain a text, whatever the case of either and however their accents are written.
#[derive(Clone, Debug)]
pub(super) struct Search(String);

impl Search {
    pub(super) fn new(text: &str) -> Self {
        Self(folded(text))
    }

    pub(super) fn finds(&self, filename: &str) -> bool {
        folded(filename).contains(&self.0)
    }
}

/// The text with its case folded by Unicode's full folding (`ß` is `ss`, every sigma is one), in
/// the composed form, so that a bare letter does not find an accented one. Folding is done on the
/// decomposed form, as canonical caseless matching asks (The Unicode Standard, D145).
fn folded(text: &str) -> String {
    caseless::default_case_fold_str(&text.nfd().collect::<String>()).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_normal_form_do_not_matter() {
        for (name, text) in [
            ("Rapport 2025.PDF", "rapport"),
            ("Rapport 2025.PDF", "5.pdf"),
            ("E\u{301}te\u{301}.txt", "été"),
            ("ÉTÉ.txt", "e\u{301}t"),
            ("Straße.png", "STRASSE"),
            ("ΟΔΟΣ.txt", "οδος"),
            ("οδος.txt", "ΟΔΟΣ"),
            ("ОТЧЁТ.xlsx", "отчёт"),
            ("報告書.docx", "告"),
            ("a.txt", ""),
        ] {
            assert!(Search::new(text).finds(name), "{text} in {name}");
        }
    }

    #[test]
    fn other_names_are_not_found() {
        for (name, text) in [
            ("été.txt", "ete"),
            ("a.txt", "b"),
            ("a.txt", "a*"),
            ("a.txt", "files/a.txt"),
            ("a.txt", "%61"),
        ] {
            assert!(!Search::new(text).finds(name), "{text} in {name}");
        }
    }
}

//! Kinds of files: which content types and extensions each one takes.

use std::collections::BTreeSet;

use super::content_type::{is_dangerous_extension, is_dangerous_type};
use super::media::{Family, TABLE};

/// In a kind's types or extensions: all that are not dangerous.
pub(super) const ANYTHING: &str = "*";

/// One kind of file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    pub(super) name: String,
    pub(super) types: BTreeSet<String>,
    pub(super) extensions: BTreeSet<String>,
}

impl Kind {
    /// The name, for example `image`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content types that it takes; `*` stands for all that are not dangerous.
    pub fn types(&self) -> Vec<String> {
        self.types.iter().cloned().collect()
    }

    /// The extensions that it takes, without the dot; `*` stands for all that are not dangerous,
    /// and for none.
    pub fn extensions(&self) -> Vec<String> {
        self.extensions.iter().cloned().collect()
    }

    /// Whether it takes the content type, in lower case and without parameters.
    pub(super) fn takes_type(&self, content_type: &str) -> bool {
        self.types.contains(content_type)
            || (self.types.contains(ANYTHING) && !is_dangerous_type(content_type))
    }

    /// Whether it takes the extension, in lower case.
    pub(super) fn takes_extension(&self, extension: Option<&str>) -> bool {
        let takes_any = self.extensions.contains(ANYTHING);
        extension.map_or(takes_any, |extension| {
            self.extensions.contains(extension) || (takes_any && !is_dangerous_extension(extension))
        })
    }

    /// The built-in kinds.
    pub(super) fn builtin() -> Vec<Self> {
        use Family::{Audio, Ebook, Image, Office, Text, Video};
        vec![
            Self::of_families("book", &[Text, Ebook]),
            Self::of_families("blog", &[Text]),
            Self::of_families("image", &[Image]),
            Self::of_families("video", &[Video]),
            Self::of_families("audio", &[Audio]),
            Self::of_families("document", &[Text, Ebook, Office]),
            Self {
                name: String::from("file"),
                types: BTreeSet::from([String::from(ANYTHING)]),
                extensions: BTreeSet::from([String::from(ANYTHING)]),
            },
        ]
    }

    /// A kind that takes whole families; an extension is in when its usual type is.
    fn of_families(name: &str, families: &[Family]) -> Self {
        let mut kind =
            Self { name: name.to_owned(), types: BTreeSet::new(), extensions: BTreeSet::new() };
        let mut seen = BTreeSet::new();
        for media in TABLE {
            let is_in = families.contains(&media.family);
            if is_in {
                kind.types.insert(media.name.to_owned());
            }
            for extension in media.extensions {
                if seen.insert(*extension) && is_in {
                    kind.extensions.insert((*extension).to_owned());
                }
            }
        }
        kind
    }
}

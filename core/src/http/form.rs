//! The form of an upload.

use std::collections::BTreeMap;

use super::body::{Body, Contents, MAX_FORM_TEXT_BYTES};
use super::members::{invalid, texts_of};
use super::query::switch;
use crate::access::{OCTET_STREAM, content_type_for, essence, shown};
use crate::json::parse_object;
use crate::storage::{MAX_PUT_BYTES, StoredFile, UploadOptions, UserStorage, clean_filename};
use crate::{Details, Error, ErrorKind, Result};

/// What a form may take beside its file: boundaries, the heads of its parts, text fields.
const ROOM_BYTES: u64 = MAX_FORM_TEXT_BYTES as u64;

/// The field that holds the file.
const FILE: &str = "file";

/// The type of every part that has none of its own.
const TEXT_PLAIN: &str = "text/plain";

const FIELDS: [&str; 4] = ["content_type", "metadata", "overwrite", "s3_key"];

/// An upload as its form asks for it.
#[derive(Debug)]
pub(super) struct UploadForm {
    kind: String,
    filename: String,
    contents: Contents,
    options: UploadOptions,
}

/// The most bytes of a form whose file may have `largest` bytes.
pub(super) fn form_limit(largest: Option<u64>) -> u64 {
    largest.map_or(MAX_PUT_BYTES, |largest| largest.min(MAX_PUT_BYTES)).saturating_add(ROOM_BYTES)
}

impl UploadForm {
    /// Reads the form of an upload into `files`, from which files of `largest` bytes are taken.
    ///
    /// # Errors
    /// `file-too-large` when the form was longer than [`form_limit`]; `invalid-request` when it is no
    /// form, has no file, or has a field that is unknown, repeated or malformed; `not-owner`,
    /// `invalid-key` and `invalid-filename` for its `s3_key`.
    pub(super) fn read(body: Body, files: &UserStorage, largest: Option<u64>) -> Result<Self> {
        let form = match body {
            Body::Form(form) => form,
            Body::TooLarge => return Err(too_large(largest)),
            _ => return Err(invalid("the body is not a form of the type multipart/form-data")),
        };
        let mut fields = Fields::read(form.fields)?;
        let file = form.file.filter(|file| !file.filename.is_empty());
        let file = file.ok_or_else(|| invalid("the form has no file in its field `file`"))?;
        let mut options = UploadOptions::default();
        if let Some(text) = fields.take("metadata") {
            options.metadata = metadata(&text)?;
        }
        if let Some(text) = fields.take("overwrite") {
            options.overwrite = switch("overwrite", &text)?;
        }
        let (kind, filename) = match (fields.take("content_type"), fields.take("s3_key")) {
            (Some(kind), None) => (kind, file.filename),
            (None, Some(key)) => place(files, &key)?,
            _ => {
                return Err(invalid(
                    "the form needs `content_type` (the kind) or `s3_key`, not both",
                ));
            }
        };
        options.content_type = declared_type(file.content_type, &filename);
        Ok(Self { kind, filename, contents: file.contents, options })
    }

    pub(super) async fn send(self, files: &UserStorage) -> Result<StoredFile> {
        let Self { kind, filename, contents, mut options } = self;
        match contents {
            Contents::Memory(bytes) => {
                files.upload_file_object(bytes, &filename, &kind, options).await
            }
            Contents::Disk(path) => {
                options.filename = Some(filename);
                files.upload_file(path, &kind, options).await
            }
        }
    }
}

/// The text fields, each at most once; an empty one counts as absent, as browsers send it.
struct Fields(BTreeMap<String, String>);

impl Fields {
    fn read(fields: Vec<(String, String)>) -> Result<Self> {
        let mut read = BTreeMap::new();
        let mut left = ROOM_BYTES;
        for (name, value) in fields {
            let length = u64::try_from(name.len() + value.len()).unwrap_or(u64::MAX);
            left = left
                .checked_sub(length)
                .ok_or_else(|| invalid("the text fields of the form are longer than 64 KiB"))?;
            if name == FILE {
                return Err(invalid("the field `file` has no filename, so it is no file"));
            }
            if !FIELDS.contains(&name.as_str()) {
                return Err(invalid(format!("the form has an unknown field `{}`", shown(&name))));
            }
            if read.contains_key(&name) {
                return Err(invalid(format!("the form has `{name}` twice")));
            }
            read.insert(name, value);
        }
        Ok(Self(read))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }
}

/// The type that the form gives a file that is to be called `filename`, unless it says nothing:
/// `application/octet-stream` is "some file", and `text/plain` is what parsers give a part without a
/// type (RFC 7578, section 4.4), so it holds only where the filename tells none.
fn declared_type(declared: Option<String>, filename: &str) -> Option<String> {
    declared.filter(|declared| match essence(declared).to_ascii_lowercase().as_str() {
        "" | OCTET_STREAM => false,
        TEXT_PLAIN => !tells_type(filename),
        _ => true,
    })
}

fn tells_type(filename: &str) -> bool {
    clean_filename(filename).is_ok_and(|cleaned| content_type_for(&cleaned).is_some())
}

/// The kind and the filename of a key that a new file is to have: one that an upload could have
/// given, to the byte, so that a key is never corrected into another.
fn place(files: &UserStorage, key: &str) -> Result<(String, String)> {
    let parsed = files.parse(key)?;
    let kind = parsed.kind.ok_or_else(|| unusual("the key has not the folder of a kind"))?;
    if files.scope().key(&kind, &parsed.filename)? != key {
        return Err(unusual("no upload gives such a key: the filename would be cleaned"));
    }
    Ok((kind, parsed.filename))
}

fn unusual(why: &str) -> Error {
    Error::new(ErrorKind::InvalidKey, why)
}

fn metadata(text: &str) -> Result<BTreeMap<String, String>> {
    let not_texts = || invalid("`metadata` is not a JSON object of strings");
    parse_object(text.as_bytes()).and_then(texts_of).ok_or_else(not_texts)
}

fn too_large(largest: Option<u64>) -> Error {
    let limit = form_limit(largest) - ROOM_BYTES;
    let details = Details { limit: Some(limit), ..Details::default() };
    Error::new(ErrorKind::FileTooLarge, "the form is longer than any file of the tier may be")
        .with_details(details)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::super::body::{Form, FormFile};
    use super::*;
    use crate::access::Policy;
    use crate::storage::{Scope, Storage, StorageConfig};

    fn read(
        fields: &[(&str, &str)],
        filename: &str,
        content_type: Option<&str>,
    ) -> Result<UploadForm> {
        let fields = fields.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let contents = Contents::Memory(Bytes::from_static(b"x"));
        let file = FormFile::new(filename, content_type.map(str::to_owned), contents);
        let body = Body::Form(Form::new(fields.collect(), Some(file)));
        UploadForm::read(body, &files(), Some(10))
    }

    fn files() -> UserStorage {
        let storage = Storage::new(StorageConfig::new("bucket", None)).unwrap();
        storage.scoped(Scope::new("1").unwrap(), None, Arc::new(Policy::builtin()))
    }

    fn code(fields: &[(&str, &str)]) -> &'static str {
        read(fields, "a.txt", None).unwrap_err().code()
    }

    #[test]
    fn a_kind_or_a_key_names_the_place() {
        let form = read(&[("content_type", "book"), ("s3_key", "")], "a b.txt", None).unwrap();
        assert_eq!((form.kind.as_str(), form.filename.as_str()), ("book", "a b.txt"));
        assert!(form.options.overwrite && form.options.metadata.is_empty());
        let form = read(&[("s3_key", "user_1/images/été.png")], "other.txt", None).unwrap();
        assert_eq!((form.kind.as_str(), form.filename.as_str()), ("image", "été.png"));
        assert_eq!(code(&[]), "invalid-request");
        let both = [("content_type", "image"), ("s3_key", "user_1/images/a.png")];
        assert_eq!(code(&both), "invalid-request");
    }

    #[test]
    fn a_key_is_taken_to_the_byte_or_refused() {
        for (key, expected) in [
            ("user_2/files/a.txt", "not-owner"),
            ("user_10/files/a.txt", "not-owner"),
            ("files/a.txt", "not-owner"),
            ("user_1/files/../a.txt", "invalid-key"),
            ("user_1/files/%2e%2e/a.txt", "invalid-key"),
            ("user_1/files/", "invalid-key"),
            ("user_1/a.txt", "invalid-key"),
            ("user_1/Files/a.txt", "invalid-key"),
            ("user_1/files/2024/a.txt", "invalid-key"),
            ("user_1/files/a%20b.txt", "invalid-key"),
            ("user_1/files/a<b>.txt", "invalid-key"),
            ("user_1/files/e\u{301}.txt", "invalid-key"),
            ("user_1/files/a.php", "invalid-filename"),
        ] {
            assert_eq!(code(&[("s3_key", key)]), expected, "{key}");
        }
    }

    #[test]
    fn fields_are_known_single_and_well_formed() {
        let kind = ("content_type", "file");
        let form = read(
            &[kind, ("metadata", r#"{"title":"é"}"#), ("overwrite", "false")],
            "a.txt",
            Some("text/markdown"),
        )
        .unwrap();
        assert_eq!(form.options.metadata["title"], "é");
        assert!(!form.options.overwrite);
        assert_eq!(form.options.content_type.as_deref(), Some("text/markdown"));
        for other in [
            ("user_id", "user_2"),
            ("file", "x"),
            ("content_type", "file"),
            ("metadata", &format!(r#"{{"a":"{}"}}"#, "x".repeat(64 * 1024))),
            ("metadata", "[]"),
            ("metadata", r#"{"a":1}"#),
            ("metadata", r#"{"a":"b","a":"c"}"#),
            ("overwrite", "no"),
        ] {
            assert_eq!(code(&[kind, other]), "invalid-request", "{other:?}");
        }
        let error = read(&[kind, ("user_id", "hush")], "a.txt", None).unwrap_err();
        assert!(error.message().contains("`user_id`") && !error.message().contains("hush"));
    }

    #[test]
    fn a_type_that_tells_nothing_is_not_declared() {
        for content_type in
            [None, Some(""), Some("Application/octet-stream"), Some(" ;x"), Some("text/plain")]
        {
            let form = read(&[("content_type", "image")], "a.png", content_type).unwrap();
            assert_eq!(form.options.content_type, None, "{content_type:?}");
        }
    }

    #[test]
    fn plain_text_is_declared_only_of_a_file_whose_name_tells_no_type() {
        let kind = ("content_type", "file");
        let by_key = ("s3_key", "user_1/images/a.png");
        for (place, filename, content_type, is_declared) in [
            (kind, "notes", "text/plain", true),
            (kind, "notes.unheard-of", "text/plain", true),
            (kind, "A.PNG", "Text/Plain; charset=utf-8", false),
            (kind, "a.png/notes", "text/plain", true),
            (kind, "a.md", "text/plain", false),
            (kind, "a.txt", "text/plain", false),
            (kind, "a.png", "text/html", true),
            (by_key, "blob", "text/plain", false),
        ] {
            let form = read(&[place], filename, Some(content_type)).unwrap();
            let expected = is_declared.then_some(content_type);
            assert_eq!(form.options.content_type.as_deref(), expected, "{filename}");
        }
    }

    #[test]
    fn no_file_no_form_and_too_much_are_told_apart() {
        let files = files();
        let read_body = |body| UploadForm::read(body, &files, Some(10)).unwrap_err();
        let no_file = Form::new(vec![("content_type".to_owned(), "file".to_owned())], None);
        assert!(read_body(Body::Form(no_file)).message().contains("no file"));
        assert_eq!(
            read(&[("content_type", "file")], "", None).unwrap_err().code(),
            "invalid-request"
        );
        for body in [Body::None, Body::Unreadable, Body::Json(Bytes::from_static(b"{}"))] {
            assert_eq!(read_body(body).code(), "invalid-request");
        }
        let error = read_body(Body::TooLarge);
        assert_eq!((error.code(), error.details().limit), ("file-too-large", Some(10)));
        assert_eq!(form_limit(Some(u64::MAX)), form_limit(None));
    }

    proptest! {
        #[test]
        fn a_key_is_never_corrected(name in "(images|files|x|Images)/[a-zé.%/<e\u{301} ]{0,12}") {
            let files = files();
            let key = format!("user_1/{name}");
            if let Ok((kind, filename)) = place(&files, &key) {
                prop_assert_eq!(files.scope().key(&kind, &filename).unwrap(), key);
            }
        }
    }
}

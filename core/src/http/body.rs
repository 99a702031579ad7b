//! The body of a request, as a web framework has read it.

use std::path::PathBuf;

use bytes::Bytes;

/// The longest JSON body.
pub const MAX_JSON_BYTES: u64 = 1024 * 1024;

/// The most parts of a form, for whoever takes it apart: even an empty part costs memory, and one
/// with a file an open file.
pub const MAX_FORM_PARTS: u32 = 16;

/// The most bytes of a form's names and texts together.
pub const MAX_FORM_TEXT_BYTES: u32 = 64 * 1024;

/// What a call wants to be read of the request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted {
    /// Nothing: the call has no body, or is refused already.
    Nothing,
    /// JSON text.
    Json {
        /// The most bytes to read; a longer body is given as [`Body::TooLarge`].
        limit: u64,
    },
    /// A form of the type `multipart/form-data`, of at most [`MAX_FORM_PARTS`] parts.
    Form {
        /// The most bytes to read, the form's own boundaries included.
        limit: u64,
    },
}

impl Wanted {
    /// The name of what is wanted: `nothing`, `json` or `form`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Json { .. } => "json",
            Self::Form { .. } => "form",
        }
    }

    /// The most bytes to read.
    pub const fn limit(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Json { limit } | Self::Form { limit } => limit,
        }
    }
}

/// The body of a request.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Body {
    /// No body, or none that was wanted.
    #[default]
    None,
    /// The text of a JSON body, as it came.
    Json(Bytes),
    /// A form, taken apart.
    Form(Form),
    /// The body is longer than the limit, and was not read on.
    TooLarge,
    /// The body cannot be taken apart.
    Unreadable,
}

/// A form of the type `multipart/form-data`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Form {
    /// Name and value of each text field, in order.
    pub fields: Vec<(String, String)>,
    /// The file of the field `file`.
    pub file: Option<FormFile>,
}

/// A file of a form.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FormFile {
    /// The name that the browser gave.
    pub filename: String,
    /// The content type that the browser gave.
    pub content_type: Option<String>,
    /// Its bytes.
    pub contents: Contents,
}

/// Where the bytes of a form's file are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Contents {
    /// In memory.
    Memory(Bytes),
    /// On disk, in a file that the caller removes after the call.
    Disk(PathBuf),
}

impl Form {
    /// A form of text fields and, when it has one, a file.
    pub fn new(fields: Vec<(String, String)>, file: Option<FormFile>) -> Self {
        Self { fields, file }
    }
}

impl FormFile {
    /// A file as a form names it.
    pub fn new(
        filename: impl Into<String>,
        content_type: Option<String>,
        contents: Contents,
    ) -> Self {
        Self { filename: filename.into(), content_type, contents }
    }
}

//! What may happen, and the names that it happens to: few enough to meet again and again.

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// What follows a part of the id that all users of one sequence share: ids that begin each other,
/// that look like prefixes, or that are written like each other.
pub(super) const USERS: &[&str] = &["", "0", "|b", ".7Cb", "%7Cb", "/files", "::1", "É"];

pub(super) const KINDS: &[&str] = &["file", "document", "blog"];

/// Some of them are the same file: in another folder, or decomposed.
pub(super) const FILENAMES: &[&str] = &[
    "a.txt",
    "folder/a.txt",
    "A.txt",
    "a b.txt",
    "a%20b.txt",
    "\u{e9}.txt",
    "e\u{301}.txt",
    "user_1.txt",
    "報告書.txt",
    "a.md",
];

/// What is searched for.
const TEXTS: &[&str] = &["a", "A.TXT", "\u{c9}", "e\u{301}.t", "書", "%20", "user_", "files/", ""];

#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) kind: &'static str,
    pub(super) filename: &'static str,
}

/// How long a line of a content is.
const LINE: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct Content {
    letter: u8,
    length: usize,
}

impl Content {
    /// Lines of the letter and their numbers, so that a part in the wrong place shows.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let letter = char::from(self.letter);
        let mut bytes = Vec::with_capacity(self.length + LINE);
        for line in 0..self.length.div_ceil(LINE) {
            bytes.extend(format!("{letter}{line:0width$}\n", width = LINE - 2).bytes());
        }
        bytes.truncate(self.length);
        bytes
    }
}

/// An operation, and the user who asks for it as an index into [`USERS`].
#[derive(Clone, Debug)]
pub(super) enum Step {
    Upload {
        user: usize,
        upload: Uploading,
    },
    Read {
        user: usize,
        name: Name,
        limit: Option<u64>,
    },
    /// From an offset on, the last bytes where there is none.
    ReadRange {
        user: usize,
        name: Name,
        start: Option<u64>,
        length: u64,
    },
    /// Only if it is what it was a moment before, or only if it is not.
    ReadIf {
        user: usize,
        name: Name,
        same: bool,
    },
    Download {
        user: usize,
        name: Name,
    },
    Describe {
        user: usize,
        name: Name,
    },
    List {
        user: usize,
        kind: Option<&'static str>,
        limit: u32,
        with_metadata: bool,
    },
    Delete {
        user: usize,
        name: Name,
    },
    DeleteMany {
        user: usize,
        names: Vec<Name>,
    },
    Copy {
        user: usize,
        copy: Copying,
    },
    Tags {
        user: usize,
        name: Name,
    },
    SetTags {
        user: usize,
        name: Name,
        tags: BTreeMap<String, String>,
    },
    Usage {
        user: usize,
    },
    Search {
        user: usize,
        text: &'static str,
    },
    Newest {
        user: usize,
        count: usize,
        kind: Option<&'static str>,
    },
    DeleteAll {
        user: usize,
    },
    /// Every operation, with the key of somebody else.
    Trespass {
        user: usize,
        owner: usize,
        name: Name,
    },
    /// An upload in parts is begun and left.
    LeaveUpload {
        user: usize,
        name: Name,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Uploading {
    pub(super) name: Name,
    pub(super) form: Form,
    pub(super) content: Content,
    pub(super) overwrite: bool,
    pub(super) note: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
}

/// How an upload brings its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Memory,
    Disk,
    Stream { is_length_known: bool },
}

/// A copy, or what is made of one.
#[derive(Clone, Debug)]
pub(super) struct Copying {
    pub(super) way: Way,
    pub(super) from: Name,
    pub(super) to: Name,
    pub(super) overwrite: bool,
    pub(super) note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    Copy,
    Move,
    /// It keeps the kind and the note.
    Rename,
}

pub(super) fn steps(count: Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    vec(step(), count)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (user(), upload()).prop_map(|(user, upload)| Step::Upload { user, upload }),
        2 => (user(), name(), option::of(0_u64..3000), 0_u64..3000).prop_map(
            |(user, name, start, length)| Step::ReadRange { user, name, start, length }
        ),
        1 => (user(), name(), any::<bool>())
            .prop_map(|(user, name, same)| Step::ReadIf { user, name, same }),
        3 => (user(), name(), option::of(0_u64..3000))
            .prop_map(|(user, name, limit)| Step::Read { user, name, limit }),
        1 => (user(), name()).prop_map(|(user, name)| Step::Download { user, name }),
        2 => (user(), name()).prop_map(|(user, name)| Step::Describe { user, name }),
        3 => (user(), option::of(kind()), 1_u32..5, any::<bool>()).prop_map(
            |(user, kind, limit, with_metadata)| Step::List { user, kind, limit, with_metadata }
        ),
        2 => (user(), name()).prop_map(|(user, name)| Step::Delete { user, name }),
        1 => (user(), vec(name(), 0..4))
            .prop_map(|(user, names)| Step::DeleteMany { user, names }),
        4 => (user(), copy()).prop_map(|(user, copy)| Step::Copy { user, copy }),
        1 => (user(), name()).prop_map(|(user, name)| Step::Tags { user, name }),
        2 => (user(), name(), tags())
            .prop_map(|(user, name, tags)| Step::SetTags { user, name, tags }),
        1 => user().prop_map(|user| Step::Usage { user }),
        1 => (user(), prop::sample::select(TEXTS))
            .prop_map(|(user, text)| Step::Search { user, text }),
        1 => (user(), 1_usize..5, option::of(kind()))
            .prop_map(|(user, count, kind)| Step::Newest { user, count, kind }),
        1 => user().prop_map(|user| Step::DeleteAll { user }),
        2 => (user(), user(), name())
            .prop_map(|(user, owner, name)| Step::Trespass { user, owner, name }),
        1 => (user(), name()).prop_map(|(user, name)| Step::LeaveUpload { user, name }),
    ]
}

fn copy() -> impl Strategy<Value = Copying> {
    let way = prop::sample::select(&[Way::Copy, Way::Move, Way::Rename][..]);
    (way, name(), name(), any::<bool>(), note())
        .prop_map(|(way, from, to, overwrite, note)| Copying { way, from, to, overwrite, note })
}

fn tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map("[a-z]{1,5}", "[a-z +=._:/@-]{0,8}", 0..4)
}

fn user() -> impl Strategy<Value = usize> {
    0..USERS.len()
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(KINDS)
}

fn name() -> impl Strategy<Value = Name> {
    (kind(), prop::sample::select(FILENAMES)).prop_map(|(kind, filename)| Name { kind, filename })
}

fn upload() -> impl Strategy<Value = Uploading> {
    let form = prop_oneof![
        4 => Just(Form::Memory),
        1 => Just(Form::Disk),
        1 => any::<bool>().prop_map(|is_length_known| Form::Stream { is_length_known }),
    ];
    let tags = prop_oneof![3 => Just(BTreeMap::new()), 1 => tags()];
    (name(), form, content(), any::<bool>(), note(), tags).prop_map(
        |(name, form, content, overwrite, note, tags)| Uploading {
            name,
            form,
            content,
            overwrite,
            note,
            tags,
        },
    )
}

/// Few are so large that they go in parts.
fn content() -> impl Strategy<Value = Content> {
    let length = prop_oneof![
        10 => Just(0),
        80 => 1_usize..2000,
        20 => 2000_usize..300_000,
        1 => (17_usize << 20)..(25 << 20),
    ];
    (b'a'..=b'z', length).prop_map(|(letter, length)| Content { letter, length })
}

fn note() -> impl Strategy<Value = Option<String>> {
    option::of("[a-z \u{e9}京😀\"=?]{0,12}")
}

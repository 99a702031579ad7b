//! What may happen, and the names that it happens to: few enough to meet again and again.

use std::ops::Range;

use proptest::collection::vec;
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

#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) kind: &'static str,
    pub(super) filename: &'static str,
}

#[derive(Clone, Debug)]
pub(super) struct Content {
    letter: u8,
    length: usize,
}

impl Content {
    pub(super) fn bytes(&self) -> Vec<u8> {
        vec![self.letter; self.length]
    }
}

/// An operation, and the user who asks for it as an index into [`USERS`].
#[derive(Clone, Debug)]
pub(super) enum Step {
    Upload {
        user: usize,
        name: Name,
        content: Content,
        overwrite: bool,
        note: Option<String>,
    },
    Read {
        user: usize,
        name: Name,
        limit: Option<u64>,
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

pub(super) fn steps(count: Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    vec(step(), count)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (user(), name(), content(), any::<bool>(), note()).prop_map(
            |(user, name, content, overwrite, note)| Step::Upload {
                user, name, content, overwrite, note
            }
        ),
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
        2 => (user(), user(), name())
            .prop_map(|(user, owner, name)| Step::Trespass { user, owner, name }),
        1 => (user(), name()).prop_map(|(user, name)| Step::LeaveUpload { user, name }),
    ]
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

fn content() -> impl Strategy<Value = Content> {
    let length = prop_oneof![1 => Just(0), 6 => 1_usize..2000, 2 => 2000_usize..300_000];
    (b'a'..=b'z', length).prop_map(|(letter, length)| Content { letter, length })
}

fn note() -> impl Strategy<Value = Option<String>> {
    option::of("[a-z \u{e9}京😀\"=?]{0,12}")
}

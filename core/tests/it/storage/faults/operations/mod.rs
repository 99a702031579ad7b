//! Every operation: what is there before it and after it, and a call that checks its own answer.

pub(super) mod grants;
pub(super) mod listings;
pub(super) mod managing;
pub(super) mod reads;
pub(super) mod uploads;

use std::fmt;

use casier::{ErrorKind, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::world::{Content, Files, World};

pub(super) struct Operation {
    /// The method of `UserStorage` that it calls.
    pub(super) method: &'static str,
    /// Tells it from others of the same method.
    pub(super) variant: &'static str,
    pub(super) given: Files,
    pub(super) then: Files,
    pub(super) given_locally: Files,
    pub(super) then_locally: Files,
    /// How many uploads are open before it, and after it.
    pub(super) open_uploads: [usize; 2],
    /// Whether it can be done again where it has been done, or has failed in this way.
    pub(super) repeatable: fn(Option<ErrorKind>) -> bool,
    /// Requests that it makes for sure.
    pub(super) requests: &'static [&'static str],
    /// What is done before anything fails.
    pub(super) prepare: for<'a> fn(&'a World) -> BoxFuture<'a, ()>,
    pub(super) call: for<'a> fn(&'a World) -> BoxFuture<'a, Result<()>>,
}

impl Operation {
    pub(super) fn is_large(&self) -> bool {
        self.then.iter().any(|(_, content)| content.bytes().len() >= TWO_PARTS.bytes().len())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.variant)
    }
}

const A: &str = "files/a.bin";
const B: &str = "files/b.bin";
const C: &str = "files/c.bin";
const D: &str = "files/d.bin";
const OLD: Content = Content::Small("red");
const NEW: Content = Content::Small("blue");
const OTHER: Content = Content::Small("yellow");

/// Above 16 MiB, so that it goes in three parts and comes in three ranges.
const LARGE: Content = Content::Large(16 * 1024 * 1024 + 1000);
const TWO_PARTS: Content = Content::Large(8 * 1024 * 1024 + 1000);

const THREE: Files = &[(A, NEW), (B, OTHER), (C, OLD)];

/// One that reads and changes nothing.
const READS: Operation = Operation {
    method: "",
    variant: "",
    given: THREE,
    then: THREE,
    given_locally: &[],
    then_locally: &[],
    open_uploads: [0, 0],
    repeatable: |_| true,
    requests: &[],
    prepare: |_| async {}.boxed(),
    call: |_| async { Ok(()) }.boxed(),
};

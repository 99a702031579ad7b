//! The users with their storage, and what the model says is in it.

use std::collections::{BTreeMap, BTreeSet};

use casier::ErrorKind;
use casier::storage::{Scope, UserStorage};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::super::bench::Bench;
use super::step::{Name, Step, USERS};
use crate::support::random_name;

pub(super) type Outcome = Result<(), TestCaseError>;

/// A file as the model has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) metadata: BTreeMap<String, String>,
}

pub(super) struct User {
    pub(super) storage: UserStorage,
    pub(super) scope: Scope,
    pub(super) model: BTreeMap<String, File>,
}

pub(super) struct World<'a> {
    pub(super) bench: &'a Bench,
    pub(super) users: Vec<User>,
    /// The keys of uploads that were begun and left.
    pub(super) unfinished: Vec<String>,
    /// What the store was found to be able to do; it has to stay with it.
    learned: BTreeMap<&'static str, bool>,
}

impl User {
    pub(super) fn key(&self, name: Name) -> String {
        self.scope.key(name.kind, name.filename).unwrap()
    }
}

impl<'a> World<'a> {
    pub(super) fn new(bench: &'a Bench) -> Self {
        let shared = random_name();
        let users = USERS.iter().map(|rest| {
            let scope = Scope::new(format!("{shared}{rest}")).unwrap();
            User { storage: bench.files_of(&scope), scope, model: BTreeMap::new() }
        });
        Self { bench, users: users.collect(), unfinished: Vec::new(), learned: BTreeMap::new() }
    }

    pub(super) async fn run(&mut self, steps: &[Step]) -> Outcome {
        for step in steps {
            self.take(step).await?;
        }
        self.compare().await
    }

    async fn take(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Upload { user, name, content, overwrite, note } => {
                self.upload(*user, *name, content.bytes(), *overwrite, note.as_deref()).await
            }
            Step::Read { user, name, limit } => self.users[*user].read(*name, *limit).await,
            Step::Download { user, name } => self.users[*user].download(*name).await,
            Step::Describe { user, name } => self.users[*user].describe(*name).await,
            Step::List { user, kind, limit, with_metadata } => {
                self.users[*user].list(*kind, *limit, *with_metadata).await
            }
            Step::Delete { user, name } => self.users[*user].delete(*name).await,
            Step::DeleteMany { user, names } => self.users[*user].delete_many(names).await,
            Step::Trespass { user, owner, name } => self.trespass(*user, *owner, *name).await,
            Step::LeaveUpload { user, name } => {
                let key = self.users[*user].key(*name);
                self.bench.begin_upload(&key).await;
                self.unfinished.push(key);
                Ok(())
            }
        }
    }

    /// Takes `storage-unsupported` for an answer where the store has never shown that it can do it.
    pub(super) fn can(
        &mut self,
        what: &'static str,
        error: Option<ErrorKind>,
    ) -> Result<bool, TestCaseError> {
        let able = error != Some(ErrorKind::StorageUnsupported);
        prop_assert_eq!(*self.learned.entry(what).or_insert(able), able, "{}", what);
        Ok(able)
    }

    /// The bucket holds what the model does, byte for byte, and nothing else.
    async fn compare(&self) -> Outcome {
        for user in &self.users {
            let keys = self.bench.keys_under(user.scope.prefix()).await;
            prop_assert_eq!(keys.iter().collect::<Vec<_>>(), Vec::from_iter(user.model.keys()));
            for (key, file) in &user.model {
                prop_assert!(self.bench.bytes_of(key).await == file.bytes, "{}", key);
            }
        }
        let mut unfinished = Vec::new();
        for user in &self.users {
            unfinished.extend(self.bench.uploads_under(user.scope.prefix()).await);
        }
        unfinished.sort();
        let mut expected = self.unfinished.clone();
        expected.sort();
        prop_assert_eq!(unfinished, expected);
        Ok(())
    }

    pub(super) async fn clean_up(self) {
        let prefixes: BTreeSet<_> = self.users.iter().map(|user| user.scope.prefix()).collect();
        for prefix in prefixes {
            self.bench.delete_under(prefix).await;
        }
    }
}

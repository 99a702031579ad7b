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
    pub(super) tags: BTreeMap<String, String>,
}

pub(super) struct User {
    pub(super) storage: UserStorage,
    pub(super) scope: Scope,
    pub(super) model: BTreeMap<String, File>,
    /// The keys of uploads that were begun and left.
    pub(super) unfinished: BTreeSet<String>,
    /// The keys at which a file was stored or deleted since: with that, Garage drops the upload.
    pub(super) touched: BTreeSet<String>,
}

pub(super) struct World<'a> {
    pub(super) bench: &'a Bench,
    pub(super) users: Vec<User>,
    /// What the store was found to be able to do; it has to stay with it.
    learned: BTreeMap<&'static str, bool>,
}

impl User {
    pub(super) fn put(&mut self, key: String, file: File) {
        self.touched.insert(key.clone());
        self.model.insert(key, file);
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.touched.insert(key.to_owned());
        self.model.remove(key);
    }

    pub(super) fn key(&self, name: Name) -> String {
        self.scope.key(name.kind, name.filename).unwrap()
    }
}

impl<'a> World<'a> {
    pub(super) fn new(bench: &'a Bench) -> Self {
        let shared = random_name();
        let users = USERS.iter().map(|rest| {
            let scope = Scope::new(format!("{shared}{rest}")).unwrap();
            User {
                storage: bench.files_of(&scope),
                scope,
                model: BTreeMap::new(),
                unfinished: BTreeSet::new(),
                touched: BTreeSet::new(),
            }
        });
        Self { bench, users: users.collect(), learned: BTreeMap::new() }
    }

    pub(super) async fn run(&mut self, steps: &[Step]) -> Outcome {
        for step in steps {
            self.take(step).await?;
        }
        self.compare().await
    }

    async fn take(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Upload { user, upload } => self.upload(*user, upload).await,
            Step::ReadRange { user, name, start, length } => {
                self.users[*user].read_range(*name, *start, *length).await
            }
            Step::ReadIf { user, name, same } => self.users[*user].read_if(*name, *same).await,
            Step::Read { user, name, limit } => self.users[*user].read(*name, *limit).await,
            Step::Download { user, name } => self.users[*user].download(*name).await,
            Step::Describe { user, name } => self.users[*user].describe(*name).await,
            Step::List { user, kind, limit, with_metadata } => {
                self.users[*user].list(*kind, *limit, *with_metadata).await
            }
            Step::Delete { user, name } => self.users[*user].delete(*name).await,
            Step::DeleteMany { user, names } => self.users[*user].delete_many(names).await,
            Step::Copy { user, copy } => self.copy(*user, copy).await,
            Step::Tags { user, name } => self.tags(*user, *name).await,
            Step::SetTags { user, name, tags } => self.set_tags(*user, *name, tags).await,
            Step::Usage { user } => self.users[*user].usage().await,
            Step::Search { user, text } => self.users[*user].search(text).await,
            Step::Newest { user, count, kind } => self.users[*user].newest(*count, *kind).await,
            Step::DeleteAll { user } => self.users[*user].delete_all().await,
            Step::Trespass { user, owner, name } => self.trespass(*user, *owner, *name).await,
            Step::LeaveUpload { user, name } => {
                let user = &mut self.users[*user];
                let key = user.key(*name);
                if user.unfinished.insert(key.clone()) {
                    self.bench.begin_upload(&key).await;
                    user.touched.remove(&key);
                }
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
        self.can_all([what], error)
    }

    /// The same for what needs several things, of which one at least is lacking.
    pub(super) fn can_all(
        &mut self,
        needs: impl IntoIterator<Item = &'static str>,
        error: Option<ErrorKind>,
    ) -> Result<bool, TestCaseError> {
        let able = error != Some(ErrorKind::StorageUnsupported);
        let needs: Vec<_> = needs.into_iter().collect();
        if able || needs.len() == 1 {
            for what in &needs {
                prop_assert_eq!(*self.learned.entry(what).or_insert(able), able, "{}", what);
            }
        }
        prop_assert!(able || !needs.is_empty(), "unsupported, and nothing is needed");
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
        for user in &self.users {
            let found = self.bench.uploads_under(user.scope.prefix()).await;
            let found: BTreeSet<_> = found.into_iter().collect();
            prop_assert!(found.is_subset(&user.unfinished), "{:?}", found);
            let lost: BTreeSet<_> = user.unfinished.difference(&found).cloned().collect();
            prop_assert!(lost.is_subset(&user.touched), "{:?}", lost);
        }
        Ok(())
    }

    pub(super) async fn clean_up(self) {
        let prefixes: BTreeSet<_> = self.users.iter().map(|user| user.scope.prefix()).collect();
        for prefix in prefixes {
            self.bench.delete_under(prefix).await;
        }
    }
}

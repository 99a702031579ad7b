//! What a user does with files that are there: copies, tags, what there is of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use casier::ErrorKind;
use casier::storage::{CopyOptions, KindUsage, ListOptions, StoredFile};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use unicode_normalization::UnicodeNormalization as _;

use super::super::bench::metadata;
use super::files::{content_type, done, is_file, kind};
use super::step::{Copying, Name, Way};
use super::world::{File, Outcome, User, World};

impl World<'_> {
    /// Copies, moves or renames a file.
    pub(super) async fn copy(&mut self, user: usize, copy: &Copying) -> Outcome {
        let asked = &self.users[user];
        let (source, target) = match copy.way {
            Way::Rename => (copy.from, Name { kind: copy.from.kind, ..copy.to }),
            Way::Copy | Way::Move => (copy.from, copy.to),
        };
        let (from, to) = (asked.key(source), asked.key(target));
        let note = match copy.way {
            Way::Rename => None,
            Way::Copy | Way::Move => copy.note.as_deref(),
        };
        let mut options = CopyOptions::default();
        options.filename = Some(target.filename.to_owned());
        options.kind = Some(target.kind.to_owned());
        options.overwrite = copy.overwrite;
        options.metadata = note.map(|note| metadata(&[("note", note)]));
        let files = &asked.storage;
        let answer = match copy.way {
            Way::Copy => files.copy(&from, options).await,
            Way::Move => files.move_to(&from, options).await,
            Way::Rename => files.rename(&from, target.filename, copy.overwrite).await,
        };
        if from == to && !copy.overwrite {
            prop_assert_eq!(kind(&answer), Some(ErrorKind::FileExists));
            return Ok(());
        }
        let Some(original) = asked.model.get(&from).cloned() else {
            prop_assert_eq!(kind(&answer), Some(ErrorKind::FileNotFound));
            return Ok(());
        };
        let stands_in_the_way = asked.model.contains_key(&to);
        if !copy.overwrite && !self.can("copy create only", kind(&answer))? {
            return Ok(());
        }
        if !copy.overwrite && stands_in_the_way {
            prop_assert_eq!(kind(&answer), Some(ErrorKind::FileExists));
            return Ok(());
        }
        let file = File {
            content_type: content_type(target.filename),
            metadata: note.map_or(original.metadata, |note| metadata(&[("note", note)])),
            ..original
        };
        is_file(&done(answer)?, &to, &file)?;
        let user = &mut self.users[user];
        if copy.way != Way::Copy {
            user.remove(&from);
        }
        user.put(to, file);
        Ok(())
    }

    pub(super) async fn set_tags(
        &mut self,
        user: usize,
        name: Name,
        tags: &BTreeMap<String, String>,
    ) -> Outcome {
        let asked = &self.users[user];
        let key = asked.key(name);
        let answer = asked.storage.set_tags(&key, tags.clone()).await;
        if !self.can("tags", kind(&answer))? {
            return Ok(());
        }
        match self.users[user].model.get_mut(&key) {
            None => prop_assert_eq!(kind(&answer), Some(ErrorKind::FileNotFound)),
            Some(file) => {
                done(answer)?;
                file.tags.clone_from(tags);
            }
        }
        Ok(())
    }

    pub(super) async fn tags(&mut self, user: usize, name: Name) -> Outcome {
        let asked = &self.users[user];
        let key = asked.key(name);
        let answer = asked.storage.tags(&key).await;
        if !self.can("tags", kind(&answer))? {
            return Ok(());
        }
        match self.users[user].model.get(&key) {
            None => prop_assert_eq!(kind(&answer), Some(ErrorKind::FileNotFound)),
            Some(file) => prop_assert_eq!(&done(answer)?, &file.tags),
        }
        Ok(())
    }
}

impl User {
    /// Everything goes, what was begun and left too, and nothing of anybody else.
    pub(super) async fn delete_all(&mut self) -> Outcome {
        let receipt = done(self.storage.delete_all().await)?;
        let bytes: usize = self.model.values().map(|file| file.bytes.len()).sum();
        prop_assert!(receipt.failed.is_empty(), "{:?}", receipt);
        prop_assert_eq!((receipt.files, receipt.bytes), (self.model.len() as u64, bytes as u64));
        let (most, lost) = (self.unfinished.len(), self.touched.intersection(&self.unfinished));
        let uploads = (most - lost.count()) as u64..=most as u64;
        prop_assert!(uploads.contains(&receipt.uploads), "{:?} {:?}", uploads, receipt);
        self.model.clear();
        self.unfinished.clear();
        Ok(())
    }

    pub(super) async fn usage(&self) -> Outcome {
        let usage = done(self.storage.usage().await)?;
        let mut by_kind = BTreeMap::<String, (u64, u64)>::new();
        for (key, file) in &self.model {
            let of_kind = by_kind.entry(self.kind_of(key)).or_default();
            of_kind.0 += 1;
            of_kind.1 += file.bytes.len() as u64;
        }
        let told = |usage: &KindUsage| (usage.files, usage.bytes);
        let found: BTreeMap<_, _> =
            usage.by_kind.iter().map(|(kind, usage)| (kind.clone(), told(usage))).collect();
        prop_assert_eq!(&found, &by_kind);
        let sum = by_kind.values().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        prop_assert_eq!((usage.files, usage.bytes), sum);
        Ok(())
    }

    /// A listing of everything finds what the search asks for.
    pub(super) async fn search(&self, text: &str) -> Outcome {
        let found = self.all(Some(text), None).await?;
        // Names are in this form already.
        let text: String = text.to_lowercase().nfc().collect();
        let finds = |key: &str| {
            let (_, name) = key.rsplit_once('/').unwrap();
            name.to_lowercase().contains(&text)
        };
        let expected: Vec<_> = self.model.keys().filter(|key| finds(key)).cloned().collect();
        let found: Vec<_> = found.into_iter().map(|file| file.key).collect();
        prop_assert_eq!(found, expected);
        Ok(())
    }

    pub(super) async fn newest(&self, count: usize, kind: Option<&'static str>) -> Outcome {
        let mut expected = self.all(None, kind).await?;
        // Stable: files of one time stay in the order of their keys.
        expected.sort_by_key(|file| Reverse(file.last_modified));
        expected.truncate(count);
        prop_assert_eq!(done(self.storage.newest(count, kind).await)?, expected);
        Ok(())
    }

    async fn all(
        &self,
        search: Option<&str>,
        kind: Option<&str>,
    ) -> Result<Vec<StoredFile>, TestCaseError> {
        let mut options = ListOptions::default();
        options.search = search.map(str::to_owned);
        options.kind = kind.map(str::to_owned);
        let mut all = self.storage.list_all(options);
        let mut found = Vec::new();
        while let Some(file) = all.next().await {
            found.push(done(file)?);
        }
        Ok(found)
    }

    fn kind_of(&self, key: &str) -> String {
        let rest = key.strip_prefix(self.scope.prefix()).unwrap();
        rest.split_once('/').unwrap().0.strip_suffix('s').unwrap().to_owned()
    }
}

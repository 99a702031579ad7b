//! What a user tries with the files of another.

use std::collections::BTreeMap;

use casier::ErrorKind;
use casier::storage::{CopyOptions, LinkOptions};
use proptest::prelude::*;

use super::files::kind;
use super::step::Name;
use super::world::{Outcome, World};
use crate::support::Folder;

impl World<'_> {
    pub(super) async fn trespass(&self, user: usize, owner: usize, name: Name) -> Outcome {
        if user == owner {
            return Ok(());
        }
        let (own, key) = (self.users[user].key(name), self.users[owner].key(name));
        let files = &self.users[user].storage;
        let folder = Folder::new();
        let refusals = [
            kind(&files.read(&key, Default::default()).await),
            kind(&files.download(&key, folder.path().join("copy"), Default::default()).await),
            kind(&files.metadata(&key).await),
            kind(&files.exists(&key).await),
            kind(&files.presigned_url(&key, LinkOptions::default()).await),
            kind(&files.copy(&key, CopyOptions::default()).await),
            kind(&files.move_to(&key, CopyOptions::default()).await),
            kind(&files.rename(&key, name.filename, true).await),
            kind(&files.tags(&key).await),
            kind(&files.set_tags(&key, BTreeMap::new()).await),
            kind(&files.delete(&key).await),
            kind(&files.delete_many(vec![own, key.clone()]).await),
        ];
        prop_assert_eq!(refusals, [Some(ErrorKind::NotOwner); 12], "{}", key);
        prop_assert!(folder.names().is_empty());
        Ok(())
    }
}

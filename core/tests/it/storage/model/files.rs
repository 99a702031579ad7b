//! What a user does with files of their own.

use bytes::Bytes;
use casier::storage::{
    ByteRange, ListOptions, ReadOptions, StoredFile, UploadContents, UploadOptions,
};
use casier::{Error, ErrorKind};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::super::bench::metadata;
use super::step::{Form, Name, Uploading};
use super::world::{File, Outcome, User, World};
use crate::support::Folder;

impl World<'_> {
    pub(super) async fn upload(&mut self, user: usize, upload: &Uploading) -> Outcome {
        let Uploading { name, overwrite, note, tags, .. } = upload;
        let mut options = UploadOptions::default();
        options.overwrite = *overwrite;
        options.metadata = metadata(&Vec::from_iter(note.as_deref().map(|note| ("note", note))));
        options.tags.clone_from(tags);
        let file = File {
            bytes: upload.content.bytes(),
            content_type: content_type(name.filename),
            metadata: options.metadata.clone(),
            tags: tags.clone(),
        };
        let asked = &self.users[user];
        let key = asked.key(*name);
        let folder = Folder::new();
        let contents = contents(&file.bytes, upload.form, &folder);
        let answer =
            asked.storage.upload_file_object(contents, name.filename, name.kind, options).await;
        let needs = [(!tags.is_empty(), "tags"), (!overwrite, "create only")];
        let needs = needs.into_iter().filter(|(needed, _)| *needed).map(|(_, what)| what);
        if !self.can_all(needs, kind(&answer))? {
            return Ok(());
        }
        let user = &mut self.users[user];
        if !overwrite && user.model.contains_key(&key) {
            prop_assert_eq!(kind(&answer), Some(ErrorKind::FileExists));
            return Ok(());
        }
        is_file(&done(answer)?, &key, &file)?;
        user.put(key, file);
        Ok(())
    }
}

fn contents(bytes: &[u8], form: Form, folder: &Folder) -> UploadContents {
    match form {
        Form::Memory => Bytes::copy_from_slice(bytes).into(),
        Form::Disk => UploadContents::file(folder.write("contents", bytes)),
        Form::Stream { is_length_known } => {
            let pieces: Vec<_> =
                bytes.chunks(100_000).map(|it| Ok(Bytes::copy_from_slice(it))).collect();
            let length = is_length_known.then_some(bytes.len() as u64);
            UploadContents::stream(futures_util::stream::iter(pieces), length)
        }
    }
}

impl User {
    pub(super) async fn read(&self, name: Name, limit: Option<u64>) -> Outcome {
        let key = self.key(name);
        let mut options = ReadOptions::default();
        options.limit = limit.unwrap_or(options.limit);
        let limit = options.limit;
        let answer = self.storage.read(&key, options).await;
        match self.model.get(&key) {
            None => prop_assert_eq!(kind(&answer), Some(ErrorKind::FileNotFound)),
            Some(file) if file.bytes.len() as u64 > limit => {
                prop_assert_eq!(kind(&answer), Some(ErrorKind::FileTooLarge));
            }
            Some(file) => prop_assert!(done(answer)? == file.bytes, "{}", key),
        }
        Ok(())
    }

    pub(super) async fn read_range(&self, name: Name, start: Option<u64>, length: u64) -> Outcome {
        let key = self.key(name);
        let mut options = ReadOptions::default();
        options.range = Some(match start {
            Some(start) => ByteRange::new(start, Some(length)),
            None => ByteRange::last(length),
        });
        let answer = self.storage.read(&key, options).await;
        let Some(file) = self.model.get(&key) else {
            // A part without bytes cannot be asked for: there need not be such a file.
            let missing = kind(&answer) == Some(ErrorKind::FileNotFound);
            prop_assert!(missing || length == 0 && kind(&answer) == Some(ErrorKind::RangeInvalid));
            return Ok(());
        };
        let size = file.bytes.len() as u64;
        let start = start.unwrap_or_else(|| size.saturating_sub(length));
        let end = start.saturating_add(length).min(size);
        if start >= end {
            prop_assert_eq!(kind(&answer), Some(ErrorKind::RangeInvalid));
        } else {
            let expected = &file.bytes[start as usize..end as usize];
            prop_assert!(done(answer)? == expected, "{}", key);
        }
        Ok(())
    }

    /// Reads the version that is there, or any but that.
    pub(super) async fn read_if(&self, name: Name, same: bool) -> Outcome {
        let key = self.key(name);
        let Some(file) = self.model.get(&key) else { return Ok(()) };
        let tag = done(self.storage.metadata(&key).await)?.etag;
        let mut options = ReadOptions::default();
        if same {
            options.if_match = tag;
        } else {
            options.if_none_match = tag;
        }
        let answer = self.storage.read(&key, options).await;
        if same {
            prop_assert!(done(answer)? == file.bytes, "{}", key);
        } else {
            prop_assert_eq!(kind(&answer), Some(ErrorKind::PreconditionFailed));
        }
        Ok(())
    }

    pub(super) async fn download(&self, name: Name) -> Outcome {
        let key = self.key(name);
        let folder = Folder::new();
        let answer =
            self.storage.download(&key, folder.path().join("copy"), Default::default()).await;
        let Some(file) = self.model.get(&key) else {
            prop_assert_eq!(kind(&answer), Some(ErrorKind::FileNotFound));
            prop_assert_eq!(folder.names(), Vec::<String>::new());
            return Ok(());
        };
        is_file(&done(answer)?, &key, file)?;
        prop_assert_eq!(folder.names(), ["copy"]);
        prop_assert!(std::fs::read(folder.path().join("copy")).unwrap() == file.bytes, "{}", key);
        Ok(())
    }

    pub(super) async fn describe(&self, name: Name) -> Outcome {
        let key = self.key(name);
        let answer = self.storage.metadata(&key).await;
        prop_assert_eq!(done(self.storage.exists(&key).await)?, self.model.contains_key(&key));
        match self.model.get(&key) {
            None => prop_assert_eq!(kind(&answer), Some(ErrorKind::FileNotFound)),
            Some(file) => is_file(&done(answer)?, &key, file)?,
        }
        Ok(())
    }

    /// All pages, the one after the other.
    pub(super) async fn list(
        &self,
        kind: Option<&'static str>,
        limit: u32,
        with_metadata: bool,
    ) -> Outcome {
        let mut listed = Vec::new();
        let mut options = ListOptions::default();
        (options.kind, options.limit) = (kind.map(str::to_owned), limit);
        options.with_metadata = with_metadata;
        loop {
            let page = done(self.storage.list(options.clone()).await)?;
            prop_assert_eq!(page.skipped, 0);
            prop_assert!(page.items.len() <= limit as usize);
            listed.extend(page.items);
            match page.next_cursor {
                Some(cursor) => options.cursor = Some(cursor),
                None => break,
            }
        }
        let of_kind = |key: &str| {
            let rest = key.strip_prefix(self.scope.prefix()).unwrap();
            kind.is_none_or(|kind| rest.starts_with(&format!("{kind}s/")))
        };
        let expected: Vec<_> = self.model.iter().filter(|(key, _)| of_kind(key)).collect();
        let keys = |listed: &[StoredFile]| -> Vec<String> {
            listed.iter().map(|file| file.key.clone()).collect()
        };
        prop_assert_eq!(
            keys(&listed),
            Vec::from_iter(expected.iter().map(|(key, _)| (*key).clone()))
        );
        for (found, (key, file)) in listed.iter().zip(expected) {
            prop_assert_eq!(found.size, file.bytes.len() as u64);
            if with_metadata {
                is_file(found, key, file)?;
            }
        }
        Ok(())
    }

    pub(super) async fn delete(&mut self, name: Name) -> Outcome {
        let key = self.key(name);
        done(self.storage.delete(&key).await)?;
        self.remove(&key);
        Ok(())
    }

    pub(super) async fn delete_many(&mut self, names: &[Name]) -> Outcome {
        let keys: Vec<_> = names.iter().map(|name| self.key(*name)).collect();
        let deletions = done(self.storage.delete_many(keys.clone()).await)?;
        prop_assert_eq!(
            deletions.iter().map(|it| &it.key).collect::<Vec<_>>(),
            Vec::from_iter(&keys)
        );
        for deletion in deletions {
            prop_assert!(deletion.error.is_none(), "{:?}", deletion);
            self.remove(&deletion.key);
        }
        Ok(())
    }
}

pub(super) fn content_type(filename: &str) -> &'static str {
    if filename.ends_with(".md") { "text/markdown" } else { "text/plain" }
}

pub(super) fn is_file(found: &StoredFile, key: &str, file: &File) -> Outcome {
    prop_assert_eq!(&found.key, key);
    prop_assert_eq!(found.size, file.bytes.len() as u64);
    prop_assert_eq!(found.content_type.as_deref(), Some(file.content_type));
    prop_assert_eq!(&found.metadata, &file.metadata);
    Ok(())
}

pub(super) fn kind<T>(answer: &Result<T, Error>) -> Option<ErrorKind> {
    answer.as_ref().err().map(Error::kind)
}

/// What came of a call that has to succeed.
pub(super) fn done<T>(answer: Result<T, Error>) -> Result<T, TestCaseError> {
    answer.map_err(|error| TestCaseError::fail(format!("{error:?}")))
}

//! Going on with an upload in parts that another call, or another process, began.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::deadline::Deadline;
use super::handle::{self, Handle, Sender};
use super::local_file::UploadFile;
use super::meter::Meter;
use super::parts::{Parts, Source};
use super::request::NewFile;
use super::send::Upload;
use super::unfinished::{self, Unfinished};
use crate::storage::content::{sniff, user_metadata};
use crate::storage::disk::blocking;
use crate::storage::file::StoredFile;
use crate::storage::manage::head::stored_file;
use crate::storage::progress::OnProgress;
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

/// How far an upload in parts is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadState {
    /// The full key that the file will have.
    pub key: String,
    /// The last segment of the key.
    pub filename: String,
    /// The kind of the file.
    pub kind: Option<String>,
    /// The size of the file, in bytes.
    pub size: u64,
    /// The size of every part but the last, in bytes.
    pub part_size: u64,
    /// How many parts the file has.
    pub part_count: u32,
    /// The numbers of the parts that the store holds, from 1, in order.
    pub parts: Vec<u32>,
    /// How many bytes these parts have.
    pub sent: u64,
    /// When the upload ends, by the store's clock.
    pub expires_at: SystemTime,
}

/// What [`UserStorage::resume_upload`] may be told beside the file. Nothing by default.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ResumeOptions {
    /// Told how much of the file is at the store, what was there before included. Defaults to
    /// nobody.
    pub on_progress: Option<OnProgress>,
    /// How long the whole call may take. Defaults to
    /// [`StorageConfig::deadline`](crate::storage::StorageConfig::deadline) and a second more for
    /// each 128 KiB of the file.
    pub deadline: Option<Duration>,
}

impl UserStorage {
    /// Goes on with an upload of which [`on_begin`](super::UploadOptions::on_begin) told the handle,
    /// in this process or another: sends the parts of the file that the store does not hold, and
    /// completes it. A part that the store holds counts only if its checksum is that of the file's
    /// part; else it is sent again, so that what is stored in the end is the file at `path`, whole.
    ///
    /// An upload that has been completed meanwhile, by another process or with its answer lost, is
    /// recognised, and its file told, whatever the file at `path` is by then. What the first call
    /// settled holds: the key, the content type, the metadata, whether another file is replaced.
    ///
    /// # Errors
    /// `upload-not-found` when the handle is not of this scope, bucket and endpoint, was changed or
    /// has ended, and when the upload was given up; `invalid-request` when the file has another
    /// size, and when the upload is one of [`begin_upload`](Self::begin_upload); then as [`upload_file`](Self::upload_file). The upload can be gone on with again after
    /// these of before anything is sent, and after `timeout` and `storage-unavailable`; after any
    /// other, or when the future is dropped while parts are sent, it is aborted.
    pub async fn resume_upload(
        &self,
        upload_id: &str,
        path: impl Into<PathBuf>,
        options: ResumeOptions,
    ) -> Result<StoredFile> {
        let upload = self.open(upload_id)?;
        if upload.sender != Sender::Server {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "the parts of this upload are sent by a client: go on with `part_urls`",
            ));
        }
        let deadline = Deadline::new(&self.s3, options.deadline);
        let opened = self.file_to_go_on_with(&upload, path.into());
        let file = deadline.run(|| upload.size, opened).await?;
        let begun = Upload {
            storage: self,
            file: self.begun_file(&upload)?,
            size: Some(upload.size),
            plan: upload.plan(),
            meter: Meter::new(options.on_progress, Some(upload.size)),
            on_begin: None,
        };
        let work = self.go_on(&upload, &begun, file.clone(), &deadline);
        let done = begun.meter.watch(Box::pin(work)).await;
        done.map_err(|error| file.failure().unwrap_or(error))
    }

    /// How far an upload is of which [`on_begin`](super::UploadOptions::on_begin) told the handle, or
    /// [`begin_upload`](Self::begin_upload) gave it.
    ///
    /// # Errors
    /// `upload-not-found` when the handle is not of this scope, bucket and endpoint, was changed or
    /// has ended, and when the upload is over; what [`UserStorage`] says.
    pub async fn upload_state(&self, upload_id: &str) -> Result<UploadState> {
        let upload = self.open(upload_id)?;
        let at = self.parts_key(&upload)?;
        let held = self.s3.held_parts(&at, &upload).await?.ok_or_else(handle::not_found)?;
        let file = self.begun_file(&upload)?.stored(upload.size, None);
        Ok(UploadState {
            key: file.key,
            filename: file.filename,
            kind: file.kind,
            size: upload.size,
            part_size: upload.part_size,
            part_count: upload.part_count(),
            sent: held.values().map(|part| part.size).sum(),
            parts: held.into_keys().collect(),
            expires_at: upload.expires_at(),
        })
    }

    /// Gives an upload up: its parts are deleted, and no file comes of it. One that is over already,
    /// completed or given up, stays as it is.
    ///
    /// # Errors
    /// `upload-not-found` when the handle is not of this scope, bucket and endpoint, was changed or
    /// has ended; what [`UserStorage`] says.
    pub async fn abort_upload(&self, upload_id: &str) -> Result<()> {
        let upload = self.open(upload_id)?;
        let at = self.parts_key(&upload)?;
        if self.s3.held_parts(&at, &upload).await?.is_some() {
            let abort = unfinished::abort(&self.s3, at.as_str(), &upload.upload_id);
            // Where another call was quicker it may have made a file of it.
            if self.s3.in_time(abort).await? {
                self.release(upload.reservation()).await;
            }
        }
        self.discard(&upload).await
    }

    async fn go_on(
        &self,
        upload: &Handle,
        begun: &Upload<'_>,
        file: UploadFile,
        deadline: &Deadline,
    ) -> Result<StoredFile> {
        let bytes = || upload.size;
        let completed = || deadline.run(bytes, self.completed(upload));
        let held = self.s3.held_parts(&begun.file.key, upload);
        let Some(held) = deadline.run(bytes, held).await? else {
            return completed().await?.ok_or_else(handle::not_found);
        };
        // What the first call reserved has ended, or is of the same key and does not count twice.
        let key = &begun.file.key;
        let reserve = self.reserve(key, &upload.content_type, upload.size, SystemTime::now());
        let reserved = deadline.run(bytes, reserve).await?;
        let at_store = Unfinished::new(&self.s3, &upload.key, upload.upload_id.clone());
        let parts = Parts::new(Source::File(file), upload.plan());
        let outcome = match begun.finish(at_store, parts, &held, true, deadline).await {
            // What comes after it may not fail it.
            Ok((etag, size)) => match completed().await {
                Ok(Some(stored)) => Ok(stored),
                _ => Ok(begun.file.clone().stored(size, etag)),
            },
            // Another process was quicker.
            Err(error) if error.kind() == ErrorKind::UploadNotFound => {
                completed().await.and_then(|stored| stored.ok_or(error))
            }
            Err(error) => Err(error),
        };
        self.conclude(reserved.as_ref(), &outcome, |file| file.size).await;
        outcome
    }

    /// The file, if it can be the one that the upload was begun with, and may still be stored.
    async fn file_to_go_on_with(&self, upload: &Handle, path: PathBuf) -> Result<UploadFile> {
        let opened = blocking(move |_| {
            let file = UploadFile::open(&path)?;
            let head = file.head()?;
            Ok((file, head))
        });
        let (file, head) = self.s3.in_time(opened).await?;
        if file.size() != upload.size {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "the file has not the size that the upload was begun with",
            )
            .with_limit(upload.size, file.size()));
        }
        let key = self.file_key(upload)?;
        let kind = key.kind().unwrap_or_default().to_owned();
        self.admit(&kind, &key, upload.content_type.clone(), upload.size)?;
        sniff::check_content(&head, &upload.content_type)?;
        Ok(file)
    }

    /// What was settled when the upload was begun; the store knows the rest.
    fn begun_file(&self, upload: &Handle) -> Result<NewFile> {
        Ok(NewFile {
            key: self.file_key(upload)?,
            content_type: upload.content_type.clone(),
            metadata: BTreeMap::new(),
            encoded_metadata: BTreeMap::new(),
            tags: None,
            storage_class: None,
            encryption: None,
            create_only: !upload.overwrite,
            mark: Some(upload.mark.clone()),
        })
    }

    /// The file, if this upload has been completed.
    async fn completed(&self, upload: &Handle) -> Result<Option<StoredFile>> {
        let key = self.file_key(upload)?;
        match self.s3.in_time(self.s3.head(&key)).await {
            Ok(found) => {
                let mark = user_metadata::mark(found.metadata());
                Ok((mark == Some(&upload.mark)).then(|| stored_file(&key, &found)))
            }
            Err(error) if error.kind() == ErrorKind::FileNotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_send(_: impl Send) {}

    /// Other languages run them on threads of a runtime.
    #[allow(dead_code, reason = "that it compiles is the test")]
    fn every_call_can_go_to_another_thread(files: &UserStorage) {
        assert_send(files.resume_upload("", "", ResumeOptions::default()));
        assert_send(files.upload_state(""));
        assert_send(files.abort_upload(""));
        assert_send(files.sweep_uploads());
    }
}

//! The end of an upload that a client has sent: its parts become an object, which is looked at
//! before it counts.
//!
//! Each step finds out by itself whether it has been done, by the mark that the object bears, so that
//! a completion whose answer was lost, or that was cut short, is gone on with by the next call.

use std::collections::BTreeSet;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::begin::sent_by_server;
use crate::storage::content::{sniff, user_metadata};
use crate::storage::file::{self, StoredFile};
use crate::storage::manage::head::stored_file;
use crate::storage::s3::S3;
use crate::storage::s3::failure::{self, OnCondition};
use crate::storage::upload::handle::{self, Handle, Sender};
use crate::storage::upload::held::HeldParts;
use crate::storage::upload::multipart::{refused_completion, settle};
use crate::storage::upload::unfinished;
use crate::storage::upload::withdraw::{Made, taken_back};
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// How many of the parts that are missing an error names.
const NAMED_PARTS: usize = 10;

impl UserStorage {
    /// Makes the parts of an upload a file: lists them itself (each has to be there with its exact
    /// size), completes, and compares size and first bytes with what the upload was begun for. What
    /// does not pass is deleted, and a file that was to be replaced is as it was.
    ///
    /// It can be called again: the file is found by the mark of its upload. It runs to its end even
    /// if the future is dropped. The policy is not asked again: who began the upload may finish it.
    ///
    /// # Errors
    /// `upload-incomplete` when parts are missing, with how many bytes there are (`used`) of how many
    /// (`limit`): send them and call again. `content-mismatch` when the first bytes are not of the
    /// type that it claims; `file-exists` where it was not to overwrite, and `conflict` where a file
    /// of the key has come since the upload was begun: after these the upload is over, and nothing
    /// of it stays. `upload-not-found` when the handle is not of this scope, bucket and endpoint, was
    /// changed or has ended, and when the upload was given up, or its file has been replaced since;
    /// `invalid-request` when it is none of [`begin_upload`](Self::begin_upload). What
    /// [`UserStorage`] says: then, call again.
    pub async fn complete_upload(&self, upload_id: &str) -> Result<StoredFile> {
        let upload = self.open(upload_id)?;
        if upload.sender == Sender::Server {
            return Err(sent_by_server());
        }
        let size = upload.size;
        let completion = Completion {
            key: self.file_key(&upload)?,
            at: self.parts_key(&upload)?,
            files: self.clone(),
            upload,
        };
        let done = self.s3.to_its_end_for(size, completion.run());
        self.s3.in_time_for(size, done).await
    }

    /// Deletes what an upload that is given up has left beside its parts: the object that waits to
    /// take the place of a file.
    pub(in crate::storage::upload) async fn discard(&self, upload: &Handle) -> Result<()> {
        let at = self.parts_key(upload)?;
        if at.as_str() == upload.key {
            return Ok(());
        }
        if let Some(waiting) = self.s3.in_time(self.s3.made_by(upload, &at)).await? {
            self.s3.in_time(self.s3.delete_made(&at, &waiting)).await?;
            // Another call may be about to put it in its place.
            self.let_end(upload.reservation(), upload.size).await;
        }
        Ok(())
    }
}

pub(super) struct Completion {
    pub(super) files: UserStorage,
    pub(super) upload: Handle,
    /// The key that the file is to have.
    key: OwnKey,
    /// The key that the parts were sent to.
    pub(super) at: OwnKey,
}

impl Completion {
    async fn run(self) -> Result<StoredFile> {
        let stored = self.finish().await?;
        self.files.settle(self.upload.reservation(), Some(stored.size)).await;
        Ok(stored)
    }

    async fn finish(&self) -> Result<StoredFile> {
        let s3 = &self.files.s3;
        let held = s3.held_parts(&self.at, &self.upload).await?;
        match &held {
            Some(held) => match self.complete(held).await {
                // Another call may have completed it, and put it in its place.
                Err(error) if error.kind() == ErrorKind::UploadNotFound && self.replaces() => {}
                completed => completed?,
            },
            None if self.replaces() => {
                if let Some(done) = self.made_at(&self.key).await? {
                    if let Some(left) = self.made_at(&self.at).await? {
                        s3.in_time(s3.delete_made(&self.at, &left)).await?;
                    }
                    return Ok(stored_file(&self.key, &done));
                }
            }
            None => {}
        }
        let Some(made) = self.made_at(&self.at).await? else { return self.done_meanwhile().await };
        self.check(&made).await?;
        match self.replaces() {
            true => self.put_in_place(made).await,
            false => Ok(stored_file(&self.key, &made)),
        }
    }

    /// The file, where another call has been quicker than this one.
    async fn done_meanwhile(&self) -> Result<StoredFile> {
        let done = match self.replaces() {
            true => self.made_at(&self.key).await?,
            false => None,
        };
        done.map(|done| stored_file(&self.key, &done)).ok_or_else(handle::not_found)
    }

    fn replaces(&self) -> bool {
        self.at.as_str() != self.key.as_str()
    }

    /// Makes the parts an object.
    async fn complete(&self, held: &HeldParts) -> Result<()> {
        self.require_all(held)?;
        let s3 = &self.files.s3;
        let is_new = !self.replaces();
        let promised = match &self.upload.sender {
            _ if !is_new => false,
            Sender::Client { empty: Some(_), .. } => s3.creates_only().await?,
            _ => s3.creates_only_in_parts().await?,
        };
        let asked = match is_new && !promised {
            true => self.require_free().await,
            false => Ok(()),
        };
        let completed = match (asked, &self.upload.sender) {
            (Err(error), _) => Err(error),
            (_, Sender::Client { empty: Some(empty), .. }) => self.put_empty(empty, promised).await,
            _ => self.ask_to_complete(held, promised).await,
        };
        let completed = match completed {
            Ok(()) => Ok(()),
            Err(error) => settle(s3, &self.at, &self.upload.mark, error).await.map(drop),
        };
        match completed {
            // An empty object is there beside its upload, not in the place of it.
            Ok(()) if self.upload.size == 0 => {
                let end = unfinished::abort(s3, self.at.as_str(), &self.upload.upload_id);
                s3.in_time(end).await.map(drop)
            }
            Ok(()) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::FileExists | ErrorKind::Conflict) => {
                let abort = unfinished::abort(s3, self.at.as_str(), &self.upload.upload_id);
                if s3.in_time_to_tidy_up(abort).await.is_ok_and(|was_there| was_there) {
                    self.files.release(self.upload.reservation()).await;
                }
                Err(self.in_the_way())
            }
            Err(error) => Err(error),
        }
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
    async fn ask_to_complete(&self, held: &HeldParts, create_only: bool) -> Result<()> {
        let s3 = &self.files.s3;
        let named = held.iter().map(|(number, part)| {
            let number = i32::try_from(*number).unwrap_or(i32::MAX);
            CompletedPart::builder().part_number(number).e_tag(&part.etag).build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(named.collect())).build();
        let call = s3
            .client()
            .await?
            .complete_multipart_upload()
            .bucket(&s3.config.bucket)
            .key(self.at.as_str())
            .upload_id(&self.upload.upload_id)
            .set_if_none_match(create_only.then(|| "*".to_owned()))
            .mpu_object_size(i64::try_from(self.upload.size).unwrap_or(i64::MAX))
            .multipart_upload(parts);
        let answer = async { call.send().await.map_err(|error| refused_completion(&error)) };
        match s3.in_time_for(self.upload.size, answer).await? {
            answer if answer.e_tag().is_some() => Ok(()),
            _ => Err(failure::unreadable()),
        }
    }

    fn require_all(&self, held: &HeldParts) -> Result<()> {
        let here: BTreeSet<u32> = held.keys().copied().collect();
        let missing: Vec<u32> =
            (1..=self.upload.part_count()).filter(|number| !here.contains(number)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = missing.iter().take(NAMED_PARTS).map(u32::to_string).collect();
        let more = if missing.len() > NAMED_PARTS { " and more" } else { "" };
        let sent = held.values().map(|part| part.size).sum();
        Err(Error::new(
            ErrorKind::UploadIncomplete,
            format!("the store does not hold these parts of the file: {}{more}", named.join(", ")),
        )
        .with_limit(self.upload.size, sent))
    }

    /// On a store that would overwrite: that there is no file of the key, as well as can be told.
    async fn require_free(&self) -> Result<()> {
        let s3 = &self.files.s3;
        match s3.in_time(s3.head(&self.key)).await {
            Ok(_) => Err(failure::condition(OnCondition::Exists)),
            Err(error) if error.kind() == ErrorKind::FileNotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The error of a file that is there and was not at the beginning.
    fn in_the_way(&self) -> Error {
        match self.upload.overwrite {
            false => failure::condition(OnCondition::Exists),
            true => Error::new(
                ErrorKind::Conflict,
                "another file of this key has been stored since the upload was begun: begin it anew",
            ),
        }
    }

    /// What is at this key, if this upload has made it.
    async fn made_at(&self, key: &OwnKey) -> Result<Option<HeadObjectOutput>> {
        let s3 = &self.files.s3;
        s3.in_time(s3.made_by(&self.upload, key)).await
    }

    /// Compares what was made with what the upload was begun for.
    async fn check(&self, made: &HeadObjectOutput) -> Result<()> {
        let s3 = &self.files.s3;
        let size = file::size(made.content_length());
        let sound = if size == self.upload.size {
            let head = s3.in_time(s3.first_bytes(&self.at, size, made.e_tag())).await;
            match head {
                // Another call has put it in its place.
                Err(error) if error.kind() == ErrorKind::FileNotFound && self.replaces() => Ok(()),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::PreconditionFailed | ErrorKind::FileNotFound
                    ) =>
                {
                    return Err(moved_on());
                }
                head => sniff::check_content(&head?, &self.upload.content_type),
            }
        } else {
            Err(Error::new(ErrorKind::ContentMismatch, "the file has not the size of its parts")
                .with_limit(self.upload.size, size))
        };
        match sound {
            Ok(()) => Ok(()),
            Err(error) => {
                let made = Made { etag: made.e_tag.clone(), version: made.version_id.clone() };
                let is_deleted = s3.take_back(&self.at, made).await;
                if is_deleted {
                    self.files.release(self.upload.reservation()).await;
                }
                Err(taken_back(error, is_deleted))
            }
        }
    }

    /// Puts what has been looked at into the place of the file that it replaces.
    async fn put_in_place(&self, waiting: HeadObjectOutput) -> Result<StoredFile> {
        let (from, to) = (self.at.clone(), self.key.clone());
        let stored = match self.files.put_in_place(from, to, waiting.clone()).await {
            Err(error) if error.kind() == ErrorKind::FileNotFound => {
                return self.done_meanwhile().await;
            }
            stored => stored?,
        };
        // An error of this one is told: who asks once more must not find it waiting, or it could
        // take the place of what is stored then.
        self.files.s3.in_time(self.files.s3.delete_made(&self.at, &waiting)).await?;
        Ok(stored)
    }
}

impl S3 {
    /// What is at a key, if this upload has made it.
    async fn made_by(&self, upload: &Handle, key: &OwnKey) -> Result<Option<HeadObjectOutput>> {
        match self.head(key).await {
            Ok(found) => {
                let mark = user_metadata::mark(found.metadata());
                Ok((mark == Some(&upload.mark)).then_some(found))
            }
            Err(error) if error.kind() == ErrorKind::FileNotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes what an upload has made under a name that nobody else has.
    async fn delete_made(&self, key: &OwnKey, made: &HeadObjectOutput) -> Result<()> {
        self.delete_object(key.as_str(), made.version_id(), None).await
    }
}

/// The error of a file that was replaced or deleted before it had been looked at.
fn moved_on() -> Error {
    Error::new(ErrorKind::Conflict, "the file was replaced or deleted before it had been looked at")
}

//! What a call does, once its user is known.

use serde_json::{Value, json};

use super::answer::{Success, public, report};
use super::body::{Body, MAX_JSON_BYTES, Wanted};
use super::form::{UploadForm, form_limit};
use super::listing;
use super::members::Members;
use super::routes::Operation;
use super::uploads;
use crate::storage::{Deletion, Link, LinkOptions, UserStorage};
use crate::{Casier, Result, Session};

/// A call to a route by a known user.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) casier: Casier,
    pub(super) session: Session,
    pub(super) operation: Operation,
    /// Whether a success is told without an envelope.
    pub(super) is_bare: bool,
    pub(super) admin_may_list: bool,
    /// The key or the id that stands in the path, for the operations that take it from there.
    pub(super) argument: String,
    pub(super) query: String,
}

impl Task {
    pub(super) fn wanted(&self) -> Wanted {
        match self.operation {
            Operation::List
            | Operation::ListOf
            | Operation::Download
            | Operation::DeleteAt
            | Operation::UploadState
            | Operation::CompleteUpload
            | Operation::AbortUpload => Wanted::Nothing,
            Operation::Link
            | Operation::LinkMany
            | Operation::Delete
            | Operation::DeleteMany
            | Operation::BeginUpload
            | Operation::SignParts => Wanted::Json { limit: MAX_JSON_BYTES },
            Operation::Upload => {
                let policy = &self.casier.config().policy;
                Wanted::Form { limit: form_limit(policy.largest_upload(self.session.user())) }
            }
        }
    }

    pub(super) async fn perform(self, body: Body, request_id: &str) -> Result<Success> {
        let files = self.session.files()?;
        match self.operation {
            Operation::List => listing::own(&files, &self.query).await,
            Operation::ListOf => listing::of_user(&self, files).await,
            Operation::Download => download(&files, &self.argument).await,
            Operation::Link => link(&files, body).await,
            Operation::LinkMany => link_many(&files, body).await,
            Operation::DeleteAt => self.delete(&files, self.argument.clone()).await,
            Operation::Delete => {
                let key = Members::read(body, &["s3_key"])?.text("s3_key")?;
                self.delete(&files, key).await
            }
            Operation::DeleteMany => delete_many(&files, body, request_id).await,
            Operation::Upload => {
                let limit = self.casier.config().policy.largest_upload(self.session.user());
                upload(&files, UploadForm::read(body, &files, limit)?).await
            }
            Operation::BeginUpload => uploads::begin(&files, body).await,
            Operation::SignParts => uploads::part_urls(&files, &self.argument, body).await,
            Operation::UploadState => uploads::state(&files, &self.argument).await,
            Operation::CompleteUpload => uploads::complete(&files, &self.argument).await,
            Operation::AbortUpload => uploads::abort(&files, &self.argument).await,
        }
    }

    async fn delete(&self, files: &UserStorage, key: String) -> Result<Success> {
        files.delete(&key).await?;
        let data = if self.is_bare { json!({"success": true}) } else { json!({"s3_key": key}) };
        Ok(Success::new("The file is deleted.", data))
    }
}

async fn download(files: &UserStorage, key: &str) -> Result<Success> {
    let link = files.presigned_url(key, handed_out_again()).await?;
    Ok(Success::new("The link is ready.", download_link(files, key, link)?))
}

/// Pages ask for the same files again and again, and find in the browser what they have seen.
fn handed_out_again() -> LinkOptions {
    LinkOptions { reuse: true, ..LinkOptions::default() }
}

fn download_link(files: &UserStorage, key: &str, link: Link) -> Result<Value> {
    let Link { url, expires_in, .. } = link;
    let filename = files.parse(key)?.filename;
    Ok(json!({"download_url": url, "expires_in": expires_in, "filename": filename}))
}

async fn link(files: &UserStorage, body: Body) -> Result<Success> {
    let mut members = Members::read(body, &["s3_key", "expires_in"])?;
    let key = members.text("s3_key")?;
    let options = LinkOptions { expires_in: members.number("expires_in")?, ..Default::default() };
    let Link { url, expires_in, .. } = files.presigned_url(&key, options).await?;
    Ok(Success::new("The link is ready.", json!({"url": url, "expires_in": expires_in})))
}

async fn link_many(files: &UserStorage, body: Body) -> Result<Success> {
    let keys = Members::read(body, &["s3_keys"])?.keys(files)?;
    let links = files.presigned_urls(&keys, handed_out_again()).await?;
    let links = keys.into_iter().zip(links).map(|(key, link)| {
        let mut link = download_link(files, &key, link)?;
        link["s3_key"] = key.into();
        Ok(link)
    });
    Ok(Success::new("The links are ready.", links.collect::<Result<_>>()?))
}

/// Answers each key. Where nothing at all could be deleted, the call has failed like its first key.
async fn delete_many(files: &UserStorage, body: Body, request_id: &str) -> Result<Success> {
    let keys = Members::read(body, &["s3_keys"])?.keys(files)?;
    let deletions = files.delete_many(keys).await?;
    let deleted = deletions.iter().filter(|deletion| deletion.error.is_none()).count();
    let first_error = deletions.iter().find_map(|deletion| deletion.error.as_ref());
    match first_error {
        Some(error) if deleted == 0 => return Err(error.clone()),
        // The others most often fail for the same reason.
        Some(error) => report(error, request_id),
        None => {}
    }
    let message = format!("{deleted} of {} files are deleted.", deletions.len());
    Ok(Success::new(message, deletions.iter().map(outcome).collect()))
}

fn outcome(deletion: &Deletion) -> Value {
    match &deletion.error {
        None => json!({"s3_key": deletion.key, "success": true}),
        Some(error) => {
            json!({"s3_key": deletion.key, "success": false, "error": public(error)})
        }
    }
}

async fn upload(files: &UserStorage, form: UploadForm) -> Result<Success> {
    let stored = form.send(files).await?;
    let link = files.presigned_url(&stored.key, LinkOptions::default()).await?;
    let data = json!({"s3_key": stored.key, "bucket": files.bucket(), "url": link.url});
    Ok(Success { status: 201, ..Success::new("The file is stored.", data) })
}

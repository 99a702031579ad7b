//! Uploads that a client sends straight to the store, part by part.

use serde_json::{Value, json};

use super::answer::Success;
use super::body::Body;
use super::file::described;
use super::members::Members;
use super::time::rfc3339;
use crate::Result;
use crate::storage::{BeginUploadOptions, PartUrl, UserStorage};

const MEMBERS: [&str; 7] =
    ["content_type", "filename", "metadata", "mime_type", "overwrite", "size", "unguessable"];

pub(super) async fn begin(files: &UserStorage, body: Body) -> Result<Success> {
    let mut members = Members::read(body, &MEMBERS)?;
    let filename = members.text("filename")?;
    let kind = members.text("content_type")?;
    let size = members.size("size")?;
    let mut options = BeginUploadOptions {
        content_type: members.optional_text("mime_type")?,
        ..BeginUploadOptions::default()
    };
    if let Some(metadata) = members.texts("metadata")? {
        options.metadata = metadata;
    }
    if let Some(overwrite) = members.switch("overwrite")? {
        options.overwrite = overwrite;
    }
    if let Some(unguessable) = members.switch("unguessable")? {
        options.unguessable = unguessable;
    }
    let begun = files.begin_upload(&filename, &kind, size, options).await?;
    let data = json!({
        "upload_id": begun.upload_id,
        "s3_key": begun.key,
        "part_size": begun.part_size,
        "part_count": begun.part_count,
        "expires_at": rfc3339(begun.expires_at),
    });
    Ok(Success { status: 201, ..Success::new("The upload is begun.", data) })
}

pub(super) async fn part_urls(files: &UserStorage, id: &str, body: Body) -> Result<Success> {
    let numbers = Members::read(body, &["part_numbers"])?.part_numbers()?;
    let parts = files.part_urls(id, &numbers).await?;
    let parts: Vec<Value> = parts.iter().map(part_url).collect();
    Ok(Success::new("The parts can be sent.", json!({"parts": parts})))
}

pub(super) async fn state(files: &UserStorage, id: &str) -> Result<Success> {
    let state = files.upload_state(id).await?;
    let data = json!({
        "s3_key": state.key,
        "filename": state.filename,
        "content_type": state.kind,
        "size": state.size,
        "part_size": state.part_size,
        "part_count": state.part_count,
        "parts": state.parts,
        "sent": state.sent,
        "expires_at": rfc3339(state.expires_at),
    });
    Ok(Success::new("The upload is under way.", data))
}

pub(super) async fn complete(files: &UserStorage, id: &str) -> Result<Success> {
    let stored = files.complete_upload(id).await?;
    Ok(Success::new("The file is stored.", described(&stored)))
}

pub(super) async fn abort(files: &UserStorage, id: &str) -> Result<Success> {
    files.abort_upload(id).await?;
    Ok(Success::new("The upload is given up.", json!({"upload_id": id})))
}

fn part_url(part: &PartUrl) -> Value {
    json!({
        "part_number": part.part_number,
        "url": part.url,
        "headers": part.headers,
        "size": part.size,
    })
}

//! A stored file in JSON.

use serde_json::{Value, json};

use super::time::rfc3339;
use crate::storage::StoredFile;

/// A file as the routes tell it. `content_type` is the kind, as clients of these routes know it.
pub(super) fn described(file: &StoredFile) -> Value {
    json!({
        "s3_key": file.key,
        "filename": file.filename,
        "size": file.size,
        "last_modified": file.last_modified.map(rfc3339),
        "content_type": file.kind,
        "mime_type": file.content_type,
        "metadata": file.metadata,
    })
}

/// The same with what the compatibility class tells beside it.
pub(super) fn described_in_full(file: &StoredFile, bucket: &str) -> Value {
    let mut described = described(file);
    described["bucket"] = bucket.into();
    described["etag"] = file.etag.clone().into();
    described
}

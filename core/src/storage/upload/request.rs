//! What is stored beside the bytes, the same in one PUT and in parts.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::create_multipart_upload::builders::CreateMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::types::StorageClass;

use crate::storage::config::Encryption;
use crate::storage::content::{content_type, disposition};
use crate::storage::file::StoredFile;
use crate::storage::user_storage::OwnKey;

/// A file that has passed every check that needs no network.
#[derive(Clone, Debug)]
pub(super) struct NewFile {
    pub(super) key: OwnKey,
    pub(super) content_type: String,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) encoded_metadata: BTreeMap<String, String>,
    /// As the header has them.
    pub(super) tags: Option<String>,
    pub(super) storage_class: Option<String>,
    pub(super) encryption: Option<Encryption>,
    /// Whether another file of this key is to stay.
    pub(super) create_only: bool,
    /// Names this upload, where it may have to be known again.
    pub(super) mark: Option<String>,
}

/// Both requests have the same setters, but no trait for them.
macro_rules! describe {
    ($request:expr, $file:expr) => {{
        let file: &NewFile = $file;
        let (encryption, key_id) = Encryption::headers(file.encryption.as_ref());
        $request
            .key(file.key.as_str())
            .content_type(&file.content_type)
            .content_disposition(file.disposition())
            .set_metadata(Some(file.encoded_metadata.clone().into_iter().collect()))
            .set_tagging(file.tags.clone())
            .set_storage_class(file.storage_class.as_deref().map(StorageClass::from))
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(key_id)
    }};
}

impl NewFile {
    pub(super) fn describe_put(&self, request: PutObjectFluentBuilder) -> PutObjectFluentBuilder {
        describe!(request, self)
    }

    pub(super) fn describe_parts(
        &self,
        request: CreateMultipartUploadFluentBuilder,
    ) -> CreateMultipartUploadFluentBuilder {
        describe!(request, self)
    }

    /// The file as it is once it is stored.
    pub(super) fn stored(self, size: u64, etag: Option<String>) -> StoredFile {
        let file = self.key.file(size);
        StoredFile {
            content_type: Some(self.content_type),
            etag,
            metadata: self.metadata,
            storage_class: self.storage_class,
            ..file
        }
    }

    fn disposition(&self) -> String {
        let filename = self.key.filename();
        let inline = content_type::may_be_inline(filename, &self.content_type);
        disposition::content_disposition(inline, filename)
    }
}

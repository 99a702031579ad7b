//! What a copy is to be, decided before anything is changed.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use aws_sdk_s3::operation::copy_object::builders::CopyObjectFluentBuilder;
use aws_sdk_s3::operation::create_multipart_upload::builders::CreateMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::StorageClass;

use super::CopyOptions;
use crate::random::random_name;
use crate::storage::config::Encryption;
use crate::storage::content::{content_type, disposition, sniff, tags, user_metadata};
use crate::storage::file::{self, StoredFile};
use crate::storage::keys::last_extension;
use crate::storage::sign::in_path;
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// What S3 calls the type of an object that was stored without one.
const UNTYPED: &str = "binary/octet-stream";

/// A copy that has passed every check.
#[derive(Debug)]
pub(in crate::storage::manage) struct Plan {
    pub(in crate::storage::manage) source: OwnKey,
    pub(in crate::storage::manage) target: OwnKey,
    /// What the original was when it was looked at.
    pub(in crate::storage::manage) original: HeadObjectOutput,
    pub(super) size: u64,
    pub(super) etag: Option<String>,
    pub(super) content_type: String,
    pub(super) content_disposition: String,
    /// The metadata as they are sent, the mark included.
    pub(super) metadata: HashMap<String, String>,
    /// Tags in place of the original's.
    pub(super) tags: Option<BTreeMap<String, String>>,
    pub(super) is_create_only: bool,
    /// The file would be copied onto itself as it is.
    pub(super) changes_nothing: bool,
    /// Names the copy, so that it is known again. A file whose metadata leave no room has none.
    pub(in crate::storage::manage) mark: Option<String>,
}

impl UserStorage {
    pub(in crate::storage::manage) async fn plan_copy(
        &self,
        key: &str,
        options: CopyOptions,
    ) -> Result<Plan> {
        let source = self.own(key)?;
        let kind = options.kind.as_deref().or(source.kind()).ok_or_else(|| {
            Error::new(ErrorKind::InvalidKind, "the file lies in no kind's folder: name a kind")
        })?;
        let filename = options.filename.as_deref().unwrap_or(source.filename());
        let target = self.own(&match options.unguessable {
            true => self.scope.unguessable_key(kind, filename)?,
            false => self.scope.key(kind, filename)?,
        })?;
        let mark = random_name()?;
        let given = match &options.metadata {
            Some(metadata) => Some(user_metadata::encode(metadata, Some(&mark))?),
            None => None,
        };
        options.tags.as_ref().map(tags::check).transpose()?;
        let is_itself = source.as_str() == target.as_str();
        if is_itself && !options.overwrite {
            let why = "a file cannot be copied onto itself without overwriting it";
            return Err(Error::new(ErrorKind::FileExists, why));
        }

        let original = self.s3.in_time(self.s3.head(&source)).await?;
        let size = file::size(original.content_length());
        let same_extension = last_extension(source.filename()) == last_extension(target.filename());
        let stored_type = original.content_type().filter(|stored| *stored != UNTYPED);
        let claimed = match (options.content_type, stored_type) {
            (Some(given), _) => given,
            (None, Some(stored)) if same_extension => stored.to_owned(),
            _ => content_type::of_filename(target.filename()),
        };
        let content_type = self.admit(kind, &target, claimed, size)?;
        let same_type = original.content_type() == Some(content_type.as_str());
        if !(same_extension && same_type && source.kind() == Some(kind)) {
            let head = self.first_bytes(&source, size, original.e_tag()).await?;
            sniff::check_content(&head, &content_type)?;
        }
        let changes_nothing =
            is_itself && same_type && options.metadata.is_none() && options.tags.is_none();
        let metadata = match given {
            Some(given) => given.into_iter().collect(),
            None => user_metadata::kept(original.metadata(), &mark),
        };
        let inline = content_type::may_be_inline(target.filename(), &content_type);
        Ok(Plan {
            size,
            etag: file::etag(original.e_tag()),
            content_disposition: disposition::content_disposition(inline, target.filename()),
            content_type,
            mark: user_metadata::mark(Some(&metadata)).is_some().then_some(mark),
            metadata,
            tags: options.tags,
            is_create_only: !options.overwrite,
            changes_nothing,
            source,
            target,
            original,
        })
    }

    /// What a file of this size and version begins with.
    async fn first_bytes(&self, key: &OwnKey, size: u64, etag: Option<&str>) -> Result<Vec<u8>> {
        match self.s3.in_time(self.s3.first_bytes(key, size, etag)).await {
            Err(error) if error.kind() == ErrorKind::PreconditionFailed => Err(super::changed()),
            read => read,
        }
    }
}

/// Both requests have the same setters, but no trait for them.
macro_rules! describe {
    ($request:expr, $plan:expr, $encryption:expr) => {{
        let plan: &Plan = $plan;
        let original = &plan.original;
        let (encryption, key_id) = Encryption::headers($encryption);
        $request
            .key(plan.target.as_str())
            .set_metadata(Some(plan.metadata.clone()))
            .content_type(&plan.content_type)
            .content_disposition(&plan.content_disposition)
            .set_cache_control(original.cache_control().map(str::to_owned))
            .set_content_encoding(original.content_encoding().map(str::to_owned))
            .set_content_language(original.content_language().map(str::to_owned))
            .set_storage_class(plan.storage_class())
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(key_id)
    }};
}

impl Plan {
    /// The copy of a whole object, with all that is stored beside it, over whatever is there.
    pub(super) fn of_all(source: OwnKey, target: OwnKey, original: HeadObjectOutput) -> Self {
        let stored = |header: Option<&str>| header.unwrap_or_default().to_owned();
        let mark = user_metadata::mark(original.metadata()).cloned();
        Self {
            size: file::size(original.content_length()),
            etag: file::etag(original.e_tag()),
            content_type: stored(original.content_type()),
            content_disposition: stored(original.content_disposition()),
            metadata: original.metadata().cloned().unwrap_or_default(),
            tags: None,
            is_create_only: false,
            changes_nothing: false,
            mark,
            source,
            target,
            original,
        }
    }

    /// Says what the copy is stored with, to the request that copies it whole.
    pub(super) fn describe_whole(
        &self,
        request: CopyObjectFluentBuilder,
        encryption: Option<&Encryption>,
    ) -> CopyObjectFluentBuilder {
        describe!(request, self, encryption)
    }

    /// Says what the copy is stored with, to the request that begins it in parts.
    pub(super) fn describe_parts(
        &self,
        request: CreateMultipartUploadFluentBuilder,
        encryption: Option<&Encryption>,
    ) -> CreateMultipartUploadFluentBuilder {
        describe!(request, self, encryption)
    }

    /// Where the original is, as the header names it.
    pub(super) fn copy_source(&self, bucket: &str) -> String {
        format!("{bucket}/{}", in_path(self.source.as_str()))
    }

    /// The class that the original is stored in; none is the standard one.
    pub(super) fn storage_class(&self) -> Option<StorageClass> {
        self.original.storage_class().cloned()
    }

    /// The copy, as it is described.
    pub(super) fn copied(
        &self,
        etag: Option<String>,
        last_modified: Option<SystemTime>,
    ) -> StoredFile {
        StoredFile {
            content_type: Some(self.content_type.clone()),
            etag,
            last_modified,
            metadata: user_metadata::decode(&self.metadata),
            storage_class: self.storage_class().map(|class| class.as_str().to_owned()),
            ..self.target.file(self.size)
        }
    }
}

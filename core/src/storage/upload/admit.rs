//! What may be stored: all that is asked before anything is sent.

use std::time::SystemTime;

use super::by_client::BeginUploadOptions;
use super::meter::Meter;
use super::options::UploadOptions;
use super::plan::{MULTIPART_FROM, PartPlan};
use super::request::NewFile;
use super::send::Upload;
use crate::Result;
use crate::access::Action;
use crate::random::random_name;
use crate::storage::content::{content_type, sniff, tags, user_metadata};
use crate::storage::user_storage::{OwnKey, UserStorage};

impl UserStorage {
    /// Admits a file by all that is known of it but its bytes. One of unknown size counts as empty.
    pub(super) fn prepare(
        &self,
        filename: &str,
        kind: &str,
        size: Option<u64>,
        options: UploadOptions,
    ) -> Result<Upload<'_>> {
        let may_be_large = size.is_none_or(|size| size > MULTIPART_FROM);
        let mark = if !options.overwrite || may_be_large { Some(random_name()?) } else { None };
        let described = BeginUploadOptions {
            content_type: options.content_type,
            metadata: options.metadata,
            tags: options.tags,
            overwrite: options.overwrite,
            unguessable: options.unguessable,
            storage_class: options.storage_class,
        };
        let file = self.new_file(filename, kind, size.unwrap_or_default(), described, mark)?;
        let plan = size.map_or(Ok(PartPlan::of_unknown()), PartPlan::of)?;
        let meter = Meter::new(options.on_progress, size);
        Ok(Upload { storage: self, file, size, plan, meter, on_begin: options.on_begin })
    }

    /// A file that the policy admits, as it is to be described to the store.
    pub(super) fn new_file(
        &self,
        filename: &str,
        kind: &str,
        size: u64,
        described: BeginUploadOptions,
        mark: Option<String>,
    ) -> Result<NewFile> {
        let key = self.new_key(filename, kind, described.unguessable)?;
        let content_type = self.admit_new(kind, &key, described.content_type, size)?;
        tags::check(&described.tags)?;
        let config = &self.s3.config;
        Ok(NewFile {
            key,
            content_type,
            encoded_metadata: user_metadata::encode(&described.metadata, mark.as_deref())?,
            metadata: described.metadata,
            tags: tags::encode(&described.tags),
            storage_class: described.storage_class.or_else(|| config.storage_class.clone()),
            encryption: config.encryption.clone(),
            create_only: !described.overwrite,
            mark,
        })
    }

    /// The key of a new file.
    pub(in crate::storage) fn new_key(
        &self,
        filename: &str,
        kind: &str,
        unguessable: bool,
    ) -> Result<OwnKey> {
        self.own(&match unguessable {
            true => self.scope.unguessable_key(kind, filename)?,
            false => self.scope.key(kind, filename)?,
        })
    }

    /// What the policy says of a new file, whose content type is that of its extension where none
    /// is claimed; gives the content type to store.
    pub(in crate::storage) fn admit_new(
        &self,
        kind: &str,
        key: &OwnKey,
        claimed: Option<String>,
        size: u64,
    ) -> Result<String> {
        let claimed = claimed.unwrap_or_else(|| content_type::of_filename(key.filename()));
        self.admit(kind, key, claimed, size)
    }

    /// What the policy says of a file; gives the content type to store.
    pub(in crate::storage) fn admit(
        &self,
        kind: &str,
        key: &OwnKey,
        claimed: String,
        size: u64,
    ) -> Result<String> {
        let action = Action::Upload {
            kind: kind.to_owned(),
            filename: key.filename().to_owned(),
            content_type: claimed.clone(),
            size,
        };
        let terms = self.decider.decide(&action, Some(key.as_str()), SystemTime::now())?;
        Ok(terms.content_type.unwrap_or(claimed))
    }
}

impl Upload<'_> {
    /// Compares the first bytes of the file with the type that it claims.
    ///
    /// # Errors
    /// `content-mismatch`.
    pub(super) fn check_head(&self, head: &[u8]) -> Result<()> {
        sniff::check_content(head, &self.file.content_type)
    }
}

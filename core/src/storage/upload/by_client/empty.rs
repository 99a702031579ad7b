//! Empty files. A client sends nothing of them, since Garage 2.5, for example, takes no empty part,
//! and none takes an upload without parts for a file. The upload is begun as any other, so that it
//! can be asked for, ended and swept; in the place of its completion an empty object is put.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::complete::Completion;
use crate::Result;
use crate::storage::upload::handle::Described;
use crate::storage::upload::meter::Meter;
use crate::storage::upload::piece::{Contents, Piece};
use crate::storage::upload::request::NewFile;
use crate::storage::upload::single;

impl Completion {
    /// Puts the empty object.
    pub(super) async fn put_empty(&self, described: &Described, create_only: bool) -> Result<()> {
        let s3 = &self.files.s3;
        let file = NewFile {
            key: self.at.clone(),
            content_type: self.upload.content_type.clone(),
            metadata: BTreeMap::new(),
            encoded_metadata: described.metadata.clone(),
            tags: described.tags.clone(),
            storage_class: described.storage_class.clone(),
            encryption: s3.config.encryption.clone(),
            create_only,
            mark: Some(self.upload.mark.clone()),
        };
        let nothing = Piece::new(Contents::Memory(Bytes::new())).await?;
        let meter = Meter::new(None, Some(0));
        s3.in_time(single::put(s3, &file, &nothing, &meter)).await.map(drop)
    }
}

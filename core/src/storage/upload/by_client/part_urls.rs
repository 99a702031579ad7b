//! The addresses that the parts of an upload are sent to.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, SystemTime};

use super::begin::sent_by_server;
use crate::storage::link::while_keys_live;
use crate::storage::s3::BARS_COPIES;
use crate::storage::sign::Presign;
use crate::storage::upload::handle::{self, Handle, Sender};
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

/// The most parts that are signed for in one call.
pub const MAX_PART_URLS: usize = 1000;

/// How long the address of a part lives at most: parts are signed for when they are about to be
/// sent.
const MAX_LIFE_SECONDS: u64 = 15 * 60;

/// The address that takes one part of an upload, by PUT. Whoever has it can send the part until it
/// ends, so `Debug` does not show its signature.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartUrl {
    /// The number of the part, from 1.
    pub part_number: u32,
    /// The address.
    pub url: String,
    /// What has to be sent with it. Browsers send `content-length` by themselves, and let nobody
    /// set it.
    pub headers: BTreeMap<String, String>,
    /// The exact size of the part, in bytes.
    pub size: u64,
    /// When the address ends.
    pub expires_at: SystemTime,
}

impl fmt::Debug for PartUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartUrl")
            .field("part_number", &self.part_number)
            .field("url", &self.url.split('?').next())
            .field("size", &self.size)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl UserStorage {
    /// The addresses to which a client sends parts of an upload, each signed for the exact length of
    /// its part. Signed here: the store is not asked. They live for 15 minutes, and no longer than
    /// the upload and the credentials do; ask for them when they are about to be used, and again
    /// when they have ended. A part may be sent again, and then replaces itself; once the upload is
    /// over, its addresses change nothing.
    ///
    /// The future is ready at its first poll, and needs no Tokio runtime, unless AWS's chain must be
    /// asked for credentials or for the region.
    ///
    /// # Errors
    /// `upload-not-found` when the handle is not of this scope, bucket and endpoint, was changed or
    /// has ended; `invalid-request` when it is none of [`begin_upload`](Self::begin_upload), and for
    /// part numbers: 1 to 1,000 of them, none twice, each from 1 to
    /// [`BegunUpload::part_count`](super::BegunUpload::part_count); what [`UserStorage`] says.
    pub async fn part_urls(&self, upload_id: &str, part_numbers: &[u32]) -> Result<Vec<PartUrl>> {
        let upload = self.open(upload_id)?;
        if upload.sender == Sender::Server {
            return Err(sent_by_server());
        }
        let sizes = sizes_of(&upload, part_numbers)?;
        let now = SystemTime::now();
        let left = match upload.expires_at().duration_since(now).unwrap_or_default().as_secs() {
            0 => return Err(handle::not_found()),
            left => left.min(MAX_LIFE_SECONDS),
        };
        let at = self.parts_key(&upload)?;
        let signer = self.s3.signer(now).await?;
        let expires_in = while_keys_live(left, signer.ends(), now)?;
        let expires_at = now + Duration::from_secs(expires_in);
        let part_url = |(part_number, size): (u32, u64)| {
            let (number, length) = (part_number.to_string(), size.to_string());
            let mut headers = vec![("content-length", length.as_str())];
            headers.extend(upload.bars_copies().then_some(BARS_COPIES));
            let url = signer.presign(&Presign {
                method: "PUT",
                key: at.as_str(),
                query: &[
                    ("partNumber", Cow::from(&number)),
                    ("uploadId", Cow::from(&upload.upload_id)),
                ],
                headers: &headers,
                expires_in,
                now,
            });
            let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let headers = headers.into_iter().map(owned).collect();
            PartUrl { part_number, url, headers, size, expires_at }
        };
        Ok(sizes.into_iter().map(part_url).collect())
    }
}

/// The parts of these numbers, in the same order, with their sizes.
fn sizes_of(upload: &Handle, part_numbers: &[u32]) -> Result<Vec<(u32, u64)>> {
    let refused = |why: String| Error::new(ErrorKind::InvalidRequest, why);
    if !(1..=MAX_PART_URLS).contains(&part_numbers.len()) {
        let why = format!("1 to {MAX_PART_URLS} parts are signed for at a time");
        return Err(refused(why).with_count(MAX_PART_URLS, part_numbers.len()));
    }
    let mut seen = BTreeSet::new();
    let sized = part_numbers.iter().map(|&number| match upload.size_of_part(number) {
        _ if !seen.insert(number) => Err(refused(format!("part {number} is named twice"))),
        Some(size) => Ok((number, size)),
        None => {
            let count = upload.part_count();
            Err(refused(format!("there is no part {number}: the file has {count} of them")))
        }
    });
    sized.collect()
}

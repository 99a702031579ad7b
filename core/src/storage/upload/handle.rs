//! The handle of an upload in parts: all that another process needs to go on with it, sealed, so
//! that whoever holds it can neither read nor change it, nor use it for another's files.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::plan::PartPlan;
use super::secret::SealingSecret;
use crate::limits::ReservationId;
use crate::storage::config::StorageConfig;
use crate::storage::user_storage::{OwnKey, UserStorage};
use crate::{Error, ErrorKind, Result};

/// The version of the form, which every handle begins with.
const VERSION: &str = "u1.";

/// The longest handle that is looked at: room for the longest key, for upload ids eight times as
/// long as AWS's, and for what is stored beside an empty file.
const MAX_HANDLE_BYTES: usize = 16 * 1024;

/// An upload in parts that has been begun, and what was settled when it was.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Handle {
    /// The full key.
    pub(super) key: String,
    /// What the store calls the upload.
    pub(super) upload_id: String,
    /// The size of the file, in bytes.
    pub(super) size: u64,
    /// The size of every part but the last.
    pub(super) part_size: u64,
    pub(super) content_type: String,
    /// Whether a file of the same key is replaced.
    pub(super) overwrite: bool,
    /// What the object will be known by as this upload's.
    pub(super) mark: String,
    /// When the handle ends, in seconds since 1970 by the store's clock.
    pub(super) expires_at: u64,
    pub(super) sender: Sender,
}

/// Who sends the parts of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Sender {
    /// Casier, which has looked at the file and sends each part with its checksum.
    Server,
    /// A client, straight to the store: nothing is known of the bytes before they are there.
    Client {
        /// The random name under which the bytes wait for their check, where they replace a file;
        /// without one they go to the key itself.
        incoming: Option<String>,
        /// The bytes that are reserved for the file, where the tier limits what is stored.
        reservation: Option<ReservationId>,
        /// Whether the addresses of the parts have to keep their holder from copying.
        bars_copies: bool,
        /// What is stored beside an empty file.
        empty: Option<Described>,
    },
}

/// What is stored beside the bytes of a file, save its content type. Of a file in parts the store
/// was told; an empty one has no parts ([`empty`](super::by_client::empty)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Described {
    /// As they are sent.
    pub(super) metadata: BTreeMap<String, String>,
    /// As the header has them.
    pub(super) tags: Option<String>,
    pub(super) storage_class: Option<String>,
}

impl Handle {
    pub(super) fn plan(&self) -> PartPlan {
        PartPlan { part_size: self.part_size }
    }

    /// Notes the bytes that are reserved for the file that a client sends.
    pub(super) fn reserve(&mut self, reserved: Option<ReservationId>) {
        if let Sender::Client { reservation, .. } = &mut self.sender {
            *reservation = reserved;
        }
    }

    /// The bytes that are reserved for the file.
    pub(super) fn reservation(&self) -> Option<&ReservationId> {
        match &self.sender {
            Sender::Client { reservation, .. } => reservation.as_ref(),
            Sender::Server => None,
        }
    }

    /// Whether the addresses of the parts have to keep their holder from copying.
    pub(super) fn bars_copies(&self) -> bool {
        matches!(self.sender, Sender::Client { bars_copies: true, .. })
    }

    pub(super) fn part_count(&self) -> u32 {
        self.plan().count(self.size)
    }

    /// The size of a part of this number, counted from 1; none when there is no such part.
    pub(super) fn size_of_part(&self, number: u32) -> Option<u64> {
        let range = self.plan().range(number, self.size);
        (1..=self.part_count()).contains(&number).then(|| range.end - range.start)
    }

    /// When the handle ends, by the store's clock.
    pub(super) fn expires_at(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.expires_at)).unwrap_or(UNIX_EPOCH)
    }
}

/// An upload's id lets its holder write into it.
impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("key", &self.key).finish_non_exhaustive()
    }
}

impl UserStorage {
    /// Seals the handle of an upload of this scope.
    ///
    /// # Errors
    /// `internal` when the system has no random numbers, or the store's upload id is too long.
    pub(super) fn seal(&self, upload: &Handle) -> Result<String> {
        let cannot = |why| Error::new(ErrorKind::Internal, why);
        let plain =
            serde_json::to_vec(upload).map_err(|_| cannot("an upload handle cannot be written"))?;
        let sealed = secret(&self.s3.config)?.seal(&self.place(), plain)?;
        let handle = format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(sealed));
        match handle.len() > MAX_HANDLE_BYTES {
            true => Err(cannot("the store names its uploads with more than a handle can hold")),
            false => Ok(handle),
        }
    }

    /// Opens a handle that was sealed for this scope of this bucket. Whether it has ended is for the
    /// store's clock to say.
    ///
    /// # Errors
    /// `upload-not-found`, the same for whatever is not such a handle.
    pub(super) fn open(&self, handle: &str) -> Result<Handle> {
        let secret = secret(&self.s3.config)?;
        let sealed = Some(handle)
            .filter(|handle| handle.len() <= MAX_HANDLE_BYTES)
            .and_then(|handle| handle.strip_prefix(VERSION))
            .and_then(|sealed| URL_SAFE_NO_PAD.decode(sealed).ok());
        sealed
            .and_then(|sealed| secret.open(&self.place(), &sealed))
            .and_then(|plain| serde_json::from_slice(&plain).ok())
            .filter(|upload: &Handle| self.parts_key(upload).is_ok())
            .ok_or_else(not_found)
    }

    /// The key that the file will have.
    pub(super) fn file_key(&self, upload: &Handle) -> Result<OwnKey> {
        self.listed(&upload.key).ok_or_else(not_found)
    }

    /// The key that the parts are sent to.
    pub(super) fn parts_key(&self, upload: &Handle) -> Result<OwnKey> {
        let key = self.file_key(upload)?;
        match &upload.sender {
            Sender::Client { incoming: Some(name), .. } => {
                self.incoming(&key, name).ok_or_else(not_found)
            }
            _ => Ok(key),
        }
    }

    /// Where a handle holds: endpoint, bucket and scope, the last two without line breaks.
    fn place(&self) -> Vec<u8> {
        let config = &self.s3.config;
        let endpoint = config.endpoint.as_deref().unwrap_or_default().trim_end_matches('/');
        [endpoint, &config.bucket, self.scope.prefix()].join("\n").into_bytes()
    }
}

/// When an upload that began at `begun` ends, in seconds since 1970.
pub(super) fn end(begun: SystemTime, life: Duration) -> u64 {
    let end = begun.checked_add(life).and_then(|end| end.duration_since(UNIX_EPOCH).ok());
    end.map_or(u64::MAX, |end| end.as_secs())
}

/// What is said of every handle that does not lead to an upload, so that nothing can be learnt from
/// trying.
pub(super) fn not_found() -> Error {
    Error::new(ErrorKind::UploadNotFound, "there is no such upload, or it has ended")
}

fn secret(config: &StorageConfig) -> Result<&SealingSecret> {
    match &config.secret {
        Some(secret) => Ok(secret),
        None => SealingSecret::of_this_process(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::access::Policy;
    use crate::storage::{Scope, Storage};

    const ENDPOINT: &str = "https://s3.example.com";

    fn files_of(user: &str, bucket: &str, endpoint: Option<&str>, secrets: &[u8]) -> UserStorage {
        let mut config = StorageConfig::new(bucket, endpoint.map(str::to_owned));
        config.secret = Some(SealingSecret::new(secrets.iter().map(|&of| [of; 32])).unwrap());
        let scope = Scope::new(user).unwrap();
        Storage::new(config).unwrap().scoped(scope, None, Arc::new(Policy::builtin()))
    }

    fn files() -> UserStorage {
        files_of("1", "bucket", Some(ENDPOINT), &[1])
    }

    fn upload() -> Handle {
        Handle {
            key: "user_1/videos/Été \"1\".mp4".to_owned(),
            upload_id: "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA".to_owned(),
            size: 1 << 40,
            part_size: 105 << 20,
            content_type: "video/mp4".to_owned(),
            overwrite: false,
            mark: "0123456789abcdef0123456789abcdef".to_owned(),
            expires_at: 1_795_000_000,
            sender: Sender::Server,
        }
    }

    /// One whose parts a client sends, to be looked at before they replace a file.
    fn incoming() -> Handle {
        let incoming = Some("00112233445566778899aabbccddeeff".to_owned());
        let reservation = serde_json::from_str("\"ffeeddccbbaa99887766554433221100\"").unwrap();
        let sender = Sender::Client { incoming, reservation, bars_copies: true, empty: None };
        Handle { sender, ..upload() }
    }

    fn is_refused(files: &UserStorage, handle: &str) -> bool {
        let error = files.open(handle).unwrap_err();
        assert_eq!(error.message(), not_found().message());
        error.kind() == ErrorKind::UploadNotFound
    }

    #[test]
    fn what_is_sealed_is_what_opens() {
        let handle = files().seal(&upload()).unwrap();
        assert!(handle.starts_with("u1.") && handle.len() < 512, "{}", handle.len());
        assert_eq!(files().open(&handle).unwrap(), upload());
        assert_ne!(files().seal(&upload()).unwrap(), handle);
        assert_eq!(upload().expires_at(), UNIX_EPOCH + Duration::from_secs(1_795_000_000));
        let slash = files_of("1", "bucket", Some("https://s3.example.com/"), &[1]);
        assert_eq!(slash.open(&handle).unwrap(), upload());
    }

    #[test]
    fn what_replaces_a_file_goes_where_the_scope_keeps_such() {
        let handle = files().seal(&incoming()).unwrap();
        assert!(handle.len() < 700, "{}", handle.len());
        let opened = files().open(&handle).unwrap();
        assert_eq!(opened, incoming());
        let at = files().parts_key(&opened).unwrap();
        assert_eq!(at.as_str(), ".casier/incoming/user_1/00112233445566778899aabbccddeeff");
        assert_eq!(at.filename(), "Été \"1\".mp4");
        assert_eq!(files().file_key(&opened).unwrap().as_str(), upload().key);
        assert_eq!(files().parts_key(&upload()).unwrap().as_str(), upload().key);
    }

    /// Whoever has the secret could seal any name; the scope holds even then.
    #[test]
    fn a_sealed_name_that_leads_away_is_refused() {
        for name in ["", "a", "../user_2/a", "00112233445566778899AABBCCDDEEFF", "0/1"] {
            let sender = Sender::Client {
                incoming: Some(name.to_owned()),
                reservation: None,
                bars_copies: false,
                empty: None,
            };
            let handle = files().seal(&Handle { sender, ..upload() }).unwrap();
            assert!(is_refused(&files(), &handle), "{name}");
        }
    }

    #[test]
    fn parts_have_sizes() {
        let of = |size| Handle { size, part_size: 8 << 20, ..upload() };
        let sizes = |size| (0..4).map(|n| of(size).size_of_part(n)).collect::<Vec<_>>();
        assert_eq!(sizes(0), [None, None, None, None]);
        assert_eq!(sizes(1), [None, Some(1), None, None]);
        assert_eq!(sizes(8 << 20), [None, Some(8 << 20), None, None]);
        assert_eq!(sizes((8 << 20) + 1), [None, Some(8 << 20), Some(1), None]);
    }

    #[test]
    fn it_opens_in_its_own_place_only() {
        let handle = files().seal(&incoming()).unwrap();
        for elsewhere in [
            files_of("2", "bucket", Some(ENDPOINT), &[1]),
            files_of("10", "bucket", Some(ENDPOINT), &[1]),
            files_of("1", "bucket2", Some(ENDPOINT), &[1]),
            files_of("1", "bucket", Some("https://s3.example.org"), &[1]),
            files_of("1", "bucket", Some("http://s3.example.com"), &[1]),
            files_of("1", "bucket", None, &[1]),
            files_of("1", "bucket", Some(ENDPOINT), &[2]),
        ] {
            assert!(is_refused(&elsewhere, &handle));
        }
    }

    #[test]
    fn it_opens_while_its_secret_is_kept() {
        let handle = files().seal(&upload()).unwrap();
        let with = |secrets: &[u8]| files_of("1", "bucket", Some(ENDPOINT), secrets);
        assert!(with(&[2, 1]).open(&handle).is_ok());
        assert!(is_refused(&with(&[2]), &handle));
    }

    /// Whoever has the secret could seal any key; the scope holds even then.
    #[test]
    fn a_sealed_key_of_another_scope_is_refused() {
        for key in ["user_2/videos/a.mp4", "user_10/videos/a.mp4", "user_1/../user_2/a", ""] {
            let mut foreign = upload();
            foreign.key = key.to_owned();
            let handle = files().seal(&foreign).unwrap();
            assert!(is_refused(&files(), &handle), "{key}");
        }
    }

    #[test]
    fn what_is_no_handle_is_refused() {
        let handle = files().seal(&upload()).unwrap();
        let sealed = handle.strip_prefix("u1.").unwrap();
        let mut wrong = vec![
            String::new(),
            "u1.".to_owned(),
            sealed.to_owned(),
            format!("u2.{sealed}"),
            format!("U1.{sealed}"),
            format!("{handle}="),
            format!("{handle}A"),
            format!(" {handle}"),
            upload().upload_id,
            "../../user_2/videos/a.mp4".to_owned(),
            format!("u1.{}", "A".repeat(16 << 20)),
        ];
        wrong.extend((0..handle.len()).map(|end| handle[..end].to_owned()));
        for wrong in wrong {
            assert!(is_refused(&files(), &wrong), "{}", &wrong[..wrong.len().min(80)]);
        }
    }

    #[test]
    fn a_flip_of_any_bit_is_refused() {
        let handle = files().seal(&upload()).unwrap();
        let sealed = URL_SAFE_NO_PAD.decode(handle.strip_prefix("u1.").unwrap()).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut forged = sealed.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let forged = format!("u1.{}", URL_SAFE_NO_PAD.encode(forged));
            assert!(is_refused(&files(), &forged), "bit {bit}");
        }
    }

    #[test]
    fn an_upload_id_that_is_too_long_is_not_sealed() {
        let mut long = upload();
        long.upload_id = "x".repeat(MAX_HANDLE_BYTES);
        assert_eq!(files().seal(&long).unwrap_err().kind(), ErrorKind::Internal);
    }

    #[test]
    fn debug_shows_neither_the_id_nor_the_mark() {
        let shown = format!("{:?}", upload());
        assert_eq!(shown, "Handle { key: \"user_1/videos/Été \\\"1\\\".mp4\", .. }");
    }

    proptest! {
        #[test]
        fn every_upload_comes_back(
            name in "[^/\\\\\\p{C}%.]{1,40}", upload_id in ".{1,200}", size in any::<u64>(),
            part_size in any::<u64>(), overwrite in any::<bool>(), expires_at in any::<u64>(),
            random in proptest::option::of("[0-9a-f]{32}"), by_client in any::<bool>(),
        ) {
            let mut upload = upload();
            upload.key = format!("user_1/files/{name}");
            prop_assume!(files().listed(&upload.key).is_some());
            let sender = match by_client {
                true => Sender::Client {
                    incoming: random,
                    reservation: None,
                    bars_copies: false,
                    empty: None,
                },
                false => Sender::Server,
            };
            upload = Handle { upload_id, size, part_size, overwrite, expires_at, sender, ..upload };
            let handle = files().seal(&upload).unwrap();
            prop_assert!(handle.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
            prop_assert_eq!(files().open(&handle).unwrap(), upload);
        }

        /// Forged, cut, lengthened, or put together from two.
        #[test]
        fn what_is_made_of_handles_is_none(
            at in any::<proptest::sample::Index>(), by in 1..=u8::MAX, junk in "[A-Za-z0-9_-]{1,40}",
        ) {
            let (one, other) =
                (files().seal(&incoming()).unwrap(), files().seal(&upload()).unwrap());
            let sealed = |handle: &str| URL_SAFE_NO_PAD.decode(&handle[VERSION.len()..]).unwrap();
            let (one, other) = (sealed(&one), sealed(&other));
            let cut = at.index(one.len());
            let spliced = [&one[..cut.min(other.len())], &other[cut.min(other.len())..]].concat();
            let mut changed = one.clone();
            changed[cut] = changed[cut].wrapping_add(by);
            let lengthened = [&one[..], junk.as_bytes()].concat();
            let swapped = [&other[..12], &one[12..]].concat();
            for forged in [spliced, changed, one[..cut].to_vec(), lengthened, swapped] {
                prop_assume!(forged != one && forged != other);
                let forged = format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(forged));
                prop_assert!(is_refused(&files(), &forged));
            }
        }

        #[test]
        fn nothing_that_was_not_sealed_opens(handle in "(u1\\.)?[A-Za-z0-9_-]{0,400}") {
            prop_assert!(files().open(&handle).is_err());
        }
    }
}

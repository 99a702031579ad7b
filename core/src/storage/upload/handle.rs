//! The handle of an upload in parts: all that another process needs to go on with it, sealed, so
//! that whoever holds it can neither read nor change it, nor use it for another's files.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::plan::PartPlan;
use super::secret::SealingSecret;
use crate::storage::config::StorageConfig;
use crate::storage::user_storage::UserStorage;
use crate::{Error, ErrorKind, Result};

/// The version of the form, which every handle begins with.
const VERSION: &str = "u1.";

/// The longest handle that is looked at: room for the longest key and for upload ids eight times as
/// long as AWS's.
const MAX_HANDLE_BYTES: usize = 4096;

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
}

impl Handle {
    pub(super) fn plan(&self) -> PartPlan {
        PartPlan { part_size: self.part_size }
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
            .filter(|upload: &Handle| self.listed(&upload.key).is_some())
            .ok_or_else(not_found)
    }

    /// Where a handle holds: endpoint, bucket and scope, the last two without line breaks.
    fn place(&self) -> Vec<u8> {
        let config = &self.s3.config;
        let endpoint = config.endpoint.as_deref().unwrap_or_default().trim_end_matches('/');
        [endpoint, &config.bucket, self.scope.prefix()].join("\n").into_bytes()
    }
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
        }
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
    fn it_opens_in_its_own_place_only() {
        let handle = files().seal(&upload()).unwrap();
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
        ) {
            let mut upload = upload();
            upload.key = format!("user_1/files/{name}");
            prop_assume!(files().listed(&upload.key).is_some());
            upload = Handle { upload_id, size, part_size, overwrite, expires_at, ..upload };
            let handle = files().seal(&upload).unwrap();
            prop_assert!(handle.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
            prop_assert_eq!(files().open(&handle).unwrap(), upload);
        }

        #[test]
        fn nothing_that_was_not_sealed_opens(handle in "(u1\\.)?[A-Za-z0-9_-]{0,400}") {
            prop_assert!(files().open(&handle).is_err());
        }
    }
}

//! What upload handles are sealed with.

use std::fmt;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::rand;

use crate::{Error, ErrorKind, Result};

/// The fewest bytes of a secret.
pub const MIN_SECRET_BYTES: usize = 32;

/// Binds a key to what it is for: the same secret may one day seal something else.
const PURPOSE: &[u8] = b"casier upload handle 1";

/// The secret of handles while nothing configures one.
static OF_THIS_PROCESS: LazyLock<Result<SealingSecret>> = LazyLock::new(|| {
    tracing::warn!(
        "CASIER_SECRET is not set: uploads can be resumed in this process only, until it ends"
    );
    let mut secret = [0; MIN_SECRET_BYTES];
    rand::fill(&mut secret).map_err(|_| failed())?;
    SealingSecret::new([secret])
});

/// The secrets that seal what clients hold and hand back (`CASIER_SECRET`). The first seals, all
/// open, so that a new one can be put before an old one, and the old one taken away once nothing
/// that it sealed lives. Never shown by `Debug`.
#[derive(Clone)]
pub struct SealingSecret {
    keys: Arc<[RandomizedNonceKey]>,
}

impl SealingSecret {
    /// Secrets of 32 or more random bytes each. A key for each is derived by HKDF with SHA-256
    /// ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)).
    ///
    /// # Errors
    /// `config-invalid` when there is none, or one is shorter.
    pub fn new(secrets: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Self> {
        let keys = secrets.into_iter().map(|secret| key(secret.as_ref()));
        let keys: Arc<[_]> = keys.collect::<Result<_>>()?;
        if keys.is_empty() {
            return Err(Error::new(ErrorKind::ConfigInvalid, "CASIER_SECRET holds no secret"));
        }
        Ok(Self { keys })
    }

    /// The one that this process goes by while none is configured: random, made at the first use,
    /// which is warned about.
    pub(super) fn of_this_process() -> Result<&'static Self> {
        OF_THIS_PROCESS.as_ref().map_err(Error::clone)
    }

    /// Encrypts with AES-256-GCM under a random nonce, which stands before the ciphertext. It opens
    /// only beside the same `place`.
    pub(super) fn seal(&self, place: &[u8], mut plain: Vec<u8>) -> Result<Vec<u8>> {
        let key = self.keys.first().ok_or_else(failed)?;
        let nonce = key.seal_in_place_append_tag(Aad::from(place), &mut plain);
        let mut sealed = nonce.map_err(|_| failed())?.as_ref().to_vec();
        sealed.append(&mut plain);
        Ok(sealed)
    }

    /// What was sealed by one of the secrets, beside the same `place`.
    pub(super) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        self.keys.iter().find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut sealed = sealed.to_vec();
            key.open_in_place(nonce, Aad::from(place), &mut sealed).ok().map(|plain| plain.to_vec())
        })
    }
}

impl fmt::Debug for SealingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingSecret").finish_non_exhaustive()
    }
}

fn key(secret: &[u8]) -> Result<RandomizedNonceKey> {
    if secret.len() < MIN_SECRET_BYTES {
        return Err(Error::new(
            ErrorKind::ConfigInvalid,
            "CASIER_SECRET must be 32 or more random bytes",
        ));
    }
    let mut bytes = [0; 32];
    Salt::none(HKDF_SHA256)
        .extract(secret)
        .expand(&[PURPOSE], HKDF_SHA256)
        .and_then(|key| key.fill(&mut bytes))
        .and_then(|()| RandomizedNonceKey::new(&AES_256_GCM, &bytes))
        .map_err(|_| failed())
}

fn failed() -> Error {
    Error::new(ErrorKind::Internal, "an upload handle could not be sealed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(of: &[u8]) -> SealingSecret {
        SealingSecret::new(of.iter().map(|&byte| [byte; 32])).unwrap()
    }

    #[test]
    fn the_first_seals_and_all_open() {
        let old = secret(&[1]);
        let both = secret(&[2, 1]);
        let new = secret(&[2]);
        let by_old = old.seal(b"here", b"words".to_vec()).unwrap();
        let by_both = both.seal(b"here", b"words".to_vec()).unwrap();
        assert_eq!(both.open(b"here", &by_old).unwrap(), b"words");
        assert_eq!(new.open(b"here", &by_both).unwrap(), b"words");
        assert!(old.open(b"here", &by_both).is_none());
        assert!(new.open(b"here", &by_old).is_none());
        assert!(both.open(b"there", &by_both).is_none());
    }

    #[test]
    fn no_two_sealings_are_alike() {
        let secret = secret(&[1]);
        let seal = || secret.seal(b"here", b"words".to_vec()).unwrap();
        let (one, other) = (seal(), seal());
        assert_ne!(one[..NONCE_LEN], other[..NONCE_LEN]);
        assert_ne!(one[NONCE_LEN..], other[NONCE_LEN..]);
        assert_eq!(one.len(), NONCE_LEN + 5 + 16);
    }

    #[test]
    fn short_secrets_and_none_are_refused() {
        let kind = |secrets: Vec<Vec<u8>>| SealingSecret::new(secrets).unwrap_err().kind();
        assert_eq!(kind(Vec::new()), ErrorKind::ConfigInvalid);
        assert_eq!(kind(vec![vec![1; 32], vec![2; 31]]), ErrorKind::ConfigInvalid);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", secret(&[1])), "SealingSecret { .. }");
    }

    #[test]
    fn without_a_secret_the_process_has_one() {
        let one = SealingSecret::of_this_process().unwrap();
        let sealed = one.seal(b"here", b"words".to_vec()).unwrap();
        let again = SealingSecret::of_this_process().unwrap();
        assert_eq!(again.open(b"here", &sealed).unwrap(), b"words");
    }
}

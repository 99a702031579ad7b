//! The keys of an issuer: those that it publishes, and the one that it never does.

use std::sync::{OnceLock, RwLock};
use std::time::SystemTime;

use serde_json::{Value, json};

use super::keys::SigningKey;
use super::mint::{MintRequest, Signer, mint};
use crate::{Error, Result, random};

pub(super) struct KeyRing {
    /// Never empty; the last one signs.
    published: RwLock<Vec<SigningKey>>,
    /// Made when a test first wants a forged token.
    stranger: OnceLock<SigningKey>,
}

impl KeyRing {
    pub(super) fn generate() -> Result<Self> {
        Ok(Self { published: RwLock::new(vec![fresh_key()?]), stranger: OnceLock::new() })
    }

    /// Publishes a fresh key that signs from now on, beside the others or in place of them.
    pub(super) fn add(&self, keep_others: bool) -> Result<String> {
        let key = fresh_key()?;
        let id = key.id().to_owned();
        let mut published = self.published.write().unwrap_or_else(|lock| lock.into_inner());
        if !keep_others {
            published.clear();
        }
        published.push(key);
        Ok(id)
    }

    pub(super) fn jwks(&self) -> Value {
        let published = self.published.read().unwrap_or_else(|lock| lock.into_inner());
        json!({ "keys": published.iter().map(SigningKey::jwk).collect::<Vec<_>>() })
    }

    /// The published key of that id, or the newest.
    pub(super) fn key(&self, id: Option<&str>) -> Result<SigningKey> {
        let published = self.published.read().unwrap_or_else(|lock| lock.into_inner());
        published
            .iter()
            .rev()
            .find(|key| id.is_none_or(|id| key.id() == id))
            .cloned()
            .ok_or_else(|| Error::Mint("no published key has this `kid`".into()))
    }

    pub(super) fn mint(
        &self,
        request: &MintRequest,
        issuer: &str,
        now: SystemTime,
    ) -> Result<String> {
        let key = self.key(request.kid.as_deref())?;
        let stranger = match (&request.fault, self.stranger.get()) {
            (None, _) => &key,
            (Some(_), Some(stranger)) => stranger,
            (Some(_), None) => {
                let made = SigningKey::generate("never-published")?;
                self.stranger.get_or_init(|| made)
            }
        };
        mint(request, &Signer { issuer, key: &key, stranger, now })
    }
}

fn fresh_key() -> Result<SigningKey> {
    SigningKey::generate(format!("ins_{}", random::hex(14)?))
}

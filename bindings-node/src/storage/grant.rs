//! Temporary credentials.

use casier::storage::{self, Access, GrantOptions};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::{LIFE, SIGNAL, UserStorage};
use crate::call::later;
use crate::convert::{Js, date, must_be, text};
use crate::error::Outcome;
use crate::options::Options;

#[napi]
impl UserStorage {
    /// Keys for a client that is to speak S3 to the store itself, confined to this scope by a session
    /// policy. STS gives them for the role of the setting `grantRoleArn`.
    ///
    /// They live as long as asked, but no longer than a link of the caller's tier and than STS
    /// allows the role; `expiresAt` says how long. They cannot be taken back before. With
    /// `read-write` the store checks the place alone: not sizes, types, names or the quota.
    ///
    /// @throws {CasierError} `config-invalid` without a role; `invalid-request` for the life;
    /// `subscription-required` when links of the tier live less than 900 seconds;
    /// `storage-unsupported` when the store has no STS or does not keep the policy;
    /// `storage-denied` when our own credentials may not assume the role.
    #[napi(
        ts_args_type = "options?: GrantOptions",
        ts_return_type = "Promise<TemporaryCredentials>"
    )]
    pub fn temporary_credentials(&self, env: Env, options: Unknown<'_>) -> napi::Result<Js> {
        let files = self.0.clone();
        let begin = || {
            let given = Options::new(options, &["access", LIFE, SIGNAL])?;
            let mut options = GrantOptions::default();
            options.access = given.read("access", access)?.unwrap_or(options.access);
            options.expires_in = given.count(LIFE)?;
            Ok((given.signal()?, async move { files.temporary_credentials(options).await }))
        };
        later(&env, begin, |_, keys| Ok(TemporaryCredentials(keys)))
    }
}

fn access(value: Unknown<'_>, what: &str) -> Outcome<Access> {
    match Access::from_name(&text(value, what)?) {
        Some(access) => Ok(access),
        None => must_be(what, "'read' or 'read-write'"),
    }
}

/// Keys that reach one scope until they end, and what a client of S3 needs beside them. Whoever has
/// them can do there what they allow: neither `console.log` nor `JSON.stringify` shows them.
#[napi]
#[derive(Debug)]
pub struct TemporaryCredentials(storage::TemporaryCredentials);

#[napi]
impl TemporaryCredentials {
    /// The access key.
    #[napi(getter)]
    pub fn access_key_id(&self) -> &str {
        &self.0.access_key_id
    }

    /// Its secret.
    #[napi(getter)]
    pub fn secret_access_key(&self) -> &str {
        &self.0.secret_access_key
    }

    /// What every request has to bring beside its signature.
    #[napi(getter)]
    pub fn session_token(&self) -> &str {
        &self.0.session_token
    }

    /// When they end, as the store says.
    #[napi(getter, ts_return_type = "Date")]
    pub fn expires_at(&self, env: Env) -> napi::Result<Js> {
        date(&env, self.0.expires_at)
    }

    /// The bucket.
    #[napi(getter)]
    pub fn bucket(&self) -> &str {
        &self.0.bucket
    }

    /// What every key begins with that they reach; a listing has to ask for it, or for more of it.
    #[napi(getter)]
    pub fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// The region to sign for.
    #[napi(getter)]
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The address of the store for clients; null is AWS's.
    #[napi(getter, ts_return_type = "string | null")]
    pub fn endpoint(&self) -> Either<&str, Null> {
        self.0.endpoint.as_deref().map_or(Either::B(Null), Either::A)
    }

    /// Whether the bucket stands in the path and not in the host.
    #[napi(getter)]
    pub fn path_style(&self) -> bool {
        self.0.path_style
    }
}

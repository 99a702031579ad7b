//! A user's place in the bucket, as strings.

use casier::storage;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::call::now;
use crate::convert::text;

/// One user's place in the bucket. Pure: no network, no bucket.
///
/// Two user ids never share a key, and no scope's prefix begins another's.
#[napi]
#[derive(Debug)]
pub struct Scope(pub(crate) storage::Scope);

#[napi]
impl Scope {
    /// The scope of a user id, taken as it stands.
    ///
    /// @throws {CasierError} `invalid-user-id`: the id is empty, or with `user_` and encoded it
    /// takes more than 255 bytes.
    #[napi(constructor, ts_args_type = "userId: string")]
    pub fn new(env: Env, user_id: Unknown<'_>) -> napi::Result<Self> {
        now(&env, || Ok(Self(storage::Scope::new(text(user_id, "userId")?)?)))
    }

    /// The user id that the scope was made of.
    #[napi(getter)]
    pub fn user_id(&self) -> &str {
        self.0.user_id()
    }

    /// What every key of the scope starts with, the slash included: `user_abc123/`.
    #[napi(getter)]
    pub fn prefix(&self) -> &str {
        self.0.prefix()
    }

    /// The key of a new file: `user_abc123/books/mon_livre_2025.pdf`.
    ///
    /// @param kind The kind of file: `a-z`, `0-9` and `-`, 1 to 32 of them.
    /// @param filename Its name, at most 255 bytes. Folders and what S3 advises against are taken
    /// out of it.
    /// @throws {CasierError} `invalid-kind`, `invalid-filename`.
    #[napi(ts_args_type = "kind: string, filename: string")]
    pub fn key(&self, env: Env, kind: Unknown<'_>, filename: Unknown<'_>) -> napi::Result<String> {
        now(&env, || Ok(self.0.key(&text(kind, "kind")?, &text(filename, "filename")?)?))
    }

    /// Like `key`, with 128 random bits before the extension.
    ///
    /// @throws {CasierError} `invalid-kind`, `invalid-filename`.
    #[napi(ts_args_type = "kind: string, filename: string")]
    pub fn unguessable_key(
        &self,
        env: Env,
        kind: Unknown<'_>,
        filename: Unknown<'_>,
    ) -> napi::Result<String> {
        now(&env, || {
            Ok(self.0.unguessable_key(&text(kind, "kind")?, &text(filename, "filename")?)?)
        })
    }

    /// Takes a key apart, if it is one of this scope. Only the string decides, whatever is stored.
    ///
    /// @throws {CasierError} `invalid-key`: nobody could read such a key; `not-owner`: it belongs
    /// to somebody else.
    #[napi(ts_args_type = "key: string")]
    pub fn parse(&self, env: Env, key: Unknown<'_>) -> napi::Result<ParsedKey> {
        now(&env, || {
            let storage::ParsedKey { kind, filename, .. } = self.0.parse(&text(key, "key")?)?;
            Ok(ParsedKey { kind, filename })
        })
    }
}

/// A key of a scope, taken apart.
#[napi(object, object_from_js = false, use_nullable = true)]
#[derive(Debug)]
pub struct ParsedKey {
    /// The kind; null for a file that lies in no folder of a kind.
    pub kind: Option<String>,
    /// The last part of the key.
    pub filename: String,
}
